/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ELEMENTARY_H
#define CSGDI_ELEMENTARY_H

/* elementary.h: logarithm, sine and cosine that give the same bits everywhere.
 *
 * libm's may differ in the last bit from one machine to the next, and what ranks share may not.
 * These use additions, multiplications and divisions alone, which IEEE 754 rounds alike, in a
 * fixed order.  Their series are cut where the rest is below the last bit; the error is a few units
 * in the last place, which the tests compare with libm's.
 */

/* ln x, x > 0 and finite. */
double csgdi_log(double x);

/* cos(pi x) and sin(pi x), |x| < 2^50.  Exact where 2 x is whole. */
double csgdi_cos_pi(double x);
double csgdi_sin_pi(double x);

#endif
