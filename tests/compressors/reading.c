/* SPDX-License-Identifier: BSD-3-Clause */

/* reading.c: see reading.h. */

#include "support/test.h"

#include "compressors/reading.h"

#include <math.h>
#include <xxhash.h>

enum { AT_PAYLOAD = 32, AT_HASH = 40 };

static const char *const type_names[] = {
    [CSGD_F32] = "f32", [CSGD_F64] = "f64", [CSGD_BF16] = "bf16", [CSGD_F16] = "f16"};

uint64_t reading_random(reading *r)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return r->random;
}

/* --- one case --- */

static size_t part_of(double ratio, size_t n)
{
    const size_t k = (size_t)(ratio * (double)n);

    return k > 0 || n == 0 ? k : 1;
}

/* Most entries of a message; powersgd: the rank, which its case has in kmax. */
static size_t entries(const compressor_case *about, size_t n)
{
    if (about->lambda > 0 && about->kmax == 0) return n >= 8 ? n / 8 : n > 0;
    if (about->lambda > 0) return about->kmax < n ? about->kmax : n;
    if (about->kmax > 0) return about->kmax;
    if (strcmp(about->name, "blocktopk") != 0) return part_of(about->ratio, n);
    return n / about->block * part_of(about->ratio, about->block) +
           part_of(about->ratio, n % about->block);
}

void reading_open(reading *r, const compressor_case *about, csgd_type type, size_t n)
{
    const csgd_type work = oracle_work(type);

    *r = (reading){.random = 88172645463325252U};
    snprintf(r->spec, sizeof r->spec, "%s type=%s", about->spec, type_names[type]);
    r->expected = (oracle_expected){
        .compressor = about->name,
        .type = type,
        .n = n,
        .k = entries(about, n),
        .index = about->index,
        .value = about->value > 0 || work == CSGD_F64 ? about->value : 1,
        .block = about->block,
        .bits = about->bits,
        .masked = about->masked,
        .seed = about->seed,
        .own = about->own,
    };
    assert_ok(csgd_compressor_create(r->spec, n, &r->c));
    r->cap = csgd_compressor_bound(r->c);
    r->message = malloc(r->cap);
    r->raw = malloc(n * csgd_type_size(type) + 1);
    r->mine = calloc(n + 1, sizeof *r->mine);
    r->yours = calloc(n + 1, sizeof *r->yours);
    assert_true(r->message != NULL && r->raw != NULL && r->mine != NULL && r->yours != NULL);
}

void reading_close(reading *r)
{
    csgd_compressor_destroy(&r->c);
    free(r->message);
    free(r->raw);
    free(r->mine);
    free(r->yours);
}

void reading_write(reading *r, uint64_t step)
{
    const csgd_type type = r->expected.type;
    const size_t n = r->expected.n;

    oracle_gradient(0, step, oracle_work(type), n, r->mine);
    for (size_t i = 0; i < n && type != oracle_work(type); i++)
        r->mine[i] = oracle_narrow(type, r->mine[i]);
    oracle_put(type, r->mine, n, r->raw);
    assert_ok(csgd_compressor_set_step(r->c, step));
    assert_ok(csgd_compressor_compress(r->c, r->raw, r->message, r->cap, &r->len));
}

/* --- two verdicts --- */

/* NaN is one value: its sign and payload are left to the machine. */
static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

bool reading_agree(reading *r, const uint8_t *bytes, size_t len, const char *what)
{
    uint8_t *memory = malloc(len);
    const size_t n = r->expected.n;
    bool good;
    csgd_status st;

    if (len > 0) memcpy(memory, bytes, len);
    good = oracle_decode(&r->expected, memory, len, r->yours);
    st = csgd_compressor_decompress(r->c, memory, len, r->raw);
    free(memory);
    if ((st == CSGD_OK) != good || (st != CSGD_OK && st != CSGD_E_CORRUPT && st != CSGD_E_VERSION))
        fail_msg("%s of %zu elements, %s: %s (%s), but %s by the layout", r->spec, n, what,
                 csgd_status_name(st), st != CSGD_OK ? csgd_error_detail() : "",
                 good ? "good" : "bad");
    if (good) {
        oracle_get(r->expected.type, r->raw, n, r->mine);
        for (size_t i = 0; i < n; i++)
            if (!same(r->mine[i], r->yours[i]))
                fail_msg("%s of %zu elements, %s: y[%zu] is %a, and %a by the layout", r->spec, n,
                         what, i, r->mine[i], r->yours[i]);
    }
    *(good ? &r->good : &r->bad) += 1;
    return good;
}

bool reading_forged(reading *r, uint8_t *bytes, size_t len, const char *what)
{
    XXH64_hash_t hash;

    for (int i = 0; i < 8; i++)
        bytes[AT_PAYLOAD + i] = (uint8_t)((uint64_t)(len - READING_HEADER) >> 8 * i);
    hash = XXH3_64bits_withSeed(bytes, AT_HASH,
                                XXH3_64bits(bytes + READING_HEADER, len - READING_HEADER));
    for (int i = 0; i < 8; i++)
        bytes[AT_HASH + i] = (uint8_t)(hash >> 8 * i);
    return reading_agree(r, bytes, len, what);
}
