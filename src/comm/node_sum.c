/* SPDX-License-Identifier: BSD-3-Clause */

/* node_sum.c: see node_sum.h. */

#include "comm/node_sum.h"

#include <string.h>
#include "base/error.h"
#include "comm/share.h"

/* Of floats 128 KiB: long enough for a message, and m of them stay in a second cache. */
enum { SHARE = 32768 };

enum { TAG_SHARE = 0, TAG_SUM = 1 };

csgd_status csgdi_node_sum_create(csgdi_node_sum *s, csgd_reducer *r, const csgdi_nodes *nodes)
{
    const size_t n = r->compressor.n, m = (size_t)nodes->members, most = m * SHARE;

    s->nodes = nodes;
    s->chunk = n < most ? n : most;
    s->chunks = s->chunk > 0 ? (n - 1) / s->chunk + 1 : 0;
    s->share = csgdi_share(s->chunk, nodes->members, 1);
    for (size_t i = 0; i < 2; i++) {
        s->slot[i] =
            csgdi_arena_alloc(&r->arena, m > 1 ? m * s->share : 0, r->compressor.kernels->size);
        s->request[i] = csgdi_arena_zalloc(&r->arena, m, 3 * sizeof *s->request[i]);
        if (s->slot[i] == NULL || s->request[i] == NULL) return CSGD_E_NOMEM;
    }
    return CSGD_OK;
}

void csgdi_node_sum_begin(csgdi_node_sum *s)
{
    s->begun = s->added = s->done = 0;
}

/* Elements *first .. of the share of a member in a chunk; returns how many. */
static size_t share_of(const csgdi_node_sum *s, const csgd_reducer *r, size_t chunk, int member,
                       size_t *first)
{
    const size_t start = chunk * s->chunk, left = r->compressor.n - start;
    const size_t count = left < s->chunk ? left : s->chunk;
    const size_t at = csgdi_share(count, s->nodes->members, member);

    *first = start + at;
    return csgdi_share(count, s->nodes->members, member + 1) - at;
}

static const char *vector(const csgd_reducer *r, size_t first)
{
    return (const char *)r->call.x + first * r->compressor.kernels->size;
}

static char *result(const csgd_reducer *r, size_t first)
{
    return (char *)r->call.recv + first * r->compressor.kernels->size;
}

static char *slot(const csgdi_node_sum *s, const csgd_reducer *r, size_t chunk, int member)
{
    return s->slot[chunk % 2] + (size_t)member * s->share * r->compressor.kernels->size;
}

/* Every member's elements of every share to whoever adds it. */
static csgd_status begin_exchange(csgdi_node_sum *s, csgd_reducer *r, size_t chunk)
{
    csgdi_transport *t = &r->transport;
    const size_t size = r->compressor.kernels->size;
    const int m = s->nodes->members, me = s->nodes->place;
    csgdi_request *q = s->request[chunk % 2];
    size_t first, own = share_of(s, r, chunk, me, &first);
    csgd_status st = CSGD_OK;

    for (int i = 1; i < m && own > 0 && st == CSGD_OK; i++) {
        const int from = (me + m - i) % m;
        st = t->ops->receive(t, slot(s, r, chunk, from), own * size, s->nodes->member[from],
                             TAG_SHARE, &q[m + from]);
    }
    for (int i = 1; i < m && st == CSGD_OK; i++) { /* all begin with another one */
        const int to = (me + i) % m;
        const size_t count = share_of(s, r, chunk, to, &first);
        if (count == 0) continue;
        st = t->ops->send(t, vector(r, first), count * size, s->nodes->member[to], TAG_SHARE,
                          &q[to]);
    }
    return st;
}

/* Add this member's share: the leader's where the result will be, others' over the leader's part. */
static char *add(const csgdi_node_sum *s, const csgd_reducer *r, size_t chunk)
{
    const int m = s->nodes->members, me = s->nodes->place;
    size_t first;
    const size_t count = share_of(s, r, chunk, me, &first);
    char *sum = me == 0 ? result(r, first) : slot(s, r, chunk, 0);

    if (count == 0) return sum;
    if (me == 0 && sum != vector(r, first))
        memcpy(sum, vector(r, first), count * r->compressor.kernels->size);
    for (int i = 1; i < m; i++)
        r->compressor.kernels->add(i == me ? vector(r, first) : slot(s, r, chunk, i), count, sum);
    return sum;
}

/* The sums of all shares to the leader. */
static csgd_status begin_collection(csgdi_node_sum *s, csgd_reducer *r, size_t chunk,
                                    const char *sum)
{
    csgdi_transport *t = &r->transport;
    const size_t size = r->compressor.kernels->size;
    const int m = s->nodes->members, me = s->nodes->place;
    csgdi_request *q = s->request[chunk % 2] + 2 * m;
    size_t first;
    csgd_status st = CSGD_OK;

    for (int i = 1; i < m && me == 0 && st == CSGD_OK; i++) {
        const size_t count = share_of(s, r, chunk, i, &first);
        if (count > 0)
            st = t->ops->receive(t, result(r, first), count * size, s->nodes->member[i], TAG_SUM,
                                 &q[i]);
    }
    if (me > 0) {
        const size_t count = share_of(s, r, chunk, me, &first);
        if (count > 0)
            st = t->ops->send(t, sum, count * size, s->nodes->member[0], TAG_SUM, &q[me]);
    }
    return st;
}

/* Whether all of some requests are complete. */
static csgd_status test_all(csgd_reducer *r, csgdi_request *q, int count, bool *all)
{
    csgd_status st = CSGD_OK;

    *all = true;
    for (int i = 0; i < count && st == CSGD_OK; i++) {
        bool done = true;
        st = r->transport.ops->test(&r->transport, &q[i], &done);
        *all = *all && done;
    }
    return st;
}

csgd_status csgdi_node_sum_step(csgdi_node_sum *s, csgd_reducer *r)
{
    const int m = s->nodes->members;
    csgd_status st = CSGD_OK;
    bool moved = true, all;

    while (moved && st == CSGD_OK && s->done < s->chunks) {
        moved = false;
        if (s->begun < s->chunks && s->begun < s->done + 2) {
            st = begin_exchange(s, r, s->begun++);
            moved = true;
        }
        if (st == CSGD_OK && s->added < s->begun) {
            st = test_all(r, s->request[s->added % 2], 2 * m, &all);
            if (st == CSGD_OK && all) {
                st = begin_collection(s, r, s->added, add(s, r, s->added));
                s->added++;
                moved = true;
            }
        }
        if (st == CSGD_OK && s->done < s->added) {
            st = test_all(r, s->request[s->done % 2] + 2 * m, m, &all);
            if (st == CSGD_OK && all) {
                s->done++;
                moved = true;
            }
        }
        r->call.moves += moved;
    }
    if (st != CSGD_OK) return st;
    return s->done == s->chunks ? CSGD_OK : CSGD_MORE;
}
