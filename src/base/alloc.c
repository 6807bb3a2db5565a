/* SPDX-License-Identifier: BSD-3-Clause */

/* alloc.c: arenas over one replaceable hook.
 *
 * A block is a header of CSGDI_ALIGN bytes, which keeps what follows aligned, and the memory:
 *
 *     | next, bytes, undo, padding : 64 | the caller's bytes |
 *                                       ^ aligned to 64, what the caller gets
 *
 * The hook is asked for exactly this, nothing is rounded up: an address sanitizer or a canary
 * then stands directly behind the last byte that the caller may touch.
 */

#define _DEFAULT_SOURCE /* madvise */
#include "base/alloc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

struct csgdi_block {
    struct csgdi_block *next;
    size_t bytes; /* of the whole block, as the hook was asked for */
    void (*undo)(void *memory);
};

_Static_assert(sizeof(struct csgdi_block) <= CSGDI_ALIGN, "the header must fit before the block");

/* A vector that is passed over at the speed of memory misses a translation every page: reading 100 MB
 * took 6.4 ms in pages of 4 kB and 3.6 ms in pages of 2 MB. */
enum { HUGE_PAGE = 2 << 20, HUGE_BYTES = 4 << 20 };

static void *system_alloc(void *context, size_t bytes)
{
    const bool huge = bytes >= HUGE_BYTES;
    void *memory = NULL;

    (void)context;
    /* Not aligned_alloc: C11 wants a multiple of the alignment there. */
    if (posix_memalign(&memory, huge ? HUGE_PAGE : CSGDI_ALIGN, bytes) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (huge) (void)madvise(memory, bytes, MADV_HUGEPAGE); /* a wish: any answer will do */
#endif
    return memory;
}

static void system_free(void *context, void *memory, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(memory);
}

static const csgdi_alloc_hook system_hook = {system_alloc, system_free, NULL};

/* Not atomic: it is replaced only while no object, so no thread of ours, is alive. */
static csgdi_alloc_hook hook = {system_alloc, system_free, NULL};

void csgdi_alloc_hook_set(const csgdi_alloc_hook *replacement)
{
    hook = replacement != NULL ? *replacement : system_hook;
}

size_t csgdi_size_add(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

size_t csgdi_size_mul(size_t a, size_t b)
{
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

/* The block's payload in bytes; where it or the whole is too large the sum saturates, and stays
 * above what any machine can give. */
static size_t payload(size_t count, size_t size)
{
    const size_t bytes = csgdi_size_mul(count, size);
    return bytes > 0 ? bytes : 1;
}

void *csgdi_arena_alloc(csgdi_arena *arena, size_t count, size_t size)
{
    const size_t bytes = csgdi_size_add(CSGDI_ALIGN, payload(count, size));
    /* Beyond PTRDIFF_MAX pointers into the block could not be subtracted, so it is refused before
     * the hook is asked (a sanitizer's malloc would end the program there). */
    if (bytes > PTRDIFF_MAX) {
        csgdi_fail(CSGD_E_NOMEM, "%zu times %zu bytes is more than can be addressed", count, size);
        return NULL;
    }
    struct csgdi_block *block = hook.alloc(hook.context, bytes);
    if (block == NULL) {
        csgdi_fail(CSGD_E_NOMEM, "no memory for %zu bytes (this object holds %zu already)", bytes,
                   arena->bytes);
        return NULL;
    }
    block->next = arena->blocks;
    block->bytes = bytes;
    block->undo = NULL;
    arena->blocks = block;
    arena->bytes += bytes;
    return (char *)block + CSGDI_ALIGN;
}

void *csgdi_arena_zalloc(csgdi_arena *arena, size_t count, size_t size)
{
    void *memory = csgdi_arena_alloc(arena, count, size);
    if (memory != NULL) memset(memory, 0, payload(count, size));
    return memory;
}

void csgdi_arena_undo(void *memory, void (*undo)(void *memory))
{
    struct csgdi_block *block = (struct csgdi_block *)(void *)((char *)memory - CSGDI_ALIGN);
    block->undo = undo;
}

void csgdi_arena_close(csgdi_arena *arena)
{
    for (struct csgdi_block *block = arena->blocks; block != NULL; block = block->next) {
        void (*undo)(void *memory) = block->undo;
        block->undo = NULL;
        if (undo != NULL) undo((char *)block + CSGDI_ALIGN);
    }
}

void csgdi_arena_free(csgdi_arena *arena)
{
    csgdi_arena_close(arena);
    /* The arena may itself lie in one of its blocks, as an object's own struct does. */
    struct csgdi_block *block = arena->blocks;
    arena->blocks = NULL;
    arena->bytes = 0;
    while (block != NULL) {
        struct csgdi_block *next = block->next;
        hook.free(hook.context, block, block->bytes);
        block = next;
    }
}
