/* SPDX-License-Identifier: BSD-3-Clause */
/* team_meet.c: where the operations of a team's ranks meet and are done.
 *
 * An operation is an entry in its caller's request, linked where its partner will look:
 *
 *     rank 2 sends to 5                       rank 5 receives from 2
 *     place[5].sends:  .. -> [2, tag] ..      place[5].receives:  .. -> [2, tag] ..
 *                              '--- first of each with the same key: copied, unlinked ---'
 *
 * The key is (channel, from, to, tag), and only the first of a list with some key is ever taken,
 * so messages keep their order.  Entries to a collective wait in one list until there is one of
 * every rank; who completes the set does the work for all.  An entry on hold keeps its place, and
 * so the order, but has not come yet.
 *
 * All of it happens under one lock, copies and sums included.  That serialises ranks which mostly
 * outnumber the cores anyway, and leaves nothing to get wrong.
 */

#include <string.h>
#include "comm/team_state.h"
#include "kernels/kernels.h"

void csgdi_team_append(csgdi_link *list, csgdi_entry *e)
{
    e->link.prev = list->prev;
    e->link.next = list;
    list->prev->next = &e->link;
    list->prev = &e->link;
}

void csgdi_team_remove(csgdi_entry *e)
{
    e->link.prev->next = e->link.next;
    e->link.next->prev = e->link.prev;
}

/* Take an entry out of its list and wake its rank. */
static void complete(csgd_team *team, csgdi_entry *e, csgdi_entry_state state, uint64_t blame)
{
    csgdi_place *place = &team->place[e->rank];

    csgdi_team_remove(e);
    e->state = (uint8_t)state;
    e->blame = blame;
    place->completed++;
    pthread_cond_broadcast(&place->bell);
}

/* What a receiver other than the sender sees of a corrupted message. */
static void flip_bit(const csgdi_entry *e, void *at)
{
    if (e->flip != CSGDI_NO_FLIP)
        ((unsigned char *)at)[e->flip / 8] ^= (unsigned char)(1u << e->flip % 8);
}

/* ---- messages ---- */

static csgdi_entry *first_message(csgdi_link *list, uint32_t channel, int from, int tag)
{
    for (csgdi_link *l = list->next; l != list; l = l->next) {
        csgdi_entry *e = (csgdi_entry *)l;
        const int sender = e->kind == CSGDI_SEND ? e->rank : e->op.message.peer;

        if (e->channel == channel && sender == from && e->op.message.tag == tag) return e;
    }
    return NULL;
}

/* Deliver whatever can be delivered under one key. */
static void settle_messages(csgd_team *team, uint32_t channel, int from, int to, int tag)
{
    csgdi_place *place = &team->place[to];

    for (;;) {
        csgdi_entry *s = first_message(&place->sends, channel, from, tag);
        csgdi_entry *r = first_message(&place->receives, channel, from, tag);

        if (s == NULL || r == NULL || s->hold > 0 || r->hold > 0) return;
        if (r->open ? s->op.message.len > r->op.message.len
                    : s->op.message.len != r->op.message.len) {
            complete(team, r, CSGDI_FAILED, s->op.message.len);
        } else {
            if (s->op.message.len > 0)
                memcpy(r->op.message.dst, s->op.message.src, s->op.message.len);
            flip_bit(s, r->op.message.dst);
            complete(team, r, CSGDI_DONE, s->op.message.len);
        }
        complete(team, s, CSGDI_DONE, 0);
    }
}

/* ---- collectives: seat[r] is the entry of the channel's rank r ---- */

/* Rank 0's vector first, then the others in rank order, all into rank 0's recv.  The other ranks'
 * recv, which may be their send, are written last. */
static void perform_sum(csgdi_entry **seat, int n_ranks)
{
    const csgdi_kernels *kernels = csgdi_kernels_get(seat[0]->op.reduce.type);
    const size_t n = seat[0]->op.reduce.n;
    void *sum = seat[0]->op.reduce.recv;

    if (n == 0) return;
    if (seat[0]->op.reduce.send != sum) memcpy(sum, seat[0]->op.reduce.send, n * kernels->size);
    for (int r = 1; r < n_ranks; r++)
        kernels->add(seat[r]->op.reduce.send, n, sum);
    for (int r = 1; r < n_ranks; r++)
        memcpy(seat[r]->op.reduce.recv, sum, n * kernels->size);
}

static void perform_max(csgdi_entry **seat, int n_ranks)
{
    const size_t n = seat[0]->op.reduce.n;
    uint64_t *max = seat[0]->op.reduce.recv;

    for (int r = 1; r < n_ranks; r++) {
        const uint64_t *word = seat[r]->op.reduce.recv;

        for (size_t i = 0; i < n; i++)
            if (word[i] > max[i]) max[i] = word[i];
    }
    if (n == 0) return;
    for (int r = 1; r < n_ranks; r++)
        memcpy(seat[r]->op.reduce.recv, max, n * sizeof *max);
}

static void perform_gather(csgdi_entry **seat, int n_ranks)
{
    for (int to = 0; to < n_ranks; to++)
        for (int from = 0; from < n_ranks; from++) {
            const csgdi_entry *e = seat[from];
            const size_t len = e->op.gather.len[from];
            unsigned char *at = seat[to]->op.gather.recv;

            at += seat[to]->op.gather.offset[from];
            if (len > 0 && e->op.gather.send != at) memcpy(at, e->op.gather.send, len);
            if (to != from) flip_bit(e, at);
        }
}

static bool same_call(const csgdi_entry *a, const csgdi_entry *b, int n_ranks)
{
    if (a->kind != b->kind) return false;
    if (a->kind == CSGDI_GATHER)
        return memcmp(a->op.gather.len, b->op.gather.len,
                      (size_t)n_ranks * sizeof *a->op.gather.len) == 0;
    return a->op.reduce.n == b->op.reduce.n && a->op.reduce.type == b->op.reduce.type;
}

/* Perform the collective of a channel, which has so many ranks, if all have entered. */
static void settle_collective(csgd_team *team, uint32_t channel, uint32_t group)
{
    csgdi_entry **seat = team->seat;
    csgdi_entry_state state = CSGDI_DONE;
    const int n_ranks = (int)group;
    uint64_t blame = 0;
    int entered = 0;

    for (csgdi_link *l = team->meeting.next; l != &team->meeting; l = l->next) {
        csgdi_entry *e = (csgdi_entry *)l;
        int at = entered;

        if (e->channel != channel || e->hold > 0) continue;
        for (; at > 0 && seat[at - 1]->rank > e->rank; at--) /* in order of rank */
            seat[at] = seat[at - 1];
        seat[at] = e;
        entered++;
    }
    if (entered < n_ranks) return;

    for (int r = 1; r < n_ranks && state == CSGDI_DONE; r++)
        if (!same_call(seat[0], seat[r], n_ranks)) {
            state = CSGDI_FAILED;
            blame = (uint64_t)r;
        }
    if (state == CSGDI_DONE && seat[0]->kind == CSGDI_SUM) perform_sum(seat, n_ranks);
    if (state == CSGDI_DONE && seat[0]->kind == CSGDI_MAX) perform_max(seat, n_ranks);
    if (state == CSGDI_DONE && seat[0]->kind == CSGDI_GATHER) perform_gather(seat, n_ranks);
    for (int r = 0; r < n_ranks; r++)
        complete(team, seat[r], state, blame);
}

void csgdi_team_settle(csgd_team *team, const csgdi_entry *e)
{
    if (e->kind == CSGDI_SEND)
        settle_messages(team, e->channel, e->rank, e->op.message.peer, e->op.message.tag);
    else if (e->kind == CSGDI_RECEIVE)
        settle_messages(team, e->channel, e->op.message.peer, e->rank, e->op.message.tag);
    else
        settle_collective(team, e->channel, e->group);
}
