/* SPDX-License-Identifier: BSD-3-Clause */

/* ref_codes.h: the rest of ref_impl.h, which includes it: slots that turn elements into fewer bits
 * and back. */

/* --- 16-bit random words, a tile at a time --- */

typedef struct words {
    const csgdi_random *random;
    uint64_t tile; /* that half holds, as an index plus one; 0: none */
    uint16_t half[CSGDI_TILE];
} words;

static inline uint32_t word_of(words *w, uint64_t element)
{
    if (w->random == NULL) return 1u << 15;
    if (w->tile != element / CSGDI_TILE + 1) {
        csgdi_random_tile(w->random, element / CSGDI_TILE, w->half);
        w->tile = element / CSGDI_TILE + 1;
    }
    return w->half[element % CSGDI_TILE];
}

void REF(random_tiles)(const csgdi_random *random, uint64_t tile, uint32_t out[128])
{
    for (unsigned i = 0; i < 32; i++) {
        uint32_t word[4];
        csgdi_random_block(random, 16 * tile + i, word);
        for (unsigned w = 0; w < 4; w++)
            out[i / 16 * 64 + 16 * w + i % 16] = word[w];
    }
}

/* To the nearest integer, ties to even, |v| < 2^51: next to 2^52 a double has no fraction. */
static inline int64_t nearest(double v)
{
    return (int64_t)(v + 0x1.8p52 - 0x1.8p52);
}

static inline REF_TYPE combine(REF_TYPE y, csgdi_mode mode, REF_TYPE v)
{
    return mode == CSGDI_SET ? v : mode == CSGDI_ADD ? y + v : y - v;
}

/* --- ranges --- */

double REF(abs_max)(const void *x, size_t n)
{
    const REF_TYPE *a = x;
    REF_BITS most = 0;
    REF_TYPE value;

    for (size_t i = 0; i < n; i++)
        if (key_of(a[i]) > most) most = key_of(a[i]);
    memcpy(&value, &most, sizeof value);
    return (double)value;
}

bool REF(min_max)(const void *x, size_t n, double range[2])
{
    const REF_TYPE *a = x;
    REF_TYPE least = n == 0 ? 0 : a[0], most = least;

    for (size_t i = 0; i < n; i++) {
        least = a[i] < least ? a[i] : least;
        most = a[i] > most ? a[i] : most;
    }
    range[0] = (double)least + 0.0; /* -0 + 0 is 0 */
    range[1] = (double)most + 0.0;
    return REF(finite)(x, n);
}

bool REF(add_min_max)(const void *g, const void *e, size_t n, void *m, double range[2])
{
    REF(add_finite)(g, e, n, m);
    return REF(min_max)(m, n, range);
}

/* --- levels of a grid ---
 * In groups of eight codes, which fit into an integer and take whole bytes. */

void REF(quantize)(const void *x, size_t n, const csgdi_grid *grid, const csgdi_random *random,
                   uint64_t first, uint8_t *codes)
{
    const REF_TYPE *a = x;
    const REF_TYPE base = (REF_TYPE)grid->base, scale = (REF_TYPE)grid->scale;
    const bool wide = !isfinite(scale);
    const double least = grid->least, most = least + grid->levels - 1;
    words w = {.random = random};

    for (size_t i = 0; i < n; i += 8) {
        const unsigned end = n - i < 8 ? (unsigned)(n - i) : 8;
        uint64_t group = 0;

        for (unsigned j = 0; j < end; j++) {
            double v = wide ? ((double)a[i + j] - grid->base) * grid->scale
                            : (double)((a[i + j] - base) * scale);
            v = v > least ? v : least; /* NaN is not larger */
            v = v < most ? v : most;
            const int64_t t =
                nearest(v * 0x1p16) - grid->least * 65536 + word_of(&w, first + i + j);
            group |= (uint64_t)t >> 16 << j * grid->bits;
        }
        memcpy(codes + i / 8 * grid->bits, &group, (end * grid->bits + 7) / 8);
    }
}

void REF(dequantize)(const uint8_t *codes, size_t n, const csgdi_grid *grid, csgdi_mode mode,
                     void *y)
{
    REF_TYPE *b = y;
    const REF_TYPE base = (REF_TYPE)grid->base, unit = (REF_TYPE)grid->unit;
    const unsigned bits = grid->bits;

    for (size_t i = 0; i < n; i += 8) {
        const unsigned end = n - i < 8 ? (unsigned)(n - i) : 8;
        uint64_t group = 0;

        memcpy(&group, codes + i / 8 * bits, (end * bits + 7) / 8);
        for (unsigned j = 0; j < end; j++) {
            const int code = (int)(group >> j * bits & ((1u << bits) - 1));
            b[i + j] = combine(b[i + j], mode, base + unit * (REF_TYPE)(code + grid->least));
        }
    }
}

void REF(quantize_leave)(const void *x, size_t n, const csgdi_grid *grid,
                         const csgdi_random *random, uint64_t first, uint8_t *codes,
                         const csgdi_leave *left)
{
    REF(quantize)(x, n, grid, random, first, codes);
    begin_leave(x, n, left);
    REF(dequantize)(codes, n, grid, CSGDI_SUB, left->y);
}

/* --- 16-bit floats --- */

/* To float, to odd: the nearer float towards zero, its last bit set where anything was cut off. */
static inline uint32_t odd_bits(double v)
{
    float f = (float)v;
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    if ((double)f == v || isnan(v)) return bits;
    if (fabs((double)f) > fabs(v)) bits--;
    return bits | 1;
}

/* The largest finite number, as the bits of a float; the one quiet NaN. */
static const uint32_t half_most[] = {0x7f7f0000u, 0x477fe000u};
static const uint16_t half_nan[] = {0x7fc0u, 0x7e00u};

/* 2^16 times the number of a half from zero upwards for the bits of a float without sign, not above
 * half_most: rounded to an integer, which cuts something off only below 2^-14. */
static inline uint32_t half_steps(csgdi_half format, uint32_t key)
{
    float f;

    if (format == CSGDI_BF16) return key;
    if (key >= 113u << 23) return (key - (112u << 23)) << 3;
    memcpy(&f, &key, sizeof f);
    return (uint32_t)nearest((double)f * 0x1p40);
}

static inline uint16_t half_nearest(csgdi_half format, uint32_t key)
{
    static const uint32_t infinity[] = {0x7f80u, 0x7c00u};
    uint32_t half;

    if (key > 0x7f800000u) return half_nan[format];
    if (format == CSGDI_F16 && key < 113u << 23) { /* multiples of 2^-24 */
        float f;
        memcpy(&f, &key, sizeof f);
        return (uint16_t)nearest((double)f * 0x1p24);
    }
    if (format == CSGDI_BF16)
        half = (key + 0x7fff + (key >> 16 & 1)) >> 16;
    else
        half = (key - (112u << 23) + 0xfff + (key >> 13 & 1)) >> 13;
    return (uint16_t)(half < infinity[format] ? half : infinity[format]);
}

void REF(to_half)(const void *x, size_t n, csgdi_half format, double scale,
                  const csgdi_random *random, uint64_t first, void *half)
{
    const REF_TYPE *a = x;
    const REF_TYPE s = (REF_TYPE)scale;
    words w = {.random = random};

    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = odd_bits((double)(a[i] * s));
        const uint32_t key = bits & INT32_MAX;
        uint16_t h;

        if (random == NULL) {
            h = half_nearest(format, key);
        } else {
            const uint32_t most = half_most[format];
            h = (uint16_t)((half_steps(format, key < most ? key : most) + word_of(&w, first + i)) >>
                           16);
        }
        if (h != half_nan[format]) h |= (uint16_t)(bits >> 31 << 15);
        memcpy((uint8_t *)half + 2 * i, &h, sizeof h);
    }
}

static inline float half_value(csgdi_half format, uint16_t half)
{
    const uint32_t sign = (uint32_t)half >> 15 << 31, key = half & INT16_MAX;
    uint32_t bits = sign | key << 16;
    float f;

    if (format == CSGDI_F16) {
        if (key < 1u << 10) return (sign ? -0x1p-24f : 0x1p-24f) * (float)key;
        bits = sign | (key < 0x7c00u ? (key << 13) + (112u << 23) : key << 13 | 0x7f800000u);
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

void REF(from_half)(const void *half, size_t n, csgdi_half format, double scale, csgdi_mode mode,
                    void *y)
{
    REF_TYPE *b = y;
    const REF_TYPE s = (REF_TYPE)(1 / scale);

    for (size_t i = 0; i < n; i++) {
        const uint16_t h = csgdi_load16((const uint8_t *)half + 2 * i);
        b[i] = combine(b[i], mode, (REF_TYPE)half_value(format, h) * s);
    }
}

void REF(to_half_leave)(const void *x, size_t n, csgdi_half format, double scale,
                        const csgdi_random *random, uint64_t first, void *half,
                        const csgdi_leave *left)
{
    REF(to_half)(x, n, format, scale, random, first, half);
    begin_leave(x, n, left);
    REF(from_half)(half, n, format, scale, CSGDI_SUB, left->y);
}

/* --- powers of two ---
 * The exponent field of 2^e is e + bias, so that of code c is c + offset. */

void REF(to_power)(const void *x, size_t n, int top, const csgdi_random *random, uint64_t first,
                   uint8_t *codes)
{
    const REF_TYPE *a = x;
    const int largest = (int)(REF_INF >> REF_DIGITS) - 1;
    const int offset = top - 127 + largest / 2;
    words w = {.random = random};

    for (size_t i = 0; i < n; i++) {
        const REF_BITS key = key_of(a[i]), mantissa = key & (((REF_BITS)1 << REF_DIGITS) - 1);
        const int field = (int)(key >> REF_DIGITS), below = offset + 1 - field;
        const uint32_t word = word_of(&w, first + i);
        int code = 0;

        if (field > 0 && below <= 0) {
            const REF_BITS up = ((mantissa >> (REF_DIGITS - 16)) + word) >> 16;
            code = (field + (int)up < largest ? field + (int)up : largest) - offset;
        } else if (field > 0 && below <= 16) { /* of the step from 0 to the least power */
            const REF_BITS part =
                (mantissa | (REF_BITS)1 << REF_DIGITS) >> (REF_DIGITS - 16 + below);
            code = (int)((part + word) >> 16);
        }
        codes[i] = (uint8_t)(code == 0 ? 0 : a[i] < 0 ? 128 + code : code);
    }
}

void REF(from_power)(const uint8_t *codes, size_t n, int top, csgdi_mode mode, void *y)
{
    REF_TYPE *b = y;
    const int infinity = (int)(REF_INF >> REF_DIGITS);
    const int offset = top - 127 + infinity / 2;

    for (size_t i = 0; i < n; i++) {
        const int code = codes[i] % 128, field = code + offset;
        REF_BITS bits = 0;
        REF_TYPE v;

        if (code > 0 && field > 0)
            bits = (REF_BITS)(field < infinity ? field : infinity) << REF_DIGITS;
        memcpy(&v, &bits, sizeof v);
        b[i] = combine(b[i], mode, codes[i] < 128 ? v : -v);
    }
}
