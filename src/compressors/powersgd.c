/* SPDX-License-Identifier: BSD-3-Clause */

/* powersgd.c: each matrix as a product of two thin ones, by one step of subspace iteration.
 *
 *     round 0    P = M Q, summed over ranks; then its columns are made orthonormal: P^
 *     round 1    Q = M^T P^, summed over ranks
 *     result     P^ Q^T, and Q is where the next step starts from (warm start)
 *
 * (Vogels, Karimireddy, Jaggi 2019.)  Both rounds are linear in M once the ranks share Q and P^, so
 * the ranks get P^ P^^T of the sum of their matrices, and each one's own share of it is P^ P^^T M_i.
 * That is an orthogonal projection: |x - C(x)| <= |x|, a contraction whose constant depends on the
 * spectrum.  Biased, so with error feedback.
 *
 * Each tensor of a layout is a matrix.  A plain vector of n elements, and a tensor of one row or one
 * column, is read as floor(sqrt(n)) rows, whose last one may be short: filled up with zeros, and cut
 * off again, which leaves the contraction.  A matrix has min(rank, rows, cols) columns in P and Q.
 *
 * Only the directions of Q's columns matter, so before a column is used again it is scaled by a power
 * of two, to entries so small that P cannot overflow if M has not.  A column that has become zero, as
 * M had no such direction, begins anew from the random one that it began with.
 *
 * Random: element j of all first Q, in the order of the payload, is (2 w + 1) / 2^32 - 1 with word j
 * of the shared stream MASK, step 0, times the power of two.
 *
 * Payload: of every matrix P^, then of every matrix Q, both column after column, all in the element
 * type and finite.  It stands for P^ Q^T, whose products of columns 0, 1, ... are added to 0 in
 * this order, each operation rounded to the element type.
 */

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "kernels/matrix.h"

typedef struct matrix {
    size_t first, n, rows, cols, rank;
    size_t p, q; /* where its parts begin, among all P and among all Q */
} matrix;

typedef struct powersgd {
    const csgdi_matrix_kernels *kernels;
    matrix *matrix;
    size_t n_matrices;
    size_t p_values, q_values;
    char *start;    /* q_values: the Q that the next step begins with */
    char *work;     /* p_values + q_values, aligned where a message is not */
    double *column; /* the longest column of a P */
} powersgd;

/* --- the matrices of a vector --- */

static size_t square_root(size_t n)
{
    size_t root = (size_t)sqrt((double)n);

    while (root > 0 && root > n / root)
        root--;
    while (root + 1 <= n / (root + 1))
        root++;
    return root;
}

static matrix shape(const csgdi_compressor *c, size_t segment, size_t rank)
{
    const bool one = c->segment == NULL;
    matrix m = {.first = one ? 0 : c->segment[segment]};

    m.n = (one ? c->n : c->segment[segment + 1]) - m.first;
    if (m.n == 0) return m;
    m.cols = one || c->segment_cols == NULL ? m.n : c->segment_cols[segment];
    if (m.cols == m.n || m.cols == 1) {
        m.rows = square_root(m.n);
        m.cols = (m.n + m.rows - 1) / m.rows;
    } else {
        m.rows = m.n / m.cols;
    }
    m.rank = rank < m.rows ? rank : m.rows;
    if (m.rank > m.cols) m.rank = m.cols;
    return m;
}

static void *at(const csgdi_compressor *c, const void *vector, size_t i)
{
    return (char *)(uintptr_t)vector + i * c->kernels->size;
}

/* --- where a step begins --- */

/* q[i] *= factor, which is a power of two, in double. */
static void scale(csgd_type type, void *q, size_t n, double factor)
{
    for (size_t i = 0; i < n; i++)
        if (type == CSGD_F64)
            ((double *)q)[i] *= factor;
        else
            ((float *)q)[i] = (float)(((float *)q)[i] * factor);
}

static double largest(csgd_type type, const void *q, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) { /* no fmax(): gcc 12.2 for aarch64 crashes on it */
        const double x = type == CSGD_F64 ? ((const double *)q)[i] : (double)((const float *)q)[i];
        if (fabs(x) > most) most = fabs(x);
    }
    return most;
}

/* Random entries of q_values' elements first .. first + n - 1. */
static void draw(const csgdi_compressor *c, size_t first, size_t n)
{
    const powersgd *self = c->state;
    const csgdi_random random = csgdi_random_make(c->seed, CSGDI_STREAM_MASK, 0, 0, 0);
    uint32_t words[4];

    for (size_t i = first; i < first + n; i++) {
        double value;
        if (i == first || i % 4 == 0) csgdi_random_block(&random, i / 4, words);
        value = (2 * (double)words[i % 4] + 1) * 0x1p-32 - 1;
        if (c->kernels->type == CSGD_F64)
            ((double *)(void *)self->start)[i] = value;
        else
            ((float *)(void *)self->start)[i] = (float)value;
    }
}

/* Bring every column of `start` to entries below 1 / (2 cols): a row of M times it is then no larger
 * than the row's largest element. */
static void rescale(csgdi_compressor *c)
{
    const powersgd *self = c->state;
    const csgd_type type = c->kernels->type;

    for (const matrix *m = self->matrix; m < self->matrix + self->n_matrices; m++)
        for (size_t k = 0; k < m->rank; k++) {
            const size_t first = m->q + k * m->cols;
            void *const q = at(c, self->start, first);
            double most = largest(type, q, m->cols);
            int exponent, width;

            if (most == 0) {
                draw(c, first, m->cols);
                most = largest(type, q, m->cols);
            }
            frexp(most, &exponent);
            frexp((double)m->cols, &width);
            if (exponent < -900) exponent = -900; /* powers of two that a double has */
            scale(type, q, m->cols, ldexp(1, -exponent - width - 1));
        }
}

static void powersgd_clear(csgdi_compressor *c)
{
    const powersgd *self = c->state;

    memset(self->start, 0, self->q_values * c->kernels->size);
    rescale(c);
}

static void powersgd_delivered(csgdi_compressor *c, const void *sums)
{
    const powersgd *self = c->state;

    memcpy(self->start, at(c, sums, self->p_values), self->q_values * c->kernels->size);
    rescale(c);
}

static csgd_status powersgd_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const size_t segments = c->segment != NULL ? c->n_segments : 1;
    const size_t rank = (size_t)csgdi_spec_count(spec, "rank"), size = c->kernels->size;
    powersgd *self = csgdi_arena_zalloc(arena, 1, sizeof *self);
    size_t longest = 0;

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    self->kernels = csgdi_matrix_get(c->kernels);
    self->matrix = csgdi_arena_alloc(arena, segments, sizeof *self->matrix);
    if (self->matrix == NULL) return CSGD_E_NOMEM;
    for (size_t s = 0; s < segments; s++) {
        matrix m = shape(c, s, rank);
        if (m.n == 0) continue;
        m.p = self->p_values;
        m.q = self->q_values;
        self->p_values += m.rows * m.rank;
        self->q_values += m.cols * m.rank;
        if (m.rows > longest) longest = m.rows;
        self->matrix[self->n_matrices++] = m;
    }
    c->max_k = self->p_values + self->q_values;
    self->start = csgdi_arena_alloc(arena, self->q_values, size);
    if (self->start == NULL) return CSGD_E_NOMEM;
    self->work = csgdi_arena_alloc(arena, c->max_k, size);
    if (self->work == NULL) return CSGD_E_NOMEM;
    self->column = csgdi_arena_alloc(arena, longest, sizeof *self->column);
    if (self->column == NULL) return CSGD_E_NOMEM;
    if (c->n > 0) powersgd_clear(c);
    return CSGD_OK;
}

/* --- a step --- */

static size_t powersgd_round_values(const csgdi_compressor *c, unsigned round)
{
    const powersgd *self = c->state;

    return round == 0 ? self->p_values : self->q_values;
}

/* A row of M with NaN or infinity makes its row of P so, and nothing else does: the factors are
 * finite, and small.  So P tells whether x is finite. */
static bool project_p(csgdi_compressor *c, const void *x, void *values)
{
    const powersgd *self = c->state;

    for (const matrix *m = self->matrix; m < self->matrix + self->n_matrices; m++)
        self->kernels->times(at(c, x, m->first), m->n, m->cols, at(c, self->start, m->q), m->rank,
                             at(c, self->work, m->p));
    memcpy(values, self->work, self->p_values * c->kernels->size);
    return c->kernels->finite(self->work, self->p_values);
}

static bool powersgd_project_sum(csgdi_compressor *c, const void *a, const void *b, void *m,
                                 void *values)
{
    const powersgd *self = c->state;
    const csgdi_kernels *past = c->n * c->kernels->size >= c->stream_bytes ? c->kernels : NULL;

    for (const matrix *its = self->matrix; its < self->matrix + self->n_matrices; its++)
        self->kernels->add_times(at(c, a, its->first), at(c, b, its->first), its->n, its->cols,
                                 at(c, self->start, its->q), its->rank, past, at(c, m, its->first),
                                 at(c, self->work, its->p));
    c->kernels->stream_end();
    memcpy(values, self->work, self->p_values * c->kernels->size);
    return c->kernels->finite(self->work, self->p_values);
}

static bool project_q(csgdi_compressor *c, const void *x, void *sums, void *values)
{
    const powersgd *self = c->state;
    const size_t p_bytes = self->p_values * c->kernels->size;
    char *const q = self->work + p_bytes;

    memcpy(self->work, sums, p_bytes);
    for (const matrix *m = self->matrix; m < self->matrix + self->n_matrices; m++) {
        void *const p = at(c, self->work, m->p);
        csgdi_orthonormalise(self->kernels, p, m->rows, m->rank, self->column);
        self->kernels->times_transposed(at(c, x, m->first), m->n, m->cols, p, m->rank,
                                        at(c, q, m->q));
    }
    memcpy(sums, self->work, p_bytes);
    memcpy(values, self->work, c->max_k * c->kernels->size);
    return c->kernels->finite(q, self->q_values);
}

static bool powersgd_project(csgdi_compressor *c, const void *x, uint64_t step, unsigned round,
                             void *sums, void *values)
{
    (void)step;
    return round == 0 ? project_p(c, x, values) : project_q(c, x, sums, values);
}

static void powersgd_apply(const csgdi_compressor *c, const uint8_t *src, uint64_t step,
                           csgdi_mode mode, void *y)
{
    const powersgd *self = c->state;
    const void *factors = src;

    (void)step;
    if ((uintptr_t)src % c->kernels->size != 0)
        factors = memcpy(self->work, src, c->max_k * c->kernels->size);
    for (const matrix *m = self->matrix; m < self->matrix + self->n_matrices; m++)
        self->kernels->expand(at(c, factors, m->p), at(c, factors, self->p_values + m->q), m->rank,
                              m->n, m->cols, mode, at(c, y, m->first));
}

static const csgdi_key keys[] = {
    {.name = "rank",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 64,
     .fallback = "4",
     .help = "columns of the two thin matrices that stand for each matrix"},
};

const csgdi_compressor_ops csgdi_powersgd = {
    .name = "powersgd",
    .summary = "matrices of low rank, by one step of subspace iteration",
    .source = "Vogels et al. 2019",
    .wire_id = 15,
    .family = CSGDI_PROJECT,
    .biased = true,
    .by_tensor = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = powersgd_create,
    .apply = powersgd_apply,
    .rounds = 2,
    .round_values = powersgd_round_values,
    .project = powersgd_project,
    .project_sum = powersgd_project_sum,
    .delivered = powersgd_delivered,
    .clear = powersgd_clear,
};
