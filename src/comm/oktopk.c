/* SPDX-License-Identifier: BSD-3-Clause */

/* oktopk.c: each rank sums a region that has its share of the entries, and only what is among about the
 * k largest sums of all is given to everybody.
 *
 * Rank o owns region o.  q_r[o] is what rank r sends of its entries in region o, S_o their sum, and
 * G_o what of S_o is above a limit that all ranks share:
 *
 *                  rank 0                 rank 1                 rank 2
 *     before       q_0[0] q_0[1] q_0[2]   q_1[0] q_1[1] q_1[2]   q_2[0] q_2[1] q_2[2]
 *     split        q_0 q_2 q_1 of 0       q_1 q_0 q_2 of 1       q_2 q_1 q_0 of 2
 *     reduce       S_0                    S_1                    S_2
 *     select       G_0                    G_1                    G_2
 *     balance      a third each of the entries of G_0 G_1 G_2, in order of index
 *     allgather    G                      G                      G
 *
 * Split.  Regions have equally many entries of all ranks together (oktopk.h).  They are cut anew every 64
 * steps.  In between they may grow: a rank sends to a region no more than k / P and one and a half
 * times what it had there then, its largest; so no rank ever has to receive more than O(k).  Rank r sends to
 * r + 1, r + 2, ... and receives from r - 1, r - 2, ..., two at a time.
 *
 * Reduce.  Pieces in the order of their arrival above, its own first, are added in pairs, pairs of
 * them in pairs, and so on; what is then left over from the end to the beginning.
 *
 * Select.  Every tau steps the limit is exactly the k-th largest magnitude of all sums, found from
 * histograms, and of sums equal to it those of lowest index are taken.  In between it is the limit of
 * the step before, moved by 1/28 of an octave (2.5 %) where that let through less than 0.8 k or more than
 * 1.25 k.  Where it lets through more than 2 k, or less than half of what it might, it is found exactly
 * in this step.  The limit is a key, and moves by additions of integers.
 *
 * Conservation: what is not sent, and what of a sum is not selected, stays with the rank that had it:
 * as leftover, its own entries or others'.  (To give a sum back to those that contributed would cost
 * as much again as the split.)  So y is the sum over ranks of what each sent less its leftover.
 *
 * Volume in words of 32 bits, index and value: 2 k (P - 1) / P to split, about 2 k / P to balance, and
 * 2 K (P - 1) / P to gather the K selected, K between k / 2 and 2 k; all less what the index coder
 * saves: at most 6 k, and about 3 k with f32 values.  Beside that, sums of 2 P + 1 numbers in every call,
 * of P numbers log2 n times every 64 steps, and of 256 numbers 4 times every tau steps.  Latency: P
 * messages and 2 ceil(log2 P).  It wins for many ranks, wherever the entries lie.
 *
 * The regions and the limit are what the last calls have left, and no part of the reducer's state that
 * can be set: after csgd_reducer_clear() they are found anew.  One rank drops nothing.  With
 * feedback=none what is dropped is lost, and counted (dropped_entries).
 *
 * Memory: O(k), about 14 k entries as lists and 4 k as bytes, and O(P).
 */

#include "comm/oktopk.h"

#include <math.h>
#include "base/error.h"
#include "comm/cost.h"
#include "comm/share.h"

enum { RECUT = 64 }; /* steps */

enum { CUT, SPLIT, RANK, COUNT, BALANCE, GATHER }; /* phases */

static csgd_status oktopk_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    return csgdi_list_support(c, "oktopk");
}

static size_t entries_of(const csgd_reducer *r, int parts)
{
    const csgdi_oktopk_state *self = r->exchange;
    const int p = r->transport.n_ranks, rank = r->transport.rank, end = rank + parts;
    const size_t all = self->first[p];

    return csgdi_share(all, p, end % p) + (end >= p ? all : 0) - csgdi_share(all, p, rank);
}

static bool create_lists(csgdi_oktopk_state *self, const csgd_reducer *r, csgdi_arena *a)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t p = (size_t)r->transport.n_ranks, k = c->max_k;
    /* What all ranks together may send to a region: see csgdi_cuts. */
    const size_t room = (k + p) + (k + p) + (k + p) / 2 + p;

    return csgdi_list_create(&self->mine, c, k, a) && csgdi_list_create(&self->sums, c, room, a) &&
           csgdi_list_create(&self->dropped, c, room, a) &&
           csgdi_list_create(&self->scratch, c, room + k, a) &&
           csgdi_list_create(&self->left, c, 2 * k, a) &&
           csgdi_list_create(&self->result, c, 2 * k, a) &&
           csgdi_search_create(&self->search, c->kernels, k, k, 0, 1, a);
}

static csgd_status oktopk_create(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t p = (size_t)r->transport.n_ranks, k = c->max_k;
    const size_t half = (p + 1) / 2 * (2 * k / p + 1);
    csgdi_oktopk_state *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    csgdi_arena *a = &r->arena;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->bound = csgdi_list_bound(c, k > half ? k : half);
    if (self->bound > (size_t)INT32_MAX * 8)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "a piece of %zu entries is more than one message of oktopk can hold", k);
    self->number = csgdi_arena_alloc(a, 2 * p + 1, sizeof *self->number);
    self->first = csgdi_arena_zalloc(a, 3 * p + 1, sizeof *self->first);
    self->send = csgdi_arena_zalloc(a, p, sizeof *self->send);
    /* Pieces to all ranks: of the entries of a message, or of all that may be selected. */
    self->out = csgdi_arena_alloc(a, p * csgdi_list_bound(c, 2) + csgdi_list_bound(c, 2 * k), 1);
    for (size_t i = 0; i < CSGDI_OKTOPK_WINDOW; i++)
        self->in[i] = csgdi_arena_alloc(a, self->bound, 1);
    r->message = csgdi_arena_alloc(a, csgdi_message_bound(c), 1);
    if (self->number == NULL || self->first == NULL || self->send == NULL || self->out == NULL ||
        self->in[0] == NULL || self->in[1] == NULL || r->message == NULL ||
        !create_lists(self, r, a) || !csgdi_cuts_create(&self->cuts, r, a))
        return CSGD_E_NOMEM;
    self->at = self->first + p + 1;
    self->len = self->at + p;
    self->bruck = (csgdi_bruck){.list = &self->result,
                                .trouble = &self->trouble,
                                .in = self->in[0],
                                .out = self->in[1],
                                .bound = self->bound,
                                .most = 2 * k / p + 1,
                                .entries = entries_of};
    return CSGD_OK;
}

/* --- select --- */

bool csgdi_counts_check(const double *count, size_t n, double most)
{
    for (size_t i = 0; i < n; i++)
        if (!(count[i] >= 0 && count[i] <= most && count[i] == floor(count[i]))) return false;
    return true;
}

csgd_status csgdi_counts_altered(void)
{
    return csgdi_fail(CSGD_E_TRANSPORT,
                      "the transport altered a sum: it is not what counts of entries can give");
}

/* Count the sums above the limit and at it, of all ranks.  Trouble is told in place of a count. */
static csgd_status start_count(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const csgdi_kernels *kernels = r->compressor.kernels;
    csgdi_transport *t = &r->transport;
    const size_t p = (size_t)t->n_ranks, rank = (size_t)t->rank, k = self->sums.k;
    const size_t under = kernels->key_under(self->sums.value, k, self->limit, self->scratch.value);
    const size_t most =
        kernels->key_under(self->sums.value, k, self->limit + 1, self->scratch.value);

    self->phase = COUNT;
    for (size_t i = 0; i < 2 * p; i++)
        self->number[i] = 0;
    self->above = k - most;
    self->at_limit = most - under;
    self->number[rank] = (double)self->above;
    self->number[p + rank] = (double)self->at_limit;
    self->number[2 * p] = (double)k;
    if (self->trouble.found != CSGD_OK) self->number[rank] = self->trouble.found;
    return t->ops->sum(t, self->number, self->number, 2 * p + 1, CSGD_F64, r->call.blocking,
                       &self->sum);
}

static csgd_status start_ranking(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;

    self->phase = RANK;
    self->exactly = true;
    self->ranked_at = r->step;
    return csgdi_ranking_begin(r, &self->ranking, &self->sums);
}

static csgd_status start_selection(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;

    self->exactly = false;
    self->everything = r->transport.n_ranks == 1;
    if (self->everything) return start_count(r);
    if (!self->limit_known || r->step - self->ranked_at >= r->tau) return start_ranking(r);
    return start_count(r);
}

/* Where the limit goes for the next call, after it let through `all` of so many sums. */
static void follow(csgdi_oktopk_state *self, csgd_type type, size_t all, size_t sums, size_t k)
{
    const uint64_t move = ((uint64_t)1 << (type == CSGD_F64 ? 52 : 23)) / 28;

    if (self->exactly || self->everything) return;
    if (4 * all > 5 * k)
        self->limit += move;
    else if (5 * all < 4 * (k < sums ? k : sums))
        self->limit = self->limit > move ? self->limit - move : 1;
}

/* What each rank keeps, from the counts; whether the limit will do. */
static bool share_out(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const int p = r->transport.n_ranks;
    const size_t k = r->compressor.max_k, sums = (size_t)self->number[2 * p];
    size_t ties = SIZE_MAX;

    if (self->exactly && !self->everything) {
        ties = k;
        for (int o = 0; o < p; o++)
            ties -= (size_t)self->number[o];
    }
    self->first[0] = 0;
    for (int o = 0; o < p; o++) {
        const size_t here = (size_t)self->number[p + o], taken = here < ties ? here : ties;

        if (o == r->transport.rank) self->ties = taken;
        if (ties != SIZE_MAX) ties -= taken;
        self->first[o + 1] = self->first[o] + (size_t)self->number[o] + taken;
    }
    return self->exactly || self->everything ||
           (self->first[p] <= 2 * k && 2 * self->first[p] >= (k < sums ? k : sums));
}

/* Keep what is selected, and go on with it. */
static csgd_status select_sums(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;

    self->dropped.k = 0;
    if (!self->everything)
        csgdi_list_cut_at(c, &self->sums, self->limit, self->ties, &self->dropped);
    follow(self, c->kernels->type, self->first[r->transport.n_ranks],
           (size_t)self->number[2 * r->transport.n_ranks], c->max_k);
    self->phase = BALANCE;
    return csgdi_oktopk_balance_begin(r);
}

/* --- the whole --- */

static csgd_status start_split(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;

    self->phase = SPLIT;
    return csgdi_oktopk_split_begin(r);
}

static csgd_status oktopk_begin(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const csgdi_compressor *c = &r->compressor;
    bool found = true;
    csgd_status st = CSGD_OK;

    self->trouble.found = CSGD_OK;
    self->mine.k = self->left.k = 0;
    if (c->n > 0) csgdi_list_append(c, &self->mine, &c->stream);
    self->phase = CUT;
    if (!self->cuts_known || r->step - self->cut_at >= RECUT) {
        st = csgdi_cuts_begin(r, &self->cuts, &found);
        self->cut_at = r->step;
        self->cuts_known = true;
    }
    return st == CSGD_OK && found ? start_split(r) : st;
}

/* Whether the counts can be what ranks have: nothing but this stands between a broken sum and memory. */
static bool are_sound(const csgd_reducer *r)
{
    const csgdi_oktopk_state *self = r->exchange;
    const size_t p = (size_t)r->transport.n_ranks, rank = (size_t)r->transport.rank;
    const double most = (double)p * (double)self->sums.room, k = (double)r->compressor.max_k;
    double above = 0, at_limit = 0;

    if (!csgdi_counts_check(self->number, 2 * p + 1, most)) return false;
    for (size_t o = 0; o < p; o++) {
        above += self->number[o];
        at_limit += self->number[p + o];
    }
    if (self->number[rank] != (double)self->above ||
        self->number[p + rank] != (double)self->at_limit || above + at_limit > self->number[2 * p])
        return false;
    if (self->everything) return above + at_limit <= k;
    return !self->exactly || (above <= k && above + at_limit >= k);
}

/* What is told in place of a count; CSGD_OK where it is no such status. */
static csgd_status status_of(double number)
{
    static const csgd_status told[] = {CSGD_E_CORRUPT, CSGD_E_VERSION, CSGD_E_NONFINITE,
                                       CSGD_E_PLUGIN};

    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (number == (double)(int)told[i]) return told[i];
    return CSGD_OK;
}

/* The counts are there. */
static csgd_status counted(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    const int p = r->transport.n_ranks;

    for (int o = 0; o < p; o++)
        if (self->number[o] < 0) { /* all ranks see it, and all end here */
            const csgd_status theirs = status_of(self->number[o]);
            if (theirs == CSGD_OK) return csgdi_counts_altered();
            if (self->trouble.found != CSGD_OK) return csgdi_trouble_status(&self->trouble);
            return csgdi_fail(theirs, "rank %d found it in mid-exchange: %s (%s)", o,
                              csgd_status_message(theirs), csgd_status_name(theirs));
        }
    if (!are_sound(r)) return csgdi_counts_altered();
    return share_out(r) ? select_sums(r) : start_ranking(r);
}

static csgd_status oktopk_step(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;
    csgdi_transport *t = &r->transport;
    csgd_status st = CSGD_OK;
    bool done, empty;

    while (st == CSGD_OK) {
        switch (self->phase) {
        case CUT:
            st = csgdi_cuts_step(r, &self->cuts, &empty);
            if (st != CSGD_OK) return st;
            if (empty) self->cuts_known = false;
            st = start_split(r);
            break;
        case SPLIT:
            st = csgdi_oktopk_split_step(r);
            if (st == CSGD_OK) st = start_selection(r);
            break;
        case RANK:
            st = csgdi_ranking_step(r, &self->ranking, &self->sums);
            if (st != CSGD_OK) return st;
            self->limit = self->ranking.prefix;
            self->everything = self->ranking.wanted == 0;
            self->limit_known = !self->everything;
            st = start_count(r);
            break;
        case COUNT:
            st = t->ops->test(t, &self->sum, &done);
            if (st == CSGD_OK && !done) return CSGD_MORE;
            if (st == CSGD_OK) r->call.moves++, st = counted(r);
            break;
        case BALANCE:
            st = csgdi_oktopk_balance_step(r);
            if (st != CSGD_OK) return st;
            self->phase = GATHER;
            st = csgdi_bruck_begin(r, &self->bruck);
            break;
        case GATHER:
            st = csgdi_bruck_step(r, &self->bruck);
            if (st == CSGD_OK) st = csgdi_trouble_status(&self->trouble);
            if (st == CSGD_OK && r->compressor.n > 0) st = csgdi_list_result(r, &self->result);
            return st;
        }
    }
    return st;
}

static const csgdi_sparse *oktopk_finish(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;

    csgdi_list_add(&r->compressor, &self->left, &self->dropped, &self->scratch);
    return &self->scratch;
}

static void oktopk_clear(csgd_reducer *r)
{
    csgdi_oktopk_state *self = r->exchange;

    self->cuts_known = self->limit_known = false;
}

/* Split, a sum of counts, balance, allgather; pieces are merged in log2 P levels. */
static double oktopk_seconds(const csgdi_cost *c)
{
    const double counts = 2 * csgdi_cost_rounds(c) * csgdi_cost_message(c, 16 * c->p);

    return (c->p - 1 + 2 + csgdi_cost_rounds(c)) * c->rates->alpha + counts +
           c->k * (2 * (c->p - 1) + 1) / c->p * c->entry * c->rates->beta +
           csgdi_cost_merge(c, c->k * (4 + csgdi_cost_rounds(c))) + csgdi_cost_local(c, 1);
}

const csgdi_algorithm csgdi_oktopk = {
    .name = "oktopk",
    .summary = "sparse: split by balanced regions, reduce, keep about the k largest sums, balance, "
               "allgather; the rest goes back to the residual; at most 6 k words sent by each rank",
    .source = "Ok-Topk, Li, Hoefler 2022",
    .drops = true,
    .entries = true,
    .supports = oktopk_supports,
    .seconds = oktopk_seconds,
    .create = oktopk_create,
    .begin = oktopk_begin,
    .step = oktopk_step,
    .finish = oktopk_finish,
    .clear = oktopk_clear,
};
