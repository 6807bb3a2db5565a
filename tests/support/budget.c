/* SPDX-License-Identifier: BSD-3-Clause */

/* budget.c: the allocator of tests.  A block is
 *
 *     | bytes : 8 | canary : 56 | the library's bytes | canary : 64 |
 *                               ^ aligned to 64
 */

#include "support/budget.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { GUARD = 64, CANARY = 0xC7, FRESH = 0xA5, STALE = 0xDD };

_Static_assert(GUARD % CSGDI_ALIGN == 0, "what lies behind the first guard must be aligned");

static atomic_size_t live_bytes, live_blocks, calls;
static _Thread_local long budget = -1;

static void check(int good, const char *what, const void *memory, size_t bytes)
{
    if (good) return;
    fprintf(stderr, "budget: %s: block %p of %zu bytes\n", what, memory, bytes);
    abort();
}

static int intact(const uint8_t *guard, size_t from)
{
    for (size_t i = from; i < GUARD; i++)
        if (guard[i] != CANARY) return 0;
    return 1;
}

static void *budget_alloc(void *context, size_t bytes)
{
    (void)context;
    atomic_fetch_add(&calls, 1);
    if (budget == 0) return NULL;

    void *memory = NULL;
    if (posix_memalign(&memory, CSGDI_ALIGN, bytes + 2 * GUARD) != 0) return NULL;
    uint8_t *block = memory;
    memset(block, CANARY, GUARD);
    memcpy(block, &bytes, sizeof bytes);
    memset(block + GUARD, FRESH, bytes);
    memset(block + GUARD + bytes, CANARY, GUARD);

    if (budget > 0) budget--;
    atomic_fetch_add(&live_bytes, bytes);
    atomic_fetch_add(&live_blocks, 1);
    return block + GUARD;
}

static void budget_free(void *context, void *memory, size_t bytes)
{
    (void)context;
    uint8_t *block = (uint8_t *)memory - GUARD;
    size_t asked;
    memcpy(&asked, block, sizeof asked);
    check(intact(block, sizeof asked), "written before, freed twice or not ours", memory, bytes);
    check(asked == bytes, "freed with another size than it was asked for", memory, bytes);
    check(intact(block + GUARD + bytes, 0), "written past the end", memory, bytes);
    memset(block, STALE, bytes + 2 * GUARD);
    atomic_fetch_sub(&live_bytes, bytes);
    atomic_fetch_sub(&live_blocks, 1);
    free(block);
}

void csgd_budget_install(void)
{
    static const csgdi_alloc_hook hook = {budget_alloc, budget_free, NULL};
    atomic_store(&live_bytes, 0);
    atomic_store(&live_blocks, 0);
    atomic_store(&calls, 0);
    budget = -1;
    csgdi_alloc_hook_set(&hook);
}

void csgd_budget_remove(void)
{
    csgdi_alloc_hook_set(NULL);
}

void csgd_budget_set(long n)
{
    budget = n;
}

size_t csgd_budget_live_bytes(void)
{
    return atomic_load(&live_bytes);
}

size_t csgd_budget_live_blocks(void)
{
    return atomic_load(&live_blocks);
}

size_t csgd_budget_calls(void)
{
    return atomic_load(&calls);
}
