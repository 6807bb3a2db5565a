#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check_output.sh: run an example and compare what it prints with what its header comment promises.
#
#     check_output.sh SOURCE COMMAND [ARGUMENT ...]
#
# The promise is the indented block after "Expected output:" in SOURCE.
set -eu

source=$1
shift
expected=$(awk '
    /^ \*\// || (found && /^ \* [^ ]/) { exit }
    found && NF > 1 { print substr($0, 8) }
    /^ \* Expected output:/ { found = 1 }' "$source")
if [ -z "$expected" ]; then
    echo "$source has no block after \"Expected output:\"" >&2
    exit 1
fi

printed=$("$@")
if [ "$printed" != "$expected" ]; then
    echo "$source promises (<) what it does not print (>):" >&2
    diff <(echo "$expected") <(echo "$printed") >&2
    exit 1
fi
