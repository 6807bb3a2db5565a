/* SPDX-License-Identifier: BSD-3-Clause */

/* guard.c: see guard.h.  Anonymous maps are no POSIX yet, hence the macro. */

#define _DEFAULT_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include "support/test.h"
#include "support/guard.h"

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

guard guard_open(size_t bytes)
{
    const size_t page = page_size();
    const size_t inside = (bytes + page - 1) / page * page;
    void *map = mmap(NULL, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guard g;

    assert_true(map != MAP_FAILED);
    g.first = (unsigned char *)map + page;
    g.last = g.first + inside;
    assert_int_equal(mprotect(g.first, inside, PROT_READ | PROT_WRITE), 0);
    return g;
}

void guard_close(guard *g)
{
    const size_t page = page_size();

    munmap(g->first - page, (size_t)(g->last - g->first) + 2 * page);
    g->first = g->last = NULL;
}
