#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh: install the build, then use it as a stranger would, from a project outside the tree.
#
#     run.sh tree                install into $WORK/prefix and look at what is there
#     run.sh find_package        a CMake project in C
#     run.sh find_package_cxx    the same in C++ only
#     run.sh pkg_config          plain compile lines
#     run.sh plugin              a plug-in in C, on a team of threads
#     run.sh plugin_cxx          the same in C++
#
# ctest runs it, with the names of the tools in the environment; all it writes is below $WORK.
# Each consumer is linked with the shared and with the static library, and run on three ranks.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
what=$1
prefix=$WORK/prefix

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

command -v pkg-config >/dev/null || skip "no pkg-config"
case $MPI in
ON | TRUE | YES | 1)
    MPI=yes
    command -v "$MPIEXEC" >/dev/null || skip "no mpirun"
    source=$here/consumer/sum_mpi.c
    ;;
*)
    MPI=no
    source=$here/consumer/sum_team.c
    ;;
esac

# The first csgd.pc below the prefix, wherever this system has its libraries.
pc_dir() {
    local pc
    pc=$(find "$prefix" -name csgd.pc)
    [ -n "$pc" ] || fail "no csgd.pc below $prefix"
    dirname "$pc"
}

# It must use the library that its name says, and must find the right sum.
run() { # PROGRAM, which ends in _shared or _static
    local needed=no
    if readelf -d "$1" | grep -q 'NEEDED.*\[libcsgd\.so\.0\]'; then
        needed=yes
    fi
    case $1,$needed in
    *_shared,yes | *_static,no) ;;
    *) fail "$1: libcsgd.so.0 needed: $needed" ;;
    esac
    if [ "$MPI" = yes ]; then
        "$MPIEXEC" -n 3 $MPIEXEC_FLAGS "$1" || fail "$1"
    else
        "$1" || fail "$1"
    fi
}

tree() {
    local moved=$WORK/somewhere_else lib path

    rm -rf "$WORK"
    mkdir -p "$WORK"
    # Moved, because a tree that remembers where it was put cannot be packaged.
    DESTDIR='' "$CMAKE" --install "$BUILD" --config "$CONFIG" --prefix "$moved"
    mv "$moved" "$prefix"
    if grep -r -l -F -e "$moved" -e "$BUILD" -e "${here%/tests/install}" "$prefix/include" \
        "$(pc_dir)/.." --include='*.h' --include='*.cmake' --include='*.pc'; then
        fail "these files know where they were made"
    fi

    lib=$(pc_dir)/..
    for path in "$lib/libcsgd.a" "$lib/libcsgd.so" "$lib/libcsgd.so.0" "$lib/libcsgd.so.$VERSION"; do
        [ -f "$path" ] || fail "there is no $path"
    done
    readelf -d "$lib/libcsgd.so" | grep -q 'SONAME.*\[libcsgd\.so\.0\]' || fail "soname"

    for path in "${here%/tests/install}"/include/csgd/*.h; do
        path=include/csgd/${path##*/}
        if [ "$path,$MPI" = include/csgd/mpi.h,no ]; then
            [ ! -e "$prefix/$path" ] || fail "$path is there without MPI"
        else
            [ -f "$prefix/$path" ] || fail "there is no $path"
        fi
    done

    [ "$("$prefix/bin/csgd" version)" = "$VERSION" ] || fail "csgd version"
}

find_package() { # LANGUAGE
    local out=$WORK/$what

    if [ "$1" = CXX ]; then
        command -v "$CXX" >/dev/null || skip "no C++ compiler"
    fi
    rm -rf "$out"
    "$CMAKE" -G "$GENERATOR" -S "$here/consumer" -B "$out" -D CMAKE_BUILD_TYPE=Release \
        -D CMAKE_PREFIX_PATH="$prefix" -D CMAKE_C_COMPILER="$CC" -D CMAKE_CXX_COMPILER="$CXX" \
        -D CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF --no-warn-unused-cli \
        -D CONSUMER_LANGUAGE="$1" -D CONSUMER_SOURCE="$source"
    grep "^csgd_DIR:PATH=$prefix/" "$out/CMakeCache.txt" || fail "found another libcsgd"
    "$CMAKE" --build "$out" --config Release
    run "$out/sum_shared"
    run "$out/sum_static"
}

pkg_config() {
    local out=$WORK/$what cflags libs all_libs rpath

    rm -rf "$out"
    mkdir -p "$out"
    PKG_CONFIG_PATH=$(pc_dir)
    export PKG_CONFIG_PATH
    [ "$(pkg-config --modversion csgd)" = "$VERSION" ] || fail "version in csgd.pc"

    read -r -a cflags <<<"$(pkg-config --cflags csgd)"
    read -r -a libs <<<"$(pkg-config --libs csgd)"
    read -r -a all_libs <<<"$(pkg-config --libs --static csgd)"
    rpath=-Wl,-rpath,$(pkg-config --variable=libdir csgd)
    (
        set -x
        "$CC" -Wall -Wextra -Werror "${cflags[@]}" "$source" -o "$out/sum_shared" "${libs[@]}" \
            "$rpath"
        "$CC" -Wall -Wextra -Werror "${cflags[@]}" "$source" -o "$out/sum_static" \
            "${all_libs[@]/#-lcsgd/-l:libcsgd.a}"
    )
    run "$out/sum_shared"
    run "$out/sum_static"
}

case $what in
tree) tree ;;
find_package) find_package C ;;
find_package_cxx) find_package CXX ;;
pkg_config) pkg_config ;;
plugin | plugin_cxx)
    source=$here/consumer/plugin_team.c
    MPI=no # its ranks are threads
    if [ "$what" = plugin ]; then find_package C; else find_package CXX; fi
    ;;
*) fail "there is no $what" ;;
esac
