#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# platform.sh: a cluster for SimGrid: hosts on one switch that never is the bottleneck.
#
#     bench/sim/platform.sh HOSTS MBIT MICROSECONDS > cluster.xml
#
# Each host has a full-duplex link of that rate; a message takes that many microseconds over the two links
# between any two hosts, beside the time of its bytes.
set -euo pipefail
[ $# -eq 3 ] || {
    echo "usage: bench/sim/platform.sh HOSTS MBIT MICROSECONDS" >&2
    exit 2
}
awk -v hosts="$1" -v mbit="$2" -v us="$3" 'BEGIN {
    print "<?xml version=\"1.0\"?>"
    print "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">"
    print "<platform version=\"4.1\">"
    printf "  <cluster id=\"cluster\" prefix=\"host\" suffix=\"\" radical=\"0-%d\" speed=\"1Gf\" ", hosts - 1
    printf "bw=\"%.9gBps\" lat=\"%.9gs\" sharing_policy=\"SPLITDUPLEX\"/>\n", mbit * 125000, us * 5e-7
    print "</platform>"
}'
