/* SPDX-License-Identifier: BSD-3-Clause */
/* transport.c: how bytes are counted, in one place for all transports. */

#include "comm/transport.h"

void csgdi_transport_count(csgdi_transport *t, uint64_t sent, uint64_t received, bool formula)
{
    t->sent_bytes += sent;
    t->received_bytes += received;
    if (formula) t->formula_bytes += sent;
}

void csgdi_transport_count_gather(csgdi_transport *t, const size_t *len, bool formula)
{
    uint64_t received = 0;

    for (int r = 0; r < t->n_ranks; r++)
        if (r != t->rank) received += len[r];
    csgdi_transport_count(t, (uint64_t)(t->n_ranks - 1) * len[t->rank], received, formula);
}

void csgdi_transport_count_reduce(csgdi_transport *t, size_t bytes, bool formula)
{
    const uint64_t ranks = (uint64_t)t->n_ranks;
    const uint64_t twice = 2 * (ranks - 1);
    /* twice * bytes / ranks, without overflow of the product */
    const uint64_t moved = bytes / ranks * twice + bytes % ranks * twice / ranks;

    csgdi_transport_count(t, moved, moved, formula);
}
