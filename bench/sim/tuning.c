/* SPDX-License-Identifier: BSD-3-Clause */

/* tuning.c: see tuning.h. */

#include "tuning.h"

#include <csgd/mpi.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "comm/choose.h"
#include "comm/reducer.h"

enum { SAMPLE = 1 << 18 }; /* as in comm/measure.c */

/* The time of the slowest rank, on all. */
static const char *time_call(const char *algorithm, size_t n, const float *x, float *y,
                             double *seconds)
{
    csgd_reducer *r = NULL;
    char spec[64];
    double mine;

    snprintf(spec, sizeof spec, "none algorithm=%s", algorithm);
    if (csgd_reducer_create_mpi(MPI_COMM_WORLD, n, spec, &r) != MPI_SUCCESS)
        return csgd_error_detail();
    MPI_Barrier(MPI_COMM_WORLD);
    mine = local_work_clock();
    if (csgd_allreduce(x, y, (int)n, MPI_FLOAT, MPI_SUM, r) != MPI_SUCCESS)
        return csgd_error_detail();
    mine = local_work_clock() - mine;
    MPI_Allreduce(&mine, seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    csgd_reducer_destroy(&r);
    return NULL;
}

/* Encoding and decoding of a spec, an element of the vector. */
static const char *local_rates(const char *spec, size_t n, const double ns[LOCAL_RATES],
                               csgdi_rates *rates)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;
    csgdi_arena arena = {0};
    csgdi_compressor c = {.ops = NULL};
    csgdi_spec parsed;

    if (csgdi_compressor_parse(spec, keys, 3, &parsed, &ops) != CSGD_OK ||
        csgdi_compressor_init(&c, ops, &parsed, n, NULL, NULL, 0, 1, &arena) != CSGD_OK)
        return csgd_error_detail();
    rates->encode = 1e-9 * ns[ops->family == CSGDI_QUANTIZE ? LOCAL_CODES : LOCAL_SELECT];
    rates->decode = ops->family == CSGDI_QUANTIZE
                        ? 1e-9 * ns[LOCAL_DECODE]
                        : 1e-9 * ns[LOCAL_SCATTER] * (double)c.max_k / (double)n;
    rates->add = 1e-9 * ns[LOCAL_ADD];
    csgdi_arena_free(&arena);
    return NULL;
}

const char *tuning_write(const char *file, size_t n, const char *spec, double mbit, double us,
                         const double ns[LOCAL_RATES], const float *x, float *y)
{
    const size_t sample = n < SAMPLE ? n : SAMPLE;
    csgdi_rates rates = {.alpha = 1e-6 * us, .beta = 8e-6 / mbit};
    const csgdi_algorithm *a;
    const char *wrong;
    int p, rank;
    size_t measured = 0;

    MPI_Comm_size(MPI_COMM_WORLD, &p);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    wrong = local_rates(spec, n, ns, &rates);
    for (size_t i = 0; wrong == NULL && (a = csgdi_algorithm_list(i)) != NULL; i++) {
        double few, many;

        if (!a->dense || measured == CSGDI_RATES_DENSE) continue;
        if (a == &csgdi_ring) {
            few = 2 * (p - 1) * rates.alpha;
            many = few + (double)sample * (p - 1) / p * (8 * rates.beta + rates.add);
        } else {
            wrong = time_call(a->name, (size_t)p, x, y, &few);
            if (wrong == NULL) wrong = time_call(a->name, sample, x, y, &many);
            if (wrong != NULL) break;
        }
        rates.dense[measured][0] = few;
        rates.dense[measured++][1] = fmax(many - few, 0) / (double)sample;
    }
    if (wrong != NULL) return wrong;
    if (rank == 0) csgdi_tuning_keep(file, p, n, spec, &rates);
    setenv("CSGD_TUNING", file, 1);
    MPI_Barrier(MPI_COMM_WORLD);
    return NULL;
}
