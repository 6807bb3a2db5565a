/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TOPK_METHOD_H
#define CSGDI_TOPK_METHOD_H

/* topk_method.h: the ways of topk to find its entries. */

#include "compressors/compressor.h"
#include "compressors/largest.h"

typedef enum csgdi_topk_method { CSGDI_EXACTLY, CSGDI_SAMPLED, CSGDI_SIDCO } csgdi_topk_method;

/* What sidco learns from the messages that were delivered. */
typedef struct csgdi_history {
    unsigned stages; /* at the next call, 0 before the first */
    unsigned calls;  /* since their number was last judged */
    double found;    /* sum over them of the part of k that was found */
} csgdi_history;

/* A vector, or a tensor of it that selects by itself. */
typedef struct csgdi_part {
    size_t first, n;
    size_t k, at_last;       /* to be sent now, and after a warm-up */
    csgdi_bracket bracket;   /* exact */
    csgdi_history now, next; /* sidco; next: once the message is delivered */
} csgdi_part;

typedef struct csgdi_topk_state {
    csgdi_topk_method method;
    csgdi_search search;
    csgdi_part *part;
    size_t n_parts;
} csgdi_topk_state;

/* Append at most p->k entries, x pointing to the first of the part.  Returns whether all are
 * finite; if not, out and p are as before. */
bool csgdi_sampled(const csgdi_compressor *c, csgdi_topk_state *t, csgdi_part *p, const void *x,
                   csgdi_sparse *out);
bool csgdi_sidco(const csgdi_compressor *c, csgdi_topk_state *t, csgdi_part *p, const void *x,
                 csgdi_sparse *out);

/* Values of the largest sample of n elements for k, 0 where all would be. */
size_t csgdi_sampled_room(size_t n, size_t k);

#endif
