/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_PIECE_H
#define CSGDI_PIECE_H

/* piece.h: what ranks send each other in the middle of an algorithm on sparse vectors.
 *
 * A piece is a message (wire/header.h) of one range of the vector: n is the elements of the range,
 * indices are counted from its beginning.  It is one of
 *
 *     entries    a sparse stream: a part of a rank's message, or a sum of several
 *     elements   all of them, as the vector is, once that is shorter (wire id of `none`)
 *     poison     a status in 8 bytes, filled up where a length is agreed: its sender found something
 *                wrong, and sends this in place of all that it still owes, so that nobody waits for
 *                it (wire id 0xffff)
 *
 * A rank's own entries travel in the value coder of the spec, where that gives back what was
 * decoded once; int8 and int4, whose codes depend on the neighbours, do not, so their values
 * travel as the elements are once they are cut out of a message.  Sums always do: nothing is lost
 * on the way.  Indices are coded as is shortest.
 */

#include "comm/reducer.h"

enum { CSGDI_PIECE_POISON = 0xffff };

/* What a rank found wrong, kept until it has sent all that it owes. */
typedef struct csgdi_trouble {
    csgd_status found;
    char sentence[512];
} csgdi_trouble;

/* Keep a status, other than CSGD_OK and the first such one only; this thread's sentence, after
 * `whose rank:` if rank is not negative. */
void csgdi_trouble_note(csgdi_trouble *trouble, csgd_status st, const char *whose, int rank);

/* What was kept, as this thread's error; CSGD_OK if nothing was. */
csgd_status csgdi_trouble_status(const csgdi_trouble *trouble);

/* How a part of a message travels, and a sum of them. */
csgdi_sparse_format csgdi_piece_format(const csgdi_compressor *c);
csgdi_sparse_format csgdi_sum_format(const csgdi_compressor *c);

/* Most bytes of pieces that cut max_k entries of n into `pieces` ranges, in either of these formats.
 * A piece of elements is not longer than one of n entries. */
size_t csgdi_pieces_bound(const csgdi_compressor *c, size_t n, size_t max_k, size_t pieces);

/* Write a piece of entries, of elements, or poison; return its length, a multiple of 8. */
size_t csgdi_piece_write(const csgd_reducer *r, csgdi_sparse_format format, csgdi_sparse *entries,
                         uint8_t *dst);
size_t csgdi_piece_write_dense(const csgd_reducer *r, const void *x, size_t n, uint8_t *dst);
size_t csgdi_piece_write_poison(const csgd_reducer *r, csgd_status found, uint8_t *dst);

/* Poison in place of a piece whose length is agreed, and as long. */
void csgdi_piece_fill_poison(const csgd_reducer *r, csgd_status found, size_t len, uint8_t *dst);

/* Write the header before a payload that stands there, over n elements; returns the length of both. */
size_t csgdi_piece_frame(const csgd_reducer *r, uint16_t wire_id, size_t n, size_t payload,
                         uint8_t *dst);

/* The status that a payload of poison tells in its first 8 bytes. */
csgd_status csgdi_piece_told(const uint8_t *payload, uint64_t bytes);

/* Bytes of a piece of n elements, all of them given. */
size_t csgdi_piece_dense_bytes(const csgdi_compressor *c, size_t n);

/* Judge a piece from anywhere, over n elements and of this step.  Of poison the status that it
 * tells.  A part of a message: CSGD_OK only if it is entries, at most max_k in that format, all
 * finite. */
csgd_status csgdi_piece_check(const csgd_reducer *r, csgdi_sparse_format format, const uint8_t *src,
                              size_t len, size_t n, size_t max_k);

/* A sum: entries, at most max_k, or where `dense` is not NULL elements, and *dense tells which; it may
 * have overflowed, as any allreduce's. */
csgd_status csgdi_piece_check_sum(const csgd_reducer *r, const uint8_t *src, size_t len, size_t n,
                                  size_t max_k, bool *dense);

/* Dense codes (ranges.h). */
csgd_status csgdi_piece_check_codes(const csgd_reducer *r, const csgdi_compressor *view,
                                    const uint8_t *src, size_t len);

#endif
