/* SPDX-License-Identifier: BSD-3-Clause */
/* 08_plugin.c: a compressor of your own, used by name like the others.
 *
 * What this shows: "ternary" sends -a, 0 or a for each element, with a the mean magnitude of its
 * block (as in Ma et al. 2024, The era of 1-bit LLMs), and packs five of them into a byte: 1.6 bits
 * each, and one float a block.  Encoding, judging and decoding one block is all that has to be
 * written: keys in the spec, feedback, reducers and algorithms come with the library.
 *
 * The problem is that of 02_error_feedback.c: the answer is 2 in every element.
 *
 * Build:  cmake --preset release && cmake --build --preset release
 * Run:    build/release/examples/08_plugin
 *
 * Expected output:
 *
 *     spec                             x  MB sent
 *     none                          2.00    18.14
 *     ternary feedback=none         1.33     1.97
 *     ternary                       2.01     1.97
 *     ternary block=50              2.01     2.30
 *     ternary algorithm=allgather   2.01     2.45
 *
 * Next: csgd/plugin.h, for what else there is: compressors that select, random numbers, choices.
 */
#include <csgd/csgd.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANKS = 4, N = 1000, STEPS = 3000 };

/* ---- the plug-in: a block is  a : float | five digits of base 3 a byte -------------------- */

static csgd_status ternary_create(csgd_plugin_setup *setup, void **state)
{
    (void)state; /* there is none */
    if (setup->type != CSGD_F32)
        return csgd_plugin_fail(CSGD_E_UNSUPPORTED, "only type=f32 is written yet");
    setup->block = (size_t)csgd_plugin_count(setup, "block");
    return CSGD_OK;
}

static size_t ternary_bytes(const void *state, size_t b)
{
    (void)state;
    return sizeof(float) + (b + 4) / 5;
}

static void ternary_encode(const void *state, const void *vector, size_t first, size_t b,
                           const csgd_plugin_call *call, uint8_t *dst)
{
    const float *x = vector;
    double sum = 0.0; /* added in order, so that all machines get the same */
    float a;

    (void)state, (void)first, (void)call;
    for (size_t i = 0; i < b; i++)
        sum += fabs((double)x[i]) / (double)b;
    a = (float)sum;
    memcpy(dst, &a, sizeof a); /* bytes have no alignment */
    for (size_t i = b; i-- > 0;) {
        const int digit = x[i] > a / 2 ? 2 : x[i] < -a / 2 ? 0 : 1;
        uint8_t *byte = dst + sizeof a + i / 5; /* zero at first */
        *byte = (uint8_t)(*byte * 3 + digit);
    }
}

static csgd_status ternary_check(const void *state, const uint8_t *src, size_t b)
{
    (void)state;
    for (size_t i = 0; i < (b + 4) / 5; i++)
        if (src[sizeof(float) + i] >= 3 * 3 * 3 * 3 * 3)
            return csgd_plugin_fail(CSGD_E_CORRUPT, "a byte is %d", src[sizeof(float) + i]);
    return CSGD_OK;
}

static void ternary_decode(const void *state, const uint8_t *src, size_t b, void *vector)
{
    static const int power[] = {1, 3, 9, 27, 81};
    float *y = vector, a;

    (void)state;
    memcpy(&a, src, sizeof a);
    for (size_t i = 0; i < b; i++)
        y[i] = a * (float)(src[sizeof a + i / 5] / power[i % 5] % 3 - 1);
}

static const csgd_plugin_key ternary_keys[] = {
    {.name = "block",
     .help = "elements that share a magnitude",
     .kind = CSGD_PLUGIN_COUNT,
     .min = 1,
     .max = 1 << 20,
     .fallback = "500"},
};

static const csgd_plugin ternary = {
    .size = sizeof(csgd_plugin),
    .name = "ternary",
    .summary = "-a, 0 or a for each element, 1.6 bits",
    .source = "after Ma et al. 2024",
    .keys = ternary_keys,
    .n_keys = sizeof ternary_keys / sizeof *ternary_keys,
    .family = CSGD_PLUGIN_QUANTIZE,
    .biased = 1, /* so feedback=ef is the default */
    .create = ternary_create,
    .block_bytes = ternary_bytes,
    .encode_block = ternary_encode,
    .check_block = ternary_check,
    .decode_block = ternary_decode,
};

/* ---- its use ------------------------------------------------------------------------------ */

struct run {
    csgd_team *team;
    const char *spec;
    double mean; /* of the elements of x in the end, which is the same on all ranks */
    csgd_stats stats;
};

static void check(csgd_status status)
{
    if (status == CSGD_OK) return;
    fprintf(stderr, "%s\n", csgd_error_detail());
    exit(EXIT_FAILURE);
}

static void descend(int rank, void *arg)
{
    struct run *run = arg;
    csgd_reducer *r;
    float x[N] = {0}, grad[N];

    check(csgd_reducer_create_team(run->team, rank, N, run->spec, &r));
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < N; i++)
            grad[i] = x[i] - (i % RANKS == rank ? 8.0f : 0.0f);
        check(csgd_reducer_allreduce(r, NULL, grad, N));
        for (int i = 0; i < N; i++)
            x[i] -= 0.005f * grad[i] / RANKS;
    }
    if (rank == 0) {
        run->mean = 0.0;
        for (int i = 0; i < N; i++)
            run->mean += (double)x[i] / N;
        check(csgd_reducer_stats(r, &run->stats, sizeof run->stats));
    }
    csgd_reducer_destroy(&r);
}

int main(void)
{
    static const char *const specs[] = {"none", "ternary feedback=none", "ternary",
                                        "ternary block=50", "ternary algorithm=allgather"};
    struct run run;

    check(csgd_plugin_register(&ternary));
    check(csgd_team_create(RANKS, &run.team));
    printf("%-27s %6s %8s\n", "spec", "x", "MB sent");
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        run.spec = specs[s];
        check(csgd_team_run(run.team, descend, &run));
        printf("%-27s %6.2f %8.2f\n", specs[s], run.mean, (double)run.stats.sent_bytes / 1e6);
    }
    csgd_team_destroy(&run.team);
    return EXIT_SUCCESS;
}
