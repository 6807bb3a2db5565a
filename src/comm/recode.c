/* SPDX-License-Identifier: BSD-3-Clause */

/* recode.c: see recode.h. */

#include "comm/recode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "compressors/blocks.h"
#include "compressors/elements.h"
#include "wire/header.h"

const char *const csgdi_recode_words[] = {"none", "bf16", "f16", "int8", "int4", NULL};

/* The compressor that a word means, as a spec begins. */
static const char *codes_of(const char *word)
{
    return strcmp(word, "int8") == 0   ? "int bits=8"
           : strcmp(word, "int4") == 0 ? "int bits=4"
                                       : word;
}

static csgd_status create_compressor(csgd_reducer *r, const char *word, size_t count,
                                     csgdi_compressor *c)
{
    static const char *const types[] = {
        [CSGD_F32] = "f32", [CSGD_F64] = "f64", [CSGD_BF16] = "bf16", [CSGD_F16] = "f16"};
    const bool nearest = r->feedback.ops != &csgdi_feedback_none;
    const csgdi_compressor *first = &r->compressor;
    const csgdi_compressor_ops *ops;
    char text[CSGDI_SPEC_MAX];
    csgdi_spec spec;
    csgd_status st;

    snprintf(text, sizeof text, "%s rounding=%s type=%s seed=%" PRIu64 " threads=%u",
             codes_of(word), nearest ? "nearest" : "stochastic", types[first->type], first->seed,
             first->threads);
    st = csgdi_compressor_parse(text, NULL, 0, &spec, &ops);
    if (st == CSGD_OK)
        st = csgdi_compressor_init(c, ops, &spec, count, NULL, NULL, 0, first->n_ranks, &r->arena);
    if (st != CSGD_OK) return st;
    c->rank = first->rank;
    c->rounding = CSGDI_STREAM_OWNER;
    return CSGD_OK;
}

/* The codes as they are of one range. */
static csgdi_compressor view(const csgdi_recode *self, const csgd_reducer *r, int range)
{
    csgdi_compressor c = r->owner.compressor;

    c.n = self->start[range + 1] - self->start[range];
    return c;
}

csgd_status csgdi_recode_create(csgdi_recode *self, csgd_reducer *r, const char *word,
                                const size_t *start)
{
    const int p = r->transport.n_ranks, rank = r->transport.rank;
    csgdi_owner *o = &r->owner;
    size_t total = 0;
    csgd_status st = create_compressor(r, word, start[rank + 1] - start[rank], &o->compressor);

    if (st != CSGD_OK) return st;
    o->first = start[rank];
    self->start = start;
    self->len = csgdi_arena_alloc(&r->arena, (size_t)p, 2 * sizeof *self->len);
    if (self->len == NULL) return CSGD_E_NOMEM;
    self->offset = self->len + p;
    for (int range = 0; range < p; range++) {
        const csgdi_compressor c = view(self, r, range);

        self->len[range] = c.n > 0 ? csgdi_message_bound(&c) : 0;
        self->offset[range] = total;
        total = csgdi_size_add(total, self->len[range]);
    }
    self->pieces = csgdi_arena_alloc(&r->arena, total, 1);
    if (self->pieces == NULL) return CSGD_E_NOMEM;
    return csgdi_feedback_like(&o->feedback, &r->feedback, &o->compressor, &r->arena);
}

static char *sum_of(const csgdi_recode *self, const csgd_reducer *r, int range)
{
    return (char *)r->call.recv + self->start[range] * r->compressor.kernels->size;
}

csgd_status csgdi_recode_begin(csgdi_recode *self, csgd_reducer *r, csgdi_trouble *trouble)
{
    const int rank = r->transport.rank;
    csgdi_owner *o = &r->owner;
    uint8_t *piece = self->pieces + self->offset[rank];
    size_t len;

    o->compressor.step = r->step;
    if (o->compressor.n > 0 && trouble->found == CSGD_OK &&
        !csgdi_feedback_write(&o->feedback, sum_of(self, r, rank), piece, &len)) {
        csgdi_fail(CSGD_E_NONFINITE,
                   "the sum of finite vectors is not finite: it overflows the element type");
        csgdi_trouble_note(trouble, CSGD_E_NONFINITE, NULL, -1);
    }
    if (o->compressor.n > 0 && trouble->found != CSGD_OK)
        csgdi_piece_fill_poison(r, trouble->found, self->len[rank], piece);
    return r->transport.ops->gather(&r->transport, piece, self->pieces, self->len, self->offset,
                                    r->call.blocking, &self->request);
}

/* Judge all ranges, then decode them.  No message follows, so nobody waits for this rank. */
static void decode(csgdi_recode *self, csgd_reducer *r, csgdi_trouble *trouble)
{
    const int p = r->transport.n_ranks;

    for (int range = 0; range < p && trouble->found == CSGD_OK; range++) {
        const csgdi_compressor c = view(self, r, range);
        const uint8_t *piece = self->pieces + self->offset[range];

        if (c.n > 0)
            csgdi_trouble_note(trouble, csgdi_piece_check_codes(r, &c, piece, self->len[range]),
                               "sum of", range);
    }
    for (int range = 0; range < p && trouble->found == CSGD_OK; range++) {
        const csgdi_compressor c = view(self, r, range);

        if (c.n > 0)
            csgdi_message_apply(&c, self->pieces + self->offset[range], CSGDI_SET,
                                sum_of(self, r, range));
    }
}

csgd_status csgdi_recode_step(csgdi_recode *self, csgd_reducer *r, csgdi_trouble *trouble)
{
    bool done;
    const uint64_t before = self->request.parts;
    const csgd_status st = r->transport.ops->test(&r->transport, &self->request, &done);

    if (st != CSGD_OK) return st;
    r->call.moves += self->request.parts - before;
    if (!done) return CSGD_MORE;
    decode(self, r, trouble);
    return csgdi_trouble_status(trouble);
}

void csgdi_recode_commit(csgdi_recode *self, csgd_reducer *r)
{
    if (r->owner.compressor.n > 0)
        csgdi_feedback_commit(&r->owner.feedback, self->pieces + self->offset[r->transport.rank],
                              true, NULL);
}
