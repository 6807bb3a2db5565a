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
 * Payload: value[0..k) : element type, finite, scaled where values are.
 */

#include <string.h>
#include "base/error.h"
#include "compressors/compressor.h"
#include "compressors/entries.h"

enum { CHUNK = 256 }; /* entries, two to a block of random words */

/* By itself it is scaled just where nothing makes up for a bias.  c->biased tells the two apart. */
static csgd_status randk_create(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena)
{
    const bool known = csgdi_spec_has(spec, "feedback");
    const bool given = known && csgdi_spec_given(spec, "feedback");
    const char *scaled = csgdi_spec_choice(spec, "scaled");

    (void)arena;
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
    return csgdi_entries_read(c, spec);
}

/* floor(r size / 2^64). */
static uint32_t below(uint64_t r, uint32_t size)
{
    const uint64_t low = (r & UINT32_MAX) * size, high = (r >> 32) * size;

    return (uint32_t)((high + (low >> 32)) >> 32);
}

/* Elements and sizes of the strata first .. first + count - 1, first a multiple of CHUNK.  The
 * products are below 2^64, as n is below 2^32. */
static void choose(const csgdi_compressor *c, uint64_t step, size_t first, size_t count,
                   uint32_t *index, double *size)
{
    const csgdi_random random = csgdi_random_make(c->seed, CSGDI_STREAM_MASK, 0, 0, step);
    uint64_t start = (uint64_t)first * c->n / c->max_k;
    uint32_t words[4];

    for (size_t j = 0; j < count; j++) {
        const uint64_t end = (uint64_t)(first + j + 1) * c->n / c->max_k;
        const uint32_t *w = words + j % 2 * 2;

        if (j % 2 == 0) csgdi_random_block(&random, (first + j) / 2, words);
        index[j] = (uint32_t)start + below((uint64_t)w[1] << 32 | w[0], (uint32_t)(end - start));
        size[j] = (double)(end - start);
        start = end;
    }
}

static bool randk_project(csgdi_compressor *c, const void *x, uint64_t step, unsigned round,
                          void *sums, void *values)
{
    uint32_t index[CHUNK];
    double size[CHUNK];
    bool finite = true;

    (void)round;
    (void)sums;
    for (size_t j = 0; j < c->max_k; j += CHUNK) {
        const size_t part = c->max_k - j < CHUNK ? c->max_k - j : CHUNK;
        void *value = (char *)values + j * c->kernels->size;
        choose(c, step, j, part, index, size);
        c->kernels->gather(index, c->biased ? NULL : size, part, x, value);
        finite = c->kernels->finite(value, part) && finite;
    }
    return finite;
}

static void randk_apply(const csgdi_compressor *c, const uint8_t *src, uint64_t step,
                        csgdi_mode mode, void *y)
{
    uint32_t index[CHUNK];
    double size[CHUNK], value[CHUNK];

    if (mode == CSGDI_SET && c->n > 0) memset(y, 0, c->n * c->kernels->size);
    for (size_t j = 0; j < c->max_k; j += CHUNK) {
        const size_t part = c->max_k - j < CHUNK ? c->max_k - j : CHUNK;
        choose(c, step, j, part, index, size);
        memcpy(value, src + j * c->kernels->size, part * c->kernels->size);
        c->kernels->scatter(index, value, part, mode, y);
    }
}

static const char *scaled_name(size_t i)
{
    static const char *const names[] = {"auto", "yes", "no"};
    return i < 3 ? names[i] : NULL;
}

static const csgdi_key keys[] = {
    CSGDI_ENTRIES_KEYS,
    {.name = "scaled",
     .kind = CSGDI_CHOICE,
     .choice = scaled_name,
     .fallback = "auto",
     .help = "multiply by n/k, so that the mean is right; auto: yes without feedback, no with it"},
};

const csgdi_compressor_ops csgdi_randk = {
    .name = "randk",
    .summary = "k random entries, the same on all ranks, so that only values are sent",
    .source = "Stich et al. 2018",
    .wire_id = 4,
    .family = CSGDI_PROJECT,
    .biased = true,
    .keys = {keys, sizeof keys / sizeof *keys},
    .create = randk_create,
    .rounds = 1,
    .project = randk_project,
    .apply = randk_apply,
};
