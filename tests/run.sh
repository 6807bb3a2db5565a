#!/usr/bin/env bash
# run.sh: install what is missing, build, and run every test.
#
#     tests/run.sh            release with valgrind, asan, tsan (in-process transport), clang,
#                             64-bit ARM under QEMU where `dpkg --add-architecture arm64` was said
#     tests/run.sh --quick    debug build without slow tests, MPI at 3 ranks: the inner loop
#
# Ends with ctest's summaries and exits non-zero if anything failed.  A check that this machine
# cannot run is reported as skipped, by name.
set -euo pipefail
cd "$(dirname "$0")/.."

quick=no
case "${1:-}" in
'') ;;
--quick) quick=yes ;;
*)
    echo "usage: tests/run.sh [--quick]" >&2
    exit 2
    ;;
esac

# shellcheck source=examples/packages.sh
. examples/packages.sh
need_packages gcc g++ libc6-dev make cmake ninja-build pkg-config libopenmpi-dev openmpi-bin \
    libopenblas-dev libcmocka-dev libxxhash-dev zlib1g-dev gnuplot-nox valgrind clang locales

# A locale with a decimal comma, for the tests that numbers are read and written without it.
mkdir -p build/locale
localedef -f UTF-8 -i de_DE build/locale/de_DE.UTF-8 >/dev/null 2>&1 || true
export LOCPATH=$PWD/build/locale

failed=()

build() { # PRESET...
    local log=build/$1.log
    mkdir -p build
    if ! { cmake --preset "$1" && cmake --build --preset "$1"; } >"$log" 2>&1; then
        cat "$log"
        echo "FAILED: building $1" >&2
        exit 1
    fi
    if grep "warning:" "$log"; then
        failed+=("warnings in $1")
    fi
}

run() { # PRESET [ctest arguments...]
    printf '\n== %s\n' "$*"
    build "$1"
    ctest --preset "$1" --no-tests=error -j 2 "${@:2}" || failed+=("$1")
}

# What is missing to build for 64-bit ARM and run that.  Its libraries come from the same Debian, if
# this one was told to take packages of a second architecture, which no test should decide.
missing_for_aarch64() {
    local tool
    if dpkg --print-foreign-architectures 2>/dev/null | grep -qx arm64; then
        need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static \
            libxxhash-dev:arm64 libcmocka-dev:arm64 || true
    fi
    for tool in aarch64-linux-gnu-gcc qemu-aarch64-static; do
        command -v "$tool" >/dev/null || echo "no $tool"
    done
    for tool in libxxhash cmocka; do
        PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config --exists "$tool" ||
            echo "no $tool:arm64"
    done
}

if [ "$quick" = yes ]; then
    run dev --label-exclude 'slow|example|valgrind' --exclude-regex '\.[124]$'
else
    # In full once, in the build that is installed; the others have the same inputs, fewer of them.
    CSGD_TEST_BRIEF=1 run clang --label-regex unit --label-exclude slow
    CSGD_TEST_BRIEF=1 run tsan --label-regex unit --label-exclude slow --tests-regex '^(base|comm)/' # where threads meet
    run nompi --label-regex 'install|docs|example|bench' --label-exclude slow
    missing=$(missing_for_aarch64)
    if [ -z "$missing" ]; then # an emulated test takes ten times as long or more: NEON, and bytes
        CSGD_TEST_BRIEF=1 run aarch64 --tests-regex '^(base|wire|kernels)/|/(contract|golden|fp_mode)$'
    else
        printf '\nskipped: aarch64 under qemu: %s\n' "${missing//$'\n'/, }"
    fi
    CSGD_TEST_BRIEF=1 run asan --label-exclude 'example|slow'
    run release
fi

if [ ${#failed[@]} -gt 0 ]; then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
fi
