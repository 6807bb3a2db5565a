/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_BUDGET_H
#define CSGD_BUDGET_H

/* budget.h: an allocator for tests, in the place of libcsgd's own.
 *
 *     csgd_budget_install();
 *     for (long n = 0;; n++) {                       // every allocation fails once
 *         csgd_budget_set(n);
 *         status = csgd_compressor_create(spec, 100, &c);
 *         csgd_budget_set(-1);
 *         if (status == CSGD_OK) break;
 *         assert_int_equal(csgd_budget_live_blocks(), 0);
 *     }
 *     csgd_compressor_destroy(&c);
 *     csgd_budget_remove();
 *
 * Counters are of the whole process.  The budget is each thread's own, so that one virtual rank
 * among threads can be made to fail; a new thread has no limit.
 *
 * Memory is filled with 0xA5 when it is given, so that reading before writing shows, and with
 * 0xDD when it is taken back.  Every block lies between canaries.  A damaged one, a size that is
 * not the one it was asked with, or a block that is not ours ends the program with a line on
 * stderr: the thread that finds it may not be the one that cmocka runs tests on.
 */

#include <stddef.h>

/* Put this allocator in place, counters at zero and this thread without a limit. */
void csgd_budget_install(void);

/* Put the library's own back. */
void csgd_budget_remove(void);

/* Let n more allocations of this thread succeed and all later ones fail; -1 for no limit. */
void csgd_budget_set(long n);

/* Bytes and blocks that are held now, as they were asked for. */
size_t csgd_budget_live_bytes(void);
size_t csgd_budget_live_blocks(void);

/* Allocations asked for since install, those that failed included. */
size_t csgd_budget_calls(void);

#endif
