/* SPDX-License-Identifier: BSD-3-Clause */

/* hier_parts.c: see hier_parts.h. */

#include "comm/hier_parts.h"

#include <float.h>
#include <math.h>
#include <sched.h>
#include "comm/reducer.h"
#include "oracle/oracle.h"
#include "support/test.h"

const hier_case hier_cases[] = {
    {"topk ratio=0.1", "allgather", 130, false},
    {"sign block=8", "sra", 130, false},
    {"none", "ring", 130, false},
    {"none", "vendor", 7, true},
    {"topk ratio=0.1 values=bf16 feedback=none", "split", 130, true},
    {"topk ratio=0.2 recode=int8", "dsar", 130, false},
    {"topk ratio=0.1 values=int8", "doubling", 66, false},
    {"topk ratio=0.1 feedback=ef21", "gtopk", 130, false},
    {"topk ratio=0.1 feedback=dgc momentum=0.5", "oktopk", 130, false},
    {"topk ratio=0.1", "spardl", 130, false},
    {"topk ratio=0.1 feedback=ecx2 rho=0.9", "allgather", 130, false},
    {"int bits=4 block=8 rounding=nearest feedback=ecx rho=0.9", "sra", 130, false},
    {"qsgd bits=4 bucket=16", "sra", 130, false},
    {"int bits=8 block=8 feedback=ef21 rounding=nearest", "allgather", 130, true},
    {"sign block=8", "qring", 130, false},
    {"randk ratio=0.2", "linear", 130, false},
    {"majority", "linear", 130, false},
    {"threshold lambda=20 kmax=100", "allgather", 130, false},
    {"blocktopk block=16 ratio=0.125", "auto", 3, false},
    {.compressor = NULL},
};

static bool leads(const hier_job *job, int rank)
{
    return job->node[rank] == rank;
}

static int place_of(const hier_job *job, int rank)
{
    int place = 0;

    for (int r = 0; r < rank; r++)
        place += leads(job, r);
    return place;
}

static void make_spec(const hier_job *job, bool whole, char *spec, size_t cap)
{
    const hier_case *c = job->c;
    char row[32] = "";

    if (job->in_a_row > 0) snprintf(row, sizeof row, " ranks_per_node=%d", job->in_a_row);
    snprintf(spec, cap, "%s type=%s seed=3 %s=%s%s%s", c->compressor, c->f64 ? "f64" : "f32",
             whole ? "inner" : "algorithm", c->inner, whole ? " algorithm=hier" : "",
             whole ? row : "");
}

/* The sum of a node's vectors, in order of rank. */
static void add_node(const hier_job *job, int n_ranks, int rank, int step, double *sum)
{
    const hier_case *c = job->c;
    const csgd_type type = c->f64 ? CSGD_F64 : CSGD_F32;
    double *x = calloc(c->n + 1, sizeof *x);

    for (int r = rank; r < n_ranks; r++) {
        if (job->node[r] != rank) continue;
        oracle_gradient(r, (uint64_t)step, type, c->n, x);
        for (size_t i = 0; i < c->n; i++)
            sum[i] = r == rank ? x[i] : oracle_round(type, sum[i] + x[i]);
    }
    free(x);
}

/* The share of a member of what n elements are divided into. */
static size_t share(size_t n, size_t members, size_t place)
{
    return n / members + (place < n % members);
}

/* Bytes that a rank sends inside of its node, and the agreement of all ranks. */
static uint64_t bytes_inside(const hier_job *job, int n_ranks, int rank, size_t n, size_t size)
{
    const uint64_t p = (uint64_t)n_ranks, told = 72;
    size_t members = 0, place = 0;
    uint64_t bytes = 2 * (p - 1) * 32 / p, own;

    for (int r = 0; r < n_ranks; r++) {
        if (job->node[r] != job->node[rank]) continue;
        place += r < rank;
        members++;
    }
    own = share(n, members, place);
    if (place > 0) return bytes + n * size; /* all but its share, and the sum of that */
    return bytes + (n - own) * size + (members - 1) * (told + n * size);
}

typedef struct actor {
    ranks *all;
    int rank;
    const hier_job *job;
    csgd_reducer *r, *twin, *exact;
    size_t size; /* of an element */
    void *send, *recv, *other;
    double *x, *given, *results; /* given: sums over steps of this rank's vectors, and
                                   * at n of all magnitudes */
} actor;

#define CHECK(a, condition) RANK_CHECK((a)->all, (a)->rank, condition)

static csgd_status reduce(const actor *a, const void *send, void *recv)
{
    csgd_status st;

    if (!a->job->started) return csgd_reducer_allreduce(a->r, send, recv, a->job->c->n);
    st = csgd_reducer_start(a->r, send, recv, a->job->c->n);
    if (st != CSGD_OK) return st;
    while ((st = csgd_reducer_test(a->r)) == CSGD_MORE)
        sched_yield();
    return st;
}

/* The twin's part of a step; its result in a->other. */
static void step_twin(actor *a, int step)
{
    const hier_case *c = a->job->c;
    const csgd_type type = c->f64 ? CSGD_F64 : CSGD_F32;
    const int op = a->job->n_nodes == 1 ? CSGDI_OP_EXACT : CSGDI_OP_SUM;

    add_node(a->job, a->all->n_ranks, a->rank, step, a->x);
    oracle_store(type, a->x, c->n, a->other);
    CHECK(a, csgdi_reducer_begin(a->twin, NULL, a->other, c->n, type, op, !a->job->started,
                                 CSGD_OK) == CSGD_OK);
    CHECK(a, csgd_reducer_wait(a->twin) == CSGD_OK);
}

static void check_bytes(actor *a, const csgd_stats *before, uint64_t twin_sent)
{
    csgd_stats after = {0}, twin = {0};
    uint64_t between;

    csgd_reducer_stats(a->r, &after, sizeof after);
    between = after.between_bytes - before->between_bytes;
    CHECK(a, after.sent_bytes - before->sent_bytes - between ==
                 bytes_inside(a->job, a->all->n_ranks, a->rank, a->job->c->n, a->size));
    if (a->twin == NULL) {
        CHECK(a, after.between_bytes == 0 && after.message_bytes == 0);
        return;
    }
    csgd_reducer_stats(a->twin, &twin, sizeof twin);
    CHECK(a, between == twin.sent_bytes - twin_sent);
    CHECK(a, after.message_bytes == twin.message_bytes);
    CHECK(a, after.dense_calls == twin.dense_calls);
    CHECK(a, after.residual_norm == twin.residual_norm);
    CHECK(a, after.dropped_entries == twin.dropped_entries);
    CHECK(a, fabs(after.certificate - twin.certificate * a->job->n_nodes / a->all->n_ranks) <=
                 1e-12 * twin.certificate);
}

/* All ranks hold what the first one does. */
static void check_same(actor *a)
{
    const size_t n = a->job->c->n;
    double *mine = calloc(2 * n + 1, sizeof *mine), *first = calloc(n + 1, sizeof *first);

    oracle_load(a->job->c->f64 ? CSGD_F64 : CSGD_F32, a->recv, n, mine);
    for (size_t i = 0; i < n && a->rank == 0; i++)
        first[i] = mine[i];
    CHECK(a, csgd_reducer_allreduce(a->exact, NULL, first, n) == CSGD_OK);
    CHECK(a, memcmp(first, mine, n * sizeof *mine) == 0);
    free(mine);
    free(first);
}

static void check_conserved(actor *a, int step)
{
    const size_t n = a->job->c->n;
    const csgd_type type = a->job->c->f64 ? CSGD_F64 : CSGD_F32;
    const double eps = a->job->c->f64 ? DBL_EPSILON : (double)FLT_EPSILON;
    double *owed = calloc(2 * n + 1, sizeof *owed), *sum = calloc(2 * n + 1, sizeof *sum);

    oracle_load(type, a->recv, n, owed);
    for (size_t i = 0; i < n; i++) {
        a->results[i] += owed[i];
        a->given[n + i] += fabs(owed[i]);
    }
    oracle_gradient(a->rank, (uint64_t)step, type, n, owed);
    for (size_t i = 0; i < n; i++) {
        a->given[i] += owed[i];
        a->given[n + i] += fabs(owed[i]);
    }
    oracle_load(type, a->other, n, owed); /* the residual */
    for (size_t i = 0; i < n; i++) {
        a->given[n + i] += fabs(owed[i]);
        owed[i] = a->given[i] - owed[i];
        owed[n + i] = a->given[n + i];
    }
    CHECK(a, csgd_reducer_allreduce(a->exact, owed, sum, n) == CSGD_OK);
    CHECK(a, csgd_reducer_allreduce(a->exact, owed + n, sum + n, n) == CSGD_OK);
    for (size_t i = 0; i < n; i++)
        CHECK(a, fabs(a->results[i] - sum[i]) <= 8 * eps * sum[n + i]);
    free(owed);
    free(sum);
}

static void step(actor *a, int step)
{
    const hier_case *c = a->job->c;
    const csgd_type type = c->f64 ? CSGD_F64 : CSGD_F32;
    const bool in_place = step % 2 == 1;
    csgd_stats before = {0}, twin = {0};
    oracle_gradient(a->rank, (uint64_t)step, type, c->n, a->x);
    oracle_store(type, a->x, c->n, in_place ? a->recv : a->send);
    csgd_reducer_stats(a->r, &before, sizeof before);
    if (a->twin != NULL) csgd_reducer_stats(a->twin, &twin, sizeof twin);
    CHECK(a, reduce(a, in_place ? NULL : a->send, a->recv) == CSGD_OK);
    if (a->twin != NULL) step_twin(a, step);
    CHECK(a, a->twin == NULL || memcmp(a->recv, a->other, c->n * a->size) == 0);
    check_same(a);
    check_bytes(a, &before, twin.sent_bytes);
    CHECK(a, csgd_reducer_residual(a->r, a->other) == CSGD_OK);
    if (a->twin != NULL) {
        CHECK(a, csgd_reducer_residual(a->twin, a->send) == CSGD_OK);
        CHECK(a, memcmp(a->other, a->send, c->n * a->size) == 0);
    } else {
        memset(a->send, 0, c->n * a->size);
        CHECK(a, memcmp(a->other, a->send, c->n * a->size) == 0);
    }
    if (a->r->hier != NULL && strcmp(csgdi_reducer_core(a->r)->feedback.ops->name, "ef") == 0)
        check_conserved(a, step);
}

/* What is owed at the end is the twin's to pay. */
static void flush(actor *a)
{
    const size_t n = a->job->c->n;
    char *whole = calloc(2 * n + 1, a->size), *twin = calloc(2 * n + 1, a->size);

    CHECK(a, csgd_reducer_flush(a->r, whole, whole + n * a->size) == CSGD_OK);
    if (a->twin != NULL) {
        CHECK(a, csgd_reducer_flush(a->twin, twin, twin + n * a->size) == CSGD_OK);
        for (size_t i = 0; i < 2 * n; i++) { /* sums over another number of ranks, most of them 0 */
            double x[2];
            oracle_load(a->job->c->f64 ? CSGD_F64 : CSGD_F32, whole + i * a->size, 1, &x[0]);
            oracle_load(a->job->c->f64 ? CSGD_F64 : CSGD_F32, twin + i * a->size, 1, &x[1]);
            CHECK(a, fabs(x[0] - x[1]) <= 1e-5 * (1 + fabs(x[1])));
        }
    }
    free(whole);
    free(twin);
}

void hier_part(ranks *all, int rank, void *arg)
{
    const hier_job *job = arg;
    const size_t n = job->c->n;
    actor a = {.all = all, .rank = rank, .job = job};
    char spec[256], text[64];

    a.size = job->c->f64 ? sizeof(double) : sizeof(float);
    a.send = calloc(n + 1, a.size);
    a.recv = calloc(n + 1, a.size);
    a.other = calloc(n + 1, a.size);
    a.x = calloc(n + 1, sizeof *a.x);
    a.given = calloc(2 * n + 1, sizeof *a.given);
    a.results = calloc(n + 1, sizeof *a.results);
    make_spec(job, true, spec, sizeof spec);
    CHECK(&a, all->create(all, rank, n, spec, &a.r) == CSGD_OK);
    CHECK(&a, all->create(all, rank, n, "none type=f64", &a.exact) == CSGD_OK);
    make_spec(job, false, spec, sizeof spec);
    if (leads(job, rank))
        CHECK(&a, job->twin(job, place_of(job, rank), n, spec, &a.twin) == CSGD_OK);
    if (a.r != NULL && a.exact != NULL && (a.twin != NULL) == leads(job, rank)) {
        snprintf(text, sizeof text, "%d nodes", job->n_nodes);
        CHECK(&a, strstr(csgd_reducer_explain(a.r), text) != NULL);
        CHECK(&a, strstr(csgd_reducer_spec(a.r), "algorithm=hier") != NULL);
        for (int s = 0; s < job->steps; s++)
            step(&a, s);
        flush(&a);
    }
    CHECK(&a, csgd_reducer_destroy(&a.r) == CSGD_OK);
    CHECK(&a, csgd_reducer_destroy(&a.exact) == CSGD_OK);
    CHECK(&a, csgd_reducer_destroy(&a.twin) == CSGD_OK);
    free(a.send);
    free(a.recv);
    free(a.other);
    free(a.x);
    free(a.given);
    free(a.results);
}
