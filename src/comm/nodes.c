/* SPDX-License-Identifier: BSD-3-Clause */

/* nodes.c: see nodes.h. */

#include "comm/nodes.h"

#include "base/error.h"
#include "comm/agree.h"

/* Room for all that is said of n_ranks ranks; `to` is scratch for their leaders. */
static bool allocate(csgdi_nodes *nodes, int n_ranks, int **to)
{
    const size_t ranks = (size_t)n_ranks;

    nodes->leader = csgdi_arena_alloc(&nodes->arena, ranks, 3 * sizeof *nodes->leader);
    if (nodes->leader == NULL) return false;
    nodes->member = nodes->leader + ranks;
    *to = nodes->member + ranks;
    return true;
}

/* to[r] is the leader of rank r. */
static void number(csgdi_nodes *nodes, const csgdi_transport *t, const int *to)
{
    for (int r = 0; r < t->n_ranks; r++) {
        int members = 0;

        if (to[r] == to[t->rank]) {
            if (r == t->rank) nodes->place = nodes->members;
            nodes->member[nodes->members++] = r;
        }
        if (to[r] != r) continue;
        if (r == to[t->rank]) nodes->node = nodes->n;
        nodes->leader[nodes->n++] = r;
        for (int other = r; other < t->n_ranks; other++)
            members += to[other] == r;
        if (members > nodes->largest) nodes->largest = members;
    }
}

csgd_status csgdi_nodes_find(csgdi_transport *t, bool wanted, size_t in_a_row, csgd_status *failure,
                             csgdi_nodes *nodes)
{
    uint64_t word[4];
    bool all;
    int *to = NULL;
    csgd_status st = CSGD_OK;

    *nodes = (csgdi_nodes){0};
    if (wanted && !allocate(nodes, t->n_ranks, &to)) {
        if (*failure == CSGD_OK) *failure = CSGD_E_NOMEM;
        wanted = false;
    }
    word[0] = wanted;
    word[1] = !wanted;
    word[2] = in_a_row;
    word[3] = ~word[2];
    st = csgdi_agree_max(t, word, 4);
    all = word[1] == 0 && word[2] == ~word[3];
    if (st == CSGD_OK && all && in_a_row == 0) st = t->ops->nodes(t, to);
    if (st != CSGD_OK || !wanted) {
        csgdi_nodes_close(nodes);
        return st;
    }
    for (int r = 0; r < t->n_ranks && (!all || in_a_row > 0); r++)
        to[r] = all ? r - (int)((size_t)r % in_a_row) : 0;
    number(nodes, t, to);
    nodes->agreed = all;
    if (all) st = t->ops->part(t, nodes->leader, nodes->n, &nodes->between);
    if (st == CSGD_E_NOMEM && *failure == CSGD_OK) *failure = st;
    if (st == CSGD_OK || st == CSGD_E_NOMEM) return CSGD_OK;
    csgdi_nodes_close(nodes);
    return st;
}

csgdi_transport csgdi_nodes_view(const csgdi_nodes *nodes, const csgdi_transport *t)
{
    csgdi_transport view = nodes->between.ops != NULL ? nodes->between : *t;

    view.rank = nodes->node;
    view.n_ranks = nodes->n;
    return view;
}

void csgdi_nodes_close(csgdi_nodes *nodes)
{
    if (nodes->between.ops != NULL) nodes->between.ops->close(&nodes->between, false);
    csgdi_arena_free(&nodes->arena);
    *nodes = (csgdi_nodes){0};
}
