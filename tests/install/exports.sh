#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# exports.sh: what the headers declare, what the committed lists name and what the shared library
# exports is one and the same.
#
#     exports.sh NM INCLUDE SHARED STATIC exports.txt [exports_mpi.txt]
#
# exports_mpi.txt belongs to csgd/mpi.h; without it the library is one without MPI.
set -eu
export LC_ALL=C

nm=$1
include=$2
shared=$3
static=$4
shift 4

# The name in a declaration is the last word before its first parenthesis.
declared() { # HEADER...
    sed '/^ *#/d' "$@" | tr '\n' ' ' | sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' | tr ';' '\n' |
        sed -n 's/.*CSGD_API//; T; s/(.*//; s/ *$//; s/.*[ *]//; p' | sort
}

failed=no
same() { # NAME_A NAME_B, of which the files are a and b
    echo "$(wc -l <"$work/a") names in $1, $(wc -l <"$work/b") in $2"
    diff -u --label "$1" --label "$2" "$work/a" "$work/b" || failed=yes
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

headers=()
for path in "$include"/csgd/*.h; do
    [ "${path##*/}" = mpi.h ] || headers+=("$path")
done

sort "$1" >"$work/a"
declared "${headers[@]}" >"$work/b"
same exports.txt "headers with CSGD_API"
if [ $# -gt 1 ]; then
    sort "$2" >"$work/a"
    declared "$include/csgd/mpi.h" >"$work/b"
    same exports_mpi.txt "csgd/mpi.h with CSGD_API"
fi

# nm shows the version's own name as a symbol, which llvm-nm gives a version again.
{ echo CSGD_0 && sed 's/$/@@CSGD_0/' "$@"; } | sort >"$work/a"
"$nm" -D --defined-only "$shared" | sed 's/.* //; s/^CSGD_0@@CSGD_0$/CSGD_0/' | sort >"$work/b"
same "lists" "${shared##*/}"

# An archive hides nothing, so that all of it has to have a name of ours.
"$nm" -g --defined-only "$static" | sed -n 's/^[0-9a-f]* [A-Z] //p' >"$work/a"
grep -q '^csgd_version$' "$work/a" || failed=yes
if grep -v '^csgdi\?_' "$work/a"; then
    echo "these names in ${static##*/} are not ours to take"
    failed=yes
fi

if [ "$failed" = yes ]; then
    echo "A public function is marked CSGD_API in its header and named in src/packaging/csgd.map"
    echo "and tests/install/exports.txt (or exports_mpi.txt); nothing else is exported."
    exit 1
fi
