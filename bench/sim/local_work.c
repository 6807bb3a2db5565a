/* SPDX-License-Identifier: BSD-3-Clause */

/* local_work.c: see local_work.h.
 *
 * Only functions that do not call each other, but for those of the wire layer, which count when no
 * other one is at work.  Statics are the rank's own: each has a copy of the program.
 */

#include "local_work.h"

#include <math.h>
#include <string.h>
#include "comm/lists.h"
#include "comm/piece.h"
#include "feedback/feedback.h"
#include "wire/sparse_sum.h"

/* Declared as what they stand for, so that the compiler sees where that changes. */
#define WRAPPED(f) extern __typeof__(f) __real_##f, __wrap_##f

WRAPPED(csgdi_feedback_write);
WRAPPED(csgdi_message_write);
WRAPPED(csgdi_message_write_from);
WRAPPED(csgdi_message_check);
WRAPPED(csgdi_message_apply);
WRAPPED(csgdi_message_apply_channel);
WRAPPED(csgdi_feedback_commit);
WRAPPED(csgdi_piece_write);
WRAPPED(csgdi_piece_check);
WRAPPED(csgdi_piece_check_sum);
WRAPPED(csgdi_list_write);
WRAPPED(csgdi_list_read);
WRAPPED(csgdi_list_cut);
WRAPPED(csgdi_list_result);
WRAPPED(csgdi_list_take);
WRAPPED(csgdi_sparse_sum);
WRAPPED(csgdi_sparse_apply);
WRAPPED(csgdi_sparse_write);
WRAPPED(csgdi_sparse_check);
WRAPPED(csgdi_kernels_get);

static double ns_of[LOCAL_RATES];
static double owed; /* nanoseconds */
static double (*simulated_clock)(void);
static void (*simulated_sleep)(long long ns);
static int depth; /* functions at work that count as a whole */

void local_work_begin(const double ns[LOCAL_RATES], double (*clock)(void),
                      void (*sleep)(long long ns))
{
    memcpy(ns_of, ns, sizeof ns_of);
    owed = 0;
    simulated_clock = clock;
    simulated_sleep = sleep;
}

static void work(local_rate rate, double amount)
{
    if (depth == 0) owed += amount * ns_of[rate];
}

void local_work_pay(void)
{
    const double whole = floor(owed);

    if (whole < 1) return;
    owed -= whole;
    simulated_sleep((long long)whole);
}

double local_work_clock(void)
{
    local_work_pay();
    return simulated_clock();
}

/* --- messages of a rank --- */

static void work_made(const csgdi_compressor *c)
{
    if (c->ops->family == CSGDI_QUANTIZE)
        work(LOCAL_CODES, (double)c->n);
    else if (c->ops->family == CSGDI_SELECT)
        work(LOCAL_SELECT, (double)c->n);
    else if (c->ops->family == CSGDI_PROJECT)
        work(LOCAL_SCATTER, (double)c->max_k);
    else
        work(LOCAL_ADD, (double)c->n);
}

static void work_applied(const csgdi_compressor *c, csgdi_mode mode)
{
    const bool dense = c->ops->family == CSGDI_QUANTIZE || c->ops->family == CSGDI_EXACT;

    if (dense) {
        work(LOCAL_DECODE, (double)c->n);
        return;
    }
    if (mode == CSGDI_SET) work(LOCAL_ZERO, (double)c->n);
    work(LOCAL_SCATTER, (double)(c->usual_k > 0 ? c->usual_k : c->max_k));
}

bool __wrap_csgdi_feedback_write(csgdi_feedback *f, const void *g, uint8_t *dst, size_t *len)
{
    bool made;

    work_made(f->compressor);
    depth++;
    made = __real_csgdi_feedback_write(f, g, dst, len);
    depth--;
    return made;
}

bool __wrap_csgdi_message_write(csgdi_compressor *c, const void *x, uint8_t *dst, size_t *len)
{
    bool made;

    work_made(c);
    depth++;
    made = __real_csgdi_message_write(c, x, dst, len);
    depth--;
    return made;
}

bool __wrap_csgdi_message_write_from(csgdi_compressor *c, const void *x, unsigned round,
                                     uint8_t *dst, size_t *len)
{
    bool made;

    work_made(c);
    depth++;
    made = __real_csgdi_message_write_from(c, x, round, dst, len);
    depth--;
    return made;
}

csgd_status __wrap_csgdi_message_check(const csgdi_compressor *c, const uint8_t *src, size_t len,
                                       const uint64_t *step)
{
    csgd_status st;

    work(LOCAL_CHECK, (double)len);
    depth++;
    st = __real_csgdi_message_check(c, src, len, step);
    depth--;
    return st;
}

void __wrap_csgdi_message_apply(const csgdi_compressor *c, const uint8_t *src, csgdi_mode mode,
                                void *y)
{
    work_applied(c, mode);
    depth++;
    __real_csgdi_message_apply(c, src, mode, y);
    depth--;
}

void __wrap_csgdi_message_apply_channel(const csgdi_compressor *c, const uint8_t *src,
                                        unsigned channel, csgdi_mode mode, void *y)
{
    work_applied(c, mode);
    depth++;
    __real_csgdi_message_apply_channel(c, src, channel, mode, y);
    depth--;
}

void __wrap_csgdi_feedback_commit(csgdi_feedback *f, const uint8_t *message, bool written,
                                  const csgdi_sparse *leftover)
{
    if (leftover != NULL) work(LOCAL_SCATTER, (double)leftover->k);
    depth++;
    __real_csgdi_feedback_commit(f, message, written, leftover);
    depth--;
}

/* --- sparse vectors on their way --- */

size_t __wrap_csgdi_piece_write(const csgd_reducer *r, csgdi_sparse_format format,
                                csgdi_sparse *entries, uint8_t *dst)
{
    size_t len;

    work(LOCAL_WRITE, (double)entries->k);
    depth++;
    len = __real_csgdi_piece_write(r, format, entries, dst);
    depth--;
    return len;
}

csgd_status __wrap_csgdi_piece_check(const csgd_reducer *r, csgdi_sparse_format format,
                                     const uint8_t *src, size_t len, size_t n, size_t max_k)
{
    csgd_status st;

    work(LOCAL_CHECK, (double)len);
    depth++;
    st = __real_csgdi_piece_check(r, format, src, len, n, max_k);
    depth--;
    return st;
}

csgd_status __wrap_csgdi_piece_check_sum(const csgd_reducer *r, const uint8_t *src, size_t len,
                                         size_t n, size_t max_k, bool *dense)
{
    csgd_status st;

    work(LOCAL_CHECK, (double)len);
    depth++;
    st = __real_csgdi_piece_check_sum(r, src, len, n, max_k, dense);
    depth--;
    return st;
}

size_t __wrap_csgdi_list_write(const csgd_reducer *r, const csgdi_trouble *trouble,
                               csgdi_sparse *list, csgdi_span span, uint8_t *dst)
{
    size_t len;

    work(LOCAL_WRITE, (double)list->k);
    depth++;
    len = __real_csgdi_list_write(r, trouble, list, span, dst);
    depth--;
    return len;
}

void __wrap_csgdi_list_read(const csgd_reducer *r, csgdi_trouble *trouble, int from,
                            const uint8_t *src, size_t len, csgdi_span span, size_t max_k,
                            csgdi_sparse *list)
{
    const size_t before = list->k;

    depth++;
    __real_csgdi_list_read(r, trouble, from, src, len, span, max_k, list);
    depth--;
    work(LOCAL_READ, (double)(list->k - before));
}

void __wrap_csgdi_list_cut(csgdi_search *search, csgdi_sparse *list, size_t k, csgdi_sparse *left)
{
    if (list->k > k) work(LOCAL_CUT, (double)list->k);
    __real_csgdi_list_cut(search, list, k, left);
}

csgd_status __wrap_csgdi_list_result(csgd_reducer *r, const csgdi_sparse *list)
{
    if (r->call.entries == NULL) {
        work(LOCAL_ZERO, (double)r->compressor.n);
        work(LOCAL_SCATTER, (double)list->k);
    } else {
        work(LOCAL_SUM, (double)list->k);
    }
    return __real_csgdi_list_result(r, list);
}

bool __wrap_csgdi_list_take(const csgdi_compressor *c, const uint8_t *stream, size_t n,
                            size_t first, csgdi_sparse *list)
{
    uint32_t k;

    memcpy(&k, stream, sizeof k);
    work(LOCAL_READ, k);
    return __real_csgdi_list_take(c, stream, n, first, list);
}

bool __wrap_csgdi_sparse_sum(csgdi_sparse_adder *a, csgdi_sparse_part *part, size_t count,
                             csgdi_sparse *out)
{
    for (size_t i = 0; i < count; i++)
        work(LOCAL_SUM, (double)(part[i].streamed ? part[i].reader.k : part[i].k));
    return __real_csgdi_sparse_sum(a, part, count, out);
}

void __wrap_csgdi_sparse_apply(const csgdi_kernels *kernels, const uint8_t *src, size_t n,
                               unsigned channel, csgdi_mode mode, void *y)
{
    uint32_t k;

    memcpy(&k, src, sizeof k);
    if (mode == CSGDI_SET) work(LOCAL_ZERO, (double)n);
    work(LOCAL_SCATTER, k);
    __real_csgdi_sparse_apply(kernels, src, n, channel, mode, y);
}

size_t __wrap_csgdi_sparse_write(const csgdi_kernels *kernels, csgdi_sparse_format format,
                                 csgdi_sparse *sparse, uint8_t *dst)
{
    work(LOCAL_WRITE, (double)sparse->k);
    return __real_csgdi_sparse_write(kernels, format, sparse, dst);
}

csgd_status __wrap_csgdi_sparse_check(const csgdi_kernels *kernels, csgdi_sparse_format format,
                                      const uint8_t *src, size_t len, size_t n, size_t max_k,
                                      unsigned channels)
{
    work(LOCAL_CHECK, (double)len);
    return __real_csgdi_sparse_check(kernels, format, src, len, n, max_k, channels);
}

/* --- b += a, which algorithms call through the table of kernels --- */

static const csgdi_kernels *plain[2];
static csgdi_kernels counting[2];

static void add_f32(const void *x, size_t n, void *y)
{
    work(LOCAL_ADD, (double)n);
    plain[0]->add(x, n, y);
}

static void add_f64(const void *x, size_t n, void *y)
{
    work(LOCAL_ADD, 2 * (double)n);
    plain[1]->add(x, n, y);
}

const csgdi_kernels *__wrap_csgdi_kernels_get(csgd_type type)
{
    const csgdi_kernels *real = __real_csgdi_kernels_get(type);
    const int i = real->size == sizeof(double);

    if (plain[i] == NULL) {
        counting[i] = *real;
        counting[i].add = i == 0 ? add_f32 : add_f64;
        plain[i] = real;
    }
    return &counting[i];
}
