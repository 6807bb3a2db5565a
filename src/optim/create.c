/* SPDX-License-Identifier: BSD-3-Clause */

/* create.c: an optimizer from a spec, on all processes or on none.
 *
 * What fails locally is told in the agreement, which is a plain sum of numbers: how many processes
 * there are, the bytes h of a hash of the spec, and their squares.  All p are equal just if
 * p sum(h^2) = sum(h)^2, and for up to 2^18 processes that is exact in double, in whatever order it
 * is added.
 */

#include <string.h>
#include <xxhash.h>
#include "base/error.h"
#include "optim/optimizer.h"

enum { PARTS = 8 }; /* bytes of a hash */

void *csgdi_optimizer_vector(csgd_optimizer *o)
{
    return csgdi_arena_alloc(&o->arena, o->n, o->kernels->size);
}

void *csgdi_optimizer_zeros(csgd_optimizer *o)
{
    return csgdi_arena_zalloc(&o->arena, o->n, o->kernels->size);
}

static csgd_status allocate(csgd_optimizer *o)
{
    const size_t count = (size_t)o->workers.count;
    bool all;

    o->b = csgdi_arena_alloc(&o->arena, count, sizeof *o->b);
    o->send = csgdi_arena_alloc(&o->arena, count, sizeof *o->send);
    if (o->b == NULL || o->send == NULL) return CSGD_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        o->b[i] = csgdi_optimizer_vector(o);
        o->send[i] = o->b[i];
        if (o->b[i] == NULL) return CSGD_E_NOMEM;
    }
    o->v = csgdi_optimizer_zeros(o);
    o->second = csgdi_optimizer_vector(o);
    all = o->v != NULL && o->second != NULL;
    if (o->estimator->wants_before) all = (o->before = csgdi_optimizer_zeros(o)) != NULL && all;
    if (o->noise > 0) all = (o->xi = csgdi_optimizer_vector(o)) != NULL && all;
    if (o->reset.radius > 0) all = (o->reset.from = csgdi_optimizer_vector(o)) != NULL && all;
    return all ? CSGD_OK : CSGD_E_NOMEM;
}

/* The keys that all optimizers have. */
static csgd_status read_common(csgd_optimizer *o, csgdi_spec *spec)
{
    csgd_status st = csgdi_schedule_read(&o->schedule, spec);

    if (st == CSGD_OK) st = csgdi_reset_read(&o->reset, spec);
    if (st != CSGD_OK) return st;
    o->weight_decay = csgdi_spec_real(spec, "weight_decay");
    o->rescale = strcmp(csgdi_spec_choice(spec, "rescale"), "yes") == 0;
    o->noise = csgdi_spec_real(spec, "noise");
    o->seed = csgdi_spec_count(spec, "seed");
    o->clip = csgdi_spec_real(spec, "clip");
    if (o->clip > 0 && !o->estimator->clips)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "%s sends differences of gradients, which add up to an estimate only as "
                          "they are: clip= is for optimizers of plain gradients",
                          o->estimator->name);
    if (o->workers.traits & CSGD_WORKERS_MOMENTUM && o->estimator != &csgdi_estimator_sgd)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "the workers' feedback holds a momentum of its own, so that %s would put "
                          "another one on top: use sgd",
                          o->estimator->name);
    if (o->estimator->wants_full && o->oracle.full_gradient == NULL)
        return csgdi_fail(CSGD_E_INVAL, "%s asks for full gradients, and the oracle has none",
                          o->estimator->name);
    return CSGD_OK;
}

/* Everything local. */
static csgd_status build(const char *text, size_t n, const csgd_workers *workers,
                         const csgd_oracle *oracle, csgd_optimizer **opt)
{
    const csgdi_estimator *estimator;
    csgdi_arena arena = {0};
    csgd_optimizer *o;
    csgdi_spec spec;
    csgd_status st;

    if (oracle == NULL || oracle->gradient == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the oracle or its gradient is NULL");
    if (oracle->size < sizeof *oracle)
        return csgdi_fail(CSGD_E_INVAL, "the oracle's size is %zu, not sizeof(csgd_oracle), %zu",
                          oracle->size, sizeof *oracle);
    if (n == 0 || n != workers->n)
        return csgdi_fail(CSGD_E_INVAL, "n is %zu, the workers' vectors have %zu elements%s", n,
                          workers->n, n == 0 ? "; at least 1 is needed" : "");
    st = csgdi_estimator_parse(text, &spec, &estimator);
    if (st != CSGD_OK) return st;

    o = csgdi_arena_zalloc(&arena, 1, sizeof *o);
    if (o == NULL) return CSGD_E_NOMEM;
    o->arena = arena;
    o->estimator = estimator;
    o->workers = *workers;
    o->oracle = *oracle;
    o->n = n;
    o->kernels = csgdi_kernels_get(workers->type);
    o->vectors = csgdi_vectors_get(workers->type);
    o->counters.clip_factor = 1;
    st = read_common(o, &spec);
    if (st == CSGD_OK && estimator->create != NULL) st = estimator->create(o, &spec);
    if (st == CSGD_OK) st = allocate(o);
    if (st == CSGD_OK) st = csgdi_spec_format(&spec, o->spec, sizeof o->spec);
    if (st != CSGD_OK) {
        csgd_optimizer_destroy(&o);
        return st;
    }
    *opt = o;
    return CSGD_OK;
}

/* Tell a failure, or compare specs. */
static csgd_status agree(const csgd_workers *w, const csgd_optimizer *o, csgd_status failure)
{
    const uint64_t hash = o != NULL ? XXH64(o->spec, strlen(o->spec), 0) : 0;
    double number[1 + 2 * PARTS] = {1};
    csgd_status st;

    for (int i = 0; i < PARTS; i++) {
        number[1 + i] = (double)(hash >> 8 * i & 0xff);
        number[1 + PARTS + i] = number[1 + i] * number[1 + i];
    }
    st = w->plain_sum(w->self, number, 1 + 2 * PARTS, CSGD_F64, failure, number);
    for (int i = 0; i < PARTS && st == CSGD_OK; i++)
        if (number[0] * number[1 + PARTS + i] != number[1 + i] * number[1 + i])
            st = csgdi_fail(CSGD_E_MISMATCH,
                            "processes made optimizers of different specs; here it is \"%s\"",
                            o->spec);
    return st;
}

static csgd_status check_workers(const csgd_workers *w)
{
    if (w == NULL) return csgdi_fail(CSGD_E_INVAL, "the workers are NULL");
    if (w->size < sizeof *w)
        return csgdi_fail(CSGD_E_INVAL, "the workers' size is %zu, not sizeof(csgd_workers), %zu",
                          w->size, sizeof *w);
    if (w->sum == NULL || w->plain_sum == NULL || w->set_rho == NULL || w->set_step_size == NULL ||
        w->flush == NULL || w->clear == NULL)
        return csgdi_fail(CSGD_E_INVAL, "a function of the workers is NULL");
    if (w->type != CSGD_F32 && w->type != CSGD_F64)
        return csgdi_fail(CSGD_E_INVAL, "the workers' type is neither CSGD_F32 nor CSGD_F64");
    if (w->count < 1 || w->first < 0 || w->first > w->n_workers - w->count)
        return csgdi_fail(CSGD_E_INVAL, "%d workers from %d on are not among %d", w->count,
                          w->first, w->n_workers);
    return CSGD_OK;
}

csgd_status csgd_optimizer_create(const char *spec, size_t n, const csgd_workers *workers,
                                  const csgd_oracle *oracle, csgd_optimizer **opt)
{
    csgd_optimizer *o = NULL;
    csgd_status st;

    if (opt == NULL) return csgdi_fail(CSGD_E_INVAL, "the place for the optimizer is NULL");
    *opt = NULL;
    st = check_workers(workers);
    if (st != CSGD_OK) return st; /* and nobody can be told */
    st = build(spec, n, workers, oracle, &o);
    st = agree(workers, o, st);
    if (st != CSGD_OK) {
        csgd_optimizer_destroy(&o);
        return st;
    }
    *opt = o;
    return CSGD_OK;
}
