#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# mpirun.sh: an MPI program on the hosts of up.sh, one rank a host: Open MPI over TCP.
#
#     [MCA="--mca ... "] mpirun.sh RANKS PROGRAM [ARGUMENT ...]
#
# mpirun runs inside the first host, and starts its daemons by this script in place of ssh.
set -euo pipefail

state=${CSGD_NET_STATE:-/tmp/csgd_net.state}
if [ "${CSGD_NET_AGENT:-}" = 1 ]; then # as the agent: HOST COMMAND ...
    host=$1
    shift
    exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"
fi
ranks=${1:?ranks}
shift
hosts=$(grep -- -host "$state" | head -n "$ranks" | paste -sd,)
me=$(cd "$(dirname "$0")" && pwd)/${0##*/}
export CSGD_NET_AGENT=1 CSGD_NET_STATE=$state
# shellcheck disable=SC2086 # MCA is words
exec ip netns exec csgd-host0 unshare --uts sh -c 'hostname csgd-host0; exec "$@"' sh \
    mpirun --allow-run-as-root --oversubscribe --bind-to none -np "$ranks" --host "$hosts" \
    --map-by node --mca plm_rsh_agent "$me" --mca plm_rsh_no_tree_spawn 1 --mca pml ob1 \
    --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
    --mca oob_tcp_if_include 10.77.0.0/24 --mca mpi_yield_when_idle 1 ${MCA:-} "$@"
