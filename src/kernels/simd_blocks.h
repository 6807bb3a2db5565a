/* SPDX-License-Identifier: BSD-3-Clause */

/* simd_blocks.h: sums and ranges of blocks of floats; a part of simd_codes.h. */

/* --- sums --- */

static double f32_abs_sum(const void *x, size_t n)
{
    const float *a = x;
    double s[CSGDI_LANES];
    sums row = sums_zero();
    size_t i = 0;

    for (; n - i >= 64; i += 64)
        row = sums_add(row, f_plus(f_plus(f_abs(f_load(a + i)), f_abs(f_load(a + i + 16))),
                                   f_plus(f_abs(f_load(a + i + 32)), f_abs(f_load(a + i + 48)))));
    if (i == n) return sums_total(row);
    sums_store(s, row);
    for (; i < n; i++)
        s[i % CSGDI_LANES] += fabs((double)a[i]);
    return csgdi_lanes_total(s);
}

static double f32_sign_encode(const void *x, size_t n, uint8_t *bits)
{
    const float *a = x;
    double s[CSGDI_LANES];
    sums row = sums_zero();
    const size_t ahead = block_ahead(n);
    size_t i = 0;

    for (; n - i >= 64; i += 64) {
        const F v[4] = {f_load(a + i), f_load(a + i + 16), f_load(a + i + 32), f_load(a + i + 48)};
        const uint32_t word[2] = {f_nonnegative(v[0]) | f_nonnegative(v[1]) << 16,
                                  f_nonnegative(v[2]) | f_nonnegative(v[3]) << 16};
        row = sums_add(row,
                       f_plus(f_plus(f_abs(v[0]), f_abs(v[1])), f_plus(f_abs(v[2]), f_abs(v[3]))));
        memcpy(bits + i / 8, word, sizeof word);
#pragma GCC unroll 4
        for (size_t g = 0; g < 4; g++)
            prefetch(a + i + 16 * g, ahead);
    }
    if (i == n) return sums_total(row);
    REF(sign_pack)(a + i, n - i, bits + i / 8);
    sums_store(s, row);
    for (; i < n; i++)
        s[i % CSGDI_LANES] += fabs((double)a[i]);
    return csgdi_lanes_total(s);
}

static void f32_sign_sums(const void *x, size_t n, double sum[2])
{
    const float *a = x;
    double plus[CSGDI_LANES], minus[CSGDI_LANES];
    sums rows[2] = {sums_zero(), sums_zero()};
    size_t i = 0;

    for (; n - i >= 64; i += 64) {
        F up[4], down[4];
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++)
            f_split(f_load(a + i + 16 * g), &up[g], &down[g]);
        rows[0] = sums_add(rows[0], f_plus(f_plus(up[0], up[1]), f_plus(up[2], up[3])));
        rows[1] = sums_add(rows[1], f_plus(f_plus(down[0], down[1]), f_plus(down[2], down[3])));
    }
    if (i == n) {
        sum[0] = sums_total(rows[0]);
        sum[1] = sums_total(rows[1]);
        return;
    }
    sums_store(plus, rows[0]);
    sums_store(minus, rows[1]);
    for (; i < n; i++) {
        plus[i % CSGDI_LANES] += a[i] >= 0 ? fabs((double)a[i]) : 0;
        minus[i % CSGDI_LANES] += a[i] >= 0 ? 0 : fabs((double)a[i]);
    }
    sum[0] = csgdi_lanes_total(plus);
    sum[1] = csgdi_lanes_total(minus);
}

/* --- ranges --- */

static double key_value(uint32_t key)
{
    float value;

    memcpy(&value, &key, sizeof value);
    return (double)value;
}

static double f32_abs_max(const void *x, size_t n)
{
    const float *a = x;
    U most[4] = {u_all(0), u_all(0), u_all(0), u_all(0)};
    size_t i = 0;

    for (; n - i >= 64; i += 64)
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++)
            most[g] = u_max(most[g], f_keys(f_load(a + i + 16 * g)));
    const double value = key_value(u_most(u_max(u_max(most[0], most[1]), u_max(most[2], most[3]))));
    if (i == n) return value;
    const float both[2] = {(float)value, (float)REF(abs_max)(a + i, n - i)};
    return REF(abs_max)(both, 2);
}

/* Of 32 elements at a time.  NaN goes through neither comparison, but stays in a sum once it is there;
 * so a finite total says that all are finite, and another one that they must be looked at. */
typedef struct span {
    F least[2], most[2], total[2];
} span;

static inline span span_of(const F v[2])
{
    return (span){{v[0], v[1]}, {v[0], v[1]}, {v[0], v[1]}};
}

static inline span span_with(span s, const F v[2])
{
#pragma GCC unroll 2
    for (unsigned j = 0; j < 2; j++) {
        s.least[j] = f_min(s.least[j], v[j]);
        s.most[j] = f_max(s.most[j], v[j]);
        s.total[j] = f_plus(s.total[j], v[j]);
    }
    return s;
}

/* The range of x, of which elements from i on are not yet in s; whether all are finite. */
static inline __attribute__((always_inline)) bool span_end(span s, const float *x, size_t i,
                                                           size_t n, double range[2])
{
    const uint32_t total = u_most(f_keys(f_plus(s.total[0], s.total[1])));
    double rest[2];

    range[0] = (double)f_least(f_min(s.least[0], s.least[1])) + 0.0; /* -0 + 0 is 0 */
    range[1] = (double)f_most(f_max(s.most[0], s.most[1])) + 0.0;
    if (total >= 0x7f800000u && !isfinite(f32_abs_max(x, i))) return false;
    if (i == n) return true;
    const bool finite = REF(min_max)(x + i, n - i, rest);
    range[0] = rest[0] < range[0] ? rest[0] : range[0];
    range[1] = rest[1] > range[1] ? rest[1] : range[1];
    return finite;
}

static bool f32_min_max(const void *x, size_t n, double range[2])
{
    const float *a = x;
    size_t i = 32;

    if (n < 32) return REF(min_max)(x, n, range);
    span s = span_of((F[2]){f_load(a), f_load(a + 16)});
    for (; n - i >= 32; i += 32)
        s = span_with(s, (F[2]){f_load(a + i), f_load(a + i + 16)});
    return span_end(s, a, i, n, range);
}

/* Thirty-two sums, which are stored. */
static inline void add32(const float *g, const float *d, float *m, F sum[2])
{
    sum[0] = f_plus(f_load(g), f_load(d));
    sum[1] = f_plus(f_load(g + 16), f_load(d + 16));
    f_store(m, sum[0]);
    f_store(m + 16, sum[1]);
}

static bool f32_add_min_max(const void *g, const void *d, size_t n, void *m, double range[2])
{
    const float *a = g, *b = d;
    float *c = m;
    size_t i = 32;
    F sum[2];

    if (n < 32) return REF(add_min_max)(g, d, n, m, range);
    add32(a, b, c, sum);
    span s = span_of(sum);
    for (; n - i >= 32; i += 32) {
        add32(a + i, b + i, c + i, sum);
        s = span_with(s, sum);
    }
    for (size_t j = i; j < n; j++)
        c[j] = a[j] + b[j];
    return span_end(s, c, i, n, range);
}
