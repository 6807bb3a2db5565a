/* SPDX-License-Identifier: BSD-3-Clause */

/* agree.c: rounds of small MAX reductions; the idea is in agree.h. */

#include "comm/agree.h"

#include <fenv.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#if defined(__x86_64__)
#    include <xmmintrin.h>
#endif
#include "base/error.h"
#include "comm/reducer.h"

enum { VOTE, FIELDS, RANKS, TEXTS, SETTLED };               /* rounds */
enum { FAILURE, FLAGS, HASH, HASH_INVERSE, LENGTH, CHECK }; /* words of a vote */
enum { TIME_SHIFT = 48 };                                   /* of a time, above a length */
enum { TEXT_WORDS = CSGDI_AGREE_TEXT / sizeof(uint64_t) };  /* of one rank's text */

static const char *const field_names[CSGDI_FIELDS] = {
    [CSGDI_FIELD_N] = "count",
    [CSGDI_FIELD_TYPE] = "type",
    [CSGDI_FIELD_OP] = "operation",
    [CSGDI_FIELD_STEP] = "step",
    [CSGDI_FIELD_ENTRIES] = "max_k",
    [CSGDI_FIELD_CAPACITY] = "capacity",
    [CSGDI_FIELD_LAYOUT] = "layout",
    [CSGDI_FIELD_SEED] = "seed",
    [CSGDI_FIELD_START] = "kind of call (0 blocking, 1 started)",
    [CSGDI_FIELD_SCALE] = "step size",
    [CSGDI_FIELD_RHO] = "rho",
    [CSGDI_FIELD_FP_MODE] = "floating-point mode",
    [CSGDI_FIELD_PLAN] = "plan (0 compressed, 1 dense)",
    [CSGDI_FIELD_WIRE] = "wire version",
    [CSGDI_FIELD_SPEC] = "spec",
};

uint64_t csgdi_fp_mode(void)
{
    uint64_t mode = (uint64_t)fegetround();
#if defined(__x86_64__)
    mode |= (uint64_t)(_mm_getcsr() & 0x8040u) << 32; /* flush to zero, denormals are zero */
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    if (control & 1u << 24) mode |= (uint64_t)0x8040u << 32; /* flush to zero, which is both */
#endif
    return mode;
}

static csgd_status begin_max(csgdi_agreement *a, csgdi_transport *t, size_t words)
{
    return t->ops->max(t, a->word, words, a->blocking, &a->request);
}

/* A time in 16 bits, whose order is that of the times. */
static uint64_t pack_seconds(double seconds)
{
    const float f = seconds < 1e30 ? (float)seconds : 1e30F;
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return bits >> 16;
}

static double unpack_seconds(uint64_t word)
{
    const uint32_t bits = (uint32_t)(word >> TIME_SHIFT) << 16;
    float f;

    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

csgd_status csgdi_agree_begin(csgdi_agreement *a, csgdi_transport *t)
{
    const uint64_t h = XXH64(a->field, sizeof a->field, 0);

    a->round = VOTE;
    a->request = (csgdi_request){0};
    a->outcome = CSGD_OK;
    if (a->failure != CSGD_OK) snprintf(a->sentence, sizeof a->sentence, "%s", csgd_error_detail());

    a->word[FAILURE] = 0; /* a failure is never 0: its status is not */
    if (a->failure != CSGD_OK) a->word[FAILURE] = (uint64_t)-a->failure << 32 | (uint32_t)t->rank;
    a->word[FLAGS] = a->flags;
    a->word[HASH] = h;
    a->word[HASH_INVERSE] = ~h;
    a->word[LENGTH] = a->gather != NULL ? a->length : 0;
    if (a->timed) a->word[LENGTH] |= pack_seconds(a->seconds) << TIME_SHIFT;
    if (a->gather == NULL) return begin_max(a, t, a->timed ? LENGTH + 1 : LENGTH);

    a->word[CHECK] = XXH64(a->word, CHECK * sizeof *a->word, 0);
    for (int r = 0; r < t->n_ranks; r++) {
        a->layout[r] = CSGDI_AGREE_WORDS * sizeof(uint64_t);
        a->layout[t->n_ranks + r] = (size_t)r * CSGDI_AGREE_WORDS * sizeof(uint64_t);
    }
    return t->ops->gather(t, a->word, a->gather, a->layout, a->layout + t->n_ranks, a->blocking,
                          &a->request);
}

/* What the MAX would have given, from the gathered words. */
static csgd_status reduce_gathered(csgdi_agreement *a, int n_ranks)
{
    for (int r = 0; r < n_ranks; r++) {
        const uint64_t *record = a->gather + (size_t)r * CSGDI_AGREE_WORDS;
        if (record[CHECK] != XXH64(record, CHECK * sizeof *record, 0))
            return csgdi_fail(CSGD_E_TRANSPORT, "the transport altered the record of rank %d", r);
        for (size_t w = 0; w <= LENGTH; w++)
            if (record[w] > a->word[w]) a->word[w] = record[w];
    }
    return CSGD_OK;
}

static csgd_status vote_counted(csgdi_agreement *a, csgdi_transport *t)
{
    if (a->gather != NULL) {
        const csgd_status st = reduce_gathered(a, t->n_ranks);
        if (st != CSGD_OK) return st;
    }
    a->flags = a->word[FLAGS];
    if (a->timed) a->seconds = unpack_seconds(a->word[LENGTH]);
    if (a->word[FAILURE] != 0) {
        const csgd_status theirs = (csgd_status) - (int)(a->word[FAILURE] >> 32);
        a->round = SETTLED;
        if (a->failure != CSGD_OK) return csgdi_fail(a->outcome = a->failure, "%s", a->sentence);
        a->outcome = CSGD_E_PEER;
        return csgdi_fail(CSGD_E_PEER, "rank %u failed: %s (%s); its own detail says more",
                          (unsigned)(a->word[FAILURE] & UINT32_MAX), csgd_status_message(theirs),
                          csgd_status_name(theirs));
    }
    if (a->word[HASH] == ~a->word[HASH_INVERSE]) {
        a->round = SETTLED;
        return CSGD_OK;
    }
    a->round = FIELDS;
    for (size_t f = 0; f < CSGDI_FIELDS; f++) {
        a->word[2 * f] = a->field[f];
        a->word[2 * f + 1] = ~a->field[f];
    }
    return begin_max(a, t, 2 * CSGDI_FIELDS);
}

/* The first field that differs; each rank then says whether it holds an extreme, lowest wins. */
static csgd_status fields_known(csgdi_agreement *a, csgdi_transport *t)
{
    size_t f = 0;

    while (f + 1 < CSGDI_FIELDS && a->word[2 * f] == ~a->word[2 * f + 1])
        f++;
    a->differing = f;
    a->round = RANKS;
    for (size_t i = 0; i < 2; i++) {
        const uint64_t extreme = i == 0 ? a->word[2 * f] : ~a->word[2 * f + 1];
        a->word[2 + i] = extreme; /* kept beside the two words that travel */
    }
    for (size_t i = 0; i < 2; i++)
        a->word[i] = a->field[f] == a->word[2 + i] ? (uint64_t)(t->n_ranks - t->rank) : 0;
    return begin_max(a, t, 2);
}

static void print_value(size_t field, uint64_t value, char text[32])
{
    double real;

    memcpy(&real, &value, sizeof real);
    if (field == CSGDI_FIELD_SCALE || field == CSGDI_FIELD_RHO)
        snprintf(text, 32, "%g", real);
    else
        snprintf(text, 32, "%" PRIu64, value);
}

static csgd_status mismatch(csgdi_agreement *a)
{
    char text[2][32];

    print_value(a->differing, a->word[2], text[0]);
    print_value(a->differing, a->word[3], text[1]);
    a->round = SETTLED;
    a->outcome = CSGD_E_MISMATCH;
    return csgdi_fail(CSGD_E_MISMATCH, "ranks differ in %s: %s on rank %d, %s on rank %d",
                      field_names[a->differing], text[0], a->ranks[0], text[1], a->ranks[1]);
}

static csgd_status ranks_known(csgdi_agreement *a, csgdi_transport *t)
{
    char text[2][CSGDI_AGREE_TEXT] = {{0}};

    for (size_t i = 0; i < 2; i++)
        a->ranks[i] = t->n_ranks - (int)a->word[i];
    if (a->differing != CSGDI_FIELD_SPEC) return mismatch(a);

    /* Everybody else has zeros, so the MAX of the words is the two texts. */
    for (size_t i = 0; i < 2; i++)
        if (a->ranks[i] == t->rank && a->spec != NULL)
            snprintf(text[i], sizeof text[i], "%s", a->spec);
    memcpy(a->word, text, sizeof text);
    a->round = TEXTS;
    return begin_max(a, t, 2 * TEXT_WORDS);
}

static csgd_status texts_known(csgdi_agreement *a)
{
    char text[2][CSGDI_AGREE_TEXT];

    memcpy(text, a->word, sizeof text);
    a->round = SETTLED;
    a->outcome = CSGD_E_MISMATCH;
    return csgdi_fail(CSGD_E_MISMATCH, "ranks differ in spec: \"%s\" on rank %d, \"%s\" on rank %d",
                      text[0], a->ranks[0], text[1], a->ranks[1]);
}

csgd_status csgdi_agree_step(csgdi_agreement *a, csgdi_transport *t)
{
    while (a->round != SETTLED) {
        bool done;
        csgd_status st = t->ops->test(t, &a->request, &done);

        if (st == CSGD_OK && !done) return CSGD_MORE;
        if (st == CSGD_OK) switch (a->round) {
            case VOTE:
                st = vote_counted(a, t);
                break;
            case FIELDS:
                st = fields_known(a, t);
                break;
            case RANKS:
                st = ranks_known(a, t);
                break;
            default:
                st = texts_known(a);
                break;
            }
        if (st != CSGD_OK) return st;
    }
    return a->outcome;
}

csgd_status csgdi_agree(csgdi_agreement *a, csgdi_transport *t)
{
    csgd_status st = csgdi_agree_begin(a, t);

    if (st != CSGD_OK) return st;
    while ((st = csgdi_agree_step(a, t)) == CSGD_MORE) {
        csgdi_progress(NULL);
        t->ops->idle(t);
    }
    return st;
}

csgd_status csgdi_agree_max(csgdi_transport *t, uint64_t *word, size_t n)
{
    csgdi_request request = {0};
    bool done = false;
    csgd_status st = t->ops->max(t, word, n, true, &request);

    while (st == CSGD_OK && !done) {
        st = t->ops->test(t, &request, &done);
        if (st != CSGD_OK || done) break;
        csgdi_progress(NULL); /* a peer may need what this thread has in flight to get here */
        t->ops->idle(t);
    }
    return st;
}
