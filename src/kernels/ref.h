/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_KERNELS_REF_H
#define CSGDI_KERNELS_REF_H

/* ref.h: the reference slots by name, for the tables of instruction sets, which take what they do
 * not override from here and give their last, incomplete vector to it. */

#include "kernels/kernels.h"

#define CSGDI_REF_DECLARE(t)                                                                      \
    bool csgdi_ref_##t##_finite(const void *x, size_t n);                                         \
    void csgdi_ref_##t##_add(const void *x, size_t n, void *y);                                   \
    void csgdi_ref_##t##_sub(const void *x, size_t n, void *y);                                   \
    bool csgdi_ref_##t##_add_finite(const void *g, const void *e, size_t n, void *m);             \
    bool csgdi_ref_##t##_add_scaled_finite(const void *g, double r, const void *e, size_t n,      \
                                           void *m);                                              \
    bool csgdi_ref_##t##_add_echo_finite(const void *g, double r, const void *d, const void *e,   \
                                         size_t n, void *m);                                      \
    bool csgdi_ref_##t##_add_pair_finite(const void *g, double a, const void *d, double b,        \
                                         const void *e, size_t n, void *m);                       \
    double csgdi_ref_##t##_abs_sum(const void *x, size_t n);                                      \
    double csgdi_ref_##t##_square_sum(const void *x, size_t n);                                   \
    void csgdi_ref_##t##_sign_sums(const void *x, size_t n, double sum[2]);                       \
    void csgdi_ref_##t##_sign_pack(const void *x, size_t n, uint8_t *bits);                       \
    void csgdi_ref_##t##_sign_apply(const uint8_t *bits, size_t n, const double value[2],         \
                                    csgdi_mode mode, void *y);                                    \
    double csgdi_ref_##t##_sign_encode(const void *x, size_t n, uint8_t *bits);                   \
    void csgdi_ref_##t##_sign_leave(const uint8_t *bits, size_t n, const double value[2],         \
                                    const void *x, const csgdi_leave *left);                      \
    void csgdi_ref_##t##_key_histogram(const void *x, size_t n, unsigned shift, unsigned bits,    \
                                       uint64_t prefix, uint64_t *counts);                        \
    size_t csgdi_ref_##t##_key_select(const void *x, size_t n, uint64_t limit, uint32_t base,     \
                                      size_t room, uint32_t *index, void *value);                 \
    size_t csgdi_ref_##t##_key_cut(void *x, size_t n, uint64_t limit, uint32_t base, size_t room, \
                                   uint32_t *index, void *value);                                 \
    size_t csgdi_ref_##t##_add_cut(const csgdi_terms *terms, size_t n, uint64_t limit,            \
                                   uint32_t base, size_t room, uint32_t *index, void *value,      \
                                   void *m);                                                      \
    size_t csgdi_ref_##t##_key_under(const void *x, size_t n, uint64_t limit, void *value);       \
    size_t csgdi_ref_##t##_key_split(const uint32_t *index, const void *value, size_t n,          \
                                     uint64_t limit, size_t *ties, uint32_t *in_index,            \
                                     void *in_value, uint32_t *out_index, void *out_value);       \
    uint64_t csgdi_ref_##t##_key_kth(const void *x, size_t n, size_t k, size_t *ties);            \
    void csgdi_ref_##t##_stream(const void *x, size_t n, void *y);                                \
    void csgdi_ref_##t##_stream_end(void);                                                        \
    void csgdi_ref_##t##_scatter(const uint32_t *index, const void *value, size_t k,              \
                                 csgdi_mode mode, void *y);                                       \
    void csgdi_ref_##t##_gather(const uint32_t *index, const double *factor, size_t k,            \
                                const void *x, void *value);                                      \
    uint64_t csgdi_ref_##t##_hash(const void *bytes, size_t len, uint64_t seed);                  \
    void csgdi_ref_##t##_hash_begin(csgdi_hash *hash);                                            \
    void csgdi_ref_##t##_hash_more(csgdi_hash *hash, const void *bytes, size_t len);              \
    uint64_t csgdi_ref_##t##_hash_end(const csgdi_hash *hash);                                    \
    void csgdi_ref_##t##_gap_lows(const uint32_t *index, size_t groups, unsigned b,               \
                                  uint64_t *low);                                                 \
    void csgdi_ref_##t##_gap_quotients(const uint32_t *index, size_t groups, unsigned b,          \
                                       uint64_t *unary, uint32_t *bits);                          \
    void csgdi_ref_##t##_random_tiles(const csgdi_random *random, uint64_t tile,                  \
                                      uint32_t words[128]);                                       \
    double csgdi_ref_##t##_abs_max(const void *x, size_t n);                                      \
    bool csgdi_ref_##t##_min_max(const void *x, size_t n, double range[2]);                       \
    bool csgdi_ref_##t##_add_min_max(const void *g, const void *e, size_t n, void *m,             \
                                     double range[2]);                                            \
    void csgdi_ref_##t##_quantize(const void *x, size_t n, const csgdi_grid *grid,                \
                                  const csgdi_random *random, uint64_t first, uint8_t *codes);    \
    void csgdi_ref_##t##_quantize_leave(const void *x, size_t n, const csgdi_grid *grid,          \
                                        const csgdi_random *random, uint64_t first,               \
                                        uint8_t *codes, const csgdi_leave *left);                 \
    void csgdi_ref_##t##_dequantize(const uint8_t *codes, size_t n, const csgdi_grid *grid,       \
                                    csgdi_mode mode, void *y);                                    \
    void csgdi_ref_##t##_to_half(const void *x, size_t n, csgdi_half format, double scale,        \
                                 const csgdi_random *random, uint64_t first, void *half);         \
    void csgdi_ref_##t##_to_half_leave(const void *x, size_t n, csgdi_half format, double scale,  \
                                       const csgdi_random *random, uint64_t first, void *half,    \
                                       const csgdi_leave *left);                                  \
    void csgdi_ref_##t##_from_half(const void *half, size_t n, csgdi_half format, double scale,   \
                                   csgdi_mode mode, void *y);                                     \
    void csgdi_ref_##t##_to_power(const void *x, size_t n, int top, const csgdi_random *random,   \
                                  uint64_t first, uint8_t *codes);                                \
    void csgdi_ref_##t##_from_power(const uint8_t *codes, size_t n, int top, csgdi_mode mode,     \
                                    void *y);

CSGDI_REF_DECLARE(f32)
CSGDI_REF_DECLARE(f64)

/* The same for what begins i elements further on. */
static inline csgdi_leave csgdi_leave_at(const csgdi_leave *left, size_t i, size_t size)
{
    return (csgdi_leave){.y = (char *)left->y + i * size, .past = left->past};
}

/* The library's own. */
uint64_t csgdi_library_hash(const void *bytes, size_t len, uint64_t seed);

/* The tree over the sixteen partial sums of a block; s is used up. */
static inline double csgdi_lanes_total(double s[CSGDI_LANES])
{
    for (size_t half = CSGDI_LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            s[j] += s[j + half];
    return s[0];
}

#endif
