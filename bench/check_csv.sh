#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check_csv.sh: run a benchmark and check that standard output is the CSV that it promises.
#
#     check_csv.sh HEADER TEXTS ROWS COMMAND [ARGUMENT ...]
#
# The first line is HEADER to the letter; then come at least ROWS rows, each with as many fields as
# the header.  The columns named in TEXTS (with commas between) hold words, `bench` always one; all
# others a finite number, or nothing where there is none to give.
set -euo pipefail

header=$1
texts=$2
rows=$3
shift 3
"$@" | awk -F, -v header="$header" -v texts="$texts" -v rows="$rows" '
    function wrong(why) { print "line " NR ": " why ": " $0 > "/dev/stderr"; bad = 1 }
    { print }
    NR == 1 {
        if ($0 != header) wrong("not the header " header)
        columns = split(header, name, ",")
        split(texts, list, ",")
        for (i in list)
            is_text[list[i]] = 1
        next
    }
    NF != columns { wrong(NF " fields instead of " columns); next }
    {
        for (i = 1; i <= NF; i++)
            if (!(name[i] in is_text) && $i !~ /^(-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?)?$/)
                wrong(name[i] " is no number")
        if ($1 == "") wrong("no name of the benchmark")
    }
    END {
        if (NR - 1 < rows) wrong(NR - 1 " rows, at least " rows " are expected")
        exit bad
    }'
