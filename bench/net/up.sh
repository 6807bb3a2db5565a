#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# up.sh: hosts in network namespaces of this machine, on a switch, with links of a given rate.
#
#     up.sh HOSTS RATE [BURST]       RATE as tc takes it, such as 1gbit, or none
#
#     csgd-host0  10.77.0.1 --- veth ---+
#     csgd-host1  10.77.0.2 --- veth ---+--- bridge in csgd-switch
#     ...                               |
#
# Each link is shaped by tbf at both of its ends, so full duplex.  The burst is what may pass faster
# than the rate: a millisecond of it, and at least 128 kB, since tbf wakes late on a busy machine and
# smaller ones lower the rate.  Needs root and iproute2; exits with 77 and says why where that is
# missing.  What it makes is listed in $CSGD_NET_STATE, and down.sh takes away just that.
set -euo pipefail

hosts=${1:?number of hosts}
rate=${2:?rate}
burst=${3:-}
state=${CSGD_NET_STATE:-/tmp/csgd_net.state}

skip() {
    echo "skipped: $*" >&2
    exit 77
}

[ "$(id -u)" = 0 ] || skip "shaped hosts need root"
for tool in ip tc; do
    command -v "$tool" >/dev/null || skip "shaped hosts need iproute2"
done
if [ -e "$state" ]; then
    echo "$state exists: run down.sh first" >&2
    exit 1
fi
ip netns add csgd-switch 2>/dev/null || skip "this machine does not let us make network namespaces"
echo csgd-switch >"$state"
trap 'code=$?; [ $code = 0 ] || "$(dirname "$0")/down.sh"' EXIT

if [ -z "$burst" ]; then
    case $rate in
    10gbit) burst=1250kb ;;
    *) burst=128kb ;;
    esac
fi
ip -n csgd-switch link set lo up
ip -n csgd-switch link add switch type bridge
ip -n csgd-switch link set switch up
for ((i = 0; i < hosts; i++)); do
    host=csgd-host$i
    ip netns add "$host"
    echo "$host" >>"$state"
    ip -n "$host" link set lo up
    ip link add eth0 netns "$host" type veth peer name "port$i" netns csgd-switch
    ip -n "$host" addr add "10.77.0.$((i + 1))/24" dev eth0
    ip -n "$host" link set eth0 up
    ip -n csgd-switch link set "port$i" master switch
    ip -n csgd-switch link set "port$i" up
    [ "$rate" = none ] && continue
    for end in "$host eth0" "csgd-switch port$i"; do
        ip netns exec "${end% *}" tc qdisc add dev "${end#* }" root tbf rate "$rate" \
            burst "$burst" latency 50ms || skip "no tbf in this kernel"
    done
done
echo "# $hosts hosts, $rate, burst $burst"
