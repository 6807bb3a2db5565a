#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh: allreduces on simulated clusters of up to a thousand hosts, as a table.
#
#     bench/sim/run.sh                     everything, for hours; or of it
#     bench/sim/run.sh brief               16 and 17 ranks, a short vector: seconds
#     bench/sim/run.sh sweep RANKS MBIT    vectors of 1e6 elements by every algorithm
#     bench/sim/run.sh entries RANKS MBIT  entries in and out, 40,000 of 4e6 elements
#     bench/sim/run.sh one RANKS MBIT N OPTION...      one launch; options of sim_allreduce
#
# Builds the target sim, writes a platform for each launch, and prints CSV on standard output.
#
#     BUILD=DIR       of a release build (build/release)
#     LATENCY=US      between two hosts (10)
#     RATES=FILE      what local work takes, by local_rates (bench/sim/rates.txt)
#     EACH=COMMAND    put before each launch, such as a lock of the machine
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$(realpath "${BUILD:-build/release}")
us=${LATENCY:-10}
rates=${RATES:-$PWD/bench/sim/rates.txt}
header=bench,spec,algorithm,mbit,us,ranks,n,ms,bytes_sent_max,bytes_recv_max,why
command -v smpirun >/dev/null || {
    echo "skipped: no SimGrid (smpirun)"
    exit 77
}
cmake --build "$build" --target sim >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Messages take exactly latency + bytes / rate; a test takes no time, nor does computing but for what
# local_work.c counts.
launch() { # RANKS MBIT N [--select NAME] OPTION ...
    local ranks=$1 mbit=$2 n=$3 select=() launched=$work/launch.$BASHPID
    shift 3
    if [ "$1" = --select ]; then
        select=("--cfg=smpi/allreduce:$2")
        shift 2
    fi
    mkdir -p "$launched"
    bench/sim/platform.sh "$ranks" "$mbit" "$us" >"$launched/cluster.xml"
    seq -f 'host%.0f' 0 $((ranks - 1)) >"$launched/hosts"
    # shellcheck disable=SC2086 # EACH is words
    ${EACH:-} smpirun -np "$ranks" -platform "$launched/cluster.xml" -hostfile "$launched/hosts" \
        --log=root.thres:critical --cfg=smpi/coll-selector:ompi "${select[@]}" \
        --cfg=smpi/simulate-computation:no --cfg=smpi/test:0 --cfg=smpi/iprobe:0 \
        --cfg=smpi/bw-factor:0:1 --cfg=smpi/lat-factor:0:1 --cfg=network/TCP-gamma:0 \
        --cfg=network/crosstraffic:no --cfg=smpi/tmpdir:"$launched" \
        "$build/bench/sim/sim_allreduce.sim" --rates "$rates" --n "$n" --mbit "$mbit" --us "$us" "$@" \
        2>"$launched/errors" || {
        cat "$launched/errors" >&2
        return 1
    }
    rm -rf "$launched"
}

# Of one launch: what a vector takes by every algorithm whose simulation ends within minutes.  What sends
# P - 1 messages after each other is left out above 256 ranks, a ring and what holds P messages above 128.
sweep() { # RANKS MBIT
    local ranks=$1 mbit=$2 topk=topk,ratio=0.01,feedback=none algorithm specs=() tuning=()
    for algorithm in drop=yes algorithm={gtopk,spardl}; do
        specs+=(--spec "$topk,$algorithm")
    done
    specs+=(--spec "none,algorithm=rabenseifner" --spec "randk,ratio=0.01,algorithm=linear")
    if [ "$ranks" -le 256 ]; then
        for algorithm in doubling split dsar oktopk; do
            specs+=(--spec "$topk,algorithm=$algorithm")
        done
        specs+=(--spec "int,bits=8,algorithm=sra" --spec "int,bits=8,algorithm=qring")
    fi
    if [ "$ranks" -le 128 ]; then
        specs+=(--spec "none,algorithm=ring" --spec "$topk,algorithm=allgather")
    fi
    [ "$ranks" -le 64 ] || tuning=(--tuning "$work/tuning.$ranks.$mbit")
    launch "$ranks" "$mbit" 1e6 --vendor ompi --calls 1 "${tuning[@]}" "${specs[@]}"
}

# The same of entries in and entries out, and the best dense rivals for vectors of that length.
entries() { # RANKS MBIT
    launch "$1" "$2" 4e6 --calls 1 --k 40000 --tuning "$work/entries.$1.$2" --spec sparse,drop=yes
    launch "$1" "$2" 4e6 --vendor ompi --calls 1
    launch "$1" "$2" 4e6 --select rab --vendor rab --calls 1
}

case ${1:-all} in
all)
    echo "$header"
    for ranks in 16 17 32 64 100 128 256 512 1000 1024; do
        for mbit in 1000 10000 100000; do
            sweep "$ranks" "$mbit"
        done
    done
    entries 1024 10000
    ;;
sweep | entries)
    echo "$header"
    "$1" "$2" "$3"
    ;;
one)
    echo "$header"
    launch "${@:2}"
    ;;
brief)
    echo "$header"
    for ranks in 16 17; do
        launch "$ranks" 10000 65536 --vendor ompi --calls 1 --spec topk,ratio=0.01,drop=yes \
            --spec topk,ratio=0.01,algorithm=spardl --spec topk,ratio=0.01,algorithm=oktopk \
            --k 656 --spec sparse,drop=yes
    done
    ;;
*)
    echo "usage: bench/sim/run.sh [brief | sweep RANKS MBIT | entries RANKS MBIT |" \
        "one RANKS MBIT N OPTION...]" >&2
    exit 2
    ;;
esac
