/* SPDX-License-Identifier: BSD-3-Clause */

/* spardl.c: reduce and scatter blocks of the vector, of each no more than k / P entries; allgather.
 *
 * The vector is cut into P blocks of n / P elements; rank b is to hold the sum of block b.  The blocks of
 * a rank's own vector are counted from its own block on.  P = 5, where "b:rs" is the sum over
 * ranks r and s of their entries in block b:
 *
 *                  rank 0                 rank 1                 ...   rank 4
 *     before       0 1 2 3 4:0            1 2 3 4 0:1                  4 0 1 2 3:4
 *     distance 4   0:01 1 2 3:0           1:12 2 3 4:1                 4:40 0 1 2:4
 *     distance 2   0:0143 1:04            1:1204 2:15                  4:4032 0:43
 *     distance 1   0:01432                1:12043                      4:40321
 *     allgather    all                    all                          all
 *
 * In the round of distance d, the powers of two below P from the largest down, each rank sends the
 * blocks from the d-th on to the rank d above, which counts them from 0 on, and adds those that come
 * from the rank d below to its own.  That is the allgather of bruck.h backwards, so P may be any number.
 *
 * Before a block is sent, and at the end before the allgather, only its ceil(k / P) entries of largest
 * magnitude are kept, of equal ones those of lowest index.  What is dropped stays with this rank as
 * leftover, the sums as it held them, so y is the sum over ranks of what each sent less its leftover.
 * With feedback=none what is dropped is lost, and counted (dropped_entries).
 *
 * Volume: P - 1 blocks sent and received by each rank in each half, so at most 4 k (P - 1) / P words of
 * 32 bits, less what the index coder saves, whatever the support; flat in P.  Latency: 2 ceil(log2 P)
 * messages.  It wins for many ranks.  Blocks are fixed: where the large entries of all ranks
 * lie in few blocks, most of them have to wait, and oktopk is better.
 *
 * Memory: four lists of 2 k + P entries, and two pieces of half the result: O(k).
 */

#include "base/error.h"
#include "comm/bruck.h"
#include "comm/cost.h"
#include "comm/share.h"

typedef struct spardl {
    csgdi_search search;
    csgdi_trouble trouble;
    csgdi_sparse held; /* indices count from this rank's block on; in the allgather from 0 on */
    csgdi_sparse left, other, scratch;
    size_t most; /* entries of a block that may be sent */
    int distance;
    bool gathering;
    csgdi_bruck bruck; /* its buffers and requests serve both halves */
} spardl;

static csgd_status spardl_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    return csgdi_list_support(c, "spardl");
}

static size_t block_start(const csgd_reducer *r, int block)
{
    return csgdi_share(r->compressor.n, r->transport.n_ranks, block);
}

/* Where the block begins that is `ahead` after this rank's own, counted from there; 0 .. P. */
static size_t start_ahead(const csgd_reducer *r, int ahead)
{
    const int p = r->transport.n_ranks, block = r->transport.rank + ahead;
    const size_t n = r->compressor.n;

    return block_start(r, block % p) + (block >= p ? n : 0) - block_start(r, r->transport.rank);
}

/* Entries of the first blocks, in the allgather. */
static size_t entries_of(const csgd_reducer *r, int parts)
{
    const spardl *self = r->exchange;
    const size_t n = r->compressor.n, first = block_start(r, r->transport.rank);
    const size_t end = start_ahead(r, parts);
    size_t low = 0, high = self->held.k;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if ((self->held.index[middle] + n - first) % n < end)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static csgd_status spardl_create(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t p = (size_t)r->transport.n_ranks, k = c->max_k;
    spardl *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    csgdi_arena *a = &r->arena;
    size_t room;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->most = k / p + (k % p != 0);
    room = k + p * self->most; /* own entries, and of P - 1 blocks from others */
    self->bruck = (csgdi_bruck){.list = &self->held,
                                .trouble = &self->trouble,
                                .bound = csgdi_list_bound(c, (p + 1) / 2 * self->most),
                                .most = self->most,
                                .entries = entries_of};
    if (self->bruck.bound > (size_t)INT32_MAX * 8)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "half of %zu entries is more than one message of spardl can hold", k);
    self->bruck.in = csgdi_arena_alloc(a, self->bruck.bound, 1);
    self->bruck.out = csgdi_arena_alloc(a, self->bruck.bound, 1);
    r->message = csgdi_arena_alloc(a, csgdi_message_bound(c), 1);
    return self->bruck.in != NULL && self->bruck.out != NULL && r->message != NULL &&
                   csgdi_list_create(&self->held, c, room, a) &&
                   csgdi_list_create(&self->left, c, room, a) &&
                   csgdi_list_create(&self->other, c, room, a) &&
                   csgdi_list_create(&self->scratch, c, room, a) &&
                   csgdi_search_create(&self->search, c->kernels, room, self->most, 0, 1, a)
               ? CSGD_OK
               : CSGD_E_NOMEM;
}

/* Of the blocks from the `ahead`-th on, which are all that is held from entry `at` on, keep what may be
 * sent. */
static void cut_blocks(csgd_reducer *r, int ahead, int end, size_t at)
{
    spardl *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    csgdi_sparse rest = csgdi_list_from(c, &self->held, at, self->held.k - at);

    self->held.k = at;
    self->other.k = 0;
    for (int block = ahead; block < end; block++) {
        const size_t count = csgdi_list_below(&rest, start_ahead(r, block + 1));
        csgdi_sparse one = csgdi_list_from(c, &rest, 0, count);

        csgdi_list_cut(&self->search, &one, self->most, &self->other);
        csgdi_list_append(c, &self->held, &one);
        rest = csgdi_list_from(c, &rest, count, rest.k - count);
    }
    csgdi_list_gather(c, &self->left, &self->scratch, &self->other);
}

/* Everything of this rank's block is here. */
static csgd_status start_gather(csgd_reducer *r)
{
    spardl *self = r->exchange;
    const uint32_t first = (uint32_t)block_start(r, r->transport.rank);

    cut_blocks(r, 0, 1, 0);
    for (size_t j = 0; j < self->held.k; j++)
        self->held.index[j] += first;
    self->gathering = true;
    return csgdi_bruck_begin(r, &self->bruck);
}

static csgd_status start_round(csgd_reducer *r)
{
    spardl *self = r->exchange;
    csgdi_transport *t = &r->transport;
    csgdi_bruck *b = &self->bruck;
    const int p = t->n_ranks, d = self->distance, end = 2 * d < p ? 2 * d : p;
    const int to = (t->rank + d) % p, from = (t->rank + p - d) % p;
    csgdi_span span = {.here = start_ahead(r, d)};
    csgdi_sparse tail;
    csgd_status st;
    size_t at, bytes;

    if (d == 0) return start_gather(r);
    at = csgdi_list_below(&self->held, span.here);
    cut_blocks(r, d, end, at);
    tail = csgdi_list_from(&r->compressor, &self->held, at, self->held.k - at);
    self->held.k = at;
    span.base = block_start(r, to);
    span.count = start_ahead(r, end) - span.here;
    bytes = csgdi_list_write(r, &self->trouble, &tail, span, b->out);
    st = t->ops->receive_open(t, b->in, b->bound, from, CSGDI_LIST_TAG, &b->receive);
    if (st != CSGD_OK) return st;
    return t->ops->send_open(t, b->out, bytes, to, CSGDI_LIST_TAG, &b->send);
}

static csgd_status spardl_begin(csgd_reducer *r)
{
    spardl *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const int p = r->transport.n_ranks;
    const size_t first = block_start(r, r->transport.rank);

    self->trouble.found = CSGD_OK;
    self->held.k = self->left.k = 0;
    self->gathering = false;
    if (c->n > 0) {
        const size_t below = csgdi_list_below(&c->stream, first);
        const csgdi_sparse after = csgdi_list_from(c, &c->stream, below, c->stream.k - below);
        const csgdi_sparse before = csgdi_list_from(c, &c->stream, 0, below);
        csgdi_list_append(c, &self->held, &after);
        csgdi_list_append(c, &self->held, &before);
        for (size_t j = 0; j < self->held.k; j++)
            self->held.index[j] =
                (uint32_t)(self->held.index[j] + (j < after.k ? 0 : c->n) - first);
    }
    self->distance = 1;
    while (self->distance < p)
        self->distance *= 2;
    self->distance /= 2;
    return start_round(r);
}

/* Blocks of the rank `distance` below have come. */
static void take_blocks(csgd_reducer *r)
{
    spardl *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const csgdi_bruck *b = &self->bruck;
    const int p = r->transport.n_ranks, d = self->distance, count = d < p - d ? d : p - d;
    const csgdi_span span = {.base = block_start(r, r->transport.rank),
                             .count = start_ahead(r, count)};

    self->other.k = 0;
    csgdi_list_read(r, &self->trouble, (r->transport.rank + p - d) % p, b->in, b->receive.received,
                    span, (size_t)count * self->most, &self->other);
    csgdi_list_gather(c, &self->held, &self->scratch, &self->other);
    csgdi_list_judge(c, &self->trouble, &self->held);
}

static csgd_status spardl_step(csgd_reducer *r)
{
    spardl *self = r->exchange;
    csgdi_transport *t = &r->transport;
    csgd_status st;

    while (!self->gathering) {
        bool received, sent;

        st = t->ops->test(t, &self->bruck.receive, &received);
        if (st == CSGD_OK) st = t->ops->test(t, &self->bruck.send, &sent);
        if (st != CSGD_OK) return st;
        if (!received || !sent) return CSGD_MORE;
        r->call.moves++;
        take_blocks(r);
        self->distance /= 2;
        st = start_round(r);
        if (st != CSGD_OK) return st;
    }
    st = csgdi_bruck_step(r, &self->bruck);
    if (st == CSGD_OK) st = csgdi_trouble_status(&self->trouble);
    if (st == CSGD_OK && r->compressor.n > 0) st = csgdi_list_result(r, &self->held);
    return st;
}

/* What is left over, back in the order of the vector. */
static const csgdi_sparse *spardl_finish(csgd_reducer *r)
{
    spardl *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    const size_t first = block_start(r, r->transport.rank);
    const size_t turn = csgdi_list_below(&self->left, c->n - first);
    const csgdi_sparse after = csgdi_list_from(c, &self->left, turn, self->left.k - turn);
    const csgdi_sparse before = csgdi_list_from(c, &self->left, 0, turn);

    for (size_t j = 0; j < self->left.k; j++)
        self->left.index[j] = (uint32_t)(self->left.index[j] + first - (j < turn ? 0 : c->n));
    self->scratch.k = 0;
    csgdi_list_append(c, &self->scratch, &after);
    csgdi_list_append(c, &self->scratch, &before);
    return &self->scratch;
}

/* Each half moves all blocks but one; every round merges what is left of them. */
static double spardl_seconds(const csgdi_cost *c)
{
    return 2 * csgdi_cost_rounds(c) * c->rates->alpha +
           2 * c->k * (c->p - 1) / c->p * c->entry * c->rates->beta +
           csgdi_cost_merge(c, 2 * c->k * (1 + csgdi_cost_rounds(c))) + csgdi_cost_local(c, 1);
}

const csgdi_algorithm csgdi_spardl = {
    .name = "spardl",
    .summary =
        "sparse: reduce and scatter blocks cut to k / P entries before each send, allgather; "
        "the rest goes back to the residual; at most 4 k words sent by each rank",
    .source = "SparDL, Zhao et al. 2023",
    .drops = true,
    .entries = true,
    .supports = spardl_supports,
    .seconds = spardl_seconds,
    .create = spardl_create,
    .begin = spardl_begin,
    .step = spardl_step,
    .finish = spardl_finish,
};
