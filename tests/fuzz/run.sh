#!/usr/bin/env bash
# run.sh: run every fuzz target with clang's fuzzer, under its sanitizers.
#
#     tests/fuzz/run.sh                     10 million executions of each target
#     tests/fuzz/run.sh 1000000             so many of each
#     tests/fuzz/run.sh 60s                 so many seconds of each
#     tests/fuzz/run.sh 1000000 topk spec   of these targets
#     tests/fuzz/run.sh --keep              add to tests/fuzz/corpus what covers more code than seeds
#                                           and corpus do, of the short inputs found so far
#
# Prints for each target its executions, executions a second, edges covered and result; exits
# non-zero if one failed.  What is found stays in build/fuzz/found, the input of a failure in
# build/fuzz/failed: fuzz_NAME replays it as part of tests/fuzz/corpus/NAME.  Needs clang with its
# runtime (libclang-rt-14-dev).  Targets run side by side, one a processor or CSGD_FUZZ_JOBS in all.
set -euo pipefail
cd "$(dirname "$0")/../.."

keep=no
limit=-runs=10000000
case "${1:-}" in
'') ;;
--keep) keep=yes ;;
*[!0-9s]* | *s?*)
    echo "usage: tests/fuzz/run.sh [RUNS | SECONDSs | --keep] [TARGET...]" >&2
    exit 2
    ;;
*s) limit=-max_total_time=${1%s} ;;
*) limit=-runs=$1 ;;
esac

mkdir -p build
if ! { cmake --preset fuzz && cmake --build --preset fuzz --target fuzzers; } >build/fuzz.log 2>&1; then
    cat build/fuzz.log
    exit 1
fi

targets=("${@:2}")
if [ ${#targets[@]} -eq 0 ]; then
    for program in build/fuzz/tests/fuzz/fuzzer_*; do
        targets+=("${program##*/fuzzer_}")
    done
fi

# A short quarantine and no stacks of allocations: half the time is malloc's otherwise.  fuzz_NAME
# shows the stacks when it replays a failure.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0:malloc_context_size=0
ASAN_OPTIONS+=:quarantine_size_mb=1:thread_local_quarantine_size_kb=64
export UBSAN_OPTIONS=print_stacktrace=1
common=(-timeout=5 -rss_limit_mb=512 -use_counters=0)

prepare() { # TARGET: where its seeds and findings are
    mkdir -p "build/fuzz/seeds/$1" "build/fuzz/found/$1" build/fuzz/failed "tests/fuzz/corpus/$1"
    "build/fuzz/tests/fuzz/fuzz_$1" --seeds "build/fuzz/seeds/$1"
}

# Short inputs only: a seed that is too long is cut, and most of the code is reached by then.  Edges
# without their counts, and few of the rarest: how often a loop went round tells little here, and
# the fuzzer's own books would take longer than the targets.
one() { # TARGET
    local log=build/fuzz/$1.log result=passed
    prepare "$1"
    "build/fuzz/tests/fuzz/fuzzer_$1" "${common[@]}" "$limit" -max_len=256 -entropic_scale_per_exec_time=1 \
        -entropic_number_of_rarest_features=8 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/failed/$1-" "build/fuzz/found/$1" "tests/fuzz/corpus/$1" \
        "build/fuzz/seeds/$1" >"$log" 2>&1 || result="FAILED, see $log"
    awk -v name="$1" -v result="$result" '
        / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
        /stat::number_of_executed_units/ { runs = $2 }
        /stat::average_exec_per_sec/ { rate = $2 }
        END { printf "%-12s %12d %10d %8d  %s\n", name, runs, rate, edges, result }' "$log"
    [ "$result" = passed ]
}

if [ "$keep" = yes ]; then
    for target in "${targets[@]}"; do
        prepare "$target"
        base=$(mktemp -d)
        cp "tests/fuzz/corpus/$target"/* "build/fuzz/seeds/$target"/* "$base" 2>/dev/null || true
        before=$(find "$base" -type f | sort)
        "build/fuzz/tests/fuzz/fuzzer_$target" "${common[@]}" -merge=1 -max_len=512 "$base" \
            "build/fuzz/found/$target" >"build/fuzz/$target.merge.log" 2>&1
        comm -13 <(echo "$before") <(find "$base" -type f | sort) |
            xargs -r cp -t "tests/fuzz/corpus/$target"
        rm -r "$base"
    done
    find tests/fuzz/corpus -type f -printf '%s\n' |
        awk '{ bytes += $1 } END { print NR + 0, "files,", bytes + 0, "bytes" }'
    exit
fi

printf '%-12s %12s %10s %8s  %s\n' target executions 'a second' edges result
failed=0
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "${CSGD_FUZZ_JOBS:-$(nproc)}" ]; do
        wait -n || failed=1
    done
    one "$target" &
done
while [ "$(jobs -p | wc -l)" -gt 0 ]; do
    wait -n || failed=1
done
exit $failed
