/* SPDX-License-Identifier: BSD-3-Clause */

/* encodings.c: see encodings.h. */

#include "comm/encodings.h"

#include <stdlib.h>
#include <string.h>

static bool is(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

bool encodings_recode(const reduce_case *c, recoding *to)
{
    static const recoding known[] = {{"bf16", "bf16", 0},
                                     {"f16", "f16", 0},
                                     {"int8", "int", 8},
                                     {"int4", "int", 4}};
    const char *word = strstr(c->keys, "recode=");

    for (size_t i = 0; i < sizeof known / sizeof *known && word != NULL; i++)
        if (strncmp(word + 7, known[i].word, strlen(known[i].word)) == 0) {
            *to = known[i];
            return true;
        }
    return false;
}

static size_t block_of(const reduce_case *c)
{
    recoding coder;

    if (encodings_recode(c, &coder) || is(c->compressor, "none")) return 1;
    return is(c->compressor, "bf16") ? 1024 : ENCODINGS_BLOCK;
}

size_t encodings_range(const reduce_case *c, size_t rank, size_t p)
{
    const size_t block = block_of(c);
    const size_t blocks = (c->n + block - 1) / block,
                 at = (blocks / p * rank + (rank < blocks % p ? rank : blocks % p)) * block;
    return at < c->n ? at : c->n;
}

static size_t blocks_of_range(const reduce_case *c, size_t rank, size_t p)
{
    const size_t n = encodings_range(c, rank + 1, p) - encodings_range(c, rank, p);
    return (n + block_of(c) - 1) / block_of(c);
}

size_t encodings_parts(const reduce_case *c, size_t p, size_t code_bytes)
{
    const char *word = strstr(c->keys, "piece=");
    const size_t piece = word != NULL ? strtoul(word + 6, NULL, 10) : 32768;
    const size_t blocks = blocks_of_range(c, 0, p);
    size_t parts = (code_bytes + piece / 2) / piece;

    if (parts > blocks) parts = blocks;
    return p > 1 && parts > 0 ? parts : 1;
}

size_t encodings_part(const reduce_case *c, size_t rank, size_t p, size_t part, size_t parts)
{
    const size_t blocks = blocks_of_range(c, rank, p);
    const size_t range = encodings_range(c, rank + 1, p) - encodings_range(c, rank, p);
    size_t before = 0, n;

    for (size_t i = 0; i < part; i++)
        before += blocks / parts + (i < blocks % parts);
    n = (blocks / parts + (part < blocks % parts)) * block_of(c);
    before *= block_of(c);
    if (before >= range) return 0;
    return n < range - before ? n : range - before;
}

void encode_again(const reduce_case *c, const oracle_settings *settings, uint64_t step, size_t p,
                  double *sum, double *es)
{
    for (size_t o = 0; o < p; o++) {
        const size_t at = encodings_range(c, o, p), n = encodings_range(c, o + 1, p) - at;
        oracle_settings part = *settings;
        double *m = calloc(n + 1, sizeof *m);
        const char *compressor = c->compressor;
        recoding coder;

        part.n = n;
        part.first = at;
        part.owner = true;
        part.rank = (uint32_t)o;
        part.step = step;
        if (encodings_recode(c, &coder)) { /* a compressor of its own, whose elements begin here */
            compressor = coder.compressor;
            part.bits = coder.bits;
            part.block = 1024;
            part.nearest = c->feedback;
            part.masked = false;
            part.first = 0;
        }
        for (size_t i = 0; i < n; i++) {
            double added = es[at + i];
            if (part.rule == ORACLE_ECX)
                added = oracle_pair(c->type, part.rho, es[at + i], es[c->n + at + i]);
            m[i] = oracle_round(c->type, sum[at + i] + added);
        }
        oracle_compress(compressor, &part, m, sum + at);
        for (size_t i = 0; i < n; i++) {
            es[c->n + at + i] = es[at + i];
            es[at + i] = c->feedback ? oracle_round(c->type, m[i] - sum[at + i]) : 0;
        }
        free(m);
    }
}

void encode_around(const reduce_case *c, const oracle_settings *settings, uint64_t step, oracle *o)
{
    const size_t p = (size_t)o->n_ranks;

    for (size_t range = 0; range < p; range++) {
        const size_t at = encodings_range(c, range, p), n = encodings_range(c, range + 1, p) - at;
        double *t = calloc(n + 1, sizeof *t), *code = calloc(n + 1, sizeof *code);
        oracle_settings part = *settings;

        part.n = n;
        part.first = at;
        part.owner = true;
        part.step = step;
        memcpy(code, o->sent[range] + at, n * sizeof *code); /* begins with its own rank */
        for (size_t hop = 1; hop < p; hop++) {
            const size_t rank = (range + hop) % p;
            double *left = o->residual[rank] + at;

            for (size_t i = 0; i < n; i++)
                t[i] = oracle_round(c->type, code[i] + o->sent[rank][at + i]);
            part.rank = (uint32_t)rank;
            oracle_compress(c->compressor, &part, t, code);
            for (size_t i = 0; i < n && c->feedback; i++)
                left[i] = oracle_round(c->type, left[i] + oracle_round(c->type, t[i] - code[i]));
        }
        memcpy(o->sum + at, code, n * sizeof *code);
        free(t);
        free(code);
    }
}
