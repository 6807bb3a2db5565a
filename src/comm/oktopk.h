/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_OKTOPK_H
#define CSGDI_OKTOPK_H

/* oktopk.h: what the parts of oktopk share; oktopk.c explains it. */

#include "comm/bruck.h"

/* The regions of the ranks: as many of the entries that all ranks have selected in each.
 *
 * Cut j is the least element below which there are at least the j-th share of all entries, counted over all
 * ranks, so a region has one P-th of them, and P more at most where entries of several ranks have one
 * index.  All cuts are bisected at once: a round is a sum over ranks of how many entries each has below
 * P - 1 elements, and there are at most log2 n + 1 of them.  Counts are added exactly, whatever the
 * order, so all ranks find the same. */
typedef struct csgdi_cuts {
    size_t *at;         /* [P + 1] region o is at[o] .. at[o + 1] */
    size_t *low, *high; /* [P] between which a cut is looked for */
    size_t *
        allowed; /* [P] entries that this rank may send to a region: about twice what it had there */
    double *number; /* [P] */
    csgdi_request request;
} csgdi_cuts;

bool csgdi_cuts_create(csgdi_cuts *cuts, const csgd_reducer *r, csgdi_arena *arena);

/* Begin to look for the cuts of the message at hand; *found where there is nothing to look for. */
csgd_status csgdi_cuts_begin(csgd_reducer *r, csgdi_cuts *cuts, bool *found);

/* CSGD_OK once the cuts are there; *empty: no rank had an entry, and regions are equally long. */
csgd_status csgdi_cuts_step(csgd_reducer *r, csgdi_cuts *cuts, bool *empty);

/* The k-th largest magnitude of all sums, exactly: a radix search over their keys, 8 bits a round, of
 * which each is a sum over ranks of 256 counts. */
typedef struct csgdi_ranking {
    uint64_t prefix;
    unsigned shift; /* bits of the key not yet known */
    size_t wanted;  /* among those that begin with the prefix */
    uint64_t counts[256];
    double number[256];
    csgdi_request request;
} csgdi_ranking;

csgd_status csgdi_ranking_begin(csgd_reducer *r, csgdi_ranking *search, const csgdi_sparse *sums);

/* CSGD_OK once prefix is the key, and `wanted` of those with that key are among the k; both are 0 where
 * there are no more than k sums. */
csgd_status csgdi_ranking_step(csgd_reducer *r, csgdi_ranking *search, const csgdi_sparse *sums);

/* Pieces of the split that are under way at once; lists that wait to be added. */
enum { CSGDI_OKTOPK_WINDOW = 2, CSGDI_OKTOPK_LEVELS = 64 };

/* All of it, for one reducer. */
typedef struct csgdi_oktopk_state {
    csgdi_search search;
    csgdi_trouble trouble;
    int phase;
    csgdi_cuts cuts;
    csgdi_ranking ranking;
    csgdi_sparse mine;    /* k entries: what this rank has selected itself */
    csgdi_sparse sums;    /* of this region; while they are made, a stack of lists */
    csgdi_sparse dropped; /* of the sums */
    csgdi_sparse scratch, left, result;
    size_t level[CSGDI_OKTOPK_LEVELS], levels; /* where the lists of the stack begin */
    size_t pieces;                             /* added so far */
    size_t ties;            /* of the sums at the limit, how many this rank keeps */
    size_t above, at_limit; /* of this rank's own sums */
    double *number;         /* [2 P + 1] entries above the limit, at it, and all */
    size_t *first;          /* [P + 1] where those of a rank begin among all that are selected */
    size_t *at, *len;       /* [P] of the pieces in out */
    uint8_t *out, *in[CSGDI_OKTOPK_WINDOW];
    size_t bound;        /* of a piece that comes in */
    csgdi_request *send; /* [P] */
    csgdi_request receive[CSGDI_OKTOPK_WINDOW], sum;
    int next;        /* the piece that is waited for */
    bool exactly;    /* the limit is from this call's ranking */
    bool everything; /* there is no limit in this call */
    csgdi_bruck bruck;
    /* From call to call, the same on all ranks. */
    bool cuts_known, limit_known;
    uint64_t cut_at, ranked_at; /* steps */
    uint64_t limit;             /* a key */
} csgdi_oktopk_state;

/* Sums of counts carry no hash, and decide about memory: whether they are whole numbers up to `most`; and
 * the error where they cannot be what they should. */
bool csgdi_counts_check(const double *count, size_t n, double most);
csgd_status csgdi_counts_altered(void);

/* Send this rank's entries to the owners of the regions that are cut, and add up what comes for its own:
 * CSGD_OK once self->sums are there. */
csgd_status csgdi_oktopk_split_begin(csgd_reducer *r);
csgd_status csgdi_oktopk_split_step(csgd_reducer *r);

/* Move what ranks have selected, self->sums with self->first, so that each has the same share of it:
 * CSGD_OK once self->result is this rank's. */
csgd_status csgdi_oktopk_balance_begin(csgd_reducer *r);
csgd_status csgdi_oktopk_balance_step(csgd_reducer *r);

#endif
