#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check_refusal.sh: run a benchmark with options that it must refuse.
#
#     check_refusal.sh PATTERN COMMAND [ARGUMENT ...]
#
# It exits with 2, prints no table, and says once why: a line that begins with
# the name of the program and matches PATTERN.
set -eu

pattern=$1
shift
said=$(mktemp)
trap 'rm -f "$said"' EXIT
code=0
printed=$("$@" 2>"$said") || code=$?
cat "$said"
lines=$(grep -c "^bench_[a-z]*: " "$said" || true)
if [ "$code" -ne 2 ] || [ "$lines" -ne 1 ] || ! grep -Eq -- "^bench_[a-z]*: .*$pattern" "$said"; then
    echo "exit code $code, $lines sentences; expected 2, one, and that it matches: $pattern" >&2
    exit 1
fi
if grep -q "^bench," <<<"$printed"; then
    echo "a table, although nothing is measured: $printed" >&2
    exit 1
fi
