#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# matrix.sh: what takes too long for run.sh.
#
#     tests/matrix.sh                 everything, an hour or more
#     tests/matrix.sh product [WORDS] every compressor x feedback x algorithm on teams of 1..9, 16, 17,
#                                     33, 64 and on 1, 2, 3, 4, 5, 7, 8 ranks of MPI; only lines with the
#                                     words "P=RANKS SPEC", to go on where a run ended or look at one
#     tests/matrix.sh mpich           the tests of MPI under MPICH, where it is installed
#     tests/matrix.sh big             one sum of 2^31 + 1024 elements, 9 GB
#
# BUILD=DIR takes another build than build/release (build/asan, say, for the product).  A stage that
# this machine cannot run is reported as skipped, by name.  Ends with what failed, non-zero if any.
set -uo pipefail
cd "$(dirname "$0")/.."

stage=${1:-all}
words=${2:-}
build=${BUILD:-build/release}
failed=()
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 \
    OMPI_MCA_btl_base_warn_component_unused=0 OPENBLAS_NUM_THREADS=1 MPIR_CVAR_POLLS_BEFORE_YIELD=1

run() { # NAME COMMAND ...
    printf '\n== %s\n' "$1"
    "${@:2}" || failed+=("$1")
}

ranks() { # RANKS PROGRAM [ARGUMENT ...], of Open MPI
    mpirun --oversubscribe --bind-to none -n "$@"
}

product() {
    local p
    for p in 1 2 3 4 5 6 7 8 9 16 17 33 64; do
        run "team of $p" "$build/tests/matrix_team" "$p" "$words"
    done
    for p in 1 2 3 4 5 7 8; do
        run "MPI on $p" env ASAN_OPTIONS=detect_leaks=0 mpirun --oversubscribe --bind-to none -n "$p" \
            "$build/tests/matrix_mpi" "$words"
    done
}

mpich() {
    if ! command -v mpicc.mpich >/dev/null; then
        echo "skipped: MPICH: no mpicc.mpich"
        return
    fi
    run "MPICH: build" sh -c 'cmake --preset mpich && cmake --build --preset mpich'
    run "MPICH: tests" ctest --preset mpich --label-regex 'mpi|install' --no-tests=error
}

big() {
    local free
    free=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
    if [ "$free" -lt 10 ]; then
        echo "skipped: a sum of 2^31 + 1024 elements: $free GB of 10 are free"
        return
    fi
    run "2^31 + 1024 elements" ranks 2 "$build/tests/big_count"
}

case $stage in
product | mpich | big) ;;
all) ;;
*)
    echo "usage: tests/matrix.sh [product [WORDS] | mpich | big]" >&2
    exit 2
    ;;
esac
if [ ! -x "$build/tests/matrix_team" ]; then
    cmake --preset "${build##*/}" && cmake --build --preset "${build##*/}" || exit 1
fi
if [ "$stage" = all ]; then
    product
    mpich
    big
else
    "$stage"
fi
if [ ${#failed[@]} -gt 0 ]; then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
fi
echo "matrix: nothing failed"
