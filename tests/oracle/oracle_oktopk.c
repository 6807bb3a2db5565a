/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_oktopk.c: see oracle_drop.h. */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "oracle/oracle_drop.h"

/* Bytes that a sum over ranks of so many doubles counts for. */
static uint64_t sum_bytes(const oracle_drop *d, size_t doubles)
{
    return 2 * (d->p - 1) * (8 * doubles) / d->p;
}

static size_t below(const oracle_drop *d, size_t end)
{
    size_t count = 0;

    for (size_t r = 0; r < d->p; r++)
        count += oracle_list_count(d, &d->held[r], 0, end);
    return count;
}

/* Cut j is the least element below which there are enough; bisection has taken so many rounds. */
static size_t draw_cuts(oracle_drop *d)
{
    const size_t all = below(d, d->n);
    size_t rounds = 1;

    for (size_t j = 0; j <= d->p; j++)
        d->cut[j] = oracle_share(d->n, d->p, j);
    for (size_t j = 1; j < d->p && all > 0; j++) {
        const size_t target = oracle_share(all, d->p, j);
        size_t low = 0, high = d->n, taken = 0;

        d->cut[j] = 0;
        while (below(d, d->cut[j]) < target)
            d->cut[j]++;
        for (; low < high; taken++) {
            const size_t middle = (low + high) / 2;
            if (middle < d->cut[j])
                low = middle + 1;
            else
                high = middle;
        }
        if (taken > rounds) rounds = taken;
    }
    for (size_t r = 0; r < d->p; r++)
        for (size_t o = 0; o < d->p; o++)
            d->count[r * d->p + o] =
                oracle_list_count(d, &d->held[r], d->cut[o], d->cut[o + 1] - d->cut[o]);
    d->cuts_known = all > 0;
    return rounds;
}

/* Add lists pairwise, as a counter in binary does: list[0] is the sum in the end. */
static void add_up(const oracle_drop *d, oracle_list *list, size_t count)
{
    size_t weight[64], top = 0;

    for (size_t i = 0; i < count; i++) {
        if (top != i) oracle_list_move(d, &list[i], 0, d->n, &list[top]);
        weight[top++] = 1;
        while (top > 1 && weight[top - 1] == weight[top - 2]) {
            oracle_list_move(d, &list[top - 1], 0, d->n, &list[top - 2]);
            weight[top - 2] *= 2;
            top--;
        }
    }
    for (; top > 1; top--)
        oracle_list_move(d, &list[top - 1], 0, d->n, &list[top - 2]);
}

/* Each rank's entries to the owners of the regions, who add them up. */
static void split(oracle_drop *d)
{
    const size_t p = d->p;
    oracle_list *part = calloc(p * p, sizeof *part); /* of owner o, in the order of addition */

    if (part == NULL) abort();
    for (size_t i = 0; i < p * p; i++)
        part[i] = oracle_list_create(d->n);
    for (size_t r = 0; r < p; r++)
        for (size_t o = 0; o < p; o++) {
            const size_t first = d->cut[o], span = d->cut[o + 1] - first, had = d->count[r * p + o];

            oracle_list_cut(d, &d->held[r], first, span, (d->k + p - 1) / p + had + had / 2,
                            &d->kept[r]);
            if (o != r) d->bytes[r] += oracle_piece_bytes(d, &d->held[r], first, span, false);
            oracle_list_move(d, &d->held[r], first, span, &part[o * p + (o + p - r) % p]);
        }
    for (size_t o = 0; o < p; o++) {
        add_up(d, part + o * p, p);
        oracle_list_move(d, &part[o * p], 0, d->n, &d->held[o]);
    }
    for (size_t i = 0; i < p * p; i++)
        oracle_list_destroy(&part[i]);
    free(part);
}

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Of which there are so many from `limit` up, in all. */
static size_t passing(const oracle_drop *d, double limit)
{
    size_t count = 0;

    for (size_t r = 0; r < d->p; r++)
        for (size_t i = 0; i < d->n; i++)
            count += d->held[r].in[i] && fabs(d->held[r].value[i]) >= limit;
    return count;
}

/* The magnitude some steps of 1/28 octave up or down from another: in units of the last place. */
static double moved(csgd_type type, double limit, int direction)
{
    uint64_t wide;
    uint32_t narrow;
    float f = (float)limit;

    if (type == CSGD_F64) {
        const uint64_t step = ((uint64_t)1 << 52) / 28;
        memcpy(&wide, &limit, sizeof wide);
        wide = direction > 0 ? wide + step : wide > step ? wide - step : 1;
        memcpy(&limit, &wide, sizeof wide);
        return limit;
    }
    memcpy(&narrow, &f, sizeof narrow);
    narrow = direction > 0              ? narrow + (1u << 23) / 28
             : narrow > (1u << 23) / 28 ? narrow - (1u << 23) / 28
                                        : 1;
    memcpy(&f, &narrow, sizeof f);
    return (double)f;
}

/* Drop what is not selected; bytes of the sums go to all ranks. */
static void choose(oracle_drop *d, uint64_t step)
{
    const size_t sums = passing(d, 0), most = d->k < sums ? d->k : sums;
    const uint64_t count_bytes = sum_bytes(d, 2 * d->p + 1);
    bool exactly = !d->limit_known || step - d->exact >= d->tau;
    uint64_t bytes = 0;

    if (!exactly) {
        const size_t passed = passing(d, d->limit);
        bytes += count_bytes;
        exactly = passed > 2 * d->k || 2 * passed < most;
        if (!exactly) {
            for (size_t r = 0; r < d->p; r++)
                for (size_t i = 0; i < d->n; i++)
                    if (d->held[r].in[i] && fabs(d->held[r].value[i]) < d->limit)
                        oracle_list_move(d, &d->held[r], i, 1, &d->kept[r]);
            if (4 * passed > 5 * d->k)
                d->limit = moved(d->type, d->limit, 1);
            else if (5 * passed < 4 * most)
                d->limit = moved(d->type, d->limit, -1);
        }
    }
    if (exactly) {
        double *all = calloc(sums + 1, sizeof *all);
        size_t count = 0;

        if (all == NULL) abort();
        for (size_t r = 0; r < d->p; r++)
            for (size_t i = 0; i < d->n; i++)
                if (d->held[r].in[i]) all[count++] = fabs(d->held[r].value[i]);
        qsort(all, count, sizeof *all, falling);
        d->exact = step;
        d->limit_known = sums > d->k;
        bytes += count_bytes + sum_bytes(d, 256) * (sums <= d->k ? 1 : d->type == CSGD_F64 ? 8 : 4);
        if (sums > d->k) {
            size_t ties = d->k;
            d->limit = all[d->k - 1];
            for (size_t j = 0; j < count; j++)
                ties -= all[j] > d->limit;
            for (size_t r = 0; r < d->p; r++)
                for (size_t i = 0; i < d->n; i++) {
                    const double size = fabs(d->held[r].value[i]);
                    if (!d->held[r].in[i] || size > d->limit) continue;
                    if (size == d->limit && ties > 0)
                        ties--;
                    else
                        oracle_list_move(d, &d->held[r], i, 1, &d->kept[r]);
                }
        }
        free(all);
    }
    for (size_t r = 0; r < d->p; r++)
        d->bytes[r] += bytes;
}

/* Bytes of pieces of what is selected, counted in order from entry a to entry b. */
static uint64_t run_bytes(const oracle_drop *d, const size_t *place, size_t a, size_t b)
{
    const size_t all = oracle_list_count(d, &d->sum, 0, d->n);
    size_t first, last;

    if (a == b || all == 0) return oracle_piece_bytes(d, &d->sum, 0, 0, false);
    first = place[a % all];
    last = place[(b - 1) % all];
    return oracle_piece_bytes(d, &d->sum, first, (last + d->n - first) % d->n + 1, false);
}

void oracle_oktopk(oracle_drop *d, double *const *sent, bool *const *chosen, uint64_t step)
{
    const size_t p = d->p;
    size_t *begin = calloc(p + 1, sizeof *begin), *place = calloc(d->n + 1, sizeof *place);
    size_t all = 0;

    if (begin == NULL || place == NULL) abort();
    oracle_drop_begin(d, sent, chosen);
    if (p > 1 && (!d->cuts_known || step - d->drawn >= 64)) {
        const size_t rounds = draw_cuts(d);
        d->drawn = step;
        for (size_t r = 0; r < p; r++)
            d->bytes[r] += rounds * sum_bytes(d, p);
    }
    if (p > 1) split(d);
    if (p > 1) choose(d, step);
    for (size_t r = 0; r < p; r++)
        begin[r + 1] = begin[r] + oracle_list_count(d, &d->held[r], 0, d->n);
    for (size_t r = 0; r < p; r++)
        oracle_list_move(d, &d->held[r], 0, d->n, &d->sum);
    for (size_t i = 0; i < d->n; i++)
        if (d->sum.in[i]) place[all++] = i;

    for (size_t r = 0; r < p; r++) /* balance */
        for (size_t to = 0; to < p; to++) {
            const size_t a = oracle_share(all, p, to), b = oracle_share(all, p, to + 1);
            const size_t low = a > begin[r] ? a : begin[r],
                         high = b < begin[r + 1] ? b : begin[r + 1];
            if (to != r && high > low) d->bytes[r] += run_bytes(d, place, low, high);
        }
    for (size_t distance = 1; distance < p; distance *= 2)
        for (size_t r = 0; r < p; r++) {
            const size_t parts = distance < p - distance ? distance : p - distance, end = r + parts;
            d->bytes[r] += run_bytes(d, place, oracle_share(all, p, r),
                                     oracle_share(all, p, end % p) + (end >= p ? all : 0));
        }
    free(begin);
    free(place);
}
