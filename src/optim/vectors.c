/* SPDX-License-Identifier: BSD-3-Clause */

/* vectors.c: the loops of vectors_impl.h, for both types. */

#include "optim/vectors.h"

#include <math.h> /* sqrt is exact */
#include <string.h>

#define REAL float
#define NAME(f) f##_f32
#include "optim/vectors_impl.h"

#define REAL double
#define NAME(f) f##_f64
#include "optim/vectors_impl.h"

const csgdi_vectors *csgdi_vectors_get(csgd_type type)
{
    return type == CSGD_F64 ? &table_f64 : &table_f32;
}
