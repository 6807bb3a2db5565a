#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh: compressed allreduces against the best MPI_Allreduce, between hosts with links of a rate.
#
#     bench/net/run.sh [MBIT [HOSTS [N [REPS]]]]       by itself 1000 4 25e6 3: some minutes, 5 GB
#
# Makes the hosts, verifies the rate of a link by iperf3, measures MPI_Allreduce as shipped and with
# each algorithm that can be forced at launch, then every spec of the table with the best of them as
# dense_best_ms, and takes the hosts away.  CSV of bench_allreduce on standard output.
#
#     BUILD=DIR       of a release build (build/release)
#     SPECS=FILE      lines "PHASE SPEC" in place of the table below; PHASE both is two rows
#     EACH=COMMAND    put before each measurement, such as a lock of the machine
set -euo pipefail
cd "$(dirname "$0")/../.."

mbit=${1:-1000}
hosts=${2:-4}
n=${3:-25e6}
reps=${4:-3}
bench=$PWD/${BUILD:-build/release}/bench/bench_allreduce
net=$PWD/bench/net
[ -x "$bench" ] || {
    echo "no $bench: cmake --preset release && cmake --build --preset release" >&2
    exit 1
}
table() {
    cat <<'END'
full none
full none algorithm=ring
full none algorithm=rabenseifner
both topk ratio=0.01
both topk ratio=0.01 values=bf16
full topk ratio=0.001
full sign algorithm=sra
full int bits=8 algorithm=sra
full int bits=4 algorithm=sra
END
}

bash "$net/up.sh" "$hosts" "${mbit}mbit" >&2
trap 'bash "$net/down.sh"' EXIT

# A link gives what was asked for, but for headers and what a busy machine loses; not more.
verify() {
    local got
    if ! command -v iperf3 >/dev/null; then
        echo "# rate not verified: no iperf3" >&2
        return
    fi
    ip netns exec csgd-host1 timeout 20 iperf3 -s -1 -D >/dev/null
    sleep 1
    got=$(${EACH:-} ip netns exec csgd-host0 timeout 20 iperf3 -c 10.77.0.2 -t 3 -f m |
        awk '/receiver/ { print $7 }')
    echo "# rate asked for $mbit Mbit/s, iperf3 measured $got" >&2
    awk -v got="$got" -v asked="$mbit" 'BEGIN { exit !(got > 0.9 * asked && got < 1.02 * asked) }'
}
verify || verify || verify || {
    echo "the link does not have that rate" >&2
    exit 1
}

# Rows without the header, which comes once.
headed=no
measure() {
    # shellcheck disable=SC2086 # EACH is words
    ${EACH:-} timeout 170 bash "$net/mpirun.sh" "$hosts" "$bench" --n "$n" --reps "$reps" \
        --rate "$mbit" "$@" 2> >(grep -v setpgid >&2) |
        if [ "$headed" = yes ]; then sed 1d; else cat; fi
    headed=yes
}

best=
rivals=$(mktemp)
rival() { # NAME [NUMBER]
    MCA=${2:+"--mca coll_tuned_use_dynamic_rules 1 --mca coll_tuned_allreduce_algorithm $2"} \
        measure --rival "$1" | tee -a "$rivals"
    headed=yes
}
rival shipped
rival recursive_doubling 3
rival ring 4
rival segmented_ring 5
rival rabenseifner 6
best=$(awk -F, '$1 == "allreduce" && (best == "" || $8 < best) { best = $8 } END { print best }' "$rivals")
rm -f "$rivals"
echo "# best MPI_Allreduce: $best ms" >&2

while read -r phase spec; do
    only=(--phase "$phase")
    [ "$phase" = both ] && only=()
    measure "${only[@]}" --spec "$spec" --dense-ms "$best" </dev/null
done < <(if [ -n "${SPECS:-}" ]; then cat "$SPECS"; else table; fi)
