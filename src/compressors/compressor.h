/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_COMPRESSOR_H
#define CSGDI_COMPRESSOR_H

/* compressor.h: what a compressor is, and what the rest of the library does with one.
 *
 * A compressor is one file that ends in a const csgdi_compressor_ops, and one line in list.c.  It
 * belongs to a family, and fills the slots of that family only:
 *
 *     exact, quantize   dense codes, block by block; any range of blocks can be encoded and decoded
 *                       alone, so that a collective can split the vector among ranks
 *     select            a support and its values: a sparse stream (wire/sparse.h)
 *     project           a map to max_k values that a collective can sum over ranks, in one or
 *                       several rounds
 *
 * The front end (message.c) turns each into one message: header and payload.  Where a residual is
 * kept, fused.c makes the vector, its message and what the message leaves out in one pass.
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

/* A vector in the making: what error feedback makes of a gradient and a residual. */
typedef struct csgdi_source {
    /* Write elements [first, first + count) to m; whether they are finite.  Several threads may ask
     * at once. */
    bool (*fill)(const void *object, size_t first, size_t count, void *m);

    const void *object;

    csgdi_terms
        terms; /* what m is the sum of; of the form OTHER only what fill reads, as far as known */
} csgdi_source;

/* What C(x) - x is like, for whoever feeds it back (feedback/stability.h).  A size is of this c. */
typedef enum csgdi_loss_kind {
    CSGDI_LOSS_UNKNOWN,
    CSGDI_LOSS_NOISE,   /* drawn at random, of mean 0 and mean square size * |x|^2 at most */
    CSGDI_LOSS_LEVELS,  /* below 1 / size of the largest magnitude of a block */
    CSGDI_LOSS_LARGEST, /* x but for its largest entries, `size` of all */
    CSGDI_LOSS_RANDOM,  /* x but for `size` of all entries, which are drawn at random */
    CSGDI_LOSS_SMALL,   /* entries below a limit */
    CSGDI_LOSS_SIGN     /* magnitudes around the mean of a block's */
} csgdi_loss_kind;

typedef struct csgdi_loss {
    csgdi_loss_kind kind;
    double size;
} csgdi_loss;

typedef enum csgdi_family { CSGDI_EXACT, CSGDI_QUANTIZE, CSGDI_SELECT, CSGDI_PROJECT } csgdi_family;

typedef struct csgdi_compressor_ops {
    const char *name;
    const char *summary; /* one phrase, for the help */
    const char *source;  /* who published it */
    uint16_t wire_id;    /* in every message: frozen */
    csgdi_family family;
    bool biased;    /* E C(x) != x: wants error feedback; create may decide otherwise */
    bool by_tensor; /* each tensor of a layout selects alone, where asked to */
    bool variable;  /* messages of one n differ in length; create may decide otherwise */
    bool no_zero;   /* no code means zero, so it takes mask= (mask.h) */
    bool only_sums; /* project: a message alone is not what a rank contributes; for linear alone */
    bool
        ranged; /* leave_block begins with the range of a block, so takes it from whoever knows it */
    bool picks; /* project: what is sent are entries as they are, and what is not stays whole */
    csgdi_keys keys;

    /* Check the spec against n, drop keys without effect, and allocate.  May set c->block,
     * c->max_k, c->spare, c->biased, c->variable and c->state. */
    csgd_status (*create)(csgdi_compressor *c, csgdi_spec *spec, csgdi_arena *arena);

    /* --- exact, quantize: one block of b elements, the first of them element `first`; b is c->block,
     * less at the end of a vector; for exact, whose blocks are elements, any number --- */

    size_t (*block_bytes)(const csgdi_compressor *c, size_t b);

    /* Whether all b elements are finite, which exact does not ask; else dst is undefined.
     * step: what random choices depend on. */
    bool (*encode_block)(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                         uint64_t step, uint8_t *dst);

    /* The same, and left->y is x less what the codes are decoded to.  left->range is set only where
     * `ranged` says so.  NULL: only one after the other. */
    bool (*leave_block)(const csgdi_compressor *c, const void *x, size_t first, size_t b,
                        uint64_t step, uint8_t *dst, const csgdi_leave *left);

    /* Judge codes from anywhere; NULL if all bytes are valid codes. */
    csgd_status (*check_block)(const csgdi_compressor *c, const uint8_t *src, size_t b);

    /* Decode and set, add or subtract.  src need not be aligned. */
    void (*apply_block)(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                        void *y);

    /* --- select --- */

    /* Fill out->k, index and value from x.  At most c->max_k entries; out has room for c->spare
     * more and CSGDI_LANES, as scratch.  Returns whether x is finite; out is undefined if not. */
    bool (*select)(csgdi_compressor *c, const void *x, csgdi_sparse *out);

    /* Begin the same for a vector in chunks (largest.h), or for one segment of it, which is appended
     * to out.  NULL where it can only be done whole now; no slot: always. */
    struct csgdi_search *(*begin)(csgdi_compressor *c, size_t segment, csgdi_sparse *out);

    /* --- select, what learns from more than its own messages; NULL: nothing --- */

    /* A number out of a vector that is about to be sent exactly; the mean over ranks of what they
     * had, once it was. */
    double (*observe)(csgdi_compressor *c, const void *x);
    void (*learn)(csgdi_compressor *c, double mean);

    /* The messages of c->step have arrived, whose mean length over ranks this is. */
    void (*told)(csgdi_compressor *c, double bytes);

    /* --- project: values of all rounds stand one after the other, c->max_k in all --- */

    unsigned rounds;

    /* How many of the values belong to a round; NULL: all to the only one. */
    size_t (*round_values)(const csgdi_compressor *c, unsigned round);

    /* Write the values of one round into `values`, the array of all.  sums: the sums over ranks of
     * the earlier rounds' values, an array of all as well, which may be changed, and may be
     * `values` itself.  Whether what was looked at is finite. */
    bool (*project)(csgdi_compressor *c, const void *x, uint64_t step, unsigned round, void *sums,
                    void *values);

    /* The first round of a vector that is still to be made: m = a + b, n elements each, none of them
     * the other, and values as project() writes them, in one pass.  Whether all of m is finite.
     * NULL: there is no such way. */
    bool (*project_sum)(csgdi_compressor *c, const void *a, const void *b, void *m, void *values);

    /* Decode values, or sums of them over ranks; n elements.  src need not be aligned. */
    void (*apply)(const csgdi_compressor *c, const uint8_t *src, uint64_t step, csgdi_mode mode,
                  void *y);

    /* Judge the values of a message from anywhere, which are finite; src is not aligned.  NULL: all
     * are good. */
    csgd_status (*check)(const csgdi_compressor *c, const uint8_t *src);

    /* The message whose values, or the sums, are these has arrived: what the next one may build
     * upon.  NULL: nothing is remembered. */
    void (*delivered)(csgdi_compressor *c, const void *sums);

    /* Forget what was remembered.  NULL: nothing is. */
    void (*clear)(csgdi_compressor *c);

    /* --- all; n is not 0.  NULL: unknown --- */

    csgdi_loss (*loss)(const csgdi_compressor *c);
} csgdi_compressor_ops;

struct csgdi_compressor {
    const csgdi_compressor_ops *ops;
    const csgdi_kernels *kernels;
    csgd_type type; /* of the caller's elements; the kernels' is wider where this has 16 bits */
    size_t n;
    size_t first; /* where its vector begins in a longer one, for what depends on the element */
    uint64_t seed;
    uint32_t rank;         /* for random choices that differ by rank */
    csgdi_stream rounding; /* of random rounding: a rank's own vector, or the sum it owns */
    uint64_t step;         /* of the next message */
    unsigned threads;      /* most that work on a call; 1 where create found that only one can */
    unsigned n_ranks;      /* whose values may be summed; 1 outside of a reducer */
    bool biased, variable; /* as in ops, or what create found */
    bool own_support;      /* project: not the same map on all ranks, so sums mean nothing */
    bool masked;           /* blocks begin with a mask of what is not zero */
    uint64_t clipped;      /* messages that had no room for all that was to be sent */
    size_t block;          /* quantize: elements of a block; 1 at first */
    bool learns;           /* observe and learn are to be called */
    bool steered;          /* told must be, which takes the lengths of all messages */
    bool takes_warmup;     /* the compressor asks for the next */
    const struct csgdi_warmup *warmup; /* select: more entries in early steps; NULL: as many */
    size_t max_k;   /* select: most entries of a stream; project: values of every message */
    size_t usual_k; /* select: entries of most messages; 0: max_k */
    size_t spare;   /* select: entries of scratch that a search wants beyond max_k */
    csgdi_sparse_format format; /* select: how a stream travels */
    csgdi_sparse stream;        /* select: scratch, and after a message was written what it sends */
    void *values;               /* project: scratch for max_k values */
    unsigned channels;          /* vectors that a message carries parts of: 1, or 2 (pair.c) */
    void *pair;                 /* select, two channels: scratch for 2 max_k values */
    const size_t *segment; /* n_segments + 1 boundaries of tensors that select alone, or NULL */
    const size_t *segment_cols; /* columns of each of them as a matrix, or NULL */
    size_t n_segments;
    size_t stream_bytes; /* residuals from this length on are written past the caches */
    void *state;         /* the compressor's own */
    csgd_status *fault;  /* why it did not encode where x is finite; NULL: that never happens */
};

/* After an encoding that returned false: CSGD_OK where x is not finite; else a plug-in's mistake,
 * whose sentence is this thread's, and which is forgotten then. */
static inline csgd_status csgdi_compressor_fault(const csgdi_compressor *c)
{
    const csgd_status st = c->fault != NULL ? *c->fault : CSGD_OK;

    if (st != CSGD_OK) *c->fault = CSGD_OK;
    return st;
}

/* Every compressor of ours: the i-th, NULL past the last; and by name, plug-ins included. */
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
 * that select by themselves, n_segments + 1 of them, and columns of each, which outlive c; NULL for
 * one vector.  n_ranks: whose values may be summed. */
csgd_status csgdi_compressor_init(csgdi_compressor *c, const csgdi_compressor_ops *ops,
                                  csgdi_spec *spec, size_t n, const size_t *segment,
                                  const size_t *segment_cols, size_t n_segments, unsigned n_ranks,
                                  csgdi_arena *arena);

/* --- messages --- */

/* Largest message, a multiple of 8. */
size_t csgdi_message_bound(const csgdi_compressor *c);

/* Write the message of x for step c->step.  False if x is not finite and the compressor is not
 * exact, where dst is undefined; a compressor that looks at a part of x judges only that. */
bool csgdi_message_write(csgdi_compressor *c, const void *x, uint8_t *dst, size_t *len);

/* The same of a projection whose rounds before this one stand in c->values. */
bool csgdi_message_write_from(csgdi_compressor *c, const void *x, unsigned round, uint8_t *dst,
                              size_t *len);

/* Let messages of c carry two vectors from now on: what is chosen is chosen for the first of them, and of
 * the second the same entries go with it.  Their bound and check change.  For what selects or picks
 * entries. */
csgd_status csgdi_message_pair(csgdi_compressor *c, csgdi_arena *arena);

/* Then, in place of csgdi_message_write(), whatever is finite or not in the second. */
bool csgdi_message_write_pair(csgdi_compressor *c, const void *x, const void *second, uint8_t *dst,
                              size_t *len);

/* The message that was written last has arrived. */
void csgdi_message_delivered(csgdi_compressor *c);

/* Then, where c->steered: the mean length of the messages of all ranks. */
void csgdi_message_told(csgdi_compressor *c, double bytes);

/* Write the header of a message for step c->step whose payload stands, and return its length. */
size_t csgdi_message_frame(const csgdi_compressor *c, uint8_t *dst, size_t payload);

/* The same where XXH3 of the payload is known. */
size_t csgdi_message_frame_hashed(const csgdi_compressor *c, uint8_t *dst, size_t payload,
                                  uint64_t hash);

/* Judge a message from anywhere against what c expects: header, then payload.  step may be NULL:
 * any.  Only a message that passed may be applied. */
csgd_status csgdi_message_check(const csgdi_compressor *c, const uint8_t *src, size_t len,
                                const uint64_t *step);

/* y = or += or -= the vector that the message stands for, the first or only one. */
void csgdi_message_apply(const csgdi_compressor *c, const uint8_t *src, csgdi_mode mode, void *y);

/* The same of either vector, 0 or 1. */
void csgdi_message_apply_channel(const csgdi_compressor *c, const uint8_t *src, unsigned channel,
                                 csgdi_mode mode, void *y);

/* lambda of a threshold as it is now. */
double csgdi_threshold_lambda(const csgdi_compressor *c);

/* The public object. */
struct csgd_compressor {
    csgdi_arena arena;
    csgdi_compressor core;
    void *wide; /* n elements as they are worked on, where the caller's are narrower; else NULL */
};

/* Allocate c->wide, where it is needed. */
csgd_status csgdi_compressor_wide(csgd_compressor *c, csgdi_arena *arena);

extern const csgdi_compressor_ops csgdi_none, csgdi_topk, csgdi_blocktopk, csgdi_threshold,
    csgdi_randk, csgdi_sign, csgdi_onebit, csgdi_majority, csgdi_qsgd, csgdi_terngrad,
    csgdi_natural, csgdi_int, csgdi_bf16, csgdi_f16, csgdi_powersgd;

#endif
