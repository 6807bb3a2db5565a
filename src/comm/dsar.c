/* SPDX-License-Identifier: BSD-3-Clause */

/* dsar.c: split and gather of sparse vectors whose sum is dense.
 *
 * The vector is cut into P ranges; rank o owns range o.  P = 3, where E_r are the entries of rank r
 * and D_o all elements of the sum of range o:
 *
 *               rank 0                rank 1                rank 2
 *     before    E_0                   E_1                   E_2
 *     scatter   E_0 E_1 E_2 range 0   E_0 E_1 E_2 range 1   E_0 E_1 E_2 range 2
 *     add       D_0                   D_1                   D_2
 *     ring      D_0, then D_2, D_1    D_1, then D_0, D_2    D_2, then D_1, D_0
 *
 * An owner adds in rank order into its range of recv, so the result has the bits of
 * algorithm=allgather; the other ranges are received where they belong.  Entries travel as piece.h
 * says, sums as elements, each followed by a record of three words: the step, what is wrong with
 * it (0: nothing), and a hash.
 *
 * With `recode=` the ring is not taken: owners send dense codes of their sums, and keep what those leave
 * out (recode.h), so that nothing is lost in the second encoding either.  A rank that finds something
 * wrong still sends its part of either half, marked.
 *
 * Volume: k (P - 1) / P entries, and n (P - 1) / P elements sent by each rank, or codes of as many;
 * latency 2 (P - 1) messages, or P - 1 and a gather.  Best where the union has most of the elements, so a
 * sparse sum would be longer.  Memory: of k P entries once as bytes, and two messages; with codes those
 * of the whole vector, and with feedback two vectors of n / P elements.
 */

#include <string.h>
#include <xxhash.h>
#include "base/error.h"
#include "comm/recode.h"
#include "comm/scatter.h"
#include "wire/header.h"

enum { TAG_ELEMENTS = 2, TAG_RECORD = 3 };

/* What follows the elements of a range. */
typedef struct record {
    uint64_t step, found, hash;
} record;

typedef struct dsar {
    csgdi_scatter scatter;
    record *range;            /* of each range, as received or made */
    csgdi_request request[4]; /* elements and record, sent and received */
    int at;                   /* steps of the ring started; -1: still scattering */
    bool recodes;             /* by codes, in place of range, request and the ring */
    csgdi_recode recode;
    csgdi_trouble trouble;
} dsar;

static csgd_status dsar_supports(const csgdi_compressor *c, const csgdi_transport *t)
{
    (void)t;
    if (c->ops->family == CSGDI_SELECT) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED,
                      "algorithm=dsar adds sparse vectors, which %s does not make; "
                      "use algorithm=allgather",
                      c->ops->name);
}

static csgd_status dsar_create(csgd_reducer *r)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t p = (size_t)r->transport.n_ranks;
    dsar *self = csgdi_arena_zalloc(&r->arena, 1, sizeof *self);
    csgd_status st;

    r->exchange = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->range = csgdi_arena_alloc(&r->arena, p, sizeof *self->range);
    r->message = csgdi_arena_alloc(&r->arena, csgdi_message_bound(c), 1);
    if (self->range == NULL || r->message == NULL) return CSGD_E_NOMEM;
    st = csgdi_scatter_create(&self->scatter, r, c->n / p + (c->n % p != 0));
    self->recodes = strcmp(r->recode, csgdi_recode_words[0]) != 0;
    if (st != CSGD_OK || !self->recodes) return st;
    return csgdi_recode_create(&self->recode, r, r->recode, self->scatter.start);
}

static csgd_status dsar_begin(csgd_reducer *r)
{
    dsar *self = r->exchange;

    self->at = -1;
    self->trouble.found = CSGD_OK;
    return csgdi_scatter_begin(&self->scatter, r);
}

static char *elements(const csgd_reducer *r, int range)
{
    const dsar *self = r->exchange;

    return (char *)r->call.recv + self->scatter.start[range] * r->compressor.kernels->size;
}

static size_t element_bytes(const csgd_reducer *r, int range)
{
    const dsar *self = r->exchange;

    return (self->scatter.start[range + 1] - self->scatter.start[range]) *
           r->compressor.kernels->size;
}

/* Add up this rank's range, unless a piece was bad. */
static void add(csgd_reducer *r)
{
    dsar *self = r->exchange;
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    const size_t n = self->scatter.start[rank + 1] - self->scatter.start[rank];
    char *sum = elements(r, rank);

    memset(sum, 0, n * r->compressor.kernels->size);
    for (int from = 0; from < p && self->trouble.found == CSGD_OK; from++)
        csgdi_sparse_apply(r->compressor.kernels, csgdi_scatter_stream(&self->scatter, from), n, 0,
                           CSGDI_ADD, sum);
    if (self->recodes) return;
    self->range[rank] = (record){.step = r->step,
                                 .found = (uint64_t)-self->trouble.found,
                                 .hash = XXH64(sum, element_bytes(r, rank), r->step)};
}

/* The range that this rank sends in a step; the one it receives is one before. */
static int range_sent(const csgd_reducer *r, int step)
{
    const int p = r->transport.n_ranks;

    return (r->transport.rank - step + p) % p;
}

static csgd_status begin_step(csgd_reducer *r)
{
    dsar *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks, to = (t->rank + 1) % p, from = (t->rank + p - 1) % p;
    const int out = range_sent(r, self->at), in = range_sent(r, self->at + 1);
    csgdi_request *q = self->request;
    csgd_status st =
        t->ops->receive(t, elements(r, in), element_bytes(r, in), from, TAG_ELEMENTS, &q[0]);

    if (st == CSGD_OK)
        st = t->ops->receive(t, &self->range[in], sizeof(record), from, TAG_RECORD, &q[1]);
    if (st == CSGD_OK)
        st = t->ops->send(t, elements(r, out), element_bytes(r, out), to, TAG_ELEMENTS, &q[2]);
    if (st == CSGD_OK)
        st = t->ops->send(t, &self->range[out], sizeof(record), to, TAG_RECORD, &q[3]);
    return st;
}

/* Judge the range that has come; what is wrong with it goes on with it. */
static void judge(csgd_reducer *r, int range)
{
    dsar *self = r->exchange;
    record *is = &self->range[range];

    if (is->step == r->step && is->found == 0 &&
        is->hash == XXH64(elements(r, range), element_bytes(r, range), r->step))
        return;
    csgdi_fail(CSGD_E_CORRUPT, is->found == 0 || is->step != r->step
                                   ? "it was altered on the way: its hash does not match"
                                   : "a rank found it in mid-exchange");
    csgdi_trouble_note(&self->trouble, CSGD_E_CORRUPT, "sum of", range);
    is->found = (uint64_t)-CSGD_E_CORRUPT;
}

static csgd_status dsar_step(csgd_reducer *r)
{
    dsar *self = r->exchange;
    csgdi_transport *t = &r->transport;
    const int p = t->n_ranks;
    csgd_status st = CSGD_OK;

    if (self->at < 0) {
        st = csgdi_scatter_step(&self->scatter, r, &self->trouble);
        if (st != CSGD_OK) return st;
        add(r);
        self->at = 0;
        if (self->recodes)
            st = csgdi_recode_begin(&self->recode, r, &self->trouble);
        else if (p > 1)
            st = begin_step(r);
    }
    if (st == CSGD_OK && self->recodes) return csgdi_recode_step(&self->recode, r, &self->trouble);
    while (st == CSGD_OK && self->at < p - 1) {
        bool all = true;

        for (int i = 0; i < 4 && st == CSGD_OK; i++) {
            bool done;
            st = t->ops->test(t, &self->request[i], &done);
            all = all && done;
        }
        if (st != CSGD_OK) return st;
        if (!all) return CSGD_MORE;
        judge(r, range_sent(r, self->at + 1));
        r->call.moves++;
        if (++self->at < p - 1) st = begin_step(r);
    }
    return st == CSGD_OK ? csgdi_trouble_status(&self->trouble) : st;
}

static const csgdi_sparse *dsar_finish(csgd_reducer *r)
{
    dsar *self = r->exchange;

    if (self->recodes) csgdi_recode_commit(&self->recode, r);
    return NULL;
}

static double dsar_seconds(const csgdi_cost *c)
{
    return (c->p - 1) * (csgdi_cost_message(c, c->message / c->p) +
                         csgdi_cost_message(c, c->n * c->size / c->p)) +
           csgdi_cost_local(c, 1) + c->n * c->rates->add;
}

const csgdi_algorithm csgdi_dsar = {
    .name = "dsar",
    .summary = "sparse to dense: owners of ranges add, all elements, or codes of them, go to all; "
               "k (P-1)/P entries and n (P-1)/P elements sent by each rank",
    .source = "SparCML, Renggli et al. 2019",
    .supports = dsar_supports,
    .seconds = dsar_seconds,
    .create = dsar_create,
    .begin = dsar_begin,
    .step = dsar_step,
    .finish = dsar_finish,
};
