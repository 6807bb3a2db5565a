#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# headers.sh: every public header compiles when it is all that a program includes.
#
#     headers.sh INCLUDE CC CXX [MPI_INCLUDE...]
#
# csgd/mpi.h is left out where no directory of <mpi.h> is given.
set -eu

include=$1
cc=$2
cxx=$3
shift 3
if ! command -v "$cxx" >/dev/null; then
    echo "skipped: no C++ compiler"
    exit 77
fi
mpi=()
for dir in "$@"; do
    mpi+=(-isystem "$dir") # warnings in other people's headers are theirs
done

# Twice, for the include guard.
check() { # HEADER COMPILER LANGUAGE STANDARD
    local line="#include <csgd/$1>"
    echo "$1 as $4"
    printf '%s\n%s\n' "$line" "$line" |
        "$2" -x "$3" "-std=$4" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$include" \
            "${mpi[@]}" - || failed=yes
}

failed=no
seen=0
for path in "$include"/csgd/*.h; do
    header=${path##*/}
    if [ "$header" = mpi.h ] && [ $# -eq 0 ]; then
        continue
    fi
    seen=$((seen + 1))
    check "$header" "$cc" c c11
    check "$header" "$cxx" c++ c++17
done
# Programs older and newer than we are include these too.
check csgd.h "$cc" c c99
check csgd.h "$cxx" c++ c++11
check csgd.h "$cxx" c++ c++20

[ "$failed" = no ] && [ "$seen" -gt 0 ]
