/* SPDX-License-Identifier: BSD-3-Clause */

/* simulation_sum.c: one sum over simulated workers; the idea is in simulation.h.
 *
 * All messages are written before anything is committed, so a sum that fails changes nothing.
 */

#include <string.h>
#include "base/bytes.h"
#include "base/error.h"
#include "optim/simulation.h"
#include "wire/header.h"

/* result = the vectors, added in order. */
static void add_all(const csgd_simulation *s, const void *const *vector, void *result)
{
    const csgdi_kernels *k = s->worker[0].compressor.kernels;

    if (result != vector[0]) memcpy(result, vector[0], s->n * k->size);
    for (int i = 1; i < s->n_workers; i++)
        k->add(vector[i], s->n, result);
}

/* What a reducer does where a rank's vector is not finite: it sums them as they are. */
static csgd_status sum_not_finite(csgd_simulation *s, const void *const *vector, void *result)
{
    add_all(s, vector, result);
    s->stats.dense_calls++;
    s->stats.nonfinite_calls++;
    return CSGD_OK;
}

/* Make of the sum what each worker gets, which for all of them is the same. */
static void results(csgd_simulation *s, void *result)
{
    const size_t bytes = s->n * s->worker[0].compressor.kernels->size;

    if (s->worker[0].feedback.ops->result == NULL) return;
    for (int i = 1; i < s->n_workers; i++) {
        memcpy(s->scratch, result, bytes);
        csgdi_feedback_result(&s->worker[i].feedback, s->scratch);
    }
    csgdi_feedback_result(&s->worker[0].feedback, result);
}

/* What worker 0 has of the sum of second vectors, where there are such, to the others. */
static void share_sum2(csgd_simulation *s)
{
    const csgdi_compressor *c = &s->worker[0].compressor;

    for (int i = 1; i < s->n_workers && c->channels > 1; i++)
        memcpy(s->worker[i].feedback.sum2, s->worker[0].feedback.sum2, s->n * c->kernels->size);
}

/* ---- m itself ----------------------------------------------------------------------------- */

/* Whether all of it is finite: then every actor has its m, an owner's being what is in the place of
 * its range of the m of the worker that it is. */
static bool prepare_exact(csgd_simulation *s, const void *const *vector)
{
    const size_t size = s->worker[0].compressor.kernels->size;

    for (int i = 0; i < s->n_workers; i++) {
        csgdi_actor *a = &s->worker[i], *own = i < s->n_owners ? &s->owner[i] : NULL;
        const char *part;

        if (!csgdi_feedback_prepare(&a->feedback, vector[i], &a->m)) return false;
        if (own == NULL) continue;
        part = (const char *)a->m + own->first * size;
        if (!csgdi_feedback_prepare(&own->feedback, part, &own->m)) return false;
    }
    return true;
}

/* What workers observe in vectors that are sent exactly, in the mean over them. */
static void learn(csgd_simulation *s)
{
    double sum = 0;

    for (int i = 0; i < s->n_workers && s->worker[i].compressor.learns; i++)
        sum += s->worker[i].compressor.ops->observe(&s->worker[i].compressor, s->worker[i].m);
    for (int i = 0; i < s->n_workers && s->worker[i].compressor.learns; i++)
        s->worker[i].compressor.ops->learn(&s->worker[i].compressor, sum / s->n_workers);
}

static csgd_status sum_exact(csgd_simulation *s, const void *const *vector, void *result)
{
    const csgdi_kernels *k = s->worker[0].compressor.kernels;

    if (!prepare_exact(s, vector)) return sum_not_finite(s, vector, result);
    learn(s);
    for (int i = 0; i < s->n_workers; i++) {
        void *m = i == 0 ? result : s->scratch;

        memmove(m, s->worker[i].m, s->n * k->size);
        if (i < s->n_owners)
            memmove((char *)m + s->owner[i].first * k->size, s->owner[i].m,
                    s->owner[i].compressor.n * k->size);
        if (i > 0) k->add(m, s->n, result);
    }
    for (int i = 0; i < s->n_workers; i++)
        csgdi_feedback_commit_exact(&s->worker[i].feedback);
    for (int i = 0; i < s->n_owners; i++)
        csgdi_feedback_commit_exact(&s->owner[i].feedback);
    results(s, result);
    s->stats.dense_calls++;
    return CSGD_OK;
}

/* ---- messages ----------------------------------------------------------------------------- */

/* Write the message of every worker.  False where a vector is not finite, or *st says why not. */
static bool write_messages(csgd_simulation *s, const void *const *vector, csgd_status *st)
{
    for (int i = 0; i < s->n_workers; i++) {
        csgdi_actor *a = &s->worker[i];

        a->compressor.step = s->step;
        if (csgdi_feedback_write(&a->feedback, vector[i], a->message, &a->len)) continue;
        *st = csgdi_compressor_fault(&a->compressor);
        return false;
    }
    return true;
}

static void tell_lengths(csgd_simulation *s)
{
    uint64_t sum = 0;

    for (int i = 0; i < s->n_workers; i++)
        sum += s->worker[i].len;
    for (int i = 0; i < s->n_workers && s->worker[i].compressor.steered; i++)
        csgdi_message_told(&s->worker[i].compressor, (double)sum / s->n_workers);
}

/* Compress every owner's range of the sum, and put what was delivered in its place. */
static csgd_status pass_again(csgd_simulation *s, char *sum)
{
    const size_t size = s->worker[0].compressor.kernels->size;

    for (int i = 0; i < s->n_owners; i++) {
        csgdi_actor *a = &s->owner[i];
        csgd_status st;

        a->compressor.step = s->step;
        if (a->compressor.n == 0 ||
            csgdi_feedback_write(&a->feedback, sum + a->first * size, a->message, &a->len))
            continue;
        st = csgdi_compressor_fault(&a->compressor);
        if (st != CSGD_OK) return st;
        return csgdi_fail(CSGD_E_NONFINITE, "the sum of finite vectors is not finite: it overflows "
                                            "the element type");
    }
    for (int i = 0; i < s->n_owners; i++)
        if (s->owner[i].compressor.n > 0)
            csgdi_message_apply(&s->owner[i].compressor, s->owner[i].message, CSGDI_SET,
                                sum + s->owner[i].first * size);
    return CSGD_OK;
}

static csgd_status sum_messages(csgd_simulation *s, const void *const *vector, void *result)
{
    csgd_status st = CSGD_OK;

    if (!write_messages(s, vector, &st))
        return st == CSGD_OK ? sum_not_finite(s, vector, result) : st;
    for (unsigned channel = 0; channel < s->worker[0].compressor.channels; channel++)
        for (int i = 0; i < s->n_workers; i++)
            csgdi_message_apply_channel(&s->worker[i].compressor, s->worker[i].message, channel,
                                        i == 0 ? CSGDI_SET : CSGDI_ADD,
                                        channel == 0 ? result : s->worker[0].feedback.sum2);
    share_sum2(s);
    st = pass_again(s, result);
    if (st != CSGD_OK) return st;

    for (int i = 0; i < s->n_owners; i++) {
        csgdi_actor *a = &s->owner[i];

        if (a->compressor.n == 0) continue;
        csgdi_feedback_commit(&a->feedback, a->message, true, NULL);
        if (s->passes == CSGDI_PASS_SERVER) csgdi_message_delivered(&a->compressor);
        s->stats.message_bytes += a->len;
    }
    for (int i = 0; i < s->n_workers; i++) {
        csgdi_actor *a = &s->worker[i];

        csgdi_feedback_commit(&a->feedback, a->message, true, NULL);
        csgdi_message_delivered(&a->compressor);
        s->stats.message_bytes += a->len;
    }
    tell_lengths(s);
    results(s, result);
    return CSGD_OK;
}

/* ---- short vectors ------------------------------------------------------------------------ */

/* The sums of one round: `count` values from `at` on, of every worker's message. */
static void add_round(csgd_simulation *s, size_t at, size_t count)
{
    const csgdi_kernels *k = s->worker[0].compressor.kernels;
    char *sums = (char *)s->values + at * k->size;

    for (int i = 0; i < s->n_workers; i++) {
        const uint8_t *values = s->worker[i].message + CSGDI_HEADER_BYTES + at * k->size;

        if (i == 0)
            memcpy(sums, values, count * k->size);
        else
            k->add(values, count, sums);
    }
}

static csgd_status sum_linear(csgd_simulation *s, const void *const *vector, void *result)
{
    csgdi_compressor *c = &s->worker[0].compressor;
    const size_t size = c->kernels->size, bytes = c->channels * c->max_k * size;
    size_t at = 0;

    for (int i = 0; i < s->n_workers; i++) {
        csgdi_actor *a = &s->worker[i];

        if (!csgdi_feedback_prepare(&a->feedback, vector[i], &a->m))
            return sum_not_finite(s, vector, result);
        a->compressor.step = s->step;
        memset(a->message + CSGDI_HEADER_BYTES, 0, csgdi_round8(bytes));
        a->len = csgdi_message_frame(&a->compressor, a->message, csgdi_round8(bytes));
    }
    for (unsigned round = 0; round < c->ops->rounds; round++) {
        const size_t count =
            c->ops->round_values != NULL ? c->ops->round_values(c, round) : bytes / size;

        for (int i = 0; i < s->n_workers; i++) {
            csgdi_actor *a = &s->worker[i];

            memcpy(s->scratch, s->values, bytes); /* which projecting changes, for all alike */
            c->ops->project(&a->compressor, a->m, s->step, round, s->scratch,
                            a->message + CSGDI_HEADER_BYTES);
            if (c->channels > 1)
                c->ops->project(&a->compressor, a->feedback.m2, s->step, round, s->scratch,
                                a->message + CSGDI_HEADER_BYTES + c->max_k * size);
        }
        memcpy(s->values, s->scratch, bytes);
        add_round(s, at, count);
        if (c->ops->rounds > 1 && !c->kernels->finite((char *)s->values + at * size, count))
            return csgdi_fail(CSGD_E_NONFINITE,
                              "the sum over workers of what %s makes of their vectors overflows",
                              c->ops->name);
        at += count;
    }
    c->ops->apply(c, s->values, s->step, CSGDI_SET, result);
    if (c->channels > 1)
        c->ops->apply(c, (uint8_t *)s->values + c->max_k * size, s->step, CSGDI_SET,
                      s->worker[0].feedback.sum2);
    share_sum2(s);
    for (int i = 0; i < s->n_workers; i++) {
        csgdi_actor *a = &s->worker[i];

        csgdi_feedback_commit(&a->feedback, a->message, false, NULL);
        if (c->ops->delivered != NULL) c->ops->delivered(&a->compressor, s->values);
        s->stats.message_bytes += a->len;
    }
    results(s, result);
    return CSGD_OK;
}

/* What a reducer's ranks agree on. */
static double largest_norm(const csgd_simulation *s)
{
    double largest = 0;

    for (int i = 0; i < s->n_workers; i++) {
        const csgdi_feedback *own = i < s->n_owners ? &s->owner[i].feedback : NULL;
        const double norm = csgdi_guard_norm(&s->worker[i].feedback, own, s->n_owners);
        if (norm > largest) largest = norm;
    }
    return largest;
}

static void watch(csgd_simulation *s, double norm, bool exact, double ratio, double step_size)
{
    s->stats.certificate = csgdi_guard_certificate(step_size, norm, s->n_workers);
    csgdi_guard_see(&s->guard, norm, s->worker[0].feedback.next_rho, ratio);
    if (!exact || !csgdi_guard_paid(&s->guard)) return;
    for (int i = 0; i < s->n_workers; i++)
        csgdi_guard_fall_back(&s->guard, &s->worker[i].feedback,
                              i < s->n_owners ? &s->owner[i].feedback : NULL);
}

csgd_status csgdi_simulation_sum(csgd_simulation *s, const void *const *vector, bool exact,
                                 void *result)
{
    const double norm = largest_norm(s), ratio = csgdi_feedback_ratio(&s->worker[0].feedback);
    const double step_size = s->worker[0].feedback.step_size; /* that those are for */
    const uint64_t nonfinite = s->stats.nonfinite_calls;
    csgd_status st;

    exact = exact || s->step < s->dense_steps || s->guard.exact > 0;

    if (s->passes == CSGDI_PASS_VENDOR) {
        add_all(s, vector, result);
        st = CSGD_OK;
    } else if (exact) {
        st = sum_exact(s, vector, result);
    } else if (s->passes == CSGDI_PASS_LINEAR) {
        st = sum_linear(s, vector, result);
    } else {
        st = sum_messages(s, vector, result);
    }
    if (st != CSGD_OK) return st;
    if (s->stats.nonfinite_calls == nonfinite) watch(s, norm, exact, ratio, step_size);
    s->step++;
    s->stats.calls++;
    return CSGD_OK;
}
