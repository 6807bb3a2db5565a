/* SPDX-License-Identifier: BSD-3-Clause */

/* list.c: every rule of feedback, one line each, and what is common to them. */

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/fused.h"
#include "feedback/feedback.h"

static const csgdi_feedback_ops *const list[] = {
    &csgdi_feedback_none, &csgdi_feedback_ef,  &csgdi_feedback_ef21,
    &csgdi_feedback_dgc,  &csgdi_feedback_ecx, &csgdi_feedback_ecx2,
};

const csgdi_feedback_ops *csgdi_feedback_list(size_t i)
{
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

static const char *feedback_name(size_t i)
{
    return csgdi_feedback_list(i) ? list[i]->name : NULL;
}

const csgdi_feedback_ops *csgdi_feedback_find(const char *name)
{
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(list[i]->name, name) == 0) return list[i];
    return NULL;
}

static const char *const rho_words[] = {"step", NULL};
static const char *const yes_no[] = {"no", "yes", NULL};

static const csgdi_key keys[] = {
    {.name = "feedback",
     .kind = CSGDI_CHOICE,
     .choice = feedback_name,
     .help = "what becomes of what was not sent; ef for biased compressors, none for others"},
    {.name = "rho",
     .kind = CSGDI_EITHER,
     .min = 0,
     .max = 1,
     .words = rho_words,
     .help =
         "ecx, ecx2: v = rho v + result is what the caller makes of the results, 0.9 unless given; "
         "step: told before each call"},
    {.name = "momentum",
     .kind = CSGDI_REAL,
     .min = 0,
     .max = 1,
     .help = "ef21: weight of a new gradient in the average that is followed, 1 unless given; dgc: "
             "of the old momentum, 0.9"},
    {.name = "force",
     .kind = CSGDI_CHOICE,
     .words = yes_no,
     .help = "ef, ecx: yes takes them also where residuals are known to grow without end"},
    {.name = "guard",
     .kind = CSGDI_CHOICE,
     .words = yes_no,
     .help =
         "ecx: yes, unless given, watches the residuals; where they begin to grow without end two "
         "calls are sent exactly, so that nothing is owed, and ef follows"},
    {.name = "beta",
     .kind = CSGDI_REAL,
     .min = 0,
     .above_min = true,
     .max = 1,
     .help = "ecx: weight of this step in a low-pass filter of the compensation, 1 unless given: "
             "none"},
    {.name = "nesterov",
     .kind = CSGDI_CHOICE,
     .words = yes_no,
     .help = "dgc: momentum that looks ahead; no unless given"},
    {.name = "masking",
     .kind = CSGDI_CHOICE,
     .words = yes_no,
     .help = "dgc: what was sent loses its momentum; yes unless given"},
    {.name = "clip_norm",
     .kind = CSGDI_REAL,
     .min = 0,
     .above_min = true,
     .max = INFINITY,
     .help = "dgc: longer vectors are shortened to this over the root of the number of ranks"},
    {.name = "warmup",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .help = "dgc: steps in which more entries than ratio are sent, which memory is for then"},
    {.name = "stages",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 16,
     .help = "dgc: of that, stage i of s sends ratio^(i / (s + 1)); 4 unless given"},
};

const csgdi_keys csgdi_feedback_keys = {keys, sizeof keys / sizeof *keys};

/* Refuse keys of other rules, and take away their defaults. */
static csgd_status check_keys(const csgdi_feedback_ops *ops, csgdi_spec *spec)
{
    for (size_t i = 1; i < sizeof keys / sizeof *keys; i++) {
        const char *const *used = ops->uses;

        while (used != NULL && *used != NULL && strcmp(*used, keys[i].name) != 0)
            used++;
        if (used != NULL && *used != NULL) continue;
        if (csgdi_spec_given(spec, keys[i].name))
            return csgdi_fail(CSGD_E_SPEC, "feedback=%s has no use for the key \"%s\"", ops->name,
                              keys[i].name);
        csgdi_spec_drop(spec, keys[i].name);
    }
    return CSGD_OK;
}

/* `force=no` is what is without it. */
static void read_force(csgdi_feedback *f, csgdi_spec *spec)
{
    f->set.force =
        csgdi_spec_set(spec, "force") && strcmp(csgdi_spec_choice(spec, "force"), "yes") == 0;
    if (!f->set.force) csgdi_spec_drop(spec, "force");
}

csgd_status csgdi_feedback_init(csgdi_feedback *f, csgdi_compressor *compressor, csgdi_spec *spec,
                                csgdi_arena *arena)
{
    csgd_status st;

    if (!csgdi_spec_set(spec, "feedback"))
        csgdi_spec_choose(spec, "feedback", compressor->biased ? "ef" : "none");
    *f = (csgdi_feedback){.ops = csgdi_feedback_find(csgdi_spec_choice(spec, "feedback")),
                          .compressor = compressor};
    if (compressor->ops->family == CSGDI_EXACT && f->ops != &csgdi_feedback_none)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "%s sends everything, so feedback=%s has nothing to remember",
                          compressor->ops->name, f->ops->name);
    f->set.reduces = csgdi_spec_has(spec, "algorithm");
    st = check_keys(f->ops, spec);
    if (st == CSGD_OK && f->ops->read != NULL) st = f->ops->read(f, spec);
    read_force(f, spec);
    if (st == CSGD_OK && f->ops->admits != NULL) st = f->ops->admits(f);
    if (st != CSGD_OK) return st;
    f->next_rho = f->set.rho_by_step ? CSGDI_RHO_UNTOLD : f->set.rho;
    return f->ops->create != NULL ? f->ops->create(f, arena) : CSGD_OK;
}

csgd_status csgdi_feedback_like(csgdi_feedback *f, const csgdi_feedback *model,
                                csgdi_compressor *compressor, csgdi_arena *arena)
{
    *f = (csgdi_feedback){.ops = model->ops->owner != NULL ? model->ops->owner : model->ops,
                          .set = model->set,
                          .compressor = compressor,
                          .next_rho = model->next_rho};
    return f->ops->create != NULL ? f->ops->create(f, arena) : CSGD_OK;
}

csgd_status csgdi_feedback_set_step_size(csgdi_feedback *f, double step_size)
{
    if (!(step_size > 0) || !isfinite(step_size))
        return csgdi_fail(CSGD_E_INVAL, "a step size of %g is not above 0 and finite", step_size);
    f->next_step_size = step_size;
    return CSGD_OK;
}

csgd_status csgdi_feedback_set_rho(csgdi_feedback *f, double rho)
{
    if (!(rho >= 0 && rho <= 1))
        return csgdi_fail(CSGD_E_INVAL, "rho is %g, which is not in [0, 1]", rho);
    if (!f->set.rho_by_step)
        return csgdi_fail(CSGD_E_INVAL, "feedback=%s was not created with rho=step", f->ops->name);
    f->next_rho = rho;
    return CSGD_OK;
}

csgd_status csgdi_feedback_ready(const csgdi_feedback *f)
{
    if (f->next_rho >= 0) return CSGD_OK;
    return csgdi_fail(CSGD_E_INVAL, "rho=step, but no rho was set for the first step");
}

/* What a rule makes m of, from an element on. */
typedef struct maker {
    const csgdi_feedback *f;
    const void *g;
    size_t first;
} maker;

static bool fill(const void *object, size_t first, size_t count, void *m)
{
    const maker *self = object;

    return self->f->ops->fill(self->f, self->g, self->first + first, count, m);
}

bool csgdi_feedback_write(csgdi_feedback *f, const void *g, uint8_t *dst, size_t *len)
{
    const maker self = {f, g, 0};
    csgdi_source source = {.fill = fill, .object = &self};
    csgdi_compressor *c = f->compressor;

    if (f->ops->terms != NULL) source.terms = f->ops->terms(f, g);

    if (f->ops->look != NULL) f->ops->look(f, g);
    if (f->ops->keeps_m && !csgdi_source_fill(c, &source, f->m)) return false;
    if (c->channels > 1) return csgdi_message_write_pair(c, f->m, f->m2, dst, len);
    if (f->ops->keeps_m) return csgdi_message_write(c, f->m, dst, len);
    if (f->ops->fill != NULL) return csgdi_fused_write(c, &source, f->m, dst, len);
    /* A projection looks at a part; a gradient that is not finite concerns all ranks. */
    if (c->ops->family == CSGDI_PROJECT && !c->kernels->finite(g, c->n)) return false;
    return csgdi_message_write(c, g, dst, len);
}

bool csgdi_feedback_write_part(csgdi_feedback *f, const void *g, size_t first, size_t count,
                               uint8_t *dst, size_t *len)
{
    const maker self = {f, g, first};
    csgdi_source source = {.fill = fill, .object = &self};
    csgdi_compressor c = *f->compressor;
    const size_t skipped = first * c.kernels->size;

    /* What does not stay in the caches as a whole does not as parts. */
    if (c.n * c.kernels->size >= c.stream_bytes) c.stream_bytes = 0;
    c.first += first;
    c.n = count;
    if (f->ops->fill == NULL) return csgdi_message_write(&c, (const char *)g + skipped, dst, len);
    if (f->ops->terms != NULL) {
        const csgdi_terms whole = f->ops->terms(f, g);
        source.terms = csgdi_terms_at(&whole, first, c.kernels->size);
    }
    return csgdi_fused_write(&c, &source, (char *)f->m + skipped, dst, len);
}

bool csgdi_feedback_prepare(csgdi_feedback *f, const void *g, const void **m)
{
    const maker self = {f, g, 0};
    const csgdi_source source = {.fill = fill, .object = &self};
    csgdi_compressor *c = f->compressor;

    if (f->ops->look != NULL) f->ops->look(f, g);
    *m = f->ops->fill != NULL ? f->m : g;
    if (f->ops->fill != NULL) return csgdi_source_fill(c, &source, f->m);
    return c->ops->family == CSGDI_EXACT || c->kernels->finite(g, c->n);
}

static void commit(csgdi_feedback *f, const csgdi_delivery *delivery)
{
    if (f->ops->commit != NULL) f->ops->commit(f, delivery);
    f->step_size = f->next_step_size;
}

void csgdi_feedback_commit(csgdi_feedback *f, const uint8_t *message, bool written,
                           const csgdi_sparse *leftover)
{
    const csgdi_delivery delivery = {.message = message, .leftover = leftover};

    if (f->ops->fill != NULL && !f->ops->keeps_m) {
        if (!written) csgdi_message_apply(f->compressor, message, CSGDI_SUB, f->m);
        if (leftover != NULL)
            f->compressor->kernels->scatter(leftover->index, leftover->value, leftover->k,
                                            CSGDI_ADD, f->m);
    }
    commit(f, &delivery);
    csgdi_feedback_measure(f);
}

void csgdi_feedback_commit_exact(csgdi_feedback *f)
{
    const csgdi_compressor *c = f->compressor;

    commit(f, &(csgdi_delivery){.exact = true});
    if (f->e != NULL && !f->ops->keeps_m && c->n > 0) memset(f->e, 0, c->n * c->kernels->size);
    f->size = 0;
}

void csgdi_feedback_result(csgdi_feedback *f, void *y)
{
    if (f->ops->result != NULL) f->ops->result(f, y);
}

static bool owes(const csgdi_feedback *f)
{
    return f->ops->owe != NULL && !f->set.owes_nothing;
}

void csgdi_feedback_owe(const csgdi_feedback *f, bool for_v, void *to)
{
    if (owes(f) && f->compressor->n > 0) f->ops->owe(f, for_v, to);
}

static void forget(csgdi_feedback *f)
{
    const csgdi_compressor *c = f->compressor;

    f->size = 0;
    if (f->e != NULL && c->n > 0) memset(f->e, 0, c->n * c->kernels->size);
}

void csgdi_feedback_paid(csgdi_feedback *f)
{
    if (owes(f) && f->ops->owes_e_alone)
        forget(f);
    else if (owes(f))
        csgdi_feedback_clear(f);
}

void csgdi_feedback_clear(csgdi_feedback *f)
{
    forget(f);
    if (f->ops->clear != NULL) f->ops->clear(f);
    f->step_size = 0; /* the next one stands: it is a setting, not history */
}

void csgdi_feedback_residual(const csgdi_feedback *f, void *e)
{
    const size_t bytes = f->compressor->n * f->compressor->kernels->size;

    if (bytes == 0) return;
    if (f->e != NULL)
        memcpy(e, f->e, bytes);
    else
        memset(e, 0, bytes);
}

double csgdi_feedback_norm(const csgdi_feedback *f)
{
    const csgdi_kernels *k = f->compressor->kernels;

    return f->e != NULL ? sqrt(csgdi_sum_blocks(k, k->square_sum, f->e, f->compressor->n)) : 0;
}

const char *csgdi_feedback_rule(const csgdi_feedback *f)
{
    return f->one_step ? csgdi_feedback_ef.name : f->ops->name;
}
