#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check_run.sh: run a command and check both its exit code and what it says.
#
#     check_run.sh CODE PATTERN COMMAND [ARGUMENT ...]
#
# PATTERN is an extended regular expression that standard output or error must match.
set -eu

code=$1
pattern=$2
shift 2
got=0
said=$("$@" 2>&1) || got=$?
echo "$said"
if [ "$got" -ne "$code" ]; then
    echo "exit code $got instead of $code" >&2
    exit 1
fi
if ! grep -Eq "$pattern" <<<"$said"; then
    echo "nothing matches: $pattern" >&2
    exit 1
fi
