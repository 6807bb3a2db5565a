/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_CODES_H
#define CSGD_ORACLE_CODES_H

/* oracle_codes.h: quantizers on evenly spaced levels, for oracle_compress.c. */

#include "oracle/oracle.h"

void oracle_qsgd(const oracle_settings *set, const double *x, double *y);
void oracle_terngrad(const oracle_settings *set, const double *x, double *y);
void oracle_int(const oracle_settings *set, const double *x, double *y);

/* The 2-norm, its squares added in the order that the format lays down (oracle_compress.c). */
double oracle_norm(const double *x, size_t n);

#endif
