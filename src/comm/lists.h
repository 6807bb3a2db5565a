/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_LISTS_H
#define CSGDI_LISTS_H

/* lists.h: partial sums of sparse vectors, in memory and on their way; for algorithms that drop.
 *
 * A piece is a list of entries (csgdi_sparse, strictly increasing indices) that travels as one message:
 *
 *     header (wire/header.h)   of the compressor, n elements, this step
 *     base    u32              element that index 0 of the stream stands for
 *     span    u32              elements that the stream is over; past n - 1 they go on at 0
 *     a sparse stream          of at most span entries (wire/sparse.h)
 *
 * Indices travel in the shortest code, over the span alone.  Values are in the element type, f32 or
 * f64: what a message of a rank decodes to is the first summand, and partial sums are never rounded
 * but by the additions themselves.
 *
 * Unlike a piece of piece.h it says itself where it lies, so it need not be of a range that both sides
 * know.  Poison is the same.
 */

#include "comm/piece.h"
#include "compressors/largest.h"
#include "wire/header.h"

enum { CSGDI_LIST_HEADER = CSGDI_HEADER_BYTES + 8, CSGDI_LIST_TAG = 0 };

/* Bytes of the longest piece of at most k entries, poison included. */
size_t csgdi_list_bound(const csgdi_compressor *c, size_t k);

/* Elements that a piece is over. */
typedef struct csgdi_span {
    size_t base; /* the first; after n - 1 comes 0 */
    size_t count;
    size_t here; /* what index the first has in the list */
    bool any;    /* of a piece that is read: it says so itself, indices are the vector's, and go on
                  * where the list ends, cyclically */
} csgdi_span;

/* A list with room for `room` entries; whether there was memory. */
bool csgdi_list_create(csgdi_sparse *list, const csgdi_compressor *c, size_t room,
                       csgdi_arena *arena);

/* The entries from the first-th on as a list of its own, which shares memory. */
csgdi_sparse csgdi_list_from(const csgdi_compressor *c, const csgdi_sparse *list, size_t first,
                             size_t count);

/* What the entries span, from the first to the last, cyclically. */
csgdi_span csgdi_list_span(const csgdi_compressor *c, const csgdi_sparse *list);

/* How many entries have an index below `index`. */
size_t csgdi_list_below(const csgdi_sparse *list, uint64_t index);

/* Append `more` to `list`, which has room. */
void csgdi_list_append(const csgdi_compressor *c, csgdi_sparse *list, const csgdi_sparse *more);

/* *sum = a + b, where both have an entry the sum of the two, a's first.  Room for all of them. */
void csgdi_list_add(const csgdi_compressor *c, const csgdi_sparse *a, const csgdi_sparse *b,
                    csgdi_sparse *sum);

/* *total += more, by way of *scratch: the two change places.  Nothing is done for no entries. */
void csgdi_list_gather(const csgdi_compressor *c, csgdi_sparse *total, csgdi_sparse *scratch,
                       const csgdi_sparse *more);

/* Keep the k entries of largest magnitude, of equal ones those of the lowest places, and append the
 * others to `left`; both stay in order.  search: of as many entries as the list has. */
void csgdi_list_cut(csgdi_search *search, csgdi_sparse *list, size_t k, csgdi_sparse *left);

/* The same by a limit: keep keys above it, and the first `ties` of those at it. */
void csgdi_list_cut_at(const csgdi_compressor *c, csgdi_sparse *list, uint64_t limit, size_t ties,
                       csgdi_sparse *left);

/* Write the entries of list, all of which lie in the span; returns the length.  Where trouble has been
 * found it is poison instead. */
size_t csgdi_list_write(const csgd_reducer *r, const csgdi_trouble *trouble, csgdi_sparse *list,
                        csgdi_span span, uint8_t *dst);

/* Append the entries of a piece from rank `from`, at most max_k, to list, which has room; or note what
 * is wrong with it. */
void csgdi_list_read(const csgd_reducer *r, csgdi_trouble *trouble, int from, const uint8_t *src,
                     size_t len, csgdi_span span, size_t max_k, csgdi_sparse *list);

/* Note a sum that is not finite. */
void csgdi_list_judge(const csgdi_compressor *c, csgdi_trouble *trouble, const csgdi_sparse *list);

/* Append the entries of a stream over n elements, which passed its check, the first of which is element
 * `first` of the vector; false where the list has no room for them. */
bool csgdi_list_take(const csgdi_compressor *c, const uint8_t *stream, size_t n, size_t first,
                     csgdi_sparse *list);

/* Entries in order from one on, and again from the beginning: turn them so that the lowest comes first. */
void csgdi_list_turn(const csgdi_compressor *c, csgdi_sparse *list);

/* The sum of a call, as such a list: recv gets the entries, and 0 elsewhere; or call.entries does.
 * CSGD_E_CORRUPT where that has no room for them: they came from ranks that do not keep to the rules. */
csgd_status csgdi_list_result(csgd_reducer *r, const csgdi_sparse *list);

/* For .supports of algorithms that drop: a sentence for what does not select. */
csgd_status csgdi_list_support(const csgdi_compressor *c, const char *algorithm);

#endif
