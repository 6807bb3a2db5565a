/* SPDX-License-Identifier: BSD-3-Clause */

/* choose.c: the algorithm with the least predicted time, and a sentence that says so. */

#include "comm/choose.h"

#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "comm/reducer.h"

/* What every support and value of a message costs, without making one: an index takes the entropy of
 * the support, log2(n / k) + 1.44 bits. */
static double message_bytes(const csgdi_compressor *c, double k)
{
    static const double value_bits[] = {64, 32, 16, 16, 8.1, 4.1};

    if (c->ops->family != CSGDI_SELECT) return (double)csgdi_message_bound(c);
    return k * (log2((double)c->n / k) + 1.44 + value_bits[c->format.value]) / 8;
}

static csgdi_cost cost_of(const csgdi_compressor *c, const csgdi_transport *t,
                          const csgdi_rates *rates)
{
    csgdi_cost cost = {.rates = rates,
                       .p = t->n_ranks,
                       .n = (double)c->n,
                       .size = (double)c->kernels->size};

    if (c->ops->family == CSGDI_SELECT || c->ops->family == CSGDI_PROJECT)
        cost.k = (double)(c->usual_k > 0 ? c->usual_k : c->max_k);
    cost.message = message_bytes(c, fmax(cost.k, 1));
    cost.entry = cost.size + (log2(cost.n / fmax(cost.k, 1)) + 1.44) / 8;
    return cost;
}

/* What another choice has to be faster by: measurements are not better than that. */
static const double worth = 0.04;

/* Seconds of the i-th dense algorithm in rates. */
static double dense_seconds(const csgdi_cost *cost, size_t i)
{
    return cost->rates->dense[i][0] + cost->n * cost->rates->dense[i][1];
}

/* The best dense algorithm that was measured. */
static const csgdi_algorithm *best_dense(const csgdi_cost *cost, double *seconds)
{
    const csgdi_algorithm *a, *best = &csgdi_vendor;
    size_t measured = 0;

    *seconds = INFINITY;
    for (size_t i = 0; (a = csgdi_algorithm_list(i)) != NULL; i++) {
        if (!a->dense || a == &csgdi_hier || measured == CSGDI_RATES_DENSE) continue;
        if (dense_seconds(cost, measured) <
            (1 - worth) * *seconds) { /* the vendor's is the first */
            *seconds = dense_seconds(cost, measured);
            best = a;
        }
        measured++;
    }
    return best;
}

/* The best that carries messages; for a sum that stays entries, which allgather's is made of elsewhere. */
static const csgdi_algorithm *best_lossy(const csgdi_compressor *c, const csgdi_transport *t,
                                         const csgdi_cost *cost, bool drop, bool entries,
                                         double *seconds)
{
    const csgdi_algorithm *a, *best = NULL;

    *seconds = INFINITY;
    for (size_t i = 0; (a = csgdi_algorithm_list(i)) != NULL; i++) {
        double predicted;

        if (a->dense || a->seconds == NULL || (a->drops && !drop)) continue;
        if (entries && !a->entries && a != &csgdi_allgather) continue;
        if ((c->channels > 1 && !a->pairs) || (c->steered && !a->lengths)) continue;
        if (a->supports != NULL && a->supports(c, t) != CSGD_OK) continue;
        predicted = a->seconds(cost);
        if (cost->rates->messages > 0) predicted *= cost->rates->messages;
        if (!(predicted < *seconds)) continue;
        *seconds = predicted;
        best = a;
    }
    return best;
}

void csgdi_choose(const csgdi_compressor *c, const csgdi_transport *t, const csgdi_rates *rates,
                  bool drop, bool dense, csgdi_choice *choice)
{
    const bool exact = c->ops->family == CSGDI_EXACT;
    const csgdi_algorithm *plain, *lossy = NULL;
    double plain_seconds, lossy_seconds = INFINITY;
    csgdi_cost cost;

    *choice = (csgdi_choice){.algorithm = csgdi_algorithm_auto(c)};
    snprintf(choice->reason, sizeof choice->reason, "%s by a fixed rule: nothing was measured",
             choice->algorithm->name);
    if (rates == NULL || c->n == 0) return;

    cost = cost_of(c, t, rates);
    plain = best_dense(&cost, &plain_seconds);
    if (!exact) lossy = best_lossy(c, t, &cost, drop, false, &lossy_seconds);
    choice->vectors = plain;
    choice->vector_seconds = plain_seconds;
    choice->messages = lossy;
    if (lossy != NULL) choice->message_seconds = lossy_seconds;
    if (exact || (dense && (1 - worth) * plain_seconds < lossy_seconds)) {
        choice->algorithm = plain;
        choice->dense = !exact;
    } else if (lossy != NULL) {
        choice->algorithm = lossy;
    }
    if (exact)
        snprintf(choice->reason, sizeof choice->reason,
                 "%s, predicted %.3g ms, MPI_Allreduce %.3g ms", plain->name, 1e3 * plain_seconds,
                 1e3 * dense_seconds(&cost, 0));
    else
        snprintf(choice->reason, sizeof choice->reason,
                 "%s: %s predicted %.3g ms, dense (%s) %.3g ms; a message takes %.3g us + %.3g ns "
                 "a byte, encoding %.3g ns an element",
                 choice->dense ? "dense, without compression" : choice->algorithm->name,
                 lossy != NULL ? lossy->name : "nothing else", 1e3 * lossy_seconds, plain->name,
                 1e3 * plain_seconds, 1e6 * rates->alpha, 1e9 * rates->beta, 1e9 * rates->encode);
}

void csgdi_choose_entries(const csgdi_compressor *c, const csgdi_transport *t,
                          const csgdi_rates *rates, bool drop, csgdi_choice *choice)
{
    csgdi_cost cost;

    *choice = (csgdi_choice){.algorithm = &csgdi_allgather};
    snprintf(choice->reason, sizeof choice->reason,
             "allgather by a fixed rule: nothing was measured");
    if (rates == NULL) return;
    cost = cost_of(c, t, rates);
    choice->algorithm = best_lossy(c, t, &cost, drop, true, &choice->message_seconds);
    snprintf(choice->reason, sizeof choice->reason,
             "%s, predicted %.3g ms, allgather %.3g ms; a message takes %.3g us + %.3g ns a byte",
             choice->algorithm->name, 1e3 * choice->message_seconds,
             1e3 * csgdi_allgather.seconds(&cost), 1e6 * rates->alpha, 1e9 * rates->beta);
}

/* An algorithm as its place in the list, from 1 on; 0 for none. */
static uint64_t number_of(const csgdi_algorithm *a)
{
    uint64_t i = 0;

    if (a == NULL) return 0;
    while (csgdi_algorithm_list((size_t)i) != a)
        i++;
    return i + 1;
}

static const csgdi_algorithm *numbered(uint64_t number)
{
    return number > 0 ? csgdi_algorithm_list((size_t)number - 1) : NULL;
}

csgd_status csgdi_choice_share(csgdi_transport *t, csgdi_choice *choice)
{
    enum { CHOSEN, MESSAGES, VECTORS, DENSE, TIMES, TEXT = TIMES + 2 };
    enum { WORDS = TEXT + CSGDI_REASON / sizeof(uint64_t) };
    uint64_t word[WORDS] = {0}; /* the others bring zeros, so the MAX is what rank 0 brings */
    csgd_status st;

    if (t->rank == 0) {
        word[CHOSEN] = number_of(choice->algorithm);
        word[MESSAGES] = number_of(choice->messages);
        word[VECTORS] = number_of(choice->vectors);
        word[DENSE] = choice->dense;
        memcpy(&word[TIMES], &choice->message_seconds, sizeof(double));
        memcpy(&word[TIMES + 1], &choice->vector_seconds, sizeof(double));
        memcpy(&word[TEXT], choice->reason, sizeof choice->reason);
    }
    st = csgdi_agree_max(t, word, WORDS);
    if (st != CSGD_OK || t->rank == 0) return st;
    *choice = (csgdi_choice){.algorithm = numbered(word[CHOSEN]),
                             .messages = numbered(word[MESSAGES]),
                             .vectors = numbered(word[VECTORS]),
                             .dense = word[DENSE] != 0};
    memcpy(&choice->message_seconds, &word[TIMES], sizeof(double));
    memcpy(&choice->vector_seconds, &word[TIMES + 1], sizeof(double));
    memcpy(choice->reason, &word[TEXT], sizeof choice->reason);
    choice->reason[CSGDI_REASON - 1] = '\0';
    return CSGD_OK;
}
