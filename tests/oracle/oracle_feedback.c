/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle_feedback.c: every rule of feedback, from its formula, each operation rounded. */

#include "oracle/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    const double change = oracle_round(type, newer - older);

    return oracle_round(type, newer + oracle_round(type, oracle_round(type, rho) * change));
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

/* u = mu u + g, v = v + u; send C(v), v -= C(v), u = 0 where C(v) is not.  Nesterov: u = mu (u + g),
 * v = v + u + g. */
static void dgc(oracle *o, int rank, const double *g, double *m)
{
    const csgd_type type = o->set.type;
    double *v = o->residual[rank], *u = o->state[rank];

    for (size_t i = 0; i < o->set.n; i++) {
        if (o->set.nesterov)
            u[i] = oracle_round(type, o->set.momentum * oracle_round(type, u[i] + g[i]));
        else
            u[i] = oracle_round(type, g[i] + oracle_round(type, o->set.momentum * u[i]));
        m[i] = oracle_round(type, v[i] + u[i]);
        o->added[rank][i] = u[i];
        if (!o->set.nesterov) continue;
        m[i] = oracle_round(type, m[i] + g[i]);
        o->added[rank][i] += g[i];
    }
    oracle_compress(o->compressor, &o->set, m, o->sent[rank]);
    for (size_t i = 0; i < o->set.n; i++) {
        v[i] = oracle_round(type, m[i] - o->sent[rank][i]);
        if (o->set.masking && o->sent[rank][i] != 0) u[i] = 0;
    }
}

/* Entries of x that were chosen, through the value coder, and zeros. */
static void send_chosen(const oracle *o, const bool *chosen, const double *x, double *y)
{
    double *value = calloc(o->set.n + 1, sizeof *value);
    size_t k = 0;

    if (value == NULL) abort();
    for (size_t i = 0; i < o->set.n; i++)
        if (chosen[i]) value[k++] = x[i];
    if (o->set.value > 0) oracle_values(o->set.value, value, k);
    k = 0;
    for (size_t i = 0; i < o->set.n; i++)
        y[i] = chosen[i] ? value[k++] : 0;
    free(value);
}

/* w = rho w + g, s = s + w; send of both what C chooses of s. */
static void ecx2(oracle *o, int rank, const double *g, double *m)
{
    const csgd_type type = o->set.type;
    double *s = o->residual[rank], *w = o->state[rank];

    for (size_t i = 0; i < o->set.n; i++) {
        w[i] = oracle_round(type, g[i] + oracle_round(type, o->set.rho * w[i]));
        m[i] = oracle_round(type, s[i] + w[i]);
    }
    oracle_compress(o->compressor, &o->set, m, o->sent[rank]);
    if (strcmp(o->compressor, "randk") == 0)
        oracle_compress(o->compressor, &o->set, w, o->added[rank]);
    else
        send_chosen(o, o->chosen[rank], w, o->added[rank]);
    for (size_t i = 0; i < o->set.n; i++) {
        s[i] = oracle_round(type, m[i] - o->sent[rank][i]);
        w[i] = oracle_round(type, w[i] - o->added[rank][i]);
    }
}

void oracle_feedback(oracle *o, int rank, const double *g)
{
    static void (*const rules[])(oracle * o, int rank, const double *g, double *m) = {
        [ORACLE_EF] = ef,   [ORACLE_ECX] = ecx,   [ORACLE_EF21] = ef21,
        [ORACLE_DGC] = dgc, [ORACLE_ECX2] = ecx2,
    };
    double *m = calloc(o->set.n + 1, sizeof *m);

    if (m == NULL) {
        fputs("oracle: out of memory\n", stderr);
        abort();
    }
    rules[o->set.feedback ? o->set.rule : ORACLE_EF](o, rank, g, m);
    free(m);
}
