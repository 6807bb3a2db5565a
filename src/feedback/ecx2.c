/* SPDX-License-Identifier: BSD-3-Clause */

/* ecx2.c: exact compensation for sparse messages, which carry two values for each entry.
 *
 * The caller makes v_t = rho_t v_{t-1} + out_t and x -= gamma_t v_t of the results.  Each rank keeps what
 * is missing in v, w, and what is missing in x, s, so that a loss is made up for whole the moment its
 * entry is sent, and leaves no echo:
 *
 *     w = rho_t w + g;    s = s + gamma_t w;    S = the support that the compressor chooses for s
 *     send (s_i, w_i) for i in S;    s = w = 0 there, or what rounding of the values has taken off
 *
 * With z_t = (sum of sent s) / gamma_t - (sum of sent w), which begins at 0,
 *
 *     out_t = (sum of sent w) + z_t - rho_t z_{t-1} = (sum of sent s) / gamma_t - rho_t z_{t-1}
 *
 * for which v_t = v^_t + z_t, where v^_t = rho_t v^_{t-1} + (sum of sent w); and at every step, for any rho_t
 * and gamma_t, with v and sum of gamma v those of the uncompressed sums:
 *
 *     v^_t + sum of w = v_t        (what x has moved by) + sum of s = sum of gamma v
 *
 * (The two are derived in terms of one another: w and s are what a heavy ball and its path would still
 * be owed.)  For what chooses entries; dense codes have ecx.  Step sizes that were never told are 1; one
 * told later is taken for that of the steps before, too: s = gamma_t (s + w).
 *
 * A step that is sent exactly sends s alone: sum of sent w is 0, w stays, and both laws hold.  From the
 * start on, out_t is the sum of all g then.
 *
 * The residual that is reported is s: it is a displacement, and has gamma inside.
 *
 * Memory: s and w, twice, and z: five vectors.  The sum of sent w is made where the old s was.
 */

#include <string.h>
#include "base/error.h"
#include "feedback/feedback.h"

enum { CHUNK = 512 }; /* elements that are worked on together, on the stack */

static const double zeros[CHUNK]; /* or as many floats */

typedef struct ecx2 {
    void *w, *z;
    bool exact; /* what was committed last */
} ecx2;

static csgd_status ecx2_read(csgdi_feedback *f, csgdi_spec *spec)
{
    if (!csgdi_spec_set(spec, "rho")) csgdi_spec_choose(spec, "rho", "0.9");
    f->set.has_rho = true;
    f->set.rho_by_step = csgdi_spec_word(spec, "rho") != NULL;
    f->set.rho = f->set.rho_by_step ? 0 : csgdi_spec_real(spec, "rho");
    return CSGD_OK;
}

static csgd_status check(const csgdi_feedback *f)
{
    const csgdi_compressor_ops *ops = f->compressor->ops;

    if (ops->family != CSGDI_SELECT && !ops->picks)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "feedback=ecx2 sends two values for each entry that is chosen, and %s "
                          "chooses none; use feedback=ecx",
                          ops->name);
    if (!f->set.reduces)
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=ecx2 makes its result of the sums of two vectors, which takes a "
            "reducer");
    return CSGD_OK;
}

static csgd_status ecx2_create(csgdi_feedback *f, csgdi_arena *arena)
{
    csgdi_compressor *c = f->compressor;
    const size_t size = c->kernels->size;
    csgd_status st = check(f);
    ecx2 *self;

    if (st == CSGD_OK) st = csgdi_message_pair(c, arena);
    if (st != CSGD_OK) return st;
    f->state = self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    f->e = csgdi_arena_zalloc(arena, c->n, size);
    f->m = csgdi_arena_alloc(arena, c->n, size);
    f->m2 = csgdi_arena_alloc(arena, c->n, size);
    self->w = csgdi_arena_zalloc(arena, c->n, size);
    self->z = csgdi_arena_zalloc(arena, c->n, size);
    f->sum2 = f->e;
    return f->e != NULL && f->m != NULL && f->m2 != NULL && self->w != NULL && self->z != NULL
               ? CSGD_OK
               : CSGD_E_NOMEM;
}

static double gamma_of(const csgdi_feedback *f)
{
    return f->next_step_size > 0 ? f->next_step_size : 1;
}

/* m = gamma (s + w). */
static bool first_told(const csgdi_feedback *f, const void *s, const void *w, size_t n, void *m)
{
    const csgdi_kernels *k = f->compressor->kernels;

    return k->add_finite(s, w, n, m) && k->add_scaled_finite(zeros, gamma_of(f), m, n, m);
}

/* s and w of this step, to m and f->m2. */
static bool ecx2_fill(const csgdi_feedback *f, const void *g, size_t first, size_t count, void *m)
{
    const csgdi_kernels *k = f->compressor->kernels;
    const ecx2 *self = f->state;
    bool finite = true;

    for (size_t i = 0; i < count; i += CHUNK) {
        const size_t n = count - i < CHUNK ? count - i : CHUNK, at = (first + i) * k->size;
        const char *s = (const char *)f->e + at;
        char *w = (char *)f->m2 + at, *to = (char *)m + i * k->size;

        finite =
            k->add_scaled_finite((const char *)g + at, f->next_rho, (char *)self->w + at, n, w) &&
            finite;
        if (f->step_size == 0 && f->next_step_size > 0)
            finite = first_told(f, s, w, n, to) && finite;
        else
            finite = k->add_scaled_finite(s, gamma_of(f), w, n, to) && finite;
    }
    return finite;
}

static void ecx2_commit(csgdi_feedback *f, const csgdi_delivery *delivery)
{
    const csgdi_compressor *c = f->compressor;
    ecx2 *self = f->state;
    void *const s = f->m, *const w = f->m2;

    self->exact = delivery->exact;
    if (!delivery->exact) {
        csgdi_message_apply_channel(c, delivery->message, 0, CSGDI_SUB, s);
        csgdi_message_apply_channel(c, delivery->message, 1, CSGDI_SUB, w);
    } else if (c->n > 0) {
        memset(s, 0, c->n * c->kernels->size);
    }
    f->m = f->e; /* where the sum of w may be, until result */
    f->e = s;
    f->m2 = self->w;
    self->w = w;
}

/* y is the sum of sent s. */
static void ecx2_result(csgdi_feedback *f, void *y)
{
    const csgdi_kernels *k = f->compressor->kernels;
    const size_t n = f->compressor->n;
    const ecx2 *self = f->state;
    double part[CHUNK];

    for (size_t i = 0; i < n; i += CHUNK) {
        const size_t count = n - i < CHUNK ? n - i : CHUNK, at = i * k->size;
        char *out = (char *)y + at, *z = (char *)self->z + at;

        k->add_scaled_finite(zeros, 1 / gamma_of(f), out, count, part);
        k->add_scaled_finite(part, -f->next_rho, z, count, out);
        memcpy(z, part, count * k->size);
        if (!self->exact) k->sub((char *)f->m + at, count, z);
    }
    f->sum2 = f->e;
}

/* The caller's v lacks the sum of w, and has z too much, which one of the ranks is to say.  s is
 * divided by the gamma that the caller multiplies with again. */
static void ecx2_owe(const csgdi_feedback *f, bool for_v, void *to)
{
    const csgdi_compressor *c = f->compressor;
    const ecx2 *self = f->state;

    if (!for_v) {
        c->kernels->add_scaled_finite(to, 1 / (f->step_size > 0 ? f->step_size : 1), f->e, c->n,
                                      to);
        return;
    }
    c->kernels->add(self->w, c->n, to);
    if (c->rank == 0) c->kernels->sub(self->z, c->n, to);
}

static void ecx2_clear(csgdi_feedback *f)
{
    const size_t bytes = f->compressor->n * f->compressor->kernels->size;
    const ecx2 *self = f->state;

    if (bytes == 0) return;
    memset(self->w, 0, bytes);
    memset(self->z, 0, bytes);
}

static const char *const uses[] = {"rho", NULL};

const csgdi_feedback_ops csgdi_feedback_ecx2 = {
    .name = "ecx2",
    .summary = "what is missing in the caller's momentum and what in its path, both values of an "
               "entry sent together; for sparse messages",
    .source = "-",
    .uses = uses,
    .read = ecx2_read,
    .create = ecx2_create,
    .fill = ecx2_fill,
    .keeps_m = true,
    .commit = ecx2_commit,
    .result = ecx2_result,
    .owe = ecx2_owe,
    .clear = ecx2_clear,
};
