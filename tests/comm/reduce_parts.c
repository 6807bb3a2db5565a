/* SPDX-License-Identifier: BSD-3-Clause */

/* reduce_parts.c: what the oracle says of a case, and the case on one rank. */

#include "comm/reduce_parts.h"

#include <float.h>
#include <math.h>
#include <sched.h>
#include <xxhash.h>
#include "comm/drop_sums.h"
#include "comm/encodings.h"
#include "comm/exact_sums.h"
#include "oracle/oracle.h"
#include "support/test.h"

/* What the oracle says of one case, for every step s: vectors of n at [s], or at [s * P + rank]. */
typedef struct trace {
    const reduce_case *c;
    int n_ranks;
    double **gradient, **residual; /* of a rank */
    uint64_t *kept;                /* values that a rank sent, or bytes of its sparse stream, or of
                                    * all it sent where the algorithm drops */
    bool has_bytes;
    uint64_t *bytes; /* that a rank sends beside the agreement, where exact_sums.h knows them */
    double **sum;    /* the result */
    double **terms;  /* sum over ranks of |what each sent|, in steps that it is of */
    double **left;   /* sum over ranks of the residuals */
    double **given, **scale; /* sums over ranks and steps so far of g, and of all magnitudes; for
                              * ef21 the sum over ranks of v, for ecx of what a momentum makes of them */
} trace;

/* What the keys of the cases say. */
enum { BLOCK = ENCODINGS_BLOCK, BLOCK_KEPT = 8, BITS = 4, SEED = 3 };
static const double lambda = 20, eta = 0.3;

static bool has(const reduce_case *c, const char *key)
{
    return strstr(c->keys, key) != NULL;
}

static size_t kept(const reduce_case *c)
{
    const size_t k = c->n * (strstr(c->keys, "ratio=0.6") != NULL ? 6 : 1) / 10;
    return c->n == 0 ? 0 : k > 0 ? k : 1;
}

static bool is(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

static bool selects(const reduce_case *c)
{
    return is(c->compressor, "topk") || is(c->compressor, "blocktopk") ||
           is(c->compressor, "threshold");
}

/* What ecx was told; 0 for the other rules. */
static double rho_of(const reduce_case *c)
{
    const char *word = strstr(c->keys, "rho=");

    return word != NULL ? strtod(word + 4, NULL) : 0;
}

/* Vectors that a message carries parts of. */
static unsigned channels(const reduce_case *c)
{
    return has(c, "feedback=ecx2") ? 2 : 1;
}

static oracle_rule rule_of(const reduce_case *c)
{
    if (has(c, "feedback=ecx2")) return ORACLE_ECX2;
    if (has(c, "feedback=ef21")) return ORACLE_EF21;
    if (has(c, "feedback=dgc")) return ORACLE_DGC;
    return rho_of(c) > 0 ? ORACLE_ECX : ORACLE_EF;
}

/* Coders of a sparse stream by number: 0 is the shortest, and as the elements are. */
static unsigned coder(const reduce_case *c, const char *key, const char *const names[5])
{
    const char *word = strstr(c->keys, key);

    for (unsigned i = 0; i < 5 && word != NULL && names[i] != NULL; i++)
        if (strncmp(word + strlen(key), names[i], strlen(names[i])) == 0) return i + 1;
    return 0;
}

static unsigned index_coder(const reduce_case *c)
{
    static const char *const names[5] = {"raw", "rice", "bitmap"};
    return coder(c, "indices=", names);
}

static unsigned value_coder(const reduce_case *c)
{
    static const char *const names[5] = {"f32", "bf16", "f16", "int8", "int4"};
    return coder(c, "values=", names);
}

/* Votes that a value holds: counters of as many bits as the number of ranks has. */
static size_t votes(csgd_type type, size_t p)
{
    size_t bits = 1;

    while (p >= (size_t)1 << bits)
        bits++;
    return (type == CSGD_F32 ? 24 : 53) / bits;
}

/* Bytes of the codes of n elements. */
static uint64_t code_bytes(const reduce_case *c, size_t n)
{
    const uint64_t size = csgd_type_size(c->type), blocks = (n + BLOCK - 1) / BLOCK;

    if (is(c->compressor, "sign")) return blocks * size + (n + 7) / 8;
    if (is(c->compressor, "onebit")) {
        const uint64_t bits = strstr(c->keys, "mask=yes") != NULL ? 2 : 1; /* blocks of 64 */
        return blocks * 2 * size + (n + 7) / 8 * bits;
    }
    if (is(c->compressor, "natural")) return blocks * 2 + n;
    if (is(c->compressor, "bf16")) return 2 * n;
    if (is(c->compressor, "f16")) return blocks * 2 + 2 * n;
    if (is(c->compressor, "qsgd")) return blocks * size + (n * BITS + 7) / 8;
    if (is(c->compressor, "int")) return 2 * blocks * size + (n * BITS + 7) / 8;
    if (is(c->compressor, "terngrad")) return blocks * size + (n * 2 + 7) / 8;
    return n * size;
}

/* Bytes of the message of n elements, header and padding included; k: see trace. */
static uint64_t message_bytes(const reduce_case *c, size_t n, uint64_t k)
{
    if (n == 0) return 0;
    if (selects(c)) return 48 + k;
    if (is(c->compressor, "randk")) {
        const uint64_t rank = strstr(c->keys, "private") != NULL ? channels(c) : 0;
        return 48 + ((k + rank) * csgd_type_size(c->type) + 7) / 8 * 8;
    }
    return 48 + (code_bytes(c, n) + 7) / 8 * 8;
}

/* Bytes a rank sends in one call: the agreement, then the algorithm's formula as its file states;
 * at: where the rank and the step are in the trace. */
static uint64_t expected_bytes(const trace *t, int rank, size_t at)
{
    const reduce_case *c = t->c;
    const int n_ranks = t->n_ranks;
    const uint64_t k = t->kept[at];
    const uint64_t p = (uint64_t)n_ranks, size = csgd_type_size(c->type);
    const bool lengths = is(c->algorithm, "allgather") && /* of messages that differ in length */
                         (is(c->compressor, "threshold") ||
                          (selects(c) && (index_coder(c) == 0 || index_coder(c) == 2)));
    uint64_t sum = lengths ? (p - 1) * 48 : 2 * (p - 1) * 32 / p;

    if (t->has_bytes) return sum + t->bytes[at];
    if (drop_sums_of(c)) return sum + k;
    if (is(c->algorithm, "vendor")) return sum + 2 * (p - 1) * c->n * size / p;
    if (is(c->algorithm, "linear")) return sum + 2 * (p - 1) * k * size / p;
    if (is(c->algorithm, "sra")) {
        const size_t longest = encodings_range(c, 1, p);
        const size_t parts = encodings_parts(c, p, code_bytes(c, longest));
        for (size_t o = 0; o < p; o++) /* pieces to each owner, then its own to all */
            for (size_t i = 0; i < parts; i++)
                sum += message_bytes(c, encodings_part(c, o, p, i, parts), 0) *
                       (o == (size_t)rank ? p - 1 : 1);
        return sum;
    }
    if (is(c->algorithm, "qring")) {
        for (size_t s = 0; s + 2 < 2 * p; s++) { /* a range in each step */
            const size_t o = ((size_t)rank + 2 * p - s) % p;
            sum += message_bytes(c, encodings_range(c, o + 1, p) - encodings_range(c, o, p), 0);
        }
        return sum;
    }
    return sum + (p - 1) * message_bytes(c, c->n, k);
}

/* The result against the sum of what the oracle sent. */
static bool result_is(const trace *t, int step, const double *y)
{
    const double eps = t->c->type == CSGD_F32 ? FLT_EPSILON : DBL_EPSILON;

    if (is(t->c->compressor, "majority") ||
        (!is(t->c->algorithm, "vendor") && !is(t->c->algorithm, "linear")))
        return t->c->n == 0 || memcmp(y, t->sum[step], t->c->n * sizeof *y) == 0;
    for (size_t i = 0; i < t->c->n; i++)
        if (fabs(y[i] - t->sum[step][i]) > 2 * eps * t->n_ranks * t->terms[step][i]) return false;
    return true;
}

/* sum of results + residuals = sum of gradients, to 8 eps log2(2 P) of the magnitudes of all that
 * was added up in any step: gradients, residuals, results.  ef21: result + residuals = sum of v. */
static bool conserved(const trace *t, int step, const double *y, const double *sum_of_results)
{
    const double eps = t->c->type == CSGD_F32 ? FLT_EPSILON : DBL_EPSILON;
    const double bound = 8 * eps * log2(2.0 * t->n_ranks);
    const double *results = has(t->c, "feedback=ef21") ? y : sum_of_results;

    for (size_t i = 0; i < t->c->n; i++)
        if (fabs(results[i] + t->left[step][i] - t->given[step][i]) > bound * t->scale[step][i])
            return false;
    return true;
}

/* All ranks hold the same bytes: pieces of their hash, small exact integers, have variance zero. */
static void check_same_bits(ranks *all, int rank, csgd_reducer *exact, const void *y, size_t bytes)
{
    const uint64_t h = XXH64(y, bytes, 0);
    double word[4], sum[4], squares[4];

    for (int i = 0; i < 4; i++) {
        word[i] = (double)(h >> (16 * i) & 0xffff);
        squares[i] = word[i] * word[i];
    }
    RANK_CHECK(all, rank, csgd_reducer_allreduce(exact, word, sum, 4) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_allreduce(exact, NULL, squares, 4) == CSGD_OK);
    for (int i = 0; i < 4; i++)
        RANK_CHECK(all, rank, squares[i] * all->n_ranks == sum[i] * sum[i]);
}

static csgd_status reduce(const reduce_case *c, csgd_reducer *r, const void *send, void *recv)
{
    csgd_status st;

    if (!c->started) return csgd_reducer_allreduce(r, send, recv, c->n);
    st = csgd_reducer_start(r, send, recv, c->n);
    if (st != CSGD_OK) return st;
    while ((st = csgd_reducer_test(r)) == CSGD_MORE)
        sched_yield();
    return st;
}

/* results: the sum of them; of ecx that of what a momentum makes of them, v at n. */
static void check_step(ranks *all, int rank, const trace *t, csgd_reducer *r, int step,
                       double *results, double *y, void *send, void *recv)
{
    const reduce_case *c = t->c;
    const size_t at = (size_t)step * (size_t)all->n_ranks + (size_t)rank;
    const bool in_place = step % 2 == 1;
    csgd_stats before = {0}, after = {0};

    oracle_store(c->type, t->gradient[at], c->n, in_place ? recv : send);
    csgd_reducer_stats(r, &before, sizeof before);
    RANK_CHECK(all, rank, reduce(c, r, in_place ? NULL : send, recv) == CSGD_OK);
    csgd_reducer_stats(r, &after, sizeof after);
    RANK_CHECK(all, rank,
               c->n == 0 || after.sent_bytes - before.sent_bytes == expected_bytes(t, rank, at));

    oracle_load(c->type, recv, c->n, y);
    RANK_CHECK(all, rank, result_is(t, step, y));
    for (size_t i = 0; i < c->n; i++)
        results[i] += results[c->n + i] = rho_of(c) * results[c->n + i] + y[i];
    if (c->feedback || is(c->compressor, "none"))
        RANK_CHECK(all, rank, conserved(t, step, y, results));
    RANK_CHECK(all, rank, csgd_reducer_residual(r, send) == CSGD_OK);
    oracle_load(c->type, send, c->n, y);
    RANK_CHECK(all, rank, c->n == 0 || memcmp(y, t->residual[at], c->n * sizeof *y) == 0);
}

static void part(ranks *all, int rank, void *arg)
{
    const trace *t = arg;
    const reduce_case *c = t->c;
    const size_t size = csgd_type_size(c->type);
    double *results = calloc(2 * c->n + 1, sizeof *results), *y = calloc(c->n + 1, sizeof *y);
    void *send = calloc(c->n + 1, size), *recv = calloc(c->n + 1, size);
    csgd_reducer *r = NULL, *exact = NULL;
    char spec[256];

    snprintf(spec, sizeof spec, "%s type=%s seed=%d algorithm=%s%s%s", c->compressor,
             c->type == CSGD_F64 ? "f64" : "f32", SEED, c->algorithm, c->keys,
             has(c, "feedback=") ? ""
             : c->feedback       ? " feedback=ef"
                                 : " feedback=none");
    RANK_CHECK(all, rank, all->create(all, rank, c->n, spec, &r) == CSGD_OK);
    RANK_CHECK(all, rank, all->create(all, rank, 4, "none type=f64", &exact) == CSGD_OK);
    for (int s = 0; s < c->steps && r != NULL && exact != NULL; s++) {
        check_step(all, rank, t, r, s, results, y, send, recv);
        check_same_bits(all, rank, exact, recv, c->n * size);
    }
    RANK_CHECK(all, rank, csgd_reducer_destroy(&r) == CSGD_OK);
    RANK_CHECK(all, rank, csgd_reducer_destroy(&exact) == CSGD_OK);
    free(results);
    free(y);
    free(send);
    free(recv);
}

static double **vectors(size_t count, size_t n)
{
    double **v = calloc(count + 1, sizeof *v);

    assert_non_null(v);
    for (size_t i = 0; i < count; i++) {
        v[i] = calloc(n + 1, sizeof **v);
        assert_non_null(v[i]);
    }
    return v;
}

static void free_vectors(double **v)
{
    for (size_t i = 0; v[i] != NULL; i++)
        free(v[i]);
    free(v);
}

/* The rank that owns an element. */
static size_t owner(const reduce_case *c, size_t i, size_t p)
{
    size_t o = 0;
    while (encodings_range(c, o + 1, p) <= i)
        o++;
    return o;
}

/* ef21: what the caller gets is the sum of all increments, and what is given the average that all
 * ranks follow. */
static void follow(trace *t, const oracle_settings *settings, size_t s, size_t i)
{
    const size_t p = (size_t)t->n_ranks;
    const double before = s > 0 ? t->sum[s - 1][i] : 0;

    t->given[s][i] = (1 - settings->momentum) * (s > 0 ? t->given[s - 1][i] : 0);
    for (size_t r = 0; r < p; r++)
        t->given[s][i] += settings->momentum * t->gradient[s * p + r][i];
    t->sum[s][i] = oracle_round(settings->type, before + t->sum[s][i]);
    t->terms[s][i] += fabs(t->sum[s][i]) + (s > 0 ? t->terms[s - 1][i] : 0);
    t->scale[s][i] += fabs(t->sum[s][i]);
}

/* ecx: what a momentum makes of gradients, and of their magnitudes with all others'. */
static void pile_up(trace *t, double rho, size_t s, size_t i, double v[2])
{
    const size_t p = (size_t)t->n_ranks;
    const double before = s > 0 ? t->scale[s - 1][i] : 0;

    v[0] *= rho;
    for (size_t r = 0; r < p; r++)
        v[0] += t->gradient[s * p + r][i];
    v[1] = rho * v[1] + (1 + 2 * rho) * (t->scale[s][i] - before);
    t->given[s][i] = (s > 0 ? t->given[s - 1][i] : 0) + v[0];
    t->scale[s][i] = before + v[1];
}

/* A message of n elements in the codes of recode=. */
static uint64_t recoded_bytes(const void *of, size_t n)
{
    const reduce_case *c = of;
    const uint64_t size = csgd_type_size(c->type), blocks = (n + 1023) / 1024;
    uint64_t bytes = 0;
    recoding coder;

    if (n == 0 || !encodings_recode(c, &coder)) return 0;
    if (is(coder.compressor, "int"))
        bytes = blocks * 2 * size + (n * coder.bits + 7) / 8;
    else
        bytes = 2 * n + (is(coder.word, "f16") ? 2 * blocks : 0);
    return 48 + (bytes + 7) / 8 * 8;
}

/* The sum in the algorithm's order, and what each rank sends for it. */
static void add_as_told(trace *t, size_t step, const oracle *o)
{
    const reduce_case *c = t->c;
    const size_t p = (size_t)t->n_ranks;
    uint64_t *message = calloc(p, sizeof *message);
    const exact_sums told = {.algorithm = c->algorithm,
                             .type = c->type,
                             .n = c->n,
                             .n_ranks = t->n_ranks,
                             .sent = o->sent,
                             .chosen = o->chosen,
                             .message = message,
                             .value = value_coder(c),
                             .codes = has(c, "recode=") ? recoded_bytes : NULL,
                             .c = c};

    for (size_t r = 0; r < p; r++)
        message[r] = message_bytes(c, c->n, t->kept[step * p + r]);
    exact_sums_order(&told, o->sum);
    t->has_bytes = exact_sums_bytes(&told, t->bytes + step * p);
    free(message);
}

/* ecx2: what the caller gets, with z of the step before, which becomes that of this one. */
static void pair_up(trace *t, const oracle *o, size_t s, size_t i, double *z)
{
    const csgd_type type = o->set.type;
    const double sent = 0 + o->sum[i], old = oracle_round(type, o->set.rho * *z);

    t->sum[s][i] = oracle_round(type, sent - old);
    *z = oracle_round(type, sent - o->sum2[i]);
    for (int r = 0; r < t->n_ranks; r++)
        t->terms[s][i] += fabs(o->added[r][i]);
    t->scale[s][i] += fabs(t->sum[s][i]) + fabs(old) + fabs(*z);
    t->terms[s][i] += fabs(t->sum[s][i]) + fabs(*z) + (s > 0 ? t->terms[s - 1][i] : 0);
}

/* Run the oracle, and write down what it says. */
static trace make_trace(const reduce_case *c, int n_ranks)
{
    const size_t p = (size_t)n_ranks, steps = (size_t)c->steps;
    const oracle_settings settings = {
        .type = c->type,
        .n = c->n,
        .feedback = c->feedback,
        .rule = rule_of(c),
        .nesterov = has(c, "nesterov=yes"),
        .masking = !has(c, "masking=no"),
        .rho = rho_of(c),
        .momentum = has(c, "momentum=") ? eta : 1,
        .k = is(c->compressor, "threshold")   ? c->n
             : is(c->compressor, "blocktopk") ? BLOCK_KEPT
                                              : kept(c),
        .value = value_coder(c),
        .lambda = lambda,
        .scaled = !c->feedback,
        .own = strstr(c->keys, "private") != NULL,
        .nearest = strstr(c->keys, "nearest") != NULL,
        .masked = strstr(c->keys, "mask=yes") != NULL,
        .block = BLOCK,
        .bits = BITS,
        .seed = SEED,
        .clip = 2.5, /* terngrad, by default */
    };
    trace t = {.c = c, .n_ranks = n_ranks};
    oracle *o = oracle_create(c->compressor, &settings, n_ranks);
    double *es = calloc(2 * c->n + 1, sizeof *es), *v = calloc(2 * c->n + 1, sizeof *v);
    double *z = calloc(c->n + 1, sizeof *z);
    oracle_drop *d = drop_sums_create(c, p);

    t.gradient = vectors(steps * p, c->n);
    t.kept = calloc(steps * p + 1, sizeof *t.kept);
    t.bytes = calloc(steps * p + 1, sizeof *t.bytes);
    t.residual = vectors(steps * p, c->n);
    t.sum = vectors(steps, c->n);
    t.terms = vectors(steps, c->n);
    t.left = vectors(steps, c->n);
    t.given = vectors(steps, c->n);
    t.scale = vectors(steps, c->n);
    for (size_t s = 0; s < steps; s++) {
        double **g = t.gradient + s * p;
        for (size_t r = 0; r < p; r++)
            oracle_gradient((int)r, s, c->type, c->n, g[r]);
        oracle_step(o, g);
        if (is(c->algorithm, "sra") || has(c, "recode="))
            encode_again(c, &settings, s, p, o->sum, es);
        if (is(c->algorithm, "qring")) encode_around(c, &settings, s, o);
        if (drop_sums_of(c)) drop_sums_step(c, o, d, s, t.kept + s * p);
        for (size_t r = 0; r < p && !drop_sums_of(c); r++)
            t.kept[s * p + r] =
                is(c->compressor, "majority") ? (c->n + votes(c->type, p) - 1) / votes(c->type, p)
                : selects(c) ? oracle_stream_bytes(c->type, index_coder(c), value_coder(c),
                                                   channels(c), o->chosen[r], c->n)
                             : channels(c) * kept(c);
        add_as_told(&t, s, o);
        for (size_t i = 0; i < c->n && is(c->compressor, "majority"); i++)
            o->sum[i] = o->sum[i] >= 0 ? (double)p : -(double)p; /* of votes of 1 and -1 */
        for (size_t i = 0; i < c->n; i++) {
            double *owed = &t.residual[s * p + owner(c, i, p)][i];
            t.sum[s][i] = o->sum[i];
            t.given[s][i] = s > 0 ? t.given[s - 1][i] : 0;
            t.scale[s][i] = (s > 0 ? t.scale[s - 1][i] : 0) + fabs(o->sum[i]);
            for (size_t r = 0; r < p; r++) {
                t.residual[s * p + r][i] = o->residual[r][i];
                t.terms[s][i] += fabs(o->sent[r][i]);
                t.left[s][i] += o->residual[r][i];
                t.given[s][i] += settings.rule == ORACLE_DGC ? o->added[r][i] : g[r][i];
                t.scale[s][i] += fabs(g[r][i]) + fabs(o->residual[r][i]) + fabs(o->added[r][i]);
            }
            *owed = oracle_round(c->type, *owed + es[i]);
            t.left[s][i] += es[i];
            t.scale[s][i] += fabs(es[i]);
            if (settings.rule == ORACLE_EF21) follow(&t, &settings, s, i);
            if (settings.rule == ORACLE_ECX2) pair_up(&t, o, s, i, &z[i]);
            if (settings.rho > 0) pile_up(&t, settings.rho, s, i, &v[2 * i]);
        }
    }
    oracle_destroy(o);
    oracle_drop_destroy(d);
    free(es);
    free(v);
    free(z);
    return t;
}

void reduce_run(const reduce_case *cases, int n_ranks,
                void (*run)(int n_ranks, void (*part)(ranks *all, int rank, void *arg), void *arg))
{
    for (const reduce_case *c = cases; c->compressor != NULL; c++) {
        trace t = make_trace(c, n_ranks);
        run(n_ranks, part, &t);
        free_vectors(t.gradient);
        free_vectors(t.residual);
        free(t.kept);
        free(t.bytes);
        free_vectors(t.sum);
        free_vectors(t.terms);
        free_vectors(t.left);
        free_vectors(t.given);
        free_vectors(t.scale);
    }
}
