/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_DROP_H
#define CSGD_ORACLE_DROP_H

/* oracle_drop.h: the sparse allreduces that drop on the way, the slow and obvious way: every list of
 * entries is a vector of n and a mask, every selection sorts, and ranks take turns.
 *
 * The order of additions and the pieces that travel are those of the pictures in src/comm/gtopk.c,
 * spardl.c and oktopk.c.
 */

#include "oracle/oracle.h"

typedef struct oracle_list {
    double *value; /* [n] */
    bool *in;      /* [n] */
} oracle_list;

/* What stays from call to call (oktopk), and what a call has made. */
typedef struct oracle_drop {
    csgd_type type;
    size_t n, k, p;
    oracle_list sum;   /* the result; 0 where not in */
    oracle_list *kept; /* [p]: what each rank dropped */
    uint64_t *bytes;   /* [p]: sent by the algorithm */
    oracle_list *held; /* [p] */
    /* oktopk */
    uint64_t tau, drawn, exact;
    bool cuts_known, limit_known;
    size_t *cut;   /* [p + 1] */
    size_t *count; /* [p * p]: of rank r in region o, when the cuts were drawn */
    double limit;  /* magnitude */
} oracle_drop;

oracle_drop *oracle_drop_create(csgd_type type, size_t n, size_t k, size_t p);
void oracle_drop_destroy(oracle_drop *d);

/* One call: sent[rank] and chosen[rank] as the oracle of the compressor says. */
void oracle_gtopk(oracle_drop *d, double *const *sent, bool *const *chosen);
void oracle_spardl(oracle_drop *d, double *const *sent, bool *const *chosen);
void oracle_oktopk(oracle_drop *d, double *const *sent, bool *const *chosen, uint64_t step);

/* For the above: */

void oracle_drop_begin(oracle_drop *d, double *const *sent, bool *const *chosen);
oracle_list oracle_list_create(size_t n);
void oracle_list_destroy(oracle_list *l);

/* Move the entries in [first, first + span), which go on at 0 after n - 1, from `from` to `to`, whose
 * values come first where both have one. */
void oracle_list_move(const oracle_drop *d, oracle_list *from, size_t first, size_t span,
                      oracle_list *to);

/* Of the entries in that range keep the k largest, the others go to `left`. */
void oracle_list_cut(const oracle_drop *d, oracle_list *l, size_t first, size_t span, size_t k,
                     oracle_list *left);

size_t oracle_list_count(const oracle_drop *d, const oracle_list *l, size_t first, size_t span);

/* Bytes of the piece of the entries in a range, over the range itself or (tight) from the first to the last
 * of them. */
uint64_t oracle_piece_bytes(const oracle_drop *d, const oracle_list *l, size_t first, size_t span,
                            bool tight);

/* Where part `i` of n in p begins. */
size_t oracle_share(size_t n, size_t p, size_t i);

#endif
