/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_CLOCK_H
#define CSGDI_CLOCK_H

/* clock.h: seconds that only go forward, for statistics and timeouts; never for results. */

/* Seconds since some fixed moment. */
double csgdi_clock(void);

/* Replace the clock, NULL for the machine's monotonic one.  For tests and simulated clusters. */
void csgdi_clock_set(double (*clock)(void));

#endif
