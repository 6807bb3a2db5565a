/* SPDX-License-Identifier: BSD-3-Clause */

/* test_decode.c: the library and a second decoder, written from the layouts alone, read the same in
 * every message, and agree on what is none.
 *
 * Where their opinions differ, one of them is wrong or a layout says too little. */

#include "support/test.h"

#include <math.h>
#include <xxhash.h>
#include "compressors/cases.h"
#include "oracle/oracle_decode.h"

/* A message of one case, type and n, and what reads it. */
typedef struct reading {
    char spec[128];
    oracle_expected expected;
    csgd_compressor *c;
    uint8_t *message;
    size_t cap, len;
    void *raw;            /* what the library makes of it, */
    double *mine, *yours; /* the same, and what the oracle makes of it */
    uint64_t random;
    size_t good, bad; /* verdicts */
} reading;

enum { HEADER = 48, AT_PAYLOAD = 32, AT_HASH = 40, SMALL = 320 };

static const char *const type_names[] = {
    [CSGD_F32] = "f32", [CSGD_F64] = "f64", [CSGD_BF16] = "bf16", [CSGD_F16] = "f16"};

static uint64_t next(reading *r)
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

static void reading_open(reading *r, const compressor_case *about, csgd_type type, size_t n)
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
    };
    assert_ok(csgd_compressor_create(r->spec, n, &r->c));
    r->cap = csgd_compressor_bound(r->c);
    r->message = malloc(r->cap);
    r->raw = malloc(n * csgd_type_size(type) + 1);
    r->mine = calloc(n + 1, sizeof *r->mine);
    r->yours = calloc(n + 1, sizeof *r->yours);
    assert_true(r->message != NULL && r->raw != NULL && r->mine != NULL && r->yours != NULL);
}

static void reading_close(reading *r)
{
    csgd_compressor_destroy(&r->c);
    free(r->message);
    free(r->raw);
    free(r->mine);
    free(r->yours);
}

/* The message of a gradient. */
static void reading_write(reading *r, uint64_t step)
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

/* Of `len` bytes in memory of just that length; whether they are a message. */
static bool agree(reading *r, const uint8_t *bytes, size_t len, const char *what)
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
                 csgd_status_name(st), csgd_error_detail(), good ? "good" : "bad");
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

/* The same once the length in the header and the hash are right. */
static bool agree_forged(reading *r, uint8_t *bytes, size_t len, const char *what)
{
    XXH64_hash_t hash;

    for (int i = 0; i < 8; i++)
        bytes[AT_PAYLOAD + i] = (uint8_t)((uint64_t)(len - HEADER) >> 8 * i);
    hash = XXH64(bytes + HEADER, len - HEADER, XXH64(bytes, AT_HASH, 0));
    for (int i = 0; i < 8; i++)
        bytes[AT_HASH + i] = (uint8_t)(hash >> 8 * i);
    return agree(r, bytes, len, what);
}

/* --- what is done to a message --- */

/* In a message up to this length everything is tried, in a longer one its beginning and a sample. */
static size_t tried_wholly(const reading *r)
{
    return r->len <= (test_brief() ? SMALL / 4 : SMALL) ? r->len : HEADER + 16;
}

static void good_messages(reading *r)
{
    for (uint64_t step = 0; step < 3; step++) {
        reading_write(r, step);
        assert_true(agree(r, r->message, r->len, "as written"));
    }
}

static void truncated(reading *r)
{
    uint8_t *copy = calloc(r->len + 16, 1);

    for (size_t len = 0; len < r->len; len += len < tried_wholly(r) ? 1 : 1 + r->len / 16) {
        assert_false(agree(r, r->message, len, "truncated"));
        if (len < HEADER) continue;
        memcpy(copy, r->message, r->len);
        agree_forged(r, copy, len, "shorter");
    }
    for (size_t more = 1; more <= 16; more++) {
        memcpy(copy, r->message, r->len);
        memset(copy + r->len, more % 2 != 0, more);
        agree_forged(r, copy, r->len + more, "longer");
    }
    free(copy);
}

static void flipped(reading *r)
{
    uint8_t *copy = malloc(r->len);

    for (size_t bit = 0; bit < 8 * r->len; bit += bit < 8 * tried_wholly(r) ? 1 : 1 + r->len / 8) {
        char what[64];

        memcpy(copy, r->message, r->len);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit % 8 == 0) assert_false(agree(r, copy, r->len, "a bit flipped"));
        snprintf(what, sizeof what, "bit %zu of byte %zu forged", bit % 8, bit / 8);
        agree_forged(r, copy, r->len, what);
    }
    free(copy);
}

/* Numbers at which something changes, anywhere, most often where counts and scales are. */
static void replaced(reading *r)
{
    static const uint64_t numbers[] = {0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000,
                                       0x7f7fffff, 0xff7fffff, 1,          0x00800000, 0x7e000000,
                                       0x0000007f, 0xffffffff, 0x8000,     0x7fef,     0x7ff0,
                                       0xfff0,     0xffef,     0x7ff8,     0x7fe0,     0x0010};
    const size_t rounds = r->len > SMALL || test_brief() ? 40 : 200, left = r->len - HEADER;
    uint8_t *copy = malloc(r->len);

    for (size_t round = 0; round < rounds && left > 0; round++) {
        memcpy(copy, r->message, r->len);
        for (uint64_t i = 0; i <= next(r) % 3; i++) {
            const uint64_t number = numbers[next(r) % TEST_COUNT(numbers)];
            const size_t bytes = number > 0xffff || next(r) % 4 == 0 ? 4 : 2;
            size_t at = next(r) % 2 == 0 ? next(r) % left : next(r) % (left < 20 ? left : 20);

            at -= next(r) % 3 != 0 ? at % 2 : 0;
            for (size_t j = 0; j < bytes && at + j < left; j++)
                copy[HEADER + at + j] = (uint8_t)(number >> 8 * j);
        }
        agree_forged(r, copy, r->len, "with other numbers");
    }
    free(copy);
}

/* --- all cases --- */

/* What remembers what it sent, so that cases.h does not have it.  kmax is the rank. */
static const compressor_case with_memory[] = {
    {.name = "powersgd", .spec = "powersgd", .kmax = 4},
    {.name = "powersgd", .spec = "powersgd rank=2 seed=5", .kmax = 2, .seed = 5},
    {.name = NULL},
};

static void walk(const compressor_case *cases, bool hostile)
{
    static const size_t sizes[] = {0, 1, 2, 7, 9, 64, 300, 1000, 4097};

    for (const compressor_case *about = cases; about->name != NULL; about++)
        for (csgd_type type = CSGD_F32; type <= CSGD_F16; type++) {
            size_t good = 0, bad = 0;

            for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
                reading r;

                /* 16-bit elements are floats but for the last step. */
                if (sizes[i] > 300 && (test_brief() || type >= CSGD_BF16)) continue;

                reading_open(&r, about, type, sizes[i]);
                good_messages(&r);
                r.good = 0;
                if (hostile) {
                    truncated(&r);
                    flipped(&r);
                    replaced(&r);
                }
                good += r.good;
                bad += r.bad;
                reading_close(&r);
            }
            if (hostile) assert_true(good > 0 && bad > 0);
        }
}

static void read_alike(void **state)
{
    (void)state;
    walk(compressor_cases, false);
    walk(with_memory, false);
}

static void judged_alike(void **state)
{
    (void)state;
    walk(compressor_cases, true);
    walk(with_memory, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_alike),
        cmocka_unit_test(judged_alike),
    };
    return cmocka_run_group_tests_name("compressors/decode", tests, NULL, NULL);
}
