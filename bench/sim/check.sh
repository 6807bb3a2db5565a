#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check.sh BUILD: whether the brief simulation runs, its rows are there, and auto is not slower than dense.
set -euo pipefail

rows=$(BUILD=$1 bash "$(dirname "$0")/run.sh" brief)
echo "$rows"
awk -F, '
    function bad(what) { print "bad: " what; failed = 1 }
    NR == 1 { next }
    $1 != "sim" || NF < 11 || !($8 > 0) || !($9 > 0) { bad($0) }
    { rows++; ms[$6, $2] = $8; algorithm[$6, $2] = $3; sent[$6, $2] = $9 }
    END {
        if (rows != 10) bad(rows + 0 " rows")
        for (p = 16; p <= 17; p++) {
            if (!(ms[p, "topk ratio=0.01 drop=yes"] <= ms[p, "MPI_Allreduce"])) bad("auto is slower than dense")
            if (ms[p, "topk ratio=0.01 drop=yes"] < 65536 * 1.12e-6) bad("local work takes no time")
            # 4 words for each of 656 entries, less what the index coder saves
            if (!(sent[p, "topk ratio=0.01 algorithm=spardl"] <= 16 * 656)) bad("spardl sends more than 4 k words")
            if (!(ms[p, "sparse drop=yes"] < ms[p, "topk ratio=0.01 drop=yes"])) bad("entries are slower than vectors")
            if (algorithm[p, "topk ratio=0.01 algorithm=oktopk"] != "oktopk") bad("no oktopk")
        }
        exit failed
    }' <<<"$rows"
