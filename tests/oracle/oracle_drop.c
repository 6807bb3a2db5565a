/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_drop.c: lists, gtopk and spardl; see oracle_drop.h. */

#include "oracle/oracle_drop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

oracle_list oracle_list_create(size_t n)
{
    oracle_list l = {calloc(n + 1, sizeof *l.value), calloc(n + 1, sizeof *l.in)};

    if (l.value == NULL || l.in == NULL) abort();
    return l;
}

void oracle_list_destroy(oracle_list *l)
{
    free(l->value);
    free(l->in);
}

oracle_drop *oracle_drop_create(csgd_type type, size_t n, size_t k, size_t p)
{
    oracle_drop *d = calloc(1, sizeof *d);

    if (d == NULL) abort();
    *d = (oracle_drop){.type = type, .n = n, .k = k, .p = p, .tau = 64};
    d->sum = oracle_list_create(n);
    d->kept = calloc(p, sizeof *d->kept);
    d->held = calloc(p, sizeof *d->held);
    d->bytes = calloc(p, sizeof *d->bytes);
    d->cut = calloc(p + 1, sizeof *d->cut);
    d->count = calloc(p * p, sizeof *d->count);
    if (d->kept == NULL || d->held == NULL || d->bytes == NULL || d->cut == NULL ||
        d->count == NULL)
        abort();
    for (size_t r = 0; r < p; r++) {
        d->kept[r] = oracle_list_create(n);
        d->held[r] = oracle_list_create(n);
    }
    return d;
}

void oracle_drop_destroy(oracle_drop *d)
{
    for (size_t r = 0; r < d->p; r++) {
        oracle_list_destroy(&d->kept[r]);
        oracle_list_destroy(&d->held[r]);
    }
    oracle_list_destroy(&d->sum);
    free(d->kept);
    free(d->held);
    free(d->bytes);
    free(d->cut);
    free(d->count);
    free(d);
}

static void clear(const oracle_drop *d, oracle_list *l)
{
    memset(l->value, 0, d->n * sizeof *l->value);
    memset(l->in, 0, d->n * sizeof *l->in);
}

void oracle_drop_begin(oracle_drop *d, double *const *sent, bool *const *chosen)
{
    clear(d, &d->sum);
    for (size_t r = 0; r < d->p; r++) {
        clear(d, &d->kept[r]);
        memcpy(d->held[r].value, sent[r], d->n * sizeof(double));
        memcpy(d->held[r].in, chosen[r], d->n * sizeof(bool));
        d->bytes[r] = 0;
    }
}

void oracle_list_move(const oracle_drop *d, oracle_list *from, size_t first, size_t span,
                      oracle_list *to)
{
    for (size_t j = 0; j < span; j++) {
        const size_t i = (first + j) % d->n;

        if (!from->in[i]) continue;
        to->value[i] =
            to->in[i] ? oracle_round(d->type, to->value[i] + from->value[i]) : from->value[i];
        to->in[i] = true;
        from->value[i] = 0;
        from->in[i] = false;
    }
}

size_t oracle_list_count(const oracle_drop *d, const oracle_list *l, size_t first, size_t span)
{
    size_t count = 0;

    for (size_t j = 0; j < span; j++)
        count += l->in[(first + j) % d->n];
    return count;
}

void oracle_list_cut(const oracle_drop *d, oracle_list *l, size_t first, size_t span, size_t k,
                     oracle_list *left)
{
    for (size_t count = oracle_list_count(d, l, first, span); count > k; count--) {
        size_t worst = SIZE_MAX; /* the smallest, of equal ones the last */

        for (size_t j = 0; j < span; j++) {
            const size_t i = (first + j) % d->n;
            if (l->in[i] && (worst == SIZE_MAX || fabs(l->value[i]) <= fabs(l->value[worst])))
                worst = i;
        }
        oracle_list_move(d, l, worst, 1, left);
    }
}

uint64_t oracle_piece_bytes(const oracle_drop *d, const oracle_list *l, size_t first, size_t span,
                            bool tight)
{
    bool *chosen = calloc(span + 1, sizeof *chosen);
    size_t from = 0, to = span;
    uint64_t bytes;

    if (chosen == NULL) abort();
    for (size_t j = 0; j < span; j++)
        chosen[j] = l->in[(first + j) % d->n];
    if (tight) {
        while (from < to && !chosen[from])
            from++;
        while (to > from && !chosen[to - 1])
            to--;
    }
    bytes = 48 + 8 + oracle_stream_bytes(d->type, 0, 0, 1, chosen + from, to - from);
    free(chosen);
    return bytes;
}

size_t oracle_share(size_t n, size_t p, size_t i)
{
    return n / p * i + (i < n % p ? i : n % p);
}

void oracle_gtopk(oracle_drop *d, double *const *sent, bool *const *chosen)
{
    uint64_t bytes;

    oracle_drop_begin(d, sent, chosen);
    for (size_t distance = 1; distance < d->p; distance *= 2)
        for (size_t r = 0; r + distance < d->p; r += 2 * distance) {
            oracle_list *theirs = &d->held[r + distance];
            d->bytes[r + distance] += oracle_piece_bytes(d, theirs, 0, d->n, false);
            oracle_list_move(d, theirs, 0, d->n, &d->held[r]);
            oracle_list_cut(d, &d->held[r], 0, d->n, d->k, &d->kept[r]);
        }
    bytes = oracle_piece_bytes(d, &d->held[0], 0, d->n, false);
    for (size_t r = 1; r < d->p; r++) /* each from the rank that it had sent to */
        d->bytes[r & (r - 1)] += bytes;
    oracle_list_move(d, &d->held[0], 0, d->n, &d->sum);
}

void oracle_spardl(oracle_drop *d, double *const *sent, bool *const *chosen)
{
    const size_t p = d->p, n = d->n, most = (d->k + p - 1) / p;
    oracle_list *way = calloc(p, sizeof *way); /* what each rank has sent in a round */
    size_t distance = 1;

    if (way == NULL) abort();
    for (size_t r = 0; r < p; r++)
        way[r] = oracle_list_create(n);
    oracle_drop_begin(d, sent, chosen);
    while (2 * distance < p)
        distance *= 2;
    for (; distance > 0 && p > 1; distance /= 2) {
        const size_t end = 2 * distance < p ? 2 * distance : p;
        for (size_t r = 0; r < p; r++) {
            size_t span = 0;
            for (size_t j = distance; j < end; j++) {
                const size_t b = (r + j) % p, first = oracle_share(n, p, b),
                             length = oracle_share(n, p, b + 1) - first;
                oracle_list_cut(d, &d->held[r], first, length, most, &d->kept[r]);
                oracle_list_move(d, &d->held[r], first, length, &way[r]);
                span += length;
            }
            d->bytes[r] +=
                oracle_piece_bytes(d, &way[r], oracle_share(n, p, (r + distance) % p), span, false);
        }
        for (size_t r = 0; r < p; r++)
            oracle_list_move(d, &way[r], 0, n, &d->held[(r + distance) % p]);
    }
    for (size_t r = 0; r < p; r++) {
        oracle_list_cut(d, &d->held[r], 0, n, most, &d->kept[r]);
        oracle_list_move(d, &d->held[r], 0, n, &d->sum);
    }
    for (distance = 1; distance < p; distance *= 2)
        for (size_t r = 0; r < p; r++) {
            const size_t parts = distance < p - distance ? distance : p - distance;
            const size_t first = oracle_share(n, p, r), last = r + parts,
                         end = oracle_share(n, p, last % p) + (last >= p ? n : 0);
            d->bytes[r] += oracle_piece_bytes(d, &d->sum, first, end - first, true);
        }
    for (size_t r = 0; r < p; r++)
        oracle_list_destroy(&way[r]);
    free(way);
}
