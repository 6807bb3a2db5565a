/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_REDUCER_H
#define CSGDI_REDUCER_H

/* reducer.h: one allreduce from end to end, as a schedule that can stop and go on anywhere.
 *
 *     begin     local: m = feedback(g), message = compressor(m); then start the agreement
 *     step      agreement, then the algorithm's exchange; never blocks
 *     finish    commit the residual, count, forget the buffers
 *
 * A blocking call is a loop over step; a non-blocking one hands the loop to the user.  Nothing
 * that the user could see changes before the agreement, and the residual not before the end.
 *
 * An algorithm is one file that ends in a const csgdi_algorithm, and one line in algorithms.c.  It
 * has the same three parts and works on the reducer's call.
 */

#include <csgd/reducer.h>
#include "comm/adapt.h"
#include "comm/agree.h"
#include "comm/choose.h"
#include "comm/layout.h"
#include "comm/transport.h"
#include "feedback/guard.h"

typedef struct csgdi_algorithm csgdi_algorithm;
typedef struct csgdi_progress_thread csgdi_progress_thread;

/* What a call does; ranks agree on it.  The last two are not the user's: a sum of m itself, and one of
 * anything else, past feedback and layout, which is no step. */
typedef enum csgdi_op { CSGDI_OP_OTHER, CSGDI_OP_SUM, CSGDI_OP_EXACT, CSGDI_OP_PLAIN } csgdi_op;

/* What is being reduced, from begin to finish. */
typedef struct csgdi_call {
    const void *send; /* r->compressor.n elements: the user's, or packed (layout.h) */
    void *recv;       /* the same; where the algorithm leaves its result */
    csgdi_sparse
        *entries; /* or here, in order, where recv is NULL; room for all that there can be */
    const void *user_send;
    void *user_recv;
    size_t first; /* element where the window begins (window.c) */
    const void
        *m; /* what the feedback made of send, NULL where the message was made of it at once */
    const void *x;   /* what a dense algorithm sums: m, or send where values are not finite */
    size_t len;      /* of this rank's message, which stands where the algorithm wants it */
    double observed; /* in m, of what is learnt while steps are exact */
    bool blocking;
    bool threaded; /* started, and in the hands of r->progress */
    uint64_t n;
    csgd_type type;
    int op;                               /* csgdi_op */
    bool exact;                           /* m or send travels itself, by the dense algorithm */
    csgdi_planned planned;                /* what r->adapt made of it */
    bool follows;                         /* and nothing else decides */
    bool exchanged;                       /* r->exchange is that of r->exact */
    double seconds;                       /* so far, but for waits for the last rank */
    const csgdi_algorithm *algorithm;     /* of this call: the reducer's own, or the dense one */
    csgd_status (*step)(csgd_reducer *r); /* the phase it is in */
    csgd_status outcome;                  /* CSGD_MORE until it has ended */
    uint64_t clipped_before;
    double since;               /* when the present phase began */
    uint64_t moves, moves_seen; /* what the algorithm has completed, and at the last test */
    double polled, waited;      /* the last test, and seconds in tests without a move */
} csgdi_call;

struct csgdi_algorithm {
    const char *name;
    const char *summary; /* with what it costs, for the help */
    const char *source;

    bool dense;    /* sums x itself, for exact compressors; else it carries messages */
    bool projects; /* makes the message itself, of r->call.m, in rounds */
    bool drops;    /* leaves entries out on the way, so auto takes it only where told to */
    bool entries;  /* leaves its result as entries where it is asked to (csgdi_call) */
    bool lengths;  /* gathers those of all messages, where they differ */
    bool pairs;    /* sums both vectors of messages that carry two (compressors/pair.c), the second
                    * to r->feedback.sum2 */

    /* Whether it can work for this compressor; a sentence if not.  NULL: always. */
    csgd_status (*supports)(const csgdi_compressor *c, const csgdi_transport *t);

    /* What a call takes, for algorithm=auto, local work included; NULL: auto never takes it, or
     * measures it, as it does dense ones. */
    double (*seconds)(const csgdi_cost *cost);

    /* Allocate from r->arena: r->exchange, r->message for what carries messages, and where it
     * needs the lengths of messages that differ, r->lengths, which asks the agreement for them. */
    csgd_status (*create)(csgd_reducer *r);

    /* begin starts the exchange after a successful agreement; step returns CSGD_MORE until recv
     * holds the result.  An error breaks the reducer; whoever finds one first sees to it that no
     * peer waits for a message that would have followed.  finish, if not NULL, comes after
     * success, and returns what the algorithm dropped (NULL: nothing). */
    csgd_status (*begin)(csgd_reducer *r);
    csgd_status (*step)(csgd_reducer *r);
    const csgdi_sparse *(*finish)(csgd_reducer *r);

    /* Forget what was learned in earlier calls.  NULL: nothing was. */
    void (*clear)(csgd_reducer *r);
};

typedef enum csgdi_health { CSGDI_WELL, CSGDI_BROKEN, CSGDI_TERMINAL } csgdi_health;

/* The second compression of an algorithm that encodes twice; without one, all zero (owner.c). */
typedef struct csgdi_owner {
    size_t first; /* element where the range of this rank begins */
    csgdi_compressor compressor;
    csgdi_feedback feedback;
} csgdi_owner;

enum { CSGDI_NUMBERS = 32 };

/* A call of csgd/mpi.h that is started by itself (mpi_request.c). */
struct csgd_request {
    csgd_reducer *reducer;
    const void *send; /* NULL: in place */
    void *recv;
    int64_t count;
    csgd_type type; /* as of csgdi_reducer_begin() */
    int op;
    bool in_place, persistent, active;
    struct csgd_request *next; /* given back, for the next one */
};

struct csgd_reducer {
    csgdi_arena arena;
    csgdi_transport transport;
    csgdi_layout layout;
    char *packed;  /* layout.n elements as they are worked on, where some of them travel exactly or
                   * the caller's are narrower; else NULL */
    size_t window; /* if not 0, there are only so many of them at once (window.c) */
    csgdi_compressor compressor;
    csgdi_feedback feedback;
    csgdi_owner owner;
    csgdi_guard guard;
    csgdi_adapt adapt;
    const csgdi_algorithm *algorithm;
    struct csgdi_hier_state *hier; /* of two levels (hier.h), else NULL */
    const csgdi_algorithm *exact;  /* the dense one that calls fall back to */
    void *exchange;       /* the state of the algorithm of this call, r->algorithm's between */
    void *exact_exchange; /* of the dense one, where that is not the vendor's */
    void *dense;          /* of csgdi_vendor */
    uint8_t *message;     /* where this rank's message is written */
    uint64_t *lengths;    /* where the agreement gathers them, CSGDI_AGREE_WORDS a rank; or NULL */
    size_t *gathered;     /* its scratch, two a rank */
    uint64_t step;
    uint64_t dense_steps;
    double timeout;     /* seconds, 0: none */
    uint64_t tau;       /* of oktopk */
    const char *recode; /* of dsar: one of csgdi_recode_words */
    size_t piece;       /* of sra and allgather: bytes that travel at once; 0: not said */
    csgdi_health health;
    bool busy;          /* an operation was begun and its outcome not yet collected */
    csgd_reducer *next; /* started by the same thread, not yet collected (progress.c) */
    void *starter;      /* the list it is in, NULL for a blocking call */
    csgdi_progress_thread *progress;  /* advances what is started; NULL: whoever waits does */
    struct csgd_request once, *spare; /* csgd_iallreduce's; persistent ones that were freed */
    char sentence[512];               /* of the outcome */
    void (*ready)(
        void *object); /* for benchmarks: called when a message is made, before ranks meet */
    void *ready_object;
    csgdi_call call;
    csgdi_agreement agreement;
    double number[CSGDI_NUMBERS]; /* a short plain sum, whose memory must outlive a timeout */
    csgd_stats stats;
    uint64_t identity[CSGDI_FIELDS]; /* the fields that were agreed at creation */
    char spec[2 * CSGDI_SPEC_MAX];   /* with every default written out */
    char reason[CSGDI_REASON];       /* why this algorithm */
    char *now; /* the same and the present plan, 2 * CSGDI_REASON bytes; or NULL */
};

/* Make a reducer over an open transport, which moves into it.  Collective: the ranks agree.  On
 * error the transport is closed.  failure is what this rank failed with before (its sentence set). */
csgd_status csgdi_reducer_create(csgdi_transport *transport, const csgdi_shape *shape,
                                 const char *spec, csgd_status failure, csgd_reducer **r);

/* The local part of that, where nothing was measured: look at the transport, which stays where it is,
 * and make all else; with that algorithm, NULL for the one of the spec.  Unmake frees it again, and leaves
 * the transport alone. */
csgd_status csgdi_reducer_make(const csgdi_transport *transport, const csgdi_shape *shape,
                               const char *text, const csgdi_algorithm *algorithm,
                               csgd_reducer **r);
void csgdi_reducer_unmake(csgd_reducer **r);

/* Where the compressor and the feedback are: r itself, or of two levels the leaders' reducer.  And whether
 * this rank has their memory too: of two levels its node's leader alone. */
csgd_reducer *csgdi_reducer_core(const csgd_reducer *r);
bool csgdi_reducer_holds(const csgd_reducer *r);

/* Let csgdi_vendor.step sum `count` elements of a type, which may be a part of the vector. */
void csgdi_vendor_sum(csgd_reducer *r, const void *from, void *to, size_t count, csgd_type type);

/* The public operations, for any shell: type and op as the shell found them (type 0: none of
 * ours), failure what it found wrong (its sentence set).  send NULL: in
 * place.  Returned without telling the peers: CSGD_E_BUSY, CSGD_E_BROKEN of a reducer that can only
 * be destroyed, and all of n = 0. */
csgd_status csgdi_reducer_begin(csgd_reducer *r, const void *send, void *recv, uint64_t n,
                                csgd_type type, int op, bool blocking, csgd_status failure);
csgd_status csgdi_reducer_start(csgd_reducer *r, const void *send, void *recv, uint64_t n,
                                csgd_type type, int op, csgd_status failure);

/* Advance all operations that this thread has started, but one (NULL: all). */
void csgdi_progress(const csgd_reducer *but);

/* Advance one: CSGD_MORE, or the outcome, whose sentence is kept. */
csgd_status csgdi_progress_advance(csgd_reducer *r);

/* A thread for the operations that are started on r (progress_thread.c); the arena ends it.  take
 * hands it the one that was begun; works tells whether it has no outcome yet, and wait returns when
 * it has, or after some seconds (0: not before); between lock and unlock it is between two steps. */
csgd_status csgdi_progress_thread_create(csgd_reducer *r);
void csgdi_progress_thread_take(csgdi_progress_thread *p);
bool csgdi_progress_thread_works(csgdi_progress_thread *p);
void csgdi_progress_thread_wait(csgdi_progress_thread *p, double seconds);
void csgdi_progress_thread_lock(csgdi_progress_thread *p);
void csgdi_progress_thread_unlock(csgdi_progress_thread *p);

/* A call has ended.  What fails after the agreement leaves this rank's state in doubt. */
csgd_status csgdi_reducer_settle(csgd_reducer *r, csgd_status st, bool in_doubt);

/* Where 16-bit elements are summed by r->algorithm in windows: set r->window, and compressor.n to the
 * most that one has, for the algorithm's creation.  Before it begins, load the first window; after
 * it, store the one that is summed, and load the next, or return false where there is none. */
void csgdi_window_choose(csgd_reducer *r);
void csgdi_window_first(csgd_reducer *r);
bool csgdi_window_next(csgd_reducer *r);

/* Set up r->owner for the range [first, first + count) of this rank. */
csgd_status csgdi_owner_create(csgd_reducer *r, size_t first, size_t count);

/* Add the owner's residual to its part of m, which will travel exactly in place of two encodings;
 * whether that is finite. */
bool csgdi_owner_add_exact(csgd_reducer *r, void *m);

/* That was delivered: take the residual off m again, which is as it was, and commit it. */
void csgdi_owner_commit_exact(csgd_reducer *r, void *m);

/* Add the owner's residual to its part of e. */
void csgdi_owner_add_residual(const csgd_reducer *r, void *e);

/* Every algorithm: the i-th, NULL past the last, and by name. */
const csgdi_algorithm *csgdi_algorithm_list(size_t i);
const csgdi_algorithm *csgdi_algorithm_find(const char *name);

/* The one that `algorithm=auto` takes. */
const csgdi_algorithm *csgdi_algorithm_auto(const csgdi_compressor *c);

/* The keys of a reducer. */
extern const csgdi_keys csgdi_reducer_keys;

extern const csgdi_algorithm csgdi_vendor, csgdi_ring, csgdi_allgather, csgdi_sra, csgdi_linear;
extern const csgdi_algorithm csgdi_rabenseifner, csgdi_doubling, csgdi_split, csgdi_dsar;
extern const csgdi_algorithm csgdi_qring, csgdi_hier;
extern const csgdi_algorithm csgdi_gtopk, csgdi_oktopk, csgdi_spardl;

#endif
