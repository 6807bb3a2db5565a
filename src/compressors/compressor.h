/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_COMPRESSOR_H
#define CSGDI_COMPRESSOR_H

/* compressor.h: what a compressor is, and what the rest of the library does with one.
 *
 * A compressor is one file that ends in a const csgdi_compressor_ops, and one line in list.c.  It
 * belongs to a family, and fills the slots of that family only:
 *
 *     exact, quantize   dense codes, in blocks; any range of blocks can be encoded and decoded
 *                       alone, so that a collective can split the vector among ranks
 *     select            a support and its values: a sparse stream (wire/sparse.h)
 *     project           a linear map to max_k elements, the same on all ranks at one step, so that
 *                       a collective can sum what they wrote as it sums any vector
 *
 * The front end (message.c) turns each into one message: header and payload.
 *
 * What is random depends on seed, step, element and for rank streams rank, and on nothing else: not
 * on earlier messages.
 */

#include "base/alloc.h"
#include "base/philox.h"
#include "base/spec.h"
#include "kernels/kernels.h"
#include "wire/sparse.h"

typedef struct csgdi_compressor csgdi_compressor;

typedef enum csgdi_family { CSGDI_EXACT, CSGDI_QUANTIZE, CSGDI_SELECT, CSGDI_PROJECT } csgdi_family;

typedef struct csgdi_compressor_ops {
    const char *name;
    const char *summary; /* one phrase, for the help */
    const char *source;  /* who published it */
    uint16_t wire_id;    /* in every message: frozen */
    csgdi_family family;
    bool biased;    /* E C(x) != x: wants error feedback; create may decide otherwise */
    bool by_tensor; /* each tensor of a layout selects alone, where asked to */
    bool variable;  /* messages of one n differ in length */
    csgdi_keys keys;

    /* Check the spec against n, drop keys without effect, and allocate.  May set c->block,
     * c->max_k, c->biased and c->state. */
    csgd_status (*create)(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena);

    /* --- exact, quantize and project: elements [first, first + count), first a multiple of
     * c->block, and first + count too unless it is n.  project: all elements at once, and dst and
     * src are the c->max_k values, src also the sums of several ranks' --- */

    /* Bytes of the codes of `count` elements, which depend on count alone.  Not for project, whose
     * values are all there is. */
    size_t (*code_bytes)(const csgdi_compressor *c, size_t count);

    /* x points to element `first`.  step: what random choices depend on. */
    void (*encode)(const csgdi_compressor *c, const void *x, size_t first, size_t count,
                   uint64_t step, uint8_t *dst);

    /* Judge codes from anywhere; NULL if all bytes are valid codes. */
    csgd_status (*check)(const csgdi_compressor *c, const uint8_t *src, size_t count);

    /* Decode and set, add or subtract; y points to element `first`.  src need not be aligned. */
    void (*apply)(const csgdi_compressor *c, const uint8_t *src, size_t first, size_t count,
                  uint64_t step, csgdi_mode mode, void *y);

    /* --- select --- */

    /* Fill out->k, index and value from x, n finite elements.  At most c->max_k entries. */
    void (*select)(csgdi_compressor *c, const void *x, csgdi_sparse *out);
} csgdi_compressor_ops;

struct csgdi_compressor {
    const csgdi_compressor_ops *ops;
    const csgdi_kernels *kernels;
    size_t n;
    size_t first; /* where its vector begins in a longer one, for what depends on the element */
    uint64_t seed;
    uint32_t rank;         /* for random choices that differ by rank */
    csgdi_stream rounding; /* of random rounding: a rank's own vector, or the sum it owns */
    uint64_t step;         /* of the next message */
    bool biased;           /* ops->biased, or what create found */
    uint64_t clipped;      /* messages that had no room for all that was to be sent */
    size_t block;          /* quantize: elements of a block; 1 at first */
    size_t max_k;          /* select: most entries of a stream; project: values of every message */
    csgdi_sparse stream;   /* select: scratch */
    const size_t *segment; /* n_segments + 1 boundaries of tensors that select alone, or NULL */
    size_t n_segments;
    void *state; /* the compressor's own */
};

/* Every compressor: the i-th, NULL past the last, and by name. */
const csgdi_compressor_ops *csgdi_compressor_list(size_t i);
const csgdi_compressor_ops *csgdi_compressor_find(const char *name);

/* Keys that every compressor has. */
extern const csgdi_keys csgdi_compressor_keys;

/* The text itself, or CSGD_SPEC or "none" where it is NULL. */
const char *csgdi_spec_text(const char *spec);

/* Find the compressor that a text names, and parse the text: its keys, the common ones and
 * `more` groups of the caller's.  spec and *ops are set on success. */
csgd_status csgdi_compressor_parse(const char *text, const csgdi_keys *more, size_t n_more,
                                   csgdi_spec *spec, const csgdi_compressor_ops **ops);

/* Make c from a parsed spec; its memory comes from the arena.  segment: boundaries of the tensors
 * that select by themselves, n_segments + 1 of them, which outlive c; NULL for one vector. */
csgd_status csgdi_compressor_init(csgdi_compressor *c, const csgdi_compressor_ops *ops,
                                  csgdi_spec *spec, size_t n, const size_t *segment,
                                  size_t n_segments, csgdi_arena *arena);

/* --- messages --- */

/* Largest message, a multiple of 8. */
size_t csgdi_message_bound(const csgdi_compressor *c);

/* Write the message of x, n finite elements, for step c->step; returns its length. */
size_t csgdi_message_write(csgdi_compressor *c, const void *x, uint8_t *dst);

/* Judge a message from anywhere against what c expects: header, then payload.  step may be NULL:
 * any.  Only a message that passed may be applied. */
csgd_status csgdi_message_check(const csgdi_compressor *c, const uint8_t *src, size_t len,
                                const uint64_t *step);

/* y = or += or -= the vector that the message stands for. */
void csgdi_message_apply(const csgdi_compressor *c, const uint8_t *src, csgdi_mode mode, void *y);

/* The public object. */
struct csgd_compressor {
    csgdi_arena arena;
    csgdi_compressor core;
};

extern const csgdi_compressor_ops csgdi_none, csgdi_topk, csgdi_randk, csgdi_threshold, csgdi_sign,
    csgdi_qsgd;

#endif
