/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_ALLOC_H
#define CSGDI_ALLOC_H

/* alloc.h: the only way to memory.
 *
 * An object takes all its memory from an arena at creation and gives it back at once when it is
 * destroyed, so a creation that fails half-way has a single thing to undo, and the bytes an
 * object holds are known exactly.
 *
 *     csgdi_arena a = {0};
 *     float *e = csgdi_arena_alloc(&a, n, sizeof *e);      // NULL: a.bytes is as before
 *     csgdi_arena_free(&a);                                // frees all, a is empty again
 *
 * Every block is aligned to 64 bytes and not initialised.  Below the arena lies one hook, which
 * tests replace to count, to set a budget, and to make each allocation fail once.
 */

#include <stddef.h>
#include <csgd/status.h>

enum { CSGDI_ALIGN = 64 };

typedef struct csgdi_arena {
    struct csgdi_block *blocks; /* newest first */
    size_t bytes;               /* held now, the blocks' own headers included */
} csgdi_arena;

/* count * size bytes, at least 1; NULL with the sentence set when it overflows or fails. */
void *csgdi_arena_alloc(csgdi_arena *arena, size_t count, size_t size);

/* The same, all bytes zero. */
void *csgdi_arena_zalloc(csgdi_arena *arena, size_t count, size_t size);

/* Call undo(memory) before the arena frees anything: for what an object holds that is not memory of
 * ours.  memory is what csgdi_arena_alloc() returned; one undo each, the newest block's first. */
void csgdi_arena_undo(void *memory, void (*undo)(void *memory));

/* Call what csgdi_arena_undo() was given, each once: where the memory itself must stay. */
void csgdi_arena_close(csgdi_arena *arena);

/* Close, and free every block. */
void csgdi_arena_free(csgdi_arena *arena);

/* What lies below: alloc returns memory aligned to CSGDI_ALIGN or NULL; free gets the same size.
 * Both may be called by several threads at once. */
typedef struct csgdi_alloc_hook {
    void *(*alloc)(void *context, size_t bytes);
    void (*free)(void *context, void *memory, size_t bytes);
    void *context;
} csgdi_alloc_hook;

/* Replace the hook, NULL for the default.  For tests: while no object is alive. */
void csgdi_alloc_hook_set(const csgdi_alloc_hook *hook);

/* a + b and a * b, SIZE_MAX where they overflow: no allocation of that size succeeds. */
size_t csgdi_size_add(size_t a, size_t b);
size_t csgdi_size_mul(size_t a, size_t b);

#endif
