/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_THREADS_H
#define CSGDI_THREADS_H

/* threads.h: one call on several threads, where the key `threads` asks for them.
 *
 * A long vector is divided into as many parts, each of whole units.  The parts depend on its length
 * alone, not on which thread takes which, and what they give is put together in their order: so the
 * bits are those of one thread.  Where one thread is asked for, or the vector is short, nothing of
 * OpenMP is called, and no thread is ever made.
 *
 * A thread's error sentence is its own.  So a part does not report errors: whoever finds that one
 * failed goes over the vector again by himself.
 */

#include <stddef.h>
#include <stdint.h>

enum {
    CSGDI_THREADS_MOST = 64,
    CSGDI_THREADS_LEAST = 1 << 18 /* elements: fewer are not worth a second thread */
};

/* How many threads there will be where `wanted` are asked for: 1 in a build without OpenMP. */
unsigned csgdi_threads_allowed(uint64_t wanted);

/* Parts to divide n elements into. */
static inline unsigned csgdi_threads_parts(unsigned threads, size_t n)
{
    return n < CSGDI_THREADS_LEAST ? 1 : threads;
}

/* Where a part of n elements begins: at a multiple of unit, or at n; part `parts` begins at n.  A part may
 * be empty. */
size_t csgdi_threads_first(size_t n, size_t unit, unsigned parts, unsigned part);

/* work(object, part) for part = 0 .. parts - 1, each once, on up to as many threads. */
void csgdi_threads_run(unsigned parts, void (*work)(void *object, unsigned part), void *object);

#endif
