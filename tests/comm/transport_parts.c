/* SPDX-License-Identifier: BSD-3-Clause */
/* transport_parts.c: see the header. */

#include "comm/transport_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 37 };

#define CHECK(claim) PARTS_CHECK(&bad, t->rank, claim)

void parts_note(int *bad, int rank, const char *file, int line, const char *claim)
{
    fprintf(stderr, "%s:%d: rank %d: not so: %s (%s)\n", file, line, rank, claim,
            csgd_error_detail());
    ++*bad;
}

csgd_status parts_finish(csgdi_transport *t, csgdi_request *req)
{
    for (;;) {
        bool done = false;
        csgd_status st = t->ops->test(t, req, &done);

        if (st != CSGD_OK || done) return st;
        t->ops->idle(t);
    }
}

uint64_t parts_word(int from, int to, int i)
{
    return (uint64_t)from << 40 | (uint64_t)to << 20 | (uint64_t)i;
}

/* ---- messages ---- */

int parts_ring(csgdi_transport *t)
{
    const int p = t->n_ranks, to = (t->rank + 1) % p, from = (t->rank + p - 1) % p;
    const uint64_t sent = t->sent_bytes, received = t->received_bytes, formula = t->formula_bytes;
    csgdi_request out = {0}, in = {0};
    uint64_t token = (uint64_t)t->rank, got = 0;
    int bad = 0;

    for (int step = 0; step < p; step++) {
        CHECK(t->ops->send(t, &token, sizeof token, to, step, &out) == CSGD_OK);
        CHECK(t->ops->receive(t, &got, sizeof got, from, step, &in) == CSGD_OK);
        CHECK(parts_finish(t, &out) == CSGD_OK && !out.active);
        CHECK(parts_finish(t, &in) == CSGD_OK && !in.active && in.received == sizeof got);
        token = got;
        CHECK(token == (uint64_t)((t->rank + 2 * p - 1 - step) % p));
    }
    CHECK(t->sent_bytes - sent == (p > 1 ? 8 * (uint64_t)p : 0));
    CHECK(t->received_bytes - received == t->sent_bytes - sent);
    CHECK(t->formula_bytes == formula);
    return bad;
}

/* Four messages from each to each, the last posted first by the receiver; two have one tag and must
 * keep their order; one is empty. */
int parts_all_to_all(csgdi_transport *t)
{
    enum { EACH = 4 };
    static const int tag[EACH] = {7, 0, 0, 32767};
    static const size_t len[EACH] = {8, 8, 8, 0};
    const int p = t->n_ranks;
    const uint64_t sent = t->sent_bytes, received = t->received_bytes;
    csgdi_request *requests = calloc((size_t)p * EACH * 2, sizeof *requests);
    csgdi_request *next = requests;
    uint64_t *out = calloc((size_t)p * EACH, sizeof *out);
    uint64_t *in = calloc((size_t)p * EACH, sizeof *in);
    int bad = 0;

    for (int i = 0; i < p * EACH; i++)
        out[i] = parts_word(t->rank, i / EACH, i % EACH);
    for (int k = 1; k <= p; k++) /* nobody begins with the same peer */
        for (int i = 0; i < EACH; i++) {
            const int to = (t->rank + k) % p;

            CHECK(t->ops->send(t, out + to * EACH + i, len[i], to, tag[i], next++) == CSGD_OK);
        }
    for (int from = p - 1; from >= 0; from--)
        for (int j = 0; j < EACH; j++) {
            const int i = (j + 3) % EACH; /* 3, 0, 1, 2 */

            CHECK(t->ops->receive(t, in + from * EACH + i, len[i], from, tag[i], next++) ==
                  CSGD_OK);
        }
    while (next > requests)
        CHECK(parts_finish(t, --next) == CSGD_OK);
    for (int i = 0; i < p * EACH; i++)
        CHECK(in[i] == (len[i % EACH] == 0 ? 0 : parts_word(i / EACH, t->rank, i % EACH)));
    CHECK(t->sent_bytes - sent == 3 * 8 * (uint64_t)(p - 1));
    CHECK(t->received_bytes - received == t->sent_bytes - sent);
    free(requests);
    free(out);
    free(in);
    return bad;
}

int parts_open(csgdi_transport *t)
{
    enum { ROOM = 40, TIMES = 6 };
    const int p = t->n_ranks, to = (t->rank + 1) % p, from = (t->rank + p - 1) % p;
    const uint64_t sent = t->sent_bytes, received = t->received_bytes, formula = t->formula_bytes;
    csgdi_request out[TIMES], in[TIMES];
    uint64_t word[TIMES][5], got[TIMES][6] = {{0}};
    size_t mine = 0, theirs = 0;
    int bad = 0;

    for (int i = 0; i < TIMES; i++) { /* one tag: they come in order whatever their lengths */
        const size_t words = (size_t)(t->rank + 5 - i) % TIMES;
        for (int j = 0; j < 5; j++)
            word[i][j] = parts_word(t->rank, i, j);
        mine += words * 8;
        CHECK(t->ops->send_open(t, word[i], words * 8, to, 3, &out[i]) == CSGD_OK);
        CHECK(t->ops->receive_open(t, got[i], ROOM, from, 3, &in[i]) == CSGD_OK);
    }
    for (int i = 0; i < TIMES; i++) {
        const size_t words = (size_t)(from + 5 - i) % TIMES;
        CHECK(parts_finish(t, &in[i]) == CSGD_OK && in[i].received == words * 8);
        CHECK(parts_finish(t, &out[i]) == CSGD_OK);
        for (size_t j = 0; j < 6; j++)
            CHECK(got[i][j] == (j < words ? parts_word(from, i, (int)j) : 0));
        theirs += words * 8;
    }
    CHECK(t->sent_bytes - sent == (p > 1 ? mine : 0));
    CHECK(t->received_bytes - received == (p > 1 ? theirs : 0));
    CHECK(t->formula_bytes == formula);
    return bad;
}

/* ---- collectives ---- */

static int term(int rank, int i)
{
    return (rank % 2 ? -1 : 1) * (rank + 1) * (i + 1);
}

static int sum(int n_ranks, int i)
{
    int total = 0;

    for (int r = 0; r < n_ranks; r++)
        total += term(r, i);
    return total;
}

static int check_sums(csgdi_transport *t, bool blocking)
{
    const uint64_t sent = t->sent_bytes, received = t->received_bytes, p = (uint64_t)t->n_ranks;
    csgdi_request req = {0};
    float x[N], y[N];
    double d[N];
    int bad = 0;

    for (int i = 0; i < N; i++) {
        x[i] = (float)term(t->rank, i);
        y[i] = -1;
        d[i] = term(t->rank, i);
    }
    CHECK(t->ops->sum(t, x, y, N, CSGD_F32, blocking, &req) == CSGD_OK);
    CHECK(parts_finish(t, &req) == CSGD_OK);
    CHECK(t->ops->sum(t, d, d, N, CSGD_F64, blocking, &req) == CSGD_OK);
    CHECK(parts_finish(t, &req) == CSGD_OK);
    for (int i = 0; i < N; i++) {
        CHECK(x[i] == (float)term(t->rank, i) && y[i] == (float)sum(t->n_ranks, i));
        CHECK(d[i] == sum(t->n_ranks, i));
    }
    CHECK(t->ops->sum(t, x, y, 0, CSGD_F64, blocking, &req) == CSGD_OK);
    CHECK(parts_finish(t, &req) == CSGD_OK && y[0] == (float)sum(t->n_ranks, 0));
    CHECK(t->sent_bytes - sent == 2 * (p - 1) * N * 4 / p + 2 * (p - 1) * N * 8 / p);
    CHECK(t->received_bytes - received == t->sent_bytes - sent);
    return bad;
}

static int check_max(csgdi_transport *t, bool blocking)
{
    const uint64_t p = (uint64_t)t->n_ranks, r = (uint64_t)t->rank, before = t->sent_bytes;
    uint64_t word[4] = {r, ~r, r == p / 2 ? UINT64_MAX : 0, UINT64_C(1) << 63};
    csgdi_request req = {0};
    int bad = 0;

    CHECK(t->ops->max(t, word, 4, blocking, &req) == CSGD_OK);
    CHECK(parts_finish(t, &req) == CSGD_OK);
    CHECK(word[0] == p - 1 && word[1] == ~UINT64_C(0) && word[2] == UINT64_MAX);
    CHECK(word[3] == UINT64_C(1) << 63);
    CHECK(t->sent_bytes - before == 2 * (p - 1) * 32 / p);
    return bad;
}

int parts_gather(csgdi_transport *t, bool equal, bool in_place, bool blocking)
{
    const uint64_t sent = t->sent_bytes, received = t->received_bytes;
    const int p = t->n_ranks, rank = t->rank;
    size_t len[PARTS_RANKS], offset[PARTS_RANKS], end = 8, others = 0;
    uint64_t part[2] = {0}, all[1 + PARTS_RANKS * 3] = {0}, *mine;
    csgdi_request req = {0};
    int bad = 0;

    for (int r = 0; r < p; r++) {
        len[r] = 8 * (size_t)(equal ? 2 : r % 3);
        offset[r] = end;
        end += len[r] + (equal ? 0 : 8);
        if (r != rank) others += len[r];
    }
    mine = in_place ? all + offset[rank] / 8 : part;
    for (size_t i = 0; i < len[rank] / 8; i++)
        mine[i] = parts_word(rank, 1, (int)i);
    CHECK(t->ops->gather(t, mine, all, len, offset, blocking, &req) == CSGD_OK);
    CHECK(parts_finish(t, &req) == CSGD_OK);
    for (int r = 0; r < p; r++) {
        for (size_t i = 0; i < len[r] / 8; i++)
            CHECK(all[offset[r] / 8 + i] == parts_word(r, 1, (int)i));
        CHECK(equal || all[(offset[r] + len[r]) / 8] == 0);
    }
    CHECK(all[0] == 0);
    CHECK(t->sent_bytes - sent == (uint64_t)(p - 1) * len[rank]);
    CHECK(t->received_bytes - received == others);
    return bad;
}

int parts_collectives(csgdi_transport *t)
{
    int bad = 0;

    for (int blocking = 0; blocking < 2; blocking++) {
        bad += check_sums(t, blocking);
        bad += check_max(t, blocking);
        for (int i = 0; i < 4; i++)
            bad += parts_gather(t, i % 2, i / 2, blocking);
    }
    return bad;
}

/* ---- several transports ---- */

int parts_two(csgdi_transport two[2])
{
    const int rank = two->rank, p = two->n_ranks, from = (rank + p - 1) % p;
    csgdi_request out[2], in[2], sums[2];
    uint64_t mine[2], got[2] = {0};
    double x[2], y[2] = {0};
    int bad = 0;

    for (int k = 0; k < 2; k++) {
        const int c = (k + rank) % 2;
        csgdi_transport *t = &two[c];

        x[c] = c + 1;
        mine[c] = parts_word(rank, c, 0);
        CHECK(t->ops->sum(t, &x[c], &y[c], 1, CSGD_F64, false, &sums[c]) == CSGD_OK);
        CHECK(t->ops->send(t, &mine[c], 8, (rank + 1) % p, 0, &out[c]) == CSGD_OK);
        CHECK(t->ops->receive(t, &got[c], 8, from, 0, &in[c]) == CSGD_OK);
    }
    for (int c = 1; c >= 0; c--) {
        csgdi_transport *t = &two[c];

        CHECK(parts_finish(t, &in[c]) == CSGD_OK && parts_finish(t, &out[c]) == CSGD_OK);
        CHECK(parts_finish(t, &sums[c]) == CSGD_OK);
        CHECK(got[c] == parts_word(from, c, 0) && y[c] == (c + 1) * p);
    }
    return bad;
}
