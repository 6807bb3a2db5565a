#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# check_volume.sh WORDS COMMAND ...: whether volumes counts no more words an entry, and not next to none.
set -euo pipefail
row=$("${@:2}" | tail -n 1)
echo "$row"
awk -F, -v most="$1" '{ exit !($1 == "volumes" && NF == 10 && $10 > 1 && $10 <= most) }' <<<"$row"
