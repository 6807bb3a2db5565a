/* SPDX-License-Identifier: BSD-3-Clause */

/* exact_sums.c: written from the comments at the beginning of the algorithms' files. */

#include "comm/exact_sums.h"

#include <stdlib.h>
#include <string.h>
#include "oracle/oracle.h"

static bool is(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

/* Part o of n elements among p: as even as they go, the longer ones first. */
static size_t share(size_t n, size_t p, size_t o)
{
    return n / p * o + (o < n % p ? o : n % p);
}

/* The largest power of two up to p. */
static size_t power(size_t p)
{
    size_t q = 1;

    while (2 * q <= p)
        q *= 2;
    return q;
}

/* --- order --- */

/* One element of all ranks, x[rank], summed in place to x[0]. */
static void tree(const exact_sums *s, double *x, bool from_the_top)
{
    const size_t p = (size_t)s->n_ranks, q = power(p), folded = p - q;

    for (size_t j = 0; j < q; j++) /* pairs of ranks become one number */
        x[j] = j < folded ? oracle_round(s->type, x[2 * j] + x[2 * j + 1]) : x[j + folded];
    for (size_t width = from_the_top ? q / 2 : 1; width > 0 && width < q;
         width = from_the_top ? width / 2 : width * 2)
        for (size_t j = 0; j + width < q; j++)
            if (from_the_top ? j < width : j % (2 * width) == 0)
                x[j] = oracle_round(s->type, x[j] + x[j + width]);
}

bool exact_sums_order(const exact_sums *s, double *sum)
{
    const size_t p = (size_t)s->n_ranks;
    double *x = calloc(p, sizeof *x);
    bool known = true;

    for (size_t i = 0; i < s->n && known; i++) {
        size_t chunk = 0;

        for (size_t r = 0; r < p; r++)
            x[r] = s->sent[r][i];
        if (is(s->algorithm, "ring")) {
            while (share(s->n, p, chunk + 1) <= i)
                chunk++;
            for (size_t step = 1; step < p; step++)
                x[chunk] = oracle_round(s->type, x[chunk] + x[(chunk + step) % p]);
            x[0] = x[chunk];
        } else if (is(s->algorithm, "rabenseifner") || is(s->algorithm, "doubling")) {
            tree(s, x, is(s->algorithm, "rabenseifner"));
        } else {
            known = false;
        }
        if (known) sum[i] = x[0];
    }
    free(x);
    return known;
}

/* --- bytes --- */

static uint64_t round8(uint64_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* A piece of the entries marked; value as in exact_sums. */
static uint64_t piece(const exact_sums *s, const bool *chosen, size_t n, unsigned value)
{
    return 48 + oracle_stream_bytes(s->type, 0, value, 1, chosen, n);
}

/* Elements first .. end - 1 of the support that ranks share. */
static bool *unite(const exact_sums *s, const bool *in)
{
    bool *all = calloc(s->n + 1, sizeof *all);

    for (size_t r = 0; r < (size_t)s->n_ranks; r++)
        for (size_t i = 0; i < s->n && in[r]; i++)
            all[i] = all[i] || s->chosen[r][i];
    return all;
}

/* What a number sends in recursive doubling, once 2^round numbers around it are added: its own
 * message, or a sum as entries or elements. */
static uint64_t doubled(const exact_sums *s, size_t number, size_t round)
{
    const size_t p = (size_t)s->n_ranks, folded = p - power(p), group = number >> round << round;
    const uint64_t dense = 48 + round8(s->n * csgd_type_size(s->type));
    bool *in = calloc(p, sizeof *in), *all;
    uint64_t bytes;

    if (round == 0 && number >= folded) {
        free(in);
        return s->message[number + folded];
    }
    for (size_t j = group; j < group + ((size_t)1 << round); j++) {
        if (j < folded) in[2 * j] = in[2 * j + 1] = true;
        if (j >= folded) in[j + folded] = true;
    }
    all = unite(s, in);
    bytes = piece(s, all, s->n, 0);
    free(all);
    free(in);
    return bytes < dense ? bytes : dense;
}

static uint64_t doubling(const exact_sums *s, size_t rank)
{
    const size_t p = (size_t)s->n_ranks, q = power(p), folded = p - q;
    uint64_t bytes = 0;
    size_t rounds = 0;

    if (rank < 2 * folded && rank % 2 == 1) return s->message[rank];
    for (; (size_t)1 << rounds < q; rounds++)
        bytes += doubled(s, rank < 2 * folded ? rank / 2 : rank - folded, rounds);
    if (rank < 2 * folded) bytes += doubled(s, rank / 2, rounds);
    return bytes;
}

/* To the owners of ranges. */
static uint64_t scatter(const exact_sums *s, size_t rank)
{
    const size_t p = (size_t)s->n_ranks;
    const unsigned value = s->value >= 4 ? 0 : s->value; /* codes of integers are not cut */
    uint64_t bytes = 0;

    for (size_t o = 0; o < p; o++) {
        const size_t first = share(s->n, p, o);
        if (o == rank) continue;
        bytes += piece(s, s->chosen[rank] + first, share(s->n, p, o + 1) - first, value);
    }
    return bytes;
}

static uint64_t split(const exact_sums *s, size_t rank)
{
    const size_t p = (size_t)s->n_ranks;
    bool *in = calloc(p, sizeof *in), *all;
    uint64_t bytes = scatter(s, rank);

    memset(in, true, p);
    all = unite(s, in);
    for (size_t have = 1; have < p; have *= 2)
        for (size_t i = 0; i < have && i < p - have; i++) {
            const size_t o = (rank + i) % p, first = share(s->n, p, o);
            bytes += piece(s, all + first, share(s->n, p, o + 1) - first, 0);
        }
    free(all);
    free(in);
    return bytes;
}

static uint64_t dsar(const exact_sums *s, size_t rank)
{
    const size_t p = (size_t)s->n_ranks, size = csgd_type_size(s->type);
    uint64_t bytes = scatter(s, rank);

    if (s->codes != NULL) /* a gather */
        return bytes + (p - 1) * s->codes(s->c, share(s->n, p, rank + 1) - share(s->n, p, rank));
    for (size_t step = 0; step + 1 < p; step++) {
        const size_t o = (rank + p - step) % p;
        bytes += (share(s->n, p, o + 1) - share(s->n, p, o)) * size + 24;
    }
    return bytes;
}

static uint64_t ring(const exact_sums *s, size_t rank)
{
    const size_t p = (size_t)s->n_ranks;
    uint64_t elements = 0;

    for (size_t step = 0; step + 2 < 2 * p; step++) {
        const size_t chunk = (rank + 2 * p - step) % p;
        elements += share(s->n, p, chunk + 1) - share(s->n, p, chunk);
    }
    return elements * csgd_type_size(s->type);
}

static uint64_t rabenseifner(const exact_sums *s, size_t rank)
{
    const size_t p = (size_t)s->n_ranks, q = power(p), folded = p - q;
    size_t number = rank < 2 * folded ? rank / 2 : rank - folded, own = s->n, elements = 0;

    if (rank < 2 * folded && rank % 2 == 1) return s->n * csgd_type_size(s->type);
    for (size_t half = q / 2; half > 0; half /= 2) { /* the other half now, this half later */
        const size_t mine = number & half ? own - own / 2 : own / 2;
        elements += own;
        own = mine;
    }
    if (rank < 2 * folded) elements += s->n;
    return elements * csgd_type_size(s->type);
}

bool exact_sums_bytes(const exact_sums *s, uint64_t *bytes)
{
    static const struct {
        const char *name;
        uint64_t (*bytes)(const exact_sums *s, size_t rank);
    } known[] = {{"doubling", doubling},
                 {"split", split},
                 {"dsar", dsar},
                 {"ring", ring},
                 {"rabenseifner", rabenseifner}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!is(s->algorithm, known[i].name)) continue;
        for (size_t r = 0; r < (size_t)s->n_ranks; r++)
            bytes[r] = known[i].bytes(s, r);
        return true;
    }
    return false;
}
