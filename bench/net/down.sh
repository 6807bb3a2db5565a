#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# down.sh: take away the hosts that up.sh made, and nothing else; links go with them.
set -eu

state=${CSGD_NET_STATE:-/tmp/csgd_net.state}
[ -e "$state" ] || exit 0
while read -r host; do
    ip netns del "$host" 2>/dev/null || true
done <"$state"
rm -f "$state"
