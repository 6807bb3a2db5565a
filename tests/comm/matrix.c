/* SPDX-License-Identifier: BSD-3-Clause */

/* matrix.c: see matrix.h. */

#include "comm/matrix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "comm/reducer.h"
#include "comm/transport_parts.h"
#include "oracle/oracle.h"

enum { N = 500, STEPS = 5 };

/* Settings that leave something to do in N elements; of what is not here, the defaults. */
static const char *const settings[][2] = {
    {"topk", " ratio=0.1"},    {"blocktopk", " ratio=0.125 block=64"},
    {"randk", " ratio=0.1"},   {"threshold", " lambda=1"},
    {"sign", " block=64"},     {"onebit", " block=64"},
    {"int", " block=64"},      {"qsgd", " bits=4 bucket=64"},
    {"terngrad", " block=64"}, {"natural", " block=64"},
    {"f16", " block=64"},      {"ecx", " rho=0.9"},
    {"ecx2", " rho=0.9"},
};

static const char *setting(const char *name)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(settings[i][0], name) == 0) return settings[i][1];
    return "";
}

typedef struct matrix {
    csgdi_transport *t;
    matrix_create create;
    void *object;
    int ok, refused, failed;
} matrix;

/* What one reducer did. */
typedef struct outcome {
    csgd_status status; /* of creation, or of the first step that failed */
    uint64_t hash;      /* of all results */
    double sum[N];      /* of the results */
    double left[N];     /* this rank's residual at the end */
} outcome;

static void fill(int rank, int step, float x[N])
{
    double g[N];

    oracle_gradient(rank, (uint64_t)step, CSGD_F32, N, g);
    for (int i = 0; i < N; i++)
        x[i] = (float)g[i];
}

static outcome play(const matrix *m, const char *spec)
{
    outcome o = {0};
    csgd_reducer *r = NULL;
    float x[N], y[N], e[N];

    o.status = m->create(m->object, m->t->rank, N, spec, &r);
    for (int s = 0; o.status == CSGD_OK && s < STEPS; s++) {
        fill(m->t->rank, s, x);
        o.status = csgd_reducer_allreduce(r, x, y, N);
        o.hash = XXH64(y, sizeof y, o.hash);
        for (int i = 0; i < N; i++)
            o.sum[i] += (double)y[i];
    }
    if (o.status == CSGD_OK) o.status = csgd_reducer_residual(r, e);
    for (int i = 0; o.status == CSGD_OK && i < N; i++)
        o.left[i] = (double)e[i];
    csgd_reducer_destroy(&r);
    return o;
}

/* Whether all ranks have the same number. */
static bool same(csgdi_transport *t, uint64_t value)
{
    uint64_t word[2] = {value, ~value};
    csgdi_request req = {0};

    return t->ops->max(t, word, 2, false, &req) == CSGD_OK && parts_finish(t, &req) == CSGD_OK &&
           word[0] == ~word[1];
}

/* Sum of results, and what ranks still owe, against all gradients: to the rounding of floats. */
static bool conserved(csgdi_transport *t, const outcome *o)
{
    double owed[2 * N], scale = 0, worst = 0;
    csgdi_request req = {0};

    for (int i = 0; i < N; i++)
        owed[i] = -o->left[i];
    for (int s = 0; s < STEPS; s++) {
        float x[N];
        fill(t->rank, s, x);
        for (int i = 0; i < N; i++)
            owed[i] += (double)x[i];
    }
    for (int i = 0; i < N; i++)
        owed[N + i] = fabs(owed[i]) + fabs(o->left[i]);
    if (t->ops->sum(t, owed, owed, 2 * N, CSGD_F64, false, &req) != CSGD_OK ||
        parts_finish(t, &req) != CSGD_OK)
        return false;
    for (int i = 0; i < N; i++) {
        worst = fmax(worst, fabs(owed[i] - o->sum[i]));
        scale = fmax(scale, owed[N + i] + fabs(o->sum[i]));
    }
    return worst <= scale * 1e-6 * (STEPS + t->n_ranks);
}

static const char *judge(const matrix *m, const char *spec, bool conserves)
{
    const outcome first = play(m, spec), again = play(m, spec);
    csgdi_transport *t = m->t;

    /* Ranks need not fail alike, but all or none does. */
    if (!same(t, first.status != CSGD_OK)) return "FAILED: not on all ranks";
    if (!same(t, first.status == CSGD_E_SPEC || first.status == CSGD_E_UNSUPPORTED))
        return "FAILED: refused on some ranks";
    if (first.status == CSGD_E_SPEC || first.status == CSGD_E_UNSUPPORTED) return "refused";
    if (first.status != CSGD_OK) return "FAILED: a call";
    if (!same(t, first.hash)) return "FAILED: ranks hold different bits";
    if (!same(t, again.hash) || !same(t, first.hash == again.hash) || first.hash != again.hash)
        return "FAILED: not the same again";
    if (conserves && !same(t, conserved(t, &first))) return "FAILED: ranks judge differently";
    if (conserves && !conserved(t, &first)) return "FAILED: not conserved";
    return "ok";
}

static void combine(matrix *m, const csgdi_compressor_ops *c, const char *feedback,
                    const char *algorithm, const char *filter)
{
    const bool exact = c->family == CSGDI_EXACT;
    char spec[256], line[300];
    const char *verdict;

    snprintf(spec, sizeof spec, "%s%s feedback=%s%s algorithm=%s", c->name, setting(c->name),
             feedback, setting(feedback), algorithm);
    snprintf(line, sizeof line, "P=%d %s", m->t->n_ranks, spec);
    if (filter != NULL && strstr(line, filter) == NULL) return;
    verdict = judge(m, spec, exact || strcmp(feedback, "ef") == 0);
    m->ok += strcmp(verdict, "ok") == 0;
    m->refused += strcmp(verdict, "refused") == 0;
    m->failed += verdict[0] == 'F';
    if (m->t->rank == 0 && strcmp(verdict, "refused") != 0) {
        printf("%s: %s\n", line, verdict);
        fflush(stdout);
    }
}

int matrix_run(csgdi_transport *t, matrix_create create, void *object, const char *filter)
{
    matrix m = {.t = t, .create = create, .object = object};
    const csgdi_compressor_ops *c;
    const csgdi_feedback_ops *f;
    const csgdi_algorithm *a;

    for (size_t i = 0; (c = csgdi_compressor_list(i)) != NULL; i++)
        for (size_t j = 0; (f = csgdi_feedback_list(j)) != NULL; j++)
            for (size_t k = 0; (a = csgdi_algorithm_list(k)) != NULL; k++)
                combine(&m, c, f->name, a->name, filter);
    if (t->rank == 0)
        printf("P=%d: %d ok, %d refused, %d failed\n", t->n_ranks, m.ok, m.refused, m.failed);
    return m.failed;
}
