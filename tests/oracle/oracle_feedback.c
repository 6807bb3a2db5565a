/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_feedback.c: every rule of feedback, from its formula, each operation rounded. */

#include "oracle/oracle.h"

#include <stdio.h>
#include <stdlib.h>

/* m = g + e, send C(m), e = m - C(m); without feedback m = g. */
static void ef(oracle *o, int rank, const double *g, double *m)
{
    const csgd_type type = o->set.type;
    double *e = o->residual[rank];

    for (size_t i = 0; i < o->set.n; i++)
        m[i] = o->set.feedback ? oracle_round(type, g[i] + e[i]) : g[i];
    oracle_compress(o->compressor, &o->set, m, o->sent[rank]);
    for (size_t i = 0; i < o->set.n && o->set.feedback; i++)
        e[i] = oracle_round(type, m[i] - o->sent[rank][i]);
}

/* m = v - h with v = (1 - eta) v + eta g, send C(m), h += C(m).  v is h + e, so m = g - h for
 * eta = 1, and else e + eta (g - h - e). */
static void ef21(oracle *o, int rank, const double *g, double *m)
{
    const csgd_type type = o->set.type;
    double *e = o->residual[rank], *h = o->state[rank];

    for (size_t i = 0; i < o->set.n; i++) {
        m[i] = oracle_round(type, g[i] - h[i]);
        if (o->set.momentum == 1) continue;
        m[i] = oracle_round(type, m[i] - e[i]);
        m[i] = oracle_round(type, e[i] + oracle_round(type, o->set.momentum * m[i]));
    }
    oracle_compress(o->compressor, &o->set, m, o->sent[rank]);
    for (size_t i = 0; i < o->set.n; i++) {
        e[i] = oracle_round(type, m[i] - o->sent[rank][i]);
        h[i] = oracle_round(type, h[i] + o->sent[rank][i]);
    }
}

double oracle_pair(csgd_type type, double rho, double newer, double older)
{
    const double first = oracle_round(type, (1 + rho) * newer);

    return oracle_round(type, first - oracle_round(type, rho * older));
}

/* m = g + (1 + rho) d1 - rho d2, send C(m), d2 = d1, d1 = m - C(m). */
static void ecx(oracle *o, int rank, const double *g, double *m)
{
    const csgd_type type = o->set.type;
    double *newer = o->residual[rank], *older = o->state[rank];

    for (size_t i = 0; i < o->set.n; i++)
        m[i] = oracle_round(type, g[i] + oracle_pair(type, o->set.rho, newer[i], older[i]));
    oracle_compress(o->compressor, &o->set, m, o->sent[rank]);
    for (size_t i = 0; i < o->set.n; i++) {
        older[i] = newer[i];
        newer[i] = oracle_round(type, m[i] - o->sent[rank][i]);
    }
}

void oracle_feedback(oracle *o, int rank, const double *g)
{
    double *m = calloc(o->set.n + 1, sizeof *m);

    if (m == NULL) {
        fputs("oracle: out of memory\n", stderr);
        abort();
    }
    if (o->set.feedback && o->set.rule == ORACLE_EF21)
        ef21(o, rank, g, m);
    else if (o->set.feedback && o->set.rule == ORACLE_ECX)
        ecx(o, rank, g, m);
    else
        ef(o, rank, g, m);
    free(m);
}
