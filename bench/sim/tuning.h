/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SIM_TUNING_H
#define SIM_TUNING_H

/* tuning.h: what algorithm=auto would measure, where to simulate the measuring would take hours.
 *
 * A ring of P ranks is 2 (P - 1) messages after each other on each of them, nine times.  Here its times are
 * given by formula, those of the other dense algorithms measured by one call each of what comm/measure.c
 * calls, and local work is what the simulation takes for it.  All of it goes to a tuning file, where the
 * library looks before it measures.
 */

#include "local_work.h"

/* Write the line of a spec for the ranks of MPI_COMM_WORLD and n elements, on links of mbit and us, and set
 * CSGD_TUNING.  x and y have as many elements as the vectors measured.  Collective.  NULL, or a sentence. */
const char *tuning_write(const char *file, size_t n, const char *spec, double mbit, double us,
                         const double ns[LOCAL_RATES], const float *x, float *y);

#endif
