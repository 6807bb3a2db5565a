/* SPDX-License-Identifier: BSD-3-Clause */

/* workers.c: the ranks of a reducer as the workers of an optimizer (csgd/optimizer.h).
 *
 * Every function is one call of the reducer, so whatever holds for those holds here: agreement
 * before anything is sent, and a rank that failed by itself is known to all.
 */

#include <csgd/optimizer.h>

#include <string.h>
#include "base/error.h"
#include "compressors/elements.h"
#include "comm/reducer.h"
#include "optim/traits.h"

static csgd_status call(csgd_reducer *r, const void *send, void *recv, size_t n, csgd_type type,
                        int op, csgd_status failure)
{
    const csgd_status st = csgdi_reducer_begin(r, send, recv, n, type, op, true, failure);

    return st == CSGD_OK ? csgd_reducer_wait(r) : st;
}

static csgd_status sum(void *self, const void *const *vector, int exact, csgd_status failure,
                       void *result)
{
    csgd_reducer *r = self;
    const void *send = vector[0] != result ? vector[0] : NULL;

    return call(r, send, result, r->layout.n, r->compressor.type,
                exact ? CSGDI_OP_EXACT : CSGDI_OP_SUM, failure);
}

static csgd_status plain_sum(void *self, const void *vector, size_t length, csgd_type type,
                             csgd_status failure, void *result)
{
    csgd_reducer *r = self;
    const size_t bytes = length * csgd_type_size(type);
    csgd_status st;

    if (bytes > sizeof r->number || r->busy) {
        if (failure == CSGD_OK && vector != result) memcpy(result, vector, bytes);
        return call(r, NULL, result, length, type, CSGDI_OP_PLAIN, failure);
    }
    if (failure == CSGD_OK) memcpy(r->number, vector, bytes);
    st = call(r, NULL, r->number, length, type, CSGDI_OP_PLAIN, failure);
    if (st == CSGD_OK) memcpy(result, r->number, bytes);
    return st;
}

static csgd_status set_rho(void *self, double rho)
{
    csgd_reducer *r = self;
    const csgdi_feedback *rule = &csgdi_reducer_core(r)->feedback;
    const csgd_status st = csgdi_workers_check_rho(rule, r->step == 0, rho);

    return st == CSGD_OK && rule->set.rho_by_step ? csgd_reducer_set_rho(r, rho) : st;
}

static csgd_status set_step_size(void *self, double step_size)
{
    return csgd_reducer_set_step_size(self, step_size);
}

static csgd_status flush(void *self, void *for_x, void *for_v)
{
    return csgd_reducer_flush(self, for_x, for_v);
}

static csgd_status clear(void *self)
{
    return csgd_reducer_clear(self);
}

static csgd_status residual(void *self, void *e)
{
    return csgd_reducer_residual(self, e);
}

static csgd_status stats(void *self, csgd_stats *to, size_t size)
{
    return csgd_reducer_stats(self, to, size);
}

csgd_status csgd_reducer_workers(csgd_reducer *r, csgd_workers *workers)
{
    const csgdi_compressor *c;

    if (r == NULL || workers == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the reducer or the place for its table is NULL");
    c = &r->compressor;
    if (csgdi_elements_narrow(c->type))
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "vectors of optimizers are f32 or f64, not of 16 bits");
    *workers = (csgd_workers){
        .size = sizeof *workers,
        .self = r,
        .n = r->layout.n,
        .type = c->type,
        .n_workers = r->transport.n_ranks,
        .first = r->transport.rank,
        .count = 1,
        .traits = csgdi_workers_traits(&csgdi_reducer_core(r)->feedback),
        .sum = sum,
        .plain_sum = plain_sum,
        .set_rho = set_rho,
        .set_step_size = set_step_size,
        .flush = flush,
        .clear = clear,
        .residual = residual,
        .stats = stats,
    };
    return CSGD_OK;
}
