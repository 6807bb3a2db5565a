/* SPDX-License-Identifier: BSD-3-Clause */

/* drop_sums.c: see drop_sums.h. */

#include "comm/drop_sums.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };

bool drop_sums_of(const reduce_case *c)
{
    return strcmp(c->algorithm, "gtopk") == 0 || strcmp(c->algorithm, "spardl") == 0 ||
           strcmp(c->algorithm, "oktopk") == 0;
}

static size_t at_least_one(size_t k, size_t n)
{
    return n > 0 && k == 0 ? 1 : k;
}

/* Most entries of a message, by what the keys of drop_cases.c say. */
static size_t most_entries(const reduce_case *c)
{
    if (strcmp(c->compressor, "threshold") == 0) return c->n < 1000 ? c->n : 1000;
    if (strcmp(c->compressor, "blocktopk") == 0)
        return c->n / BLOCK * (BLOCK / 8) + at_least_one(c->n % BLOCK / 8, c->n % BLOCK);
    return at_least_one(strstr(c->keys, "ratio=0.6") != NULL ? c->n * 6 / 10 : c->n / 10, c->n);
}

oracle_drop *drop_sums_create(const reduce_case *c, size_t n_ranks)
{
    oracle_drop *d = oracle_drop_create(c->type, c->n, most_entries(c), n_ranks);
    const char *tau = strstr(c->keys, "tau=");

    if (tau != NULL) d->tau = (uint64_t)atoi(tau + 4);
    return d;
}

void drop_sums_step(const reduce_case *c, oracle *o, oracle_drop *d, uint64_t step, uint64_t *bytes)
{
    if (strcmp(c->algorithm, "gtopk") == 0) oracle_gtopk(d, o->sent, o->chosen);
    if (strcmp(c->algorithm, "spardl") == 0) oracle_spardl(d, o->sent, o->chosen);
    if (strcmp(c->algorithm, "oktopk") == 0) oracle_oktopk(d, o->sent, o->chosen, step);
    for (size_t i = 0; i < c->n; i++)
        o->sum[i] = d->sum.value[i];
    for (size_t r = 0; r < d->p; r++) {
        bytes[r] = d->bytes[r];
        for (size_t i = 0; i < c->n && c->feedback; i++)
            if (d->kept[r].in[i])
                o->residual[r][i] = oracle_round(c->type, o->residual[r][i] + d->kept[r].value[i]);
    }
}
