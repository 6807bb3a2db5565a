/* SPDX-License-Identifier: BSD-3-Clause */

/* dispatch.c: what is built, what runs here, and what was chosen.
 *
 * The build defines CSGDI_HAVE_AVX2, CSGDI_HAVE_AVX512 and CSGDI_HAVE_NEON for this file where it
 * compiles theirs.
 * A new instruction set is one file with its tables, one function below that asks whether it runs
 * here, and one row in built[].
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "kernels/kernels.h"

/* __builtin_cpu_supports() asks the processor, and for the wide registers also whether the
 * operating system saves them. */

static bool ref_runs(void)
{
    return true;
}

#if CSGDI_HAVE_AVX2
static bool avx2_runs(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}
#endif

#if CSGDI_HAVE_AVX512
static bool avx512_runs(void)
{
    return avx2_runs() && __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

#if CSGDI_HAVE_NEON
static bool neon_runs(void) /* part of the architecture */
{
    return true;
}
#endif

static const struct {
    bool (*runs)(void);
    const csgdi_kernels *f32, *f64;
} built[] = {
/* best first; the last one always runs */
#if CSGDI_HAVE_AVX512
    {avx512_runs, &csgdi_kernels_avx512_f32, &csgdi_kernels_avx512_f64},
#endif
#if CSGDI_HAVE_AVX2
    {avx2_runs, &csgdi_kernels_avx2_f32, &csgdi_kernels_avx2_f64},
#endif
#if CSGDI_HAVE_NEON
    {neon_runs, &csgdi_kernels_neon_f32, &csgdi_kernels_neon_f64},
#endif
    {ref_runs, &csgdi_kernels_ref_f32, &csgdi_kernels_ref_f64},
};
enum { N_BUILT = sizeof built / sizeof *built };

/* The best that runs here, of that name if one is given. */
static const csgdi_kernels *best(const char *isa, csgd_type type)
{
    for (size_t i = 0; i < N_BUILT; i++)
        if ((isa == NULL || strcmp(isa, built[i].f32->isa) == 0) && built[i].runs())
            return type == CSGD_F64 ? built[i].f64 : built[i].f32;
    return NULL;
}

const csgdi_kernels *csgdi_kernels_get(csgd_type type)
{
    static _Atomic(const csgdi_kernels *) chosen[2];
    _Atomic(const csgdi_kernels *) *slot = &chosen[type == CSGD_F64];
    const csgdi_kernels *kernels = atomic_load_explicit(slot, memory_order_acquire);

    if (kernels == NULL) { /* racing threads compute and store the same answer */
        kernels = best(getenv("CSGD_ISA"), type);
        if (kernels == NULL) kernels = best("ref", type);
        atomic_store_explicit(slot, kernels, memory_order_release);
    }
    return kernels;
}

const csgdi_kernels *csgdi_kernels_find(const char *isa, csgd_type type)
{
    return isa == NULL ? NULL : best(isa, type);
}

const char *csgdi_kernels_isa(size_t i)
{
    return i < N_BUILT ? built[i].f32->isa : NULL;
}
