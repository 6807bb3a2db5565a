/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_BITS_H
#define CSGD_ORACLE_BITS_H

/* oracle_bits.h: compressors to one bit, one byte and two bytes, for the oracle's list. */

#include "oracle/oracle.h"

void oracle_onebit(const oracle_settings *set, const double *x, double *y);
void oracle_majority(const oracle_settings *set, const double *x, double *y); /* of one rank */
void oracle_natural(const oracle_settings *set, const double *x, double *y);
void oracle_bf16(const oracle_settings *set, const double *x, double *y);
void oracle_f16(const oracle_settings *set, const double *x, double *y);

#endif
