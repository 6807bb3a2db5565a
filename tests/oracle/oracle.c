/* SPDX-License-Identifier: BSD-3-Clause */

/* oracle.c: ranks, their feedback and their gradients; see oracle.h. */

#include "oracle/oracle.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);

    if (memory == NULL) {
        fputs("oracle: out of memory\n", stderr);
        abort();
    }
    return memory;
}

double oracle_round(csgd_type type, double value)
{
    return type == CSGD_F32 ? (double)(float)value : value;
}

void oracle_store(csgd_type type, const double *from, size_t n, void *to)
{
    float *narrow = to;
    double *wide = to;

    for (size_t i = 0; i < n; i++)
        if (type == CSGD_F32)
            narrow[i] = (float)from[i];
        else
            wide[i] = from[i];
}

void oracle_load(csgd_type type, const void *from, size_t n, double *to)
{
    const float *narrow = from;
    const double *wide = from;

    for (size_t i = 0; i < n; i++)
        to[i] = type == CSGD_F32 ? (double)narrow[i] : wide[i];
}

/* --- ranks --- */

oracle *oracle_create(const char *compressor, const oracle_settings *settings, int n_ranks)
{
    oracle *o = take(1, sizeof *o);

    o->compressor = compressor;
    o->set = *settings;
    o->n_ranks = n_ranks;
    o->sent = take((size_t)n_ranks, sizeof *o->sent);
    o->residual = take((size_t)n_ranks, sizeof *o->residual);
    o->state = take((size_t)n_ranks, sizeof *o->state);
    o->added = take((size_t)n_ranks, sizeof *o->added);
    o->chosen = take((size_t)n_ranks, sizeof *o->chosen);
    o->sum = take(settings->n, sizeof *o->sum);
    o->sum2 = take(settings->n, sizeof *o->sum2);
    for (int r = 0; r < n_ranks; r++) {
        o->sent[r] = take(settings->n, sizeof **o->sent);
        o->residual[r] = take(settings->n, sizeof **o->residual);
        o->state[r] = take(settings->n, sizeof **o->state);
        o->added[r] = take(settings->n, sizeof **o->added);
        o->chosen[r] = take(settings->n, sizeof **o->chosen);
    }
    return o;
}

void oracle_destroy(oracle *o)
{
    if (o == NULL) return;
    for (int r = 0; r < o->n_ranks; r++) {
        free(o->sent[r]);
        free(o->residual[r]);
        free(o->state[r]);
        free(o->added[r]);
        free(o->chosen[r]);
    }
    free(o->sent);
    free(o->residual);
    free(o->state);
    free(o->added);
    free(o->chosen);
    free(o->sum);
    free(o->sum2);
    free(o);
}

static void add_up(const oracle *o, double *const *parts, double *sum)
{
    for (size_t i = 0; i < o->set.n; i++) {
        sum[i] = parts[0][i];
        for (int r = 1; r < o->n_ranks; r++)
            sum[i] = oracle_round(o->set.type, sum[i] + parts[r][i]);
    }
}

void oracle_step(oracle *o, double *const *gradients)
{
    for (int r = 0; r < o->n_ranks; r++) {
        o->set.rank = (uint32_t)r;
        o->set.chosen = o->chosen[r];
        oracle_feedback(o, r, gradients[r]);
    }
    o->set.step++;
    add_up(o, o->sent, o->sum);
    add_up(o, o->added, o->sum2);
}

/* --- gradients --- */

/* The output function of SplitMix64 (Steele, Lea, Flood 2014): any input bit moves every output
 * bit, which is all that is asked of it here. */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* Of eight elements, one is zero (never -0, which a sum may turn to 0), two are multiples of 1/4
 * and so tie with others of either sign, and five have twenty random bits at one of 24 scales. */
void oracle_gradient(int rank, uint64_t step, csgd_type type, size_t n, double *g)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = mix(mix(mix((uint64_t)rank) ^ step) ^ i);
        const uint64_t kind = bits % 8;
        double value = 0;

        if (kind == 1 || kind == 2)
            value = (double)(bits >> 8 & 7) / 4;
        else if (kind > 2)
            value = ldexp((double)(bits >> 8 & 0xfffff), (int)(bits >> 32 & 31) % 24 - 36);
        g[i] = oracle_round(type, (bits >> 63) != 0 && value > 0 ? -value : value);
    }
}
