/* SPDX-License-Identifier: BSD-3-Clause */

/* cases.c: see cases.h. */

#include "compressors/cases.h"

#include "compressors/compressor.h"
#include "support/test.h"

const compressor_case compressor_cases[] = {
    {.name = "none", .spec = "none"},
    {.name = "topk", .spec = "topk", .ratio = 0.01},
    {.name = "topk", .spec = "topk ratio=0.3125", .ratio = 0.3125},
    {.name = "topk", .spec = "topk ratio=1", .ratio = 1},
    {.name = "topk", .spec = "topk ratio=0.3125 indices=auto", .ratio = 0.3125},
    {.name = "topk", .spec = "topk indices=raw", .ratio = 0.01, .index = 1},
    {.name = "topk", .spec = "topk ratio=0.0625 indices=rice", .ratio = 0.0625, .index = 2},
    {.name = "topk", .spec = "topk ratio=0.5 indices=bitmap", .ratio = 0.5, .index = 3},
    {.name = "topk", .spec = "topk ratio=0.3125 values=f32", .ratio = 0.3125, .value = 1},
    {.name = "topk", .spec = "topk ratio=0.3125 values=bf16", .ratio = 0.3125, .value = 2},
    {.name = "topk",
     .spec = "topk ratio=0.3125 values=f16 indices=raw",
     .ratio = 0.3125,
     .index = 1,
     .value = 3},
    {.name = "topk", .spec = "topk ratio=0.3125 values=int8", .ratio = 0.3125, .value = 4},
    {.name = "topk",
     .spec = "topk ratio=0.3125 values=int4 indices=bitmap",
     .ratio = 0.3125,
     .index = 3,
     .value = 5},
    {.name = "blocktopk",
     .spec = "blocktopk ratio=0.25 block=64 values=int4 indices=rice",
     .ratio = 0.25,
     .block = 64,
     .index = 2,
     .value = 5},
    {.name = "threshold",
     .spec = "threshold lambda=0.5 kmax=700 values=int8 indices=rice",
     .lambda = 0.5,
     .kmax = 700,
     .index = 2,
     .value = 4},
    {.name = "blocktopk", .spec = "blocktopk ratio=0.03125", .ratio = 0.03125, .block = 4096},
    {.name = "blocktopk", .spec = "blocktopk ratio=0.25 block=64", .ratio = 0.25, .block = 64},
    {.name = "blocktopk", .spec = "blocktopk ratio=0.1 block=10", .ratio = 0.1, .block = 10},
    {.name = "sign", .spec = "sign", .block = 1024},
    {.name = "sign", .spec = "sign block=8", .block = 8},
    {.name = "sign", .spec = "sign block=16384", .block = 16384}, /* four blocks of sums */
    {.name = "sign", .spec = "sign block=64 mask=yes", .block = 64, .masked = true},
    {.name = "onebit", .spec = "onebit", .block = 1024},
    {.name = "onebit", .spec = "onebit block=8", .block = 8},
    {.name = "int", .spec = "int block=64 mask=yes", .block = 64, .bits = 8, .masked = true},
    {.name = "onebit", .spec = "onebit block=4096 mask=yes", .block = 4096, .masked = true},
    {.name = "majority", .spec = "majority"},
    {.name = "natural", .spec = "natural", .block = 1024},
    {.name = "natural", .spec = "natural block=8 seed=5", .block = 8, .seed = 5},
    {.name = "natural", .spec = "natural block=16384", .block = 16384},
    {.name = "bf16", .spec = "bf16 seed=9", .seed = 9},
    {.name = "bf16", .spec = "bf16 rounding=nearest", .nearest = true},
    {.name = "f16", .spec = "f16", .block = 1024},
    {.name = "f16", .spec = "f16 block=8 seed=3", .block = 8, .seed = 3},
    {.name = "f16", .spec = "f16 rounding=nearest block=16384", .block = 16384, .nearest = true},
    {.name = "randk", .spec = "randk", .ratio = 0.01},
    {.name = "randk", .spec = "randk ratio=0.3125 seed=7", .ratio = 0.3125, .seed = 7},
    {.name = "randk", .spec = "randk ratio=0.3125 scaled=no", .ratio = 0.3125, .biased = true},
    {.name = "randk", .spec = "randk ratio=1 scaled=yes", .ratio = 1},
    {.name = "randk", .spec = "randk ratio=0.3125 support=private", .ratio = 0.3125, .own = true},
    {.name = "threshold", .spec = "threshold lambda=0.75", .lambda = 0.75},
    {.name = "threshold",
     .spec = "threshold lambda=3e-3 kmax=20000",
     .lambda = 3e-3,
     .kmax = 20000},
    {.name = "threshold", .spec = "threshold lambda=0.5 kmax=7", .lambda = 0.5, .kmax = 7},
    {.name = "qsgd", .spec = "qsgd", .bits = 4, .block = 512},
    {.name = "qsgd", .spec = "qsgd bits=2 bucket=8", .bits = 2, .block = 8},
    {.name = "qsgd",
     .spec = "qsgd bits=3 norm=l2 seed=18446744073709551615",
     .bits = 3,
     .block = 512,
     .l2 = true,
     .seed = UINT64_MAX},
    {.name = "qsgd", .spec = "qsgd bits=5 bucket=64", .bits = 5, .block = 64},
    {.name = "qsgd",
     .spec = "qsgd bits=8 bucket=16384 norm=l2",
     .bits = 8,
     .block = 16384,
     .l2 = true},
    {.name = "terngrad", .spec = "terngrad", .block = 1024, .clip = 2.5},
    {.name = "terngrad", .spec = "terngrad block=8 clip=0 seed=3", .block = 8, .seed = 3},
    {.name = "terngrad", .spec = "terngrad block=16384 clip=1", .block = 16384, .clip = 1},
    {.name = "int", .spec = "int", .bits = 8, .block = 1024},
    {.name = "int", .spec = "int bits=2 block=8 seed=5", .bits = 2, .block = 8, .seed = 5},
    {.name = "int",
     .spec = "int bits=5 rounding=nearest",
     .bits = 5,
     .block = 1024,
     .nearest = true},
    {.name = "int",
     .spec = "int bits=4 block=16384 rounding=nearest",
     .bits = 4,
     .block = 16384,
     .nearest = true},
    {.name = NULL},
};

static void *vector(size_t bytes)
{
    void *memory = malloc(bytes);

    if (bytes > 0) assert_non_null(memory);
    return memory;
}

static csgd_compressor *create(const compressor_case *about, csgd_type type, size_t n)
{
    char spec[128];
    csgd_compressor *c = NULL;

    snprintf(spec, sizeof spec, "%s type=%s", about->spec, type == CSGD_F32 ? "f32" : "f64");
    assert_ok(csgd_compressor_create(spec, n, &c));
    assert_non_null(c);
    return c;
}

void subject_open(subject *s, const compressor_case *about, csgd_type type, size_t n)
{
    *s = (subject){.about = about, .n = n, .bytes = n * csgd_type_size(type)};
    s->set = (oracle_settings){.type = type,
                               .n = n,
                               .k = (size_t)(about->ratio * (double)n),
                               .lambda = about->lambda,
                               .scaled = !about->biased,
                               .own = about->own,
                               .nearest = about->nearest,
                               .masked = about->masked,
                               .block = about->block,
                               .bits = about->bits,
                               .l2 = about->l2,
                               .seed = about->seed,
                               .clip = about->clip,
                               .value = about->value};
    if (s->set.k == 0 && n > 0) s->set.k = 1;
    if (about->lambda > 0) s->set.k = about->kmax;
    if (strcmp(about->name, "blocktopk") == 0)
        s->set.k = (size_t)(about->ratio * (double)about->block);
    s->c = create(about, type, n);
    s->cap = csgd_compressor_bound(s->c);
    s->wide = vector(n * sizeof *s->wide);
    s->expected = vector(n * sizeof *s->expected);
    s->x = vector(s->bytes);
    s->y = vector(s->bytes);
    s->z = vector(s->bytes);
    s->message = vector(s->cap);
}

void subject_close(subject *s)
{
    csgd_compressor_destroy(&s->c);
    assert_null(s->c);
    free(s->wide);
    free(s->expected);
    free(s->x);
    free(s->y);
    free(s->z);
    free(s->message);
}

/* Around 8 are the groups of codes and the lanes of a row, around 4096 the blocks of sums;
 * 1000 is no multiple of anything, 20000 has several blocks of everything. */
void cases_walk(void (*check)(subject *s))
{
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 64, 1000, 4096, 4097, 20000};

    for (const compressor_case *about = compressor_cases; about->name != NULL; about++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F64; type++)
            for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
                subject s;

                /* Of two sizes one for each type, and the longest where blocks are long. */
                if (test_brief() &&
                    ((i + type) % 2 != 0 ||
                     (sizes[i] > 4097 && about->block < 4096 && about->kmax < 4096)))
                    continue;

                subject_open(&s, about, type, sizes[i]);
                check(&s);
                subject_close(&s);
            }
}

csgd_compressor *subject_twin(const subject *s)
{
    return create(s->about, s->set.type, s->n);
}

void subject_take_wide(subject *s)
{
    oracle_store(s->set.type, s->wide, s->n, s->x);
    s->set.step = s->c->core.step;
    oracle_compress(s->about->name, &s->set, s->wide, s->expected);
}

void subject_gradient(subject *s, uint64_t step)
{
    oracle_gradient(0, step, s->set.type, s->n, s->wide);
    subject_take_wide(s);
}

void subject_check(subject *s)
{
    assert_ok(csgd_compressor_compress(s->c, s->x, s->message, s->cap, &s->len));
    if (s->n > 0) memset(s->y, 0xee, s->bytes);
    assert_ok(csgd_compressor_decompress(s->c, s->message, s->len, s->y));
    oracle_store(s->set.type, s->expected, s->n, s->z);
    if (s->n > 0 && memcmp(s->y, s->z, s->bytes) != 0)
        for (size_t i = 0; i < s->n; i++) {
            const size_t size = csgd_type_size(s->set.type);
            double got;

            oracle_load(s->set.type, (char *)s->y + i * size, 1, &got);
            if (memcmp((char *)s->y + i * size, (char *)s->z + i * size, size) != 0)
                fail_msg("%s, %zu elements of %zu bytes: y[%zu] is %a, not %a (x is %a)",
                         s->about->spec, s->n, size, i, got, s->expected[i], s->wide[i]);
        }
}
