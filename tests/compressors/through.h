/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_THROUGH_H
#define CSGD_THROUGH_H

/* through.h: a vector of doubles through a compressor and back, for tests of formulas. */

#include "compressors/compressor.h"

/* The spec is completed by the type. */
csgd_compressor *through_create(const char *spec, csgd_type type, size_t n);

/* Compress x and decode to y, n elements; the step goes on by one. */
void through(csgd_compressor *c, const double *x, double *y);

/* The same with a compressor for this one vector, at step 0. */
void through_once(const char *spec, csgd_type type, const double *x, size_t n, double *y);

/* The payload of x at step 0, at most cap bytes; its length as announced. */
size_t through_payload(csgd_compressor *c, const double *x, uint8_t *payload, size_t cap);

/* Decode a payload with a header that matches it; y may be NULL. */
csgd_status through_judge(csgd_compressor *c, const uint8_t *payload, size_t len, double *y);

/* Assert that the payload is refused with these words once `size` bytes at `at` are replaced, and
 * put them back. */
void through_refused(csgd_compressor *c, uint8_t *payload, size_t len, size_t at,
                     const void *replaced, size_t size, const char *words);

#endif
