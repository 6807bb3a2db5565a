/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_LARGEST_H
#define CSGDI_LARGEST_H

/* largest.h: the k entries of largest magnitude, exactly, in little more than one pass.
 *
 * From call to call a bracket remembers between which two keys the k-th largest is likely to be.
 * One pass collects the candidates, all entries from its lower end up; those within the bracket
 * are searched for the k-th, and the candidates that are not chosen are moved out.  Where there is no
 * more room for candidates, the k-th largest of them is a new lower end, as that of all cannot be
 * smaller; so a bracket that begins too low costs little.  One that begins too high costs time: another
 * is guessed from a sample, and at last the vector is searched whole.  The entries chosen are a function
 * of the vector alone.
 *
 * A NaN or an infinity has a larger key than any finite entry, so it is among the candidates, and
 * whether all of the vector is finite is known without a pass of its own.
 *
 * Of a whole vector:
 *
 *     if (!csgdi_largest(&search, &bracket, x, n, 0, k, out)) return CSGD_E_NONFINITE;
 *
 * Of a vector m that is being made, chunk by chunk in a small buffer, each of which goes to its
 * place in m afterwards; what is chosen is 0 in m, which is the residual then:
 *
 *     if (csgdi_largest_begin(&search, &bracket, k, out)) {
 *         search.m = m;                                  // where one thread makes all of it
 *         for (first = 0; first < n; first += count) {
 *             make m[first .. first + count) in chunk;
 *             more = csgdi_largest_chunk(&search, 0, chunk, first, count);
 *             copy chunk to m + first;
 *             if (!more) break;                          // out of room: it will be RETRY
 *         }
 *         outcome = csgdi_largest_end(&search, m);
 *     }
 *
 * Several threads each take a part of the vector (threads.h), and their candidates are put together in
 * the order of parts.  Part 0 finds room in out; the others have some of their own, about twice
 * their share.  Where a part has more, it stops, and goes on when it is its turn to be joined.
 */

#include "base/alloc.h"
#include "compressors/bracket.h"
#include "wire/sparse.h"

typedef enum csgdi_outcome {
    CSGDI_DONE,
    CSGDI_NONFINITE, /* the vector has NaN or infinity; nothing was remembered or appended */
    CSGDI_RETRY      /* the bracket did not hold, or there was no room */
} csgdi_outcome;

/* Where a pass puts the candidates that it finds. */
typedef struct csgdi_catch {
    uint32_t *index;
    char *value, *band; /* band: values within the bracket */
    size_t room, band_room;
    size_t taken, in_band; /* in_band: above band_room where that did not do */
    bool finite, fits;
} csgdi_catch;

/* Scratch of searches, one at a time. */
struct csgdi_search {
    const csgdi_kernels *kernels;
    uint64_t *counts; /* of a histogram */
    char *band;
    size_t band_room;
    unsigned threads;  /* parts of a long vector */
    csgdi_catch *part; /* part i's at i - 1, with memory of its own */
    /* of the search that has begun */
    csgdi_bracket *bracket; /* NULL: all from low up are wanted, and no more than k may be */
    csgdi_sparse *out;
    csgdi_catch all; /* part 0's, and all that was joined: in out, after its out->k entries */
    size_t k;
    uint64_t low, high;
    uint64_t floor; /* no candidate has a smaller key */
    void *m;        /* where chunks go, from element 0 on: room is made there.  NULL: it is not */
};
typedef struct csgdi_search csgdi_search;

/* Entries of room that a search of k among n wants beyond the k themselves: out->room must be at
 * least out->k + k + that.  Beyond room, out has space for CSGDI_LANES entries. */
size_t csgdi_largest_spare(size_t n, size_t k);

/* Memory for searches of at most k entries among at most n on so many threads, s->band with room for
 * `band` values or more.  Returns whether there was, with the sentence set if not. */
bool csgdi_search_create(csgdi_search *s, const csgdi_kernels *kernels, size_t n, size_t k,
                         size_t band, unsigned threads, csgdi_arena *arena);

/* Append the k entries of largest magnitude among n elements to out, x pointing to the first and
 * `base` its index; of equal magnitudes the lowest index wins.  k <= n.  Returns whether all n are
 * finite; if not, nothing is appended. */
bool csgdi_largest(csgdi_search *s, csgdi_bracket *bracket, const void *x, size_t n, uint32_t base,
                   size_t k, csgdi_sparse *out);

/* The same of a vector in chunks, appended to out at the end.  Returns whether there is a bracket to
 * begin with: not at the first call, nor after one that failed. */
bool csgdi_largest_begin(csgdi_search *s, csgdi_bracket *bracket, size_t k, csgdi_sparse *out);

/* Instead: all entries with key >= limit, if they are no more than k.  RETRY if they are. */
void csgdi_limit_begin(csgdi_search *s, uint64_t limit, size_t k, csgdi_sparse *out);

/* Take the candidates from x[0..count), which become 0 there; x[0] is element `first`, and chunks
 * of a part come in ascending order.  false: out of room, x is whole or partly cut, and the part takes
 * no more chunks.  Parts may do this at the same time. */
bool csgdi_largest_chunk(csgdi_search *s, unsigned part, void *x, size_t first, size_t count);

/* Once all parts have come as far as they could, part by part from 1 on: append its candidates to those
 * of part 0, to which the rest of the part belongs then: from the chunk that was out of room.  false:
 * out of room, and no more chunks are taken.  m as below. */
bool csgdi_largest_join(csgdi_search *s, unsigned part, void *m);

/* As csgdi_largest_chunk() of elements that are made on the way, the sums of the terms, and written
 * past the caches to m: all point to element `first`.  Where it says false nothing of the chunk is
 * taken, and m is undefined there. */
bool csgdi_largest_sums(csgdi_search *s, unsigned part, const csgdi_terms *terms, size_t first,
                        size_t count, void *m);

/* Append what was chosen, and put the other candidates back into m, which has the chunks in their
 * places: element `first` of a chunk is m[first].  Unless the outcome is DONE all are put back.
 * After RETRY, csgdi_largest() of the same vector will do. */
csgdi_outcome csgdi_largest_end(csgdi_search *s, void *m);

/* --- parts of it, for other selections --- */

/* All entries with key >= limit of a whole vector, if they are no more than k.  RETRY if they are. */
csgdi_outcome csgdi_limit(csgdi_search *s, uint64_t limit, const void *x, size_t n, size_t k,
                          csgdi_sparse *out);

/* Append the k largest of the `count` entries that are in out's space after its own, k <= count.
 * Returns the key of the k-th. */
uint64_t csgdi_largest_among(csgdi_search *s, size_t count, size_t k, csgdi_sparse *out);

/* The key of the k-th largest of n elements, 1 <= k <= n; in *ties how many of the k have just that
 * key. */
uint64_t csgdi_kth_key(csgdi_search *s, const void *x, size_t n, size_t k, size_t *ties);

#endif
