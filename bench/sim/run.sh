#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh: allreduces on simulated clusters of up to a thousand hosts, as a table.
#
#     bench/sim/run.sh                     everything, for hours; or of it
#     bench/sim/run.sh brief               16 and 17 ranks, a short vector: seconds
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

case ${1:-all} in
one)
    echo "$header"
    launch "${@:2}"
    ;;
brief)
    echo "$header"
    for ranks in 16 17; do
        launch "$ranks" 10000 65536 --vendor ompi --calls 1 --spec topk,ratio=0.01,drop=yes \
            --spec topk,ratio=0.01,algorithm=spardl --spec topk,ratio=0.01,algorithm=oktopk
    done
    ;;
*)
    echo "usage: bench/sim/run.sh [brief | one RANKS MBIT N OPTION...]" >&2
    exit 2
    ;;
esac
