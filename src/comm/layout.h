/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_LAYOUT_H
#define CSGDI_LAYOUT_H

/* layout.h: a vector that consists of tensors, some of which are not worth compressing.
 *
 * Biases and other small tensors are few bytes and do the most harm when they come late, so they
 * travel exactly.  The user's vector has them anywhere; inside, the compressed tensors come first
 * and the exact ones last, so that compressors, feedback and algorithms see one plain vector:
 *
 *     the user's     W1 W1 W1 W1 b1 W2 W2 W2 W2 W2 b2
 *     packed         W1 W1 W1 W1 W2 W2 W2 W2 W2 | b1 b2
 *                    n_compressed elements       | n_exact elements
 *
 * Where nothing is exact and elements are not of 16 bits, the two are the same and nothing is copied.
 */

#include <csgd/reducer.h>
#include "base/alloc.h"
#include "compressors/compressor.h"

/* What the user said of the vector. */
typedef struct csgdi_shape {
    size_t n; /* used where tensors is NULL: one plain vector */
    const csgd_tensor *tensors;
    size_t n_tensors;
} csgdi_shape;

/* Elements that stay together: count of them, at `user` outside and at `packed` inside. */
typedef struct csgdi_run {
    size_t user, packed, count;
} csgdi_run;

typedef struct csgdi_layout {
    size_t n, n_compressed, n_exact;
    csgdi_run *run; /* of a lossy compressor's tensors */
    size_t n_runs;
    size_t *segment;      /* boundaries of the compressed tensors, or NULL: they select together */
    size_t *segment_cols; /* columns of each */
    size_t n_segments;
    uint64_t hash; /* of all shapes; 0 for a plain vector */
} csgdi_layout;

/* The keys `scope` and `dense_below`. */
extern const csgdi_keys csgdi_layout_keys;

/* Read a shape and its keys.  `exact`: the compressor is, so nothing needs to be set apart. */
csgd_status csgdi_layout_init(csgdi_layout *l, const csgdi_shape *shape, const csgdi_spec *spec,
                              bool exact, csgdi_arena *arena);

/* Copy all n elements from the caller's type into the packed order and the type that is worked on,
 * or back out of it. */
void csgdi_layout_pack(const csgdi_layout *l, const csgdi_compressor *c, const void *user,
                       void *packed);
void csgdi_layout_unpack(const csgdi_layout *l, const csgdi_compressor *c, const void *packed,
                         void *user);

/* Out of the packed order, elements of `size` bytes as they are.  Only where n_exact > 0. */
void csgdi_layout_place(const csgdi_layout *l, size_t size, const void *packed, void *user);

#endif
