/* SPDX-License-Identifier: BSD-3-Clause */

/* measure.c: what a message, an element and each dense algorithm take, here and now.
 *
 * Short vectors and longer ones are summed by every dense algorithm, which gives each its time at once
 * and by the element; the ring's give alpha and beta as well, as it is known what it sends.  The
 * compressor makes and adds messages of its own.  All ranks do so together, since they share cores
 * and memory when it counts, and the slowest one's figures are everybody's.  Then what the formulas say
 * is the best algorithm for messages is called, and by how much it takes longer than they say, all
 * are taken to.
 *
 * Time: some twenty calls of a few bytes, and three of SAMPLE elements for each dense algorithm and the
 * one for messages; of LONG_SAMPLE elements, for longer vectors, where that takes less than QUICK.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/philox.h"
#include "comm/choose.h"
#include "comm/reducer.h"
#include "compressors/elements.h"

enum { SAMPLE = 1 << 18, LONG_SAMPLE = 1 << 21, CODED = 1 << 18, SHORT_CALLS = 5, LONG_CALLS = 3 };

static const double QUICK = 0.05; /* seconds of a call of LONG_SAMPLE elements */

/* Everything that is needed, so that nothing can fail once ranks meet. */
typedef struct lab {
    csgdi_arena arena;
    size_t n, n_coded;
    csgd_reducer *few[CSGDI_RATES_DENSE], *many[CSGDI_RATES_DENSE], *most[CSGDI_RATES_DENSE];
    size_t n_dense, ring; /* ring: which of them it is */
    size_t n_most;        /* elements of `most`; 0: none */
    csgdi_compressor c;
    csgd_reducer *lossy; /* by the spec, of n_coded elements */
    float *x, *y;        /* n, or n_most of them */
    void *g, *sum;       /* n_coded elements of the compressor's */
    uint8_t *message;
} lab;

static void close_lab(lab *l)
{
    for (size_t i = 0; i < l->n_dense; i++) {
        csgdi_reducer_unmake(&l->few[i]);
        csgdi_reducer_unmake(&l->many[i]);
        csgdi_reducer_unmake(&l->most[i]);
    }
    csgdi_reducer_unmake(&l->lossy);
    csgdi_arena_free(&l->arena);
}

/* A value in (-2, 2), denser at the middle as gradients are. */
static float sample(uint64_t i)
{
    const uint32_t key[2] = {17, 4}, counter[4] = {(uint32_t)i, 0, 0, 0};
    uint32_t word[4];

    csgdi_philox(key, counter, word);
    return (float)((double)word[0] + word[1] + word[2] + word[3] - 8589934590.0) / 4294967296.0F;
}

/* The compressor of a reducer's spec, for a shorter vector if it can be had for one. */
static csgd_status open_compressor(lab *l, const char *text, size_t n)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;
    csgdi_spec spec;
    csgd_status st = CSGD_OK;

    for (l->n_coded = n < CODED ? n : CODED;; l->n_coded = n) {
        st = csgdi_compressor_parse(text, keys, 3, &spec, &ops);
        if (st == CSGD_OK)
            st = csgdi_compressor_init(&l->c, ops, &spec, l->n_coded, NULL, NULL, 0, 1, &l->arena);
        if (st == CSGD_OK || l->n_coded == n) return st;
    }
}

static csgd_status open_lab(lab *l, const csgdi_transport *t, const char *text, size_t n)
{
    const csgdi_algorithm *a;
    csgd_status st = open_compressor(l, text, n);
    size_t all;

    l->n = n < SAMPLE ? n : SAMPLE;
    if (n > SAMPLE) l->n_most = n < LONG_SAMPLE ? n : LONG_SAMPLE;
    all = l->n_most > 0 ? l->n_most : l->n;
    for (size_t i = 0; (a = csgdi_algorithm_list(i)) != NULL && st == CSGD_OK; i++) {
        char spec[64];

        if (!a->dense || a == &csgdi_hier || l->n_dense == CSGDI_RATES_DENSE) continue;
        if (a == &csgdi_ring) l->ring = l->n_dense;
        snprintf(spec, sizeof spec, "none algorithm=%s", a->name);
        st = csgdi_reducer_make(t, &(csgdi_shape){.n = (size_t)t->n_ranks}, spec, NULL,
                                &l->few[l->n_dense]);
        if (st == CSGD_OK)
            st = csgdi_reducer_make(t, &(csgdi_shape){.n = l->n}, spec, NULL, &l->many[l->n_dense]);
        if (st == CSGD_OK && l->n_most > 0)
            st = csgdi_reducer_make(t, &(csgdi_shape){.n = l->n_most}, spec, NULL,
                                    &l->most[l->n_dense]);
        l->n_dense++;
    }
    if (st != CSGD_OK) return st;
    l->x = csgdi_arena_alloc(&l->arena, all, sizeof *l->x);
    l->y = csgdi_arena_zalloc(&l->arena, all, sizeof *l->y);
    l->g = csgdi_arena_alloc(&l->arena, l->n_coded, l->c.kernels->size);
    l->sum = csgdi_arena_zalloc(&l->arena, l->n_coded, l->c.kernels->size);
    l->message = csgdi_arena_alloc(&l->arena, csgdi_message_bound(&l->c), 1);
    if (l->x == NULL || l->y == NULL || l->g == NULL || l->sum == NULL || l->message == NULL)
        return CSGD_E_NOMEM;
    for (size_t i = 0; i < all; i++)
        l->x[i] = i < l->n ? sample(i) : l->x[i - l->n];
    for (size_t i = 0; i < l->n_coded; i++)
        if (l->c.kernels->size == sizeof(float))
            ((float *)l->g)[i] = sample(i);
        else
            ((double *)l->g)[i] = sample(i);
    return CSGD_OK;
}

/* The least time of some calls of a reducer, which borrows the transport, and the mean. */
static csgd_status time_calls(csgdi_transport *t, csgd_reducer *r, const void *x, void *y, size_t n,
                              int calls, double *least, double *mean)
{
    csgd_status st = CSGD_OK;

    r->transport = *t;
    *least = INFINITY;
    *mean = 0;
    for (int i = 0; i <= calls && st == CSGD_OK; i++) { /* one more, which is not counted */
        const double start = csgdi_clock();
        double seconds;

        st = csgd_reducer_allreduce(r, x, y, n);
        seconds = csgdi_clock() - start;
        if (i == 0) continue;
        *least = fmin(*least, seconds);
        *mean += seconds / calls;
    }
    *t = r->transport;
    return st;
}

/* All ranks take the largest of each number; rank 0's alone if `of_first`. */
static csgd_status share(csgdi_transport *t, bool of_first, csgdi_rates *rates)
{
    uint64_t word[CSGDI_RATES_NUMBERS] = {0};
    csgd_status st;

    /* Doubles that are not negative are in the order of their bits. */
    if (!of_first || t->rank == 0) memcpy(word, rates, sizeof *rates);
    st = csgdi_agree_max(t, word, CSGDI_RATES_NUMBERS);
    if (st == CSGD_OK) memcpy(rates, word, sizeof *rates);
    return st;
}

static csgd_status time_dense(csgdi_transport *t, lab *l, csgdi_rates *rates)
{
    for (size_t i = 0; i < l->n_dense; i++) {
        double few, many, mean;
        csgd_status st =
            time_calls(t, l->few[i], l->x, l->y, (size_t)t->n_ranks, SHORT_CALLS, &few, &mean);

        if (st == CSGD_OK)
            st = time_calls(t, l->many[i], l->x, l->y, l->n, LONG_CALLS, &many, &mean);
        if (st != CSGD_OK) return st;
        rates->dense[i][0] = few;
        rates->dense[i][1] = fmax(many - few, 0) / (double)l->n;
    }
    return CSGD_OK;
}

/* The same of longer vectors, which caches do not hold, where that is quick; the rates are everybody's. */
static csgd_status time_longer(csgdi_transport *t, lab *l, csgdi_rates *rates)
{
    double slowest = 0;

    for (size_t i = 0; i < l->n_dense; i++)
        slowest = fmax(slowest, rates->dense[i][1] * (double)l->n_most);
    if (l->n_most == 0 || slowest > QUICK) return CSGD_OK;
    for (size_t i = 0; i < l->n_dense; i++) {
        double most, mean;
        const csgd_status st =
            time_calls(t, l->most[i], l->x, l->y, l->n_most, LONG_CALLS, &most, &mean);

        if (st != CSGD_OK) return st;
        rates->dense[i][1] = fmax(most - rates->dense[i][0], 0) / (double)l->n_most;
    }
    return share(t, false, rates);
}

/* What the ring's time says of messages, as it is known what it sends. */
static void derive(const csgdi_transport *t, const lab *l, csgdi_rates *rates)
{
    const double p = t->n_ranks;

    rates->alpha = rates->dense[l->ring][0] / (2 * (p - 1));
    rates->beta = fmax(rates->dense[l->ring][1] * p / (2 * (p - 1)) / sizeof(float) -
                           rates->add / (2 * sizeof(float)),
                       1e-12);
}

/* What is local. */
static void time_local(lab *l, csgdi_rates *rates)
{
    const csgdi_kernels *single = csgdi_kernels_get(CSGD_F32);
    double encode = INFINITY, decode = INFINITY, add = INFINITY;

    for (int i = 0; i < 3; i++) {
        double start = csgdi_clock(), now;
        size_t len;
        bool made;

        single->add(l->x, l->n, l->y);
        now = csgdi_clock();
        add = fmin(add, now - start);
        start = now;
        made = csgdi_message_write(&l->c, l->g, l->message, &len);
        csgdi_message_delivered(&l->c);
        now = csgdi_clock();
        encode = fmin(encode, now - start);
        start = now;
        if (made) csgdi_message_apply(&l->c, l->message, CSGDI_ADD, l->sum);
        decode = fmin(decode, csgdi_clock() - start);
    }
    rates->add = add / (double)l->n;
    rates->encode = encode / (double)l->n_coded;
    rates->decode = decode / (double)l->n_coded;
}

/* A reducer of the spec over an algorithm, for as many elements as the compressor of the lab has. */
static csgd_status open_lossy(lab *l, const csgdi_transport *t, const char *text,
                              const csgdi_algorithm *a)
{
    const csgd_status st =
        csgdi_reducer_make(t, &(csgdi_shape){.n = l->n_coded}, text, a, &l->lossy);

    if (st != CSGD_OK) return st;
    l->lossy->adapt.on = false;
    l->lossy->dense_steps = 0;
    return l->lossy->feedback.set.rho_by_step ? csgd_reducer_set_rho(l->lossy, 0.5) : CSGD_OK;
}

/* Calls of it, on elements of the caller's type.  They are as much work as messages, for which ranks may
 * share cores, so it is the mean that tells how long they take together. */
static csgd_status time_lossy(csgdi_transport *t, lab *l, double *seconds)
{
    double least;

    if (!csgdi_elements_narrow(l->c.type))
        return time_calls(t, l->lossy, l->g, l->sum, l->n_coded, SHORT_CALLS, &least, seconds);
    csgdi_elements_narrow_to(&l->c, l->g, l->n_coded, l->sum);
    return time_calls(t, l->lossy, l->sum, l->g, l->n_coded, SHORT_CALLS, &least, seconds);
}

/* Call the algorithm for messages that is predicted to be the best: how much longer it takes.  Where it
 * cannot be called nothing is known of that. */
static csgd_status time_messages(csgdi_transport *t, lab *l, const char *text, csgdi_rates *rates)
{
    csgdi_choice choice = {0};
    uint64_t failed;
    double seconds;
    csgd_status st;

    if (t->rank == 0 && l->c.ops->family != CSGDI_EXACT)
        csgdi_choose(&l->c, t, rates, false, false, &choice);
    st = csgdi_choice_share(t, &choice);
    if (st != CSGD_OK || choice.messages == NULL) return st;
    failed = open_lossy(l, t, text, choice.messages) != CSGD_OK;
    st = csgdi_agree_max(t, &failed, 1);
    if (st != CSGD_OK || failed != 0) return st;
    st = time_lossy(t, l, &seconds);
    if (st == CSGD_E_TRANSPORT || st == CSGD_E_TIMEOUT) return st;
    /* What else may go wrong does so on all ranks, or is told to them by the agreement. */
    if (st == CSGD_OK && choice.message_seconds > 0)
        rates->messages = seconds / choice.message_seconds;
    return share(t, false, rates);
}

static csgd_status measure_all(csgdi_transport *t, const char *text, size_t n, csgdi_rates *rates,
                               bool *found)
{
    lab l = {.arena = {0}};
    csgd_status st = open_lab(&l, t, text, n);
    uint64_t failed = st != CSGD_OK;

    st = csgdi_agree_max(t, &failed, 1);
    if (st == CSGD_OK && failed == 0) {
        time_local(&l, rates);
        st = time_dense(t, &l, rates);
        if (st == CSGD_OK) st = share(t, false, rates);
        if (st == CSGD_OK) st = time_longer(t, &l, rates);
        if (st == CSGD_OK) derive(t, &l, rates);
        if (st == CSGD_OK) st = time_messages(t, &l, text, rates);
        *found = st == CSGD_OK;
    }
    close_lab(&l);
    return st;
}

csgd_status csgdi_measure(csgdi_transport *t, const char *text, size_t n, bool wanted,
                          csgdi_rates *rates, bool *found)
{
    const char *file = getenv("CSGD_TUNING");
    uint64_t word[4] = {0};
    csgd_status st;

    *found = false;
    *rates = (csgdi_rates){0};
    if (t->n_ranks == 1) return CSGD_OK;
    word[0] = !wanted; /* one that does not is enough */
    word[1] = wanted && t->rank == 0 && file != NULL &&
              csgdi_tuning_find(file, t->n_ranks, n, text, rates);
    word[2] = n;
    word[3] = ~word[2];
    st = csgdi_agree_max(t, word, 4);
    if (st != CSGD_OK || word[0] != 0) return st;
    if (word[2] != ~word[3]) return CSGD_OK; /* n differs, which the reducer's agreement tells */
    if (word[1] != 0) {
        *found = true;
        return share(t, true, rates);
    }
    if (!t->measures) return CSGD_OK;
    st = measure_all(t, text, n, rates, found);
    if (*found && t->rank == 0 && file != NULL) csgdi_tuning_keep(file, t->n_ranks, n, text, rates);
    return st;
}
