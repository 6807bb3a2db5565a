/* SPDX-License-Identifier: BSD-3-Clause */

/* simd_floats.h: the rest of simd_codes.h, which includes it: 16-bit floats and powers of two. */

/* --- 16-bit floats ---
 * From sixteen keys to sixteen integers whose upper half is the result without its sign. */

/* With the sign. */
static inline U bf16_nearest(U bits)
{
    const U odd = u_and(u_right(bits, 16), u_all(1));
    return u_plus(u_plus(bits, u_all(0x7fff)), odd); /* no number carries into the sign */
}

static inline U f16_nearest(U key)
{
    const U odd = u_and(u_right(key, 13), u_all(1));
    const U moved = u_plus(u_minus(key, u_all((112u << 23) - 0xfff)), odd);
    const U small = f_nearest(f_times(u_floats(key), f_all(0x1p24f)));
    const U half =
        u_choose(u_above(u_all(113u << 23), key), small, u_min(u_right(moved, 13), u_all(0x7c00)));
    return u_left(half, 16);
}

static inline U bf16_random(U key, U word)
{
    return u_plus(u_min(key, u_all(0x7f7f0000u)), word);
}

static inline U f16_random(U key, U word)
{
    const U k = u_min(key, u_all(0x477fe000u));
    const U steps = u_left(u_minus(k, u_all(112u << 23)), 3);
    const U small = f_nearest(f_times(u_floats(k), f_all(0x1p40f)));
    return u_plus(u_choose(u_above(u_all(113u << 23), k), small, steps), word);
}

static inline F f16_value(U half)
{
    const U key = u_and(half, u_all(0x7fff)), sign = u_left(u_minus(half, key), 16);
    const U normal = u_plus(u_left(key, 13), u_all(112u << 23));
    const U special = u_or(u_left(key, 13), u_all(0x7f800000u));
    const U small = f_bits(f_times(u_number(key), f_all(0x1p-24f)));
    const U finite = u_choose(u_above(u_all(0x400), key), small, normal);
    return u_floats(u_or(u_choose(u_above(key, u_all(0x7bff)), special, finite), sign));
}

/* left: NULL, or where what is left goes. */
static inline __attribute__((always_inline)) void
to_half_groups(const float *a, size_t n, csgdi_half format, double scale,
               const csgdi_random *random, uint64_t first, uint8_t *to, const csgdi_leave *left)
{
    const F by = f_all((float)scale), back = f_all((float)(1 / scale));
    const U sign = u_all(1u << 31), nan = u_all(format == CSGDI_BF16 ? 0x7fc00000u : 0x7e000000u);
    const size_t ahead = block_ahead(n);
    size_t i = before_group(first, n);
    const bool past = left != NULL && streams(left, i);
    schedule s;

    schedule_init(&s, random);
    if (i > 0 && left != NULL)
        REF(to_half_leave)(a, i, format, scale, random, first, to, left);
    else if (i > 0)
        REF(to_half)(a, i, format, scale, random, first, to);
    for (; n - i >= GROUP; i += GROUP) {
        U word[4];

        group_words(&s, random, (first + i) / GROUP, word);
        F rest[4] = {by, by, by, by}; /* for those who see no further */
#pragma GCC unroll 2
        for (unsigned g = 0; g < 4; g += 2) {
            U out[2];
#pragma GCC unroll 2
            for (unsigned j = 0; j < 2; j++) {
                const size_t from = i + 16 * (g + j);
                const F x = f_load(a + from), v = f_times(x, by);
                const U bits = f_bits(v), key = f_keys(v), w = word[g + j];
                if (random != NULL)
                    out[j] = format == CSGDI_BF16 ? bf16_random(key, w) : f16_random(key, w);
                else
                    out[j] = format == CSGDI_BF16 ? bf16_nearest(bits) : f16_nearest(key);
                if (random != NULL || format != CSGDI_BF16)
                    out[j] = u_or(out[j], u_and(bits, sign));
                if (random == NULL)
                    out[j] = u_choose(u_above(key, u_all(0x7f800000u)), nan, out[j]);
                if (left == NULL)
                    prefetch(a + from, ahead);
                else
                    rest[g + j] =
                        f_minus(x, f_times(format == CSGDI_BF16
                                               ? u_floats(u_and(out[j], u_all(0xffff0000u)))
                                               : f16_value(u_right(out[j], 16)),
                                           back));
            }
            u_store_upper(to + 2 * (i + 16 * g), out[0], out[1]);
        }
        if (left != NULL) put_rest(left, past, a, i, rest);
    }
    if (i < n && left != NULL) {
        const csgdi_leave end = csgdi_leave_at(left, i, sizeof *a);
        REF(to_half_leave)(a + i, n - i, format, scale, random, first + i, to + 2 * i, &end);
    } else if (i < n) {
        REF(to_half)(a + i, n - i, format, scale, random, first + i, to + 2 * i);
    }
}

/* With what decides within the loops known to the compiler. */
static inline __attribute__((always_inline)) void
to_half_either(const float *a, size_t n, csgdi_half format, double scale,
               const csgdi_random *random, uint64_t first, uint8_t *to, const csgdi_leave *left)
{
    if (format == CSGDI_BF16 && random != NULL)
        to_half_groups(a, n, CSGDI_BF16, scale, random, first, to, left);
    else
        to_half_groups(a, n, format, scale, random, first, to, left);
}

static void f32_to_half(const void *x, size_t n, csgdi_half format, double scale,
                        const csgdi_random *random, uint64_t first, void *half)
{
    to_half_either(x, n, format, scale, random, first, half, NULL);
}

static void f32_to_half_leave(const void *x, size_t n, csgdi_half format, double scale,
                              const csgdi_random *random, uint64_t first, void *half,
                              const csgdi_leave *left)
{
    to_half_either(x, n, format, scale, random, first, half, left);
}

static void f32_from_half(const void *half, size_t n, csgdi_half format, double scale,
                          csgdi_mode mode, void *y)
{
    const uint8_t *from = half;
    float *b = y;
    const F by = f_all((float)(1 / scale));
    size_t i = 0;

    for (; n - i >= 16; i += 16) {
        const U h = u_load16(from + 2 * i);
        put(b + i, mode,
            f_times(format == CSGDI_BF16 ? u_floats(u_left(h, 16)) : f16_value(h), by));
    }
    if (i < n) REF(from_half)(from + 2 * i, n - i, format, scale, mode, b + i);
}

/* --- powers of two: as in ref, where `offset` is of code 0 --- */

static void f32_to_power(const void *x, size_t n, int top, const csgdi_random *random,
                         uint64_t first, uint8_t *codes)
{
    const float *a = x;
    const U offset = u_all((uint32_t)top);
    const U hidden = u_all(1u << 23), mantissa = u_all((1u << 23) - 1);
    size_t i = before_group(first, n);
    schedule s;

    schedule_init(&s, random);
    if (i > 0) REF(to_power)(a, i, top, random, first, codes);
    for (; n - i >= GROUP; i += GROUP) {
        U code[4], word[4];

        group_words(&s, random, (first + i) / GROUP, word);
#pragma GCC unroll 4
        for (unsigned g = 0; g < 4; g++) {
            const F v = f_load(a + i + 16 * g);
            const U key = f_keys(v), field = u_right(key, 23), w = word[g];
            const U up = u_right(u_plus(u_right(key, 7), w), 16);
            const U over = u_minus(u_min(up, u_all(254)), offset);
            const U below = u_minus(u_plus(offset, u_all(1)), field); /* signed */
            const U part = u_rights(u_or(u_and(key, mantissa), hidden), u_plus(below, u_all(7)));
            const U least = u_right(u_plus(part, w), 16);
            U c = u_choose(u_above(below, u_all(0)), least, over);
            c = u_choose(u_above(field, u_all(0)), c, u_all(0));
            const U minus = u_and(u_right(f_bits(v), 24), u_all(128));
            code[g] = u_or(c, u_choose(u_above(c, u_all(0)), minus, u_all(0)));
        }
        u_pack(u_bytes(code), 8, codes + i, GROUP);
    }
    if (i < n) REF(to_power)(a + i, n - i, top, random, first + i, codes + i);
}

static void f32_from_power(const uint8_t *codes, size_t n, int top, csgdi_mode mode, void *y)
{
    float *b = y;
    const U offset = u_all((uint32_t)top), zero = u_all(0);
    size_t i = 0;

    for (; n - i >= 16; i += 16) {
        const U all = u_load8(codes + i), code = u_and(all, u_all(127));
        const U field = u_plus(code, offset); /* signed */
        const U limited = u_choose(u_above(field, zero), u_min(field, u_all(255)), zero);
        const U bits = u_choose(u_above(code, zero), u_left(limited, 23), zero);
        put(b + i, mode, u_floats(u_or(bits, u_left(u_minus(all, code), 24))));
    }
    if (i < n) REF(from_power)(codes + i, n - i, top, mode, b + i);
}
