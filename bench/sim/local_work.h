/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SIM_LOCAL_WORK_H
#define SIM_LOCAL_WORK_H

/* local_work.h: simulated time for what a rank does by itself.
 *
 * Computing takes no time in the simulation, whatever it takes the simulating machine.  Functions of the
 * library that work on elements or entries are replaced (the linker's --wrap) by ones that also count how
 * much they worked on.  That times its rate, which local_rates has measured, is owed, and paid by
 * sleeping before this rank's next message or look at the clock.
 */

#include <stdbool.h>
#include <stddef.h>

/* Nanoseconds each. */
typedef enum local_rate {
    LOCAL_SELECT,  /* an element of which a message of entries is made, residual included */
    LOCAL_CODES,   /* an element of which a message of dense codes is made, likewise */
    LOCAL_DECODE,  /* an element added out of such a message */
    LOCAL_ADD,     /* an element of b += a */
    LOCAL_ZERO,    /* an element set to 0 */
    LOCAL_SCATTER, /* an entry added to a vector */
    LOCAL_SUM,     /* an entry of sparse vectors that are added to a sparse one */
    LOCAL_WRITE,   /* an entry written as a piece */
    LOCAL_READ,    /* an entry of a piece judged and read */
    LOCAL_CUT,     /* an entry of a list of which the largest are kept */
    LOCAL_CHECK,   /* a byte of a message judged */
    LOCAL_RATES
} local_rate;

extern const char *const local_rate_name[LOCAL_RATES];

/* Read lines "name nanoseconds", those that begin with # left out, which name all rates; whether they
 * do. */
bool local_work_rates(const char *file, double ns[LOCAL_RATES]);

/* Count from now on, at these rates.  clock: simulated seconds; sleep: for so many nanoseconds of them. */
void local_work_begin(const double ns[LOCAL_RATES], double (*clock)(void),
                      void (*sleep)(long long ns));

/* Sleep for what is owed. */
void local_work_pay(void);

/* Simulated seconds, what is owed being paid before. */
double local_work_clock(void);

#endif
