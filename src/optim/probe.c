/* SPDX-License-Identifier: BSD-3-Clause */

/* probe.c: constants of a compressor on given gradients, and which rules of feedback hold on them.
 *
 * A rule is tried on increments (1 - rho) g, the gradients taken in turn.  Its residual is a linear
 * recursion that the compressor disturbs: it settles, or it grows by a factor each step.  So the mean
 * residual of the last quarter of STEPS is compared with that of the quarter before: growth by a factor
 * of GROWTH in a quarter is no settling in.
 */

#include <csgd/optimizer.h>
#include <csgd/probe.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/c_locale.h"
#include "base/error.h"
#include "compressors/compressor.h"

enum { STEPS = 256, QUARTER = STEPS / 4, RHOS = 6 };

static const double growth = 2;

/* What is being tried. */
typedef struct probe {
    const char *spec;
    size_t n, count;
    const void *const *gradient;
    const csgdi_kernels *kernels;
    csgdi_arena arena;
    const char *algorithm; /* that sends a worker's messages as they are */
    void *x, *result;
    uint8_t *message;
    size_t bound;
} probe;

static double square(const probe *p, const void *x)
{
    return csgdi_sum_blocks(p->kernels, p->kernels->square_sum, x, p->n);
}

/* x = weight * gradient t. */
static void load(probe *p, size_t t, double weight)
{
    const void *g = p->gradient[t % p->count];

    memset(p->x, 0, p->n * p->kernels->size);
    p->kernels->add_scaled_finite(p->x, weight, g, p->n, p->x);
}

/* Errors and length of messages. */
static csgd_status measure(probe *p, csgd_compressor *c, csgd_probe_report *report)
{
    size_t measured = 0;

    for (size_t t = 0; t < p->count; t++) {
        const double whole = square(p, p->gradient[t]);
        double error;
        size_t len;
        csgd_status st = csgd_compressor_compress(c, p->gradient[t], p->message, p->bound, &len);

        if (st != CSGD_OK) return st;
        report->bits += 8 * (double)len / (double)p->n / (double)p->count;
        if (whole == 0) continue;
        memcpy(p->x, p->gradient[t], p->n * p->kernels->size);
        csgdi_message_apply(&c->core, p->message, CSGDI_SUB, p->x);
        error = square(p, p->x) / whole;
        report->error += error;
        report->worst_error = fmax(report->worst_error, error);
        measured++;
    }
    if (measured == 0) return csgdi_fail(CSGD_E_NONFINITE, "all gradients are zero");
    report->error /= (double)measured;
    report->delta = 1 - report->worst_error;
    report->omega = c->core.biased ? INFINITY : report->worst_error;
    return CSGD_OK;
}

/* Go through the gradients with a simulated worker, and whether its residual stops growing. */
static csgd_status settles(probe *p, const csgd_workers *w, double rho, bool *holds)
{
    const void *const x[1] = {p->x};
    double quarter[4] = {0};
    csgd_stats stats = {0};

    for (size_t t = 0; t < STEPS; t++) {
        csgd_status st;

        load(p, t, 1 - rho);
        st = w->sum(w->self, x, 0, CSGD_OK, p->result);
        if (st == CSGD_OK) st = w->stats(w->self, &stats, sizeof stats);
        if (st == CSGD_E_NONFINITE || stats.nonfinite_calls > 0)
            return CSGD_OK; /* it grew beyond the element type */
        if (st != CSGD_OK) return st;
        quarter[t / QUARTER] += stats.residual_norm / QUARTER;
    }
    *holds = quarter[3] <= growth * quarter[2] || quarter[3] == 0;
    return CSGD_OK;
}

/* Whether a rule holds; not either where it is refused for what the compressor is. */
static csgd_status try_rule(probe *p, const char *rule, double rho, bool *holds)
{
    char spec[2 * CSGDI_SPEC_MAX];
    csgd_simulation *s;
    csgd_workers w;
    csgd_status st;

    *holds = false;
    if (strcmp(rule, "ef") == 0)
        snprintf(spec, sizeof spec, "%s feedback=ef force=yes algorithm=%s", p->spec, p->algorithm);
    else
        snprintf(spec, sizeof spec, "%s feedback=%s rho=%.17g algorithm=%s%s", p->spec, rule, rho,
                 p->algorithm, strcmp(rule, "ecx") == 0 ? " force=yes guard=no" : "");
    st = csgd_simulation_create(spec, p->n, 1, &s);
    if (st == CSGD_E_UNSUPPORTED || st == CSGD_E_SPEC) return CSGD_OK;
    if (st == CSGD_OK) st = csgd_simulation_workers(s, &w);
    if (st == CSGD_OK) st = settles(p, &w, rho, holds);
    csgd_simulation_destroy(&s);
    return st;
}

/* The largest of rhos, in order, up to which a rule holds; -1 where it does not at the first. */
static csgd_status reach(probe *p, const char *rule, const double rhos[RHOS], double *largest)
{
    bool holds = true;

    *largest = -1;
    for (size_t i = 0; i < RHOS && holds; i++) {
        const csgd_status st = try_rule(p, rule, rhos[i], &holds);

        if (st != CSGD_OK) return st;
        if (holds) *largest = rhos[i];
    }
    return CSGD_OK;
}

static csgd_status reach_all(probe *p, double rho, csgd_probe_report *report)
{
    double rhos[RHOS] = {0, 0.5, 0.9, 0.95, 0.99, rho};
    bool one_step;
    csgd_status st;

    for (size_t i = RHOS - 1; i > 0 && rhos[i] < rhos[i - 1]; i--) {
        const double swap = rhos[i];
        rhos[i] = rhos[i - 1];
        rhos[i - 1] = swap;
    }
    st = try_rule(p, "ef", rho, &one_step);
    report->one_step = one_step;
    if (st == CSGD_OK) st = reach(p, "ecx", rhos, &report->two_step);
    if (st == CSGD_OK) st = reach(p, "ecx2", rhos, &report->two_value);
    return st;
}

/* What follows from the numbers. */
static void judge(const probe *p, bool exact, double rho, csgd_probe_report *r)
{
    const char *rule = NULL;
    const size_t cap = sizeof r->reason;

    r->advice = CSGD_ADVICE_TAKE;
    if (exact) {
        snprintf(r->reason, cap, "it sends everything: %.3g bits an element", r->bits);
    } else if (rho > 0 && r->two_step >= rho) {
        rule = "ecx";
        snprintf(r->reason, cap,
                 "two-step compensation holds at rho = %g, and leaves one residual where one step "
                 "leaves up to %.3g; %.3g bits an element, error %.3g",
                 rho, 1 / (1 - rho), r->bits, r->error);
    } else if (rho > 0 && r->two_value >= rho) {
        rule = "ecx2";
        snprintf(r->reason, cap,
                 "two-step compensation holds up to rho = %g only, so two values travel with each "
                 "entry: about %.3g bits an element; delta %.3g",
                 fmax(r->two_step, 0), 2 * r->bits, r->delta);
    } else if (r->one_step && r->delta > 0) {
        rule = "ef";
        if (rho > 0) r->advice = CSGD_ADVICE_CARE;
        snprintf(r->reason, cap, "one-step feedback holds%s; delta %.3g, %.3g bits an element",
                 rho > 0 ? ", but leaves a pile of residuals under momentum" : "", r->delta,
                 r->bits);
    } else if (isfinite(r->omega)) {
        rule = "none";
        r->advice = CSGD_ADVICE_CARE;
        snprintf(r->reason, cap,
                 "it is unbiased, and omega = %.3g is too much for any feedback: the variance of "
                 "the gradient grows by a factor of %.3g over the number of ranks",
                 r->omega, 1 + r->omega);
    } else {
        r->advice = CSGD_ADVICE_REFUSE;
        snprintf(r->reason, cap,
                 "it takes these gradients no nearer to what they are than sending nothing would: "
                 "error %.3g, at worst %.3g, and no feedback holds",
                 r->error, r->worst_error);
    }
    if (rule != NULL && strcmp(rule, "ecx") != 0 && strcmp(rule, "ecx2") != 0)
        snprintf(r->spec, sizeof r->spec, "%s feedback=%s", p->spec, rule);
    else if (rule != NULL)
        snprintf(r->spec, sizeof r->spec, "%s feedback=%s rho=%.15g", p->spec, rule, rho);
    else if (exact)
        snprintf(r->spec, sizeof r->spec, "%s", p->spec);
}

static csgd_status run(probe *p, csgd_compressor *c, double rho, csgd_probe_report *report)
{
    csgd_status st;

    p->kernels = c->core.kernels;
    if (c->core.ops->only_sums)
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "%s decides by the sum over ranks: one rank's gradients say nothing of it",
            c->core.ops->name);
    if (c->wide != NULL)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "gradients of 16 bits: give them as type=f32");
    p->algorithm =
        c->core.ops->family == CSGDI_PROJECT && !c->core.own_support ? "linear" : "allgather";
    p->bound = csgd_compressor_bound(c);
    p->x = csgdi_arena_alloc(&p->arena, p->n, p->kernels->size);
    p->result = csgdi_arena_alloc(&p->arena, p->n, p->kernels->size);
    p->message = csgdi_arena_alloc(&p->arena, p->bound, 1);
    if (p->x == NULL || p->result == NULL || p->message == NULL) return CSGD_E_NOMEM;
    st = measure(p, c, report);
    if (st == CSGD_OK && c->core.ops->family != CSGDI_EXACT) st = reach_all(p, rho, report);
    if (st == CSGD_OK) judge(p, c->core.ops->family == CSGDI_EXACT, rho, report);
    return st;
}

csgd_status csgd_probe(const char *spec, size_t n, const void *const *gradient, size_t count,
                       double rho, csgd_probe_report *report, size_t size)
{
    probe p = {.spec = spec, .n = n, .count = count, .gradient = gradient};
    csgd_probe_report own = {.two_step = -1, .two_value = -1};
    csgdi_c_locale locale;
    csgd_compressor *c;
    csgd_status st;

    if (spec == NULL || gradient == NULL || report == NULL)
        return csgdi_fail(CSGD_E_INVAL, "a NULL among spec, gradient and report");
    if (n == 0 || count == 0 || count > 65536 || !(rho >= 0 && rho < 1))
        return csgdi_fail(CSGD_E_INVAL,
                          "n = %zu, count = %zu, rho = %g: n is at least 1, count 1 to 65536, rho "
                          "in [0, 1)",
                          n, count, rho);
    for (size_t t = 0; t < count; t++)
        if (gradient[t] == NULL) return csgdi_fail(CSGD_E_INVAL, "gradient %zu is NULL", t);
    st = csgd_compressor_create(spec, n, &c);
    if (st != CSGD_OK) return st;
    locale = csgdi_c_locale_enter(); /* specs are written, with numbers in them */
    st = run(&p, c, rho, &own);
    csgdi_c_locale_leave(locale);
    csgd_compressor_destroy(&c);
    csgdi_arena_free(&p.arena);
    if (st == CSGD_OK) memcpy(report, &own, size < sizeof own ? size : sizeof own);
    return st;
}
