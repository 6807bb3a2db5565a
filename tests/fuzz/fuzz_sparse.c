/* SPDX-License-Identifier: BSD-3-Clause */

/* fuzz_sparse.c: sparse streams by themselves.
 *
 *     byte 0   bit 0 type | bit 1 two channels | bits 2..4 n | bits 5..7 address of the stream
 *     byte 1   largest k, of 255 parts of n
 *     byte 2   bits 0..1 instruction set | bits 2..3 coder of indices | bits 4..6 of values
 *     then     the stream
 *
 * A stream that passes is applied in all modes, and by another instruction set with the same bits. */

#include <string.h>
#include "fuzz/fuzz.h"
#include "wire/sparse.h"

enum { CHOICES = 3, MOST_N = 4097, FORMATS = 32 }; /* of those, 8 stand twice */

static const size_t sizes[] = {0, 1, 7, 8, 64, 255, 1000, MOST_N};

typedef struct setting {
    const csgdi_kernels *kernels, *other;
    size_t n, max_k;
    unsigned channels;
    csgdi_sparse_format format;
    size_t shift;
} setting;

static setting setting_of(const uint8_t *choice)
{
    const csgd_type type = choice[0] & 1 ? CSGD_F64 : CSGD_F32;
    const char *isa = csgdi_kernels_isa(choice[2] % 4);
    setting s = {.kernels = csgdi_kernels_get(type),
                 .other = csgdi_kernels_find(isa != NULL ? isa : "ref", type),
                 .n = sizes[choice[0] >> 2 & 7],
                 .channels = choice[0] & 2 ? 2 : 1,
                 .format = {(csgdi_index_coder)(choice[2] >> 2 & 3),
                            (csgdi_value_coder)((choice[2] >> 4 & 7) % 6)},
                 .shift = choice[0] >> 5};

    if (s.format.value == CSGDI_VALUE_F64 && type == CSGD_F32) s.format.value = CSGDI_VALUE_F32;

    if (s.other == NULL) s.other = s.kernels;
    s.max_k = (s.n * choice[1] + 254) / 255;
    return s;
}

/* Every place that knows the parameters of a stream is here. */
static csgd_status check(const setting *s, const uint8_t *src, size_t len)
{
    return csgdi_sparse_check(s->kernels, s->format, src, len, s->n, s->max_k, s->channels);
}

static void apply(const setting *s, const csgdi_kernels *kernels, const uint8_t *src,
                  unsigned channel, csgdi_mode mode, void *y)
{
    csgdi_sparse_apply(kernels, src, s->n, channel, mode, y);
}

static size_t make(const setting *s, csgdi_sparse *sparse, uint8_t *dst)
{
    return csgdi_sparse_write(s->kernels, s->format, sparse, dst);
}

/* Blocks of exactly n elements, made once for each n and type. */
static char *vector_of(const setting *s, size_t which)
{
    static char *vector[2][2][FUZZ_COUNT(sizes)];
    size_t i = 0;
    char **v;

    while (sizes[i] != s->n)
        i++;
    v = &vector[which][s->kernels->type == CSGD_F64][i];
    if (*v == NULL) *v = fuzz_block(s->n * s->kernels->size);
    return *v;
}

static void apply_channel(const setting *s, const uint8_t *src, unsigned channel)
{
    const size_t bytes = s->n * s->kernels->size;
    char *y = vector_of(s, 0), *z = vector_of(s, 1);

    memset(y, 0xee, bytes);
    memset(z, 0x11, bytes);
    apply(s, s->kernels, src, channel, CSGDI_SET, y);
    apply(s, s->other, src, channel, CSGDI_SET, z);
    fuzz_require(memcmp(y, z, bytes) == 0);
    apply(s, s->other, src, channel, CSGDI_ADD, y);
    apply(s, s->kernels, src, channel, CSGDI_SUB, y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t len = size - CHOICES;
    uint8_t *block, *src;
    csgd_status st;
    setting s;

    if (size < CHOICES) return 0;
    s = setting_of(data);
    block = fuzz_block(s.shift + len);
    src = block + s.shift;
    if (len > 0) memcpy(src, data + CHOICES, len);
    st = check(&s, src, len);
    fuzz_require(st == CSGD_OK || st == CSGD_E_CORRUPT);
    if (st == CSGD_OK)
        for (unsigned channel = 0; channel < s.channels; channel++)
            apply_channel(&s, src, channel);
    free(block);
    return 0;
}

/* A stream with every stride-th element. */
static size_t make_strided(const setting *s, size_t stride, uint8_t *dst)
{
    csgdi_sparse sparse = {.n = s->n, .channels = s->channels, .room = s->n};
    size_t len;

    sparse.index = fuzz_block(s->n * sizeof *sparse.index);
    sparse.value = fuzz_block(2 * s->n * sizeof(double));
    memset(sparse.value, 0x3f, 2 * s->n * sizeof(double));
    for (size_t i = 0; i < s->n; i += stride)
        sparse.index[sparse.k++] = (uint32_t)i;
    len = make(s, &sparse, dst);
    free(sparse.index);
    free(sparse.value);
    return len;
}

/* Every format twice, of either type, in turn with each n but the largest in full. */
size_t fuzz_seed(size_t i, uint8_t *dst)
{
    const size_t format = i % FORMATS, round = i / FORMATS;
    setting s;

    if (round >= FUZZ_COUNT(sizes)) return 0;
    dst[0] = (uint8_t)(round % 2 | (round / 2 + format) % 2 << 1 | (format + round) % 8 << 2 |
                       i % 8 << 5);
    dst[1] = 255;
    dst[2] = (uint8_t)(round % 4 | format << 2);
    s = setting_of(dst);
    return CHOICES + make_strided(&s,
                                  s.n > 1000              ? 100
                                  : s.n > 64 || round % 2 ? 3
                                                          : 1,
                                  dst + CHOICES);
}

/* --- large --- */

enum { LARGE_N = 1000000 };

typedef struct large {
    setting s;
    size_t len;
    uint8_t *src;
    char *y;
} large;

static void decode_large(void *arg)
{
    large *l = arg;

    if (check(&l->s, l->src, l->len) != CSGD_OK) return;
    apply(&l->s, l->s.kernels, l->src, 0, CSGDI_SET, l->y);
    apply(&l->s, l->s.kernels, l->src, 0, CSGDI_SUB, l->y);
}

void fuzz_large(void)
{
    const size_t room = 24 * (size_t)LARGE_N + 64; /* more than any form takes */
    static const size_t strides[] = {LARGE_N, 50, 3, 1};
    large l = {.src = fuzz_block(room), .y = fuzz_block(8 * (size_t)LARGE_N)};
    uint8_t choice[CHOICES] = {0};
    size_t bytes;

    for (size_t format = 0; format < FORMATS; format++) {
        choice[0] = (uint8_t)(format % 3); /* with one channel, with two, of doubles */
        choice[2] = (uint8_t)(format << 2);
        l.s = setting_of(choice);
        l.s.n = l.s.max_k = LARGE_N;
        l.len = make_strided(&l.s, strides[format / 4 % FUZZ_COUNT(strides)], l.src);
        bytes = 2 * (LARGE_N * l.s.kernels->size + l.len);
        fuzz_require(check(&l.s, l.src, l.len) == CSGD_OK);
        fuzz_linear("a stream", bytes, decode_large, &l);
        for (size_t j = 8; j < l.len; j++) /* the count stands */
            l.src[j] = (uint8_t)(j * 0x9e3779b9 >> 13);
        fuzz_linear("a count and garbage", bytes, decode_large, &l);
    }
    free(l.src);
    free(l.y);
}
