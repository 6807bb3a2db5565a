/* SPDX-License-Identifier: BSD-3-Clause */

/* threshold.c: keep every entry of magnitude lambda or more.
 *
 * Biased, never expansive, and what is kept back is below lambda everywhere: with error feedback
 * and values that travel as they are |residual|_inf < lambda at every step, whatever the gradients
 * (values= of fewer bits leave their rounding too).  It is no contraction, for a vector below lambda
 * is kept back whole.
 *
 * For a given sequence of vectors, a constant lambda has the least total error of all ways to send
 * as many entries over the whole run: it sends the largest of all steps together (Sahu, Dutta,
 * Abdelmoniem, Banerjee, Canini, Kalnis 2021).
 *
 * lambda is in the units of what is compressed: gradients, and with feedback gradients plus
 * residual.  It is not rounded: the limit is the least element that is not below it.
 *
 * Memory is taken at creation, and past n/2 entries of f32 a sparse message is longer than the
 * vector itself.  So there is a limit, kmax, n/8 unless it is given: a quarter of the vector's
 * bytes.  Where more entries qualify, the kmax largest of them are sent and c->clipped counts it:
 * the bound on the residual does not hold for that step.
 *
 * lambda=auto is 1 / (2 sqrt k) for k entries expected, which the authors used in gradient units (their
 * cnn-lstm runs).  Where the first steps are sent exactly it is what their vectors say: the k-th
 * largest magnitude, in the mean over steps and ranks, the same on all of them; it stands from the
 * first message on.  With a budget of bytes lambda is steered (budget.h).
 *
 * Payload: a sparse stream (wire/sparse.h) of at most kmax entries, of none where none qualifies.
 */

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/budget.h"
#include "compressors/entries.h"
#include "compressors/largest.h"
#include "compressors/magnitude.h"
#include "wire/header.h"

typedef struct threshold {
    double start, lambda; /* at first, and now */
    uint64_t limit;       /* key of the least element that is sent now */
    size_t due;           /* entries that are expected */
    double sum, count;    /* of what was learnt */
    bool begun;           /* something was sent, and no more is learnt */
    csgdi_budget budget;
    bool fresh; /* the budget is to begin anew */
    csgdi_search search;
    csgdi_bracket bracket; /* for when there is no room */
} threshold;

static void set_lambda(csgdi_compressor *c, double lambda)
{
    threshold *self = c->state;

    self->lambda = lambda;
    self->limit = csgdi_least_key(c->kernels->type, lambda);
}

double csgdi_threshold_lambda(const csgdi_compressor *c)
{
    return ((const threshold *)c->state)->lambda;
}

/* The keys of a budget. */
static csgd_status read_budget(csgdi_compressor *c, csgdi_spec *spec)
{
    enum { HEADERS = CSGDI_HEADER_BYTES + 8, ENTRY = 8 };
    threshold *self = c->state;
    csgdi_budget *b = &self->budget;
    double left;

    if (csgdi_spec_set(spec, "budget") != csgdi_spec_set(spec, "steps"))
        return csgdi_fail(CSGD_E_SPEC, "threshold: budget is in bytes for a run of so many steps: "
                                       "give budget and steps, or neither");
    if (!csgdi_spec_set(spec, "budget")) return CSGD_OK;
    *b = (csgdi_budget){.total = (double)csgdi_spec_count(spec, "budget"),
                        .steps = csgdi_spec_count(spec, "steps")};
    left = b->total / (double)b->steps - HEADERS;
    if (left < ENTRY)
        return csgdi_fail(CSGD_E_SPEC,
                          "threshold: a budget of %.0f bytes for %.0f steps does not pay for one "
                          "entry a step: headers alone take %d",
                          b->total, (double)b->steps, HEADERS);
    if (strcmp(csgdi_spec_choice(spec, "indices"), "bitmap") == 0)
        return csgdi_fail(CSGD_E_SPEC, "threshold: with indices=bitmap there is no message that a "
                                       "budget could make short; use indices=auto");
    c->steered = true;
    if (left / ENTRY < (double)self->due) self->due = (size_t)(left / ENTRY);
    return CSGD_OK;
}

/* How many entries are expected, and what of the keys says so. */
static csgd_status read_expected(csgdi_compressor *c, csgdi_spec *spec, bool automatic)
{
    threshold *self = c->state;
    double expected;

    self->due = c->n;
    if (!automatic && csgdi_spec_given(spec, "expect"))
        return csgdi_fail(CSGD_E_SPEC, "threshold: expect is what lambda=auto is made of; lambda "
                                       "is a number here");
    if (automatic && !csgdi_spec_set(spec, "expect") && !csgdi_spec_set(spec, "budget"))
        csgdi_spec_choose(spec, "expect", "0.01");
    if (!csgdi_spec_set(spec, "expect")) return CSGD_OK;
    expected = csgdi_spec_real(spec, "expect");
    if (expected > (double)c->n && expected >= 1 && c->n > 0)
        return csgdi_fail(CSGD_E_SPEC,
                          "threshold: expect=%g is more than the %zu elements there are", expected,
                          c->n);
    self->due = expected < 1 ? csgdi_entries_part(expected, c->n) : (size_t)expected;
    return CSGD_OK;
}

static csgd_status threshold_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    threshold *self;
    csgd_status st;
    bool automatic;

    if (!csgdi_spec_set(spec, "lambda"))
        return csgdi_fail(CSGD_E_SPEC, "threshold: lambda, the least magnitude that is sent, has "
                                       "no default: give it, as in lambda=0.001, or lambda=auto");
    c->state = self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    automatic = csgdi_spec_word(spec, "lambda") != NULL;
    st = read_expected(c, spec, automatic);
    if (st == CSGD_OK) st = read_budget(c, spec);
    if (st != CSGD_OK) return st;
    c->learns = automatic;

    c->max_k = csgdi_spec_set(spec, "kmax")                ? (size_t)csgdi_spec_count(spec, "kmax")
               : self->due < c->n && self->due > c->n / 16 ? 2 * self->due
                                                           : c->n / 8;
    if (c->max_k > c->n) c->max_k = c->n;
    if (c->max_k == 0 && c->n > 0) c->max_k = 1;
    if (self->due > c->max_k) self->due = c->max_k;
    c->usual_k = c->n / 100 < c->max_k ? c->n / 100 + 1 : c->max_k; /* a guess: nobody knows */
    if (self->due < c->n) c->usual_k = self->due;
    c->spare = csgdi_largest_spare(c->n, c->max_k);
    self->start = automatic ? 1 / (2 * sqrt(self->due > 0 ? (double)self->due : 1))
                            : csgdi_spec_real(spec, "lambda");
    set_lambda(c, self->start);
    return csgdi_search_create(&self->search, c->kernels, c->n, c->max_k, 0, c->threads, arena)
               ? CSGD_OK
               : CSGD_E_NOMEM;
}

/* Most entries of this step's message, and the key from which on they are taken. */
static size_t most_entries(const csgdi_compressor *c, uint64_t *limit)
{
    threshold *self = c->state;

    *limit = self->limit;
    if (self->budget.total == 0) return c->max_k;
    if (self->fresh) csgdi_budget_restart(&self->budget, c);
    self->fresh = false;
    if (csgdi_budget_ends(&self->budget, c)) *limit = 1; /* of all that is not 0 */
    return csgdi_budget_entries(&self->budget, c);
}

static bool threshold_select(csgdi_compressor *c, const void *x, csgdi_sparse *out)
{
    threshold *self = c->state;
    uint64_t limit;
    const size_t most = most_entries(c, &limit);

    out->k = 0;
    if (most == 0) return c->kernels->finite(x, c->n);
    switch (csgdi_limit(&self->search, limit, x, c->n, most, out)) {
    case CSGDI_DONE:
        return true;
    case CSGDI_NONFINITE:
        return false;
    case CSGDI_RETRY:
        break;
    }
    if (!csgdi_largest(&self->search, &self->bracket, x, c->n, 0, most, out)) return false;
    if (limit == self->limit) c->clipped++;
    return true;
}

static csgdi_search *threshold_begin(csgdi_compressor *c, size_t segment, csgdi_sparse *out)
{
    threshold *self = c->state;
    uint64_t limit;
    const size_t most = most_entries(c, &limit);

    (void)segment;
    if (most == 0) return NULL;
    csgdi_limit_begin(&self->search, limit, most, out);
    return &self->search;
}

static csgdi_loss threshold_loss(const csgdi_compressor *c)
{
    (void)c;
    return (csgdi_loss){CSGDI_LOSS_SMALL, 0};
}

/* sums: nothing, as a selection has none. */
static void threshold_delivered(csgdi_compressor *c, const void *sums)
{
    threshold *self = c->state;

    (void)sums;
    self->begun = true;
}

static double threshold_observe(csgdi_compressor *c, const void *x)
{
    threshold *self = c->state;
    uint64_t key;
    size_t ties;

    if (self->begun || c->n == 0) return 0;
    key = csgdi_kth_key(&self->search, x, c->n, self->due, &ties);
    return csgdi_key_value(c->kernels->type, key);
}

static void threshold_learn(csgdi_compressor *c, double mean)
{
    threshold *self = c->state;

    if (self->begun) return;
    self->sum += mean;
    self->count++;
    if (self->sum > 0) set_lambda(c, self->sum / self->count);
}

static void threshold_told(csgdi_compressor *c, double bytes)
{
    threshold *self = c->state;

    if (self->budget.total > 0)
        set_lambda(c, csgdi_budget_next(&self->budget, c, bytes, self->lambda));
}

static void threshold_clear(csgdi_compressor *c)
{
    threshold *self = c->state;

    self->sum = self->count = 0;
    self->begun = false;
    self->fresh = true;
    set_lambda(c, self->start);
}

static const char *const words[] = {"auto", NULL};

static const csgdi_key keys[] = {
    {.name = "lambda",
     .kind = CSGDI_EITHER,
     .min = 0,
     .above_min = true,
     .max = INFINITY,
     .words = words,
     .help = "least magnitude that is sent, in units of the gradient; must be given; auto: "
             "1 / (2 sqrt(entries expected)), or after dense_steps what would have sent so many of "
             "theirs"},
    {.name = "expect",
     .kind = CSGDI_REAL,
     .min = 0,
     .above_min = true,
     .max = 4294967295.0,
     .help = "lambda=auto: entries of a message, below 1 a part of all; 0.01 unless given"},
    {.name = "budget",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .help = "bytes of all messages of a rank in a run of `steps`, for which lambda is steered"},
    {.name = "steps",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .help = "what budget is for"},
    {.name = "kmax",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 4294967295.0,
     .help = "most entries of a message, n/8 unless given; of more, the largest are sent"},
};

const csgdi_compressor_ops csgdi_threshold = {
    .name = "threshold",
    .summary =
        "every entry of magnitude lambda or more; what stays is below lambda, rounding of values "
        "apart",
    .source = "Sahu et al. 2021",
    .wire_id = 5,
    .family = CSGDI_SELECT,
    .biased = true,
    .variable = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = threshold_create,
    .select = threshold_select,
    .begin = threshold_begin,
    .loss = threshold_loss,
    .delivered = threshold_delivered,
    .observe = threshold_observe,
    .learn = threshold_learn,
    .told = threshold_told,
    .clear = threshold_clear,
};
