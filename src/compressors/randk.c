/* SPDX-License-Identifier: BSD-3-Clause */

/* randk.c: keep k random entries, the same on all ranks.
 *
 * The vector is cut into k strata of floor(n/k) or ceil(n/k) elements, stratum j from floor(j n/k)
 * to floor((j + 1) n/k), and one element is taken from each: k different ones, in ascending order,
 * in O(k).  Which ones follows from seed and step alone, so no index is sent, and the values of
 * all ranks can be summed entry by entry: the map is linear.
 *
 *     unscaled    biased, a contraction in expectation: E|x - C(x)|^2 <= (1 - 1/ceil(n/k)) |x|^2,
 *                 with equality and delta = k/n where k divides n.  For error feedback
 *                 (Stich, Cordonnier, Jaggi 2018).
 *     scaled      each value times the size of its stratum: unbiased, E C(x) = x, with
 *                 E|x - C(x)|^2 <= omega |x|^2, omega = ceil(n/k) - 1, n/k - 1 where k divides n.
 *                 Without feedback only: it enlarges what it sends, so a residual would grow
 *                 without end.  A product beyond the element type is infinite, as a sum may be; a
 *                 message that would have one is not written.
 *
 * Random bits: entry j takes 64 bits r, words 2 j and 2 j + 1 of the shared stream MASK, the low
 * word first; its element is floor(r size / 2^64) after the first of its stratum.
 *
 * support=private: other entries on each rank, of the stream SAMPLE.  No index is sent either: the
 * rank is, and whoever decodes draws the same numbers.  Sums over ranks are of no use then, so
 * messages are gathered.
 *
 * Payload: value[0..k) : element type, finite, scaled where values are | support=private:
 * the rank of who wrote it, as one value more.
 */

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/entries.h"
#include "compressors/scale.h"

enum { CHUNK = 256, RANKS_MAX = 1 << 24 }; /* entries, two to a block of random words */

typedef struct randk {
    size_t k;
    bool own; /* a support of its own for each rank */
} randk;

/* By itself it is scaled just where nothing makes up for a bias.  c->biased tells the two apart. */
static csgd_status randk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const bool known = csgdi_spec_has(spec, "feedback");
    const bool given = known && csgdi_spec_given(spec, "feedback");
    const char *scaled = csgdi_spec_choice(spec, "scaled");
    randk *self = csgdi_arena_alloc(arena, 1, sizeof *self);
    csgd_status st;

    c->state = self;
    if (self == NULL) return CSGD_E_NOMEM;
    if (strcmp(scaled, "auto") == 0) {
        const bool without =
            !known || (given && strcmp(csgdi_spec_choice(spec, "feedback"), "none") == 0);
        scaled = without ? "yes" : "no";
        csgdi_spec_choose(spec, "scaled", scaled);
    }
    c->biased = strcmp(scaled, "no") == 0;
    if (!c->biased && given && strcmp(csgdi_spec_choice(spec, "feedback"), "none") != 0)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "randk scaled=yes is no contraction, so with feedback=%s its residual "
                          "would grow without end; use scaled=no, or feedback=none",
                          csgdi_spec_choice(spec, "feedback"));
    st = csgdi_entries_read(c, spec);
    if (st != CSGD_OK) return st;
    self->k = c->max_k;
    self->own = strcmp(csgdi_spec_choice(spec, "support"), "private") == 0;
    c->own_support = self->own;
    if (self->own && c->n > 0) c->max_k++;
    return CSGD_OK;
}

static csgdi_random random_of(const csgdi_compressor *c, uint32_t rank, uint64_t step)
{
    const randk *self = c->state;

    if (self->own) return csgdi_random_make(c->seed, CSGDI_STREAM_SAMPLE, rank, 0, step);
    return csgdi_random_make(c->seed, CSGDI_STREAM_MASK, 0, 0, step);
}

/* floor(r size / 2^64). */
static uint32_t below(uint64_t r, uint32_t size)
{
    const uint64_t low = (r & UINT32_MAX) * size, high = (r >> 32) * size;

    return (uint32_t)((high + (low >> 32)) >> 32);
}

/* Elements and sizes of the strata first .. first + count - 1, first a multiple of CHUNK.  The
 * products are below 2^64, as n is below 2^32. */
static void choose(const csgdi_compressor *c, const csgdi_random *random, size_t first,
                   size_t count, uint32_t *index, double *size)
{
    const randk *self = c->state;
    const uint64_t least = c->n / self->k, rest = c->n % self->k;
    uint64_t start = (uint64_t)first * c->n / self->k, over = first * rest % self->k;
    uint32_t words[2 * CHUNK];

    for (size_t j = 0; j < count; j += 64)
        c->kernels->random_tiles(random, (first + j) / 32, words + 2 * j);
    for (size_t j = 0; j < count; j++) {
        const uint32_t *w = words + j / 32 * 64 + j % 2 * 32 + j / 2 % 16;
        uint64_t end = start + least;

        over += rest;
        if (over >= self->k) {
            over -= self->k;
            end++;
        }
        index[j] = (uint32_t)start + below((uint64_t)w[16] << 32 | w[0], (uint32_t)(end - start));
        size[j] = (double)(end - start);
        start = end;
    }
}

static bool randk_project(csgdi_compressor *c, const void *x, uint64_t step, unsigned round,
                          void *sums, void *values)
{
    const csgdi_random random = random_of(c, c->rank, step);
    const randk *self = c->state;
    const double rank = c->rank;
    uint32_t index[CHUNK];
    double size[CHUNK];
    bool finite = true;

    (void)round;
    (void)sums;
    for (size_t j = 0; j < self->k; j += CHUNK) {
        const size_t part = self->k - j < CHUNK ? self->k - j : CHUNK;
        void *value = (char *)values + j * c->kernels->size;
        choose(c, &random, j, part, index, size);
        c->kernels->gather(index, c->biased ? NULL : size, part, x, value);
        finite = c->kernels->finite(value, part) && finite;
    }
    if (self->own) csgdi_scale_put(c, rank, (uint8_t *)values + self->k * c->kernels->size);
    return finite;
}

static void randk_apply(const csgdi_compressor *c, const uint8_t *src, uint64_t step,
                        csgdi_mode mode, void *y)
{
    const randk *self = c->state;
    const uint8_t *end = src + self->k * c->kernels->size;
    const csgdi_random random =
        random_of(c, self->own ? (uint32_t)csgdi_scale_get(c, end) : 0, step);
    uint32_t index[CHUNK];
    double size[CHUNK], value[CHUNK];

    if (mode == CSGDI_SET && c->n > 0) memset(y, 0, c->n * c->kernels->size);
    for (size_t j = 0; j < self->k; j += CHUNK) {
        const size_t part = self->k - j < CHUNK ? self->k - j : CHUNK;
        choose(c, &random, j, part, index, size);
        memcpy(value, src + j * c->kernels->size, part * c->kernels->size);
        c->kernels->scatter(index, value, part, mode, y);
    }
}

static csgd_status randk_check(const csgdi_compressor *c, const uint8_t *src)
{
    const randk *self = c->state;
    const double rank = self->own ? csgdi_scale_get(c, src + self->k * c->kernels->size) : 0;

    if (rank >= 0 && rank < RANKS_MAX && rank == floor(rank)) return CSGD_OK;
    return csgdi_fail(CSGD_E_CORRUPT, "the message of randk is of rank %g", rank);
}

static const char *support_name(size_t i)
{
    static const char *const names[] = {"shared", "private"};
    return i < 2 ? names[i] : NULL;
}

static const char *scaled_name(size_t i)
{
    static const char *const names[] = {"auto", "yes", "no"};
    return i < 3 ? names[i] : NULL;
}

static csgdi_loss randk_loss(const csgdi_compressor *c)
{
    const randk *self = c->state;
    const double kept = (double)self->k / (double)c->n;

    if (!c->biased) return (csgdi_loss){CSGDI_LOSS_NOISE, 1 / kept - 1};
    return (csgdi_loss){CSGDI_LOSS_RANDOM, kept};
}

static const csgdi_key keys[] = {
    CSGDI_ENTRIES_KEYS,
    {.name = "scaled",
     .kind = CSGDI_CHOICE,
     .choice = scaled_name,
     .fallback = "auto",
     .help = "multiply by n/k, so that the mean is right; auto: yes without feedback, no with it"},
    {.name = "support",
     .kind = CSGDI_CHOICE,
     .choice = support_name,
     .fallback = "shared",
     .help =
         "the same entries on all ranks, whose values are summed; or each rank its own, gathered"},
};

const csgdi_compressor_ops csgdi_randk = {
    .name = "randk",
    .summary = "k random entries, the same on all ranks or not, so that only values are sent",
    .source = "Stich et al. 2018",
    .wire_id = 4,
    .family = CSGDI_PROJECT,
    .biased = true,
    .picks = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = randk_create,
    .rounds = 1,
    .project = randk_project,
    .apply = randk_apply,
    .check = randk_check,
    .loss = randk_loss,
};
