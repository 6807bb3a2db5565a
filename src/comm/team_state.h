/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TEAM_STATE_H
#define CSGDI_TEAM_STATE_H

/* team_state.h: what is inside a team; for team*.c and transport_inproc.c only.
 *
 *     csgd_team -- lock
 *       |-- meeting          entries to collectives, all channels, in order of arrival
 *       '-- place[rank]
 *             |-- sends      waiting for a receive of this rank, in order of their start
 *             |-- receives   of this rank, waiting for a send, the same
 *             '-- bell       rung when an operation of this rank has completed
 *
 * The entries lie in the callers' requests, so they take no memory here.  Everything below is
 * read and written under the lock only, but for arena and n_ranks, which never change.
 */

#include <pthread.h>
#include "base/alloc.h"
#include "comm/team.h"

/* A ring of entries; an empty list is its own neighbour. */
typedef struct csgdi_link {
    struct csgdi_link *next, *prev;
} csgdi_link;

typedef enum csgdi_entry_kind {
    CSGDI_SEND,
    CSGDI_RECEIVE,
    CSGDI_SUM,
    CSGDI_MAX,
    CSGDI_GATHER
} csgdi_entry_kind;

typedef enum csgdi_entry_state { CSGDI_WAITING, CSGDI_DONE, CSGDI_FAILED } csgdi_entry_state;

/* An operation under way. */
typedef struct csgdi_entry {
    csgdi_link link; /* first: a link of a list is its entry */
    struct csgdi_entry *next_delayed;
    uint32_t channel, group; /* and the ranks that it has */
    uint64_t hold;           /* tests to go before it takes effect; CSGDI_FOREVER: it never does */
    uint64_t flip;           /* the bit to corrupt, or CSGDI_NO_FLIP */
    uint64_t blame; /* of a receive the length sent; FAILED: that, or the first rank that entered
                     * something else */
    int rank;       /* in the team, as peer is */
    uint8_t kind, state;
    bool open; /* RECEIVE: len is the most that may come */
    union {
        struct {
            const void *src; /* SEND */
            void *dst;       /* RECEIVE */
            size_t len;
            int peer, tag;
        } message;
        struct {
            const void *send;
            void *recv;
            size_t n;       /* elements */
            csgd_type type; /* SUM */
        } reduce;           /* SUM, MAX */
        struct {
            const void *send;
            void *recv;
            const size_t *len, *offset;
        } gather;
    } op;
} csgdi_entry;

#define CSGDI_FOREVER UINT64_MAX
#define CSGDI_NO_FLIP UINT64_MAX

typedef struct csgdi_place {
    csgdi_link sends, receives;
    pthread_cond_t bell;
    uint64_t completed; /* operations of this rank so far: what a sleeper compares */
    uint32_t channels;  /* transports opened so far: the channel of the next one */
    int node;           /* ranks that share memory have the same */
    csgdi_fault fault;  /* after counts down */
    uint64_t delayed;   /* operations delayed so far */
} csgdi_place;

struct csgd_team {
    csgdi_arena arena; /* holds this struct too */
    int n_ranks;
    pthread_mutex_t lock;
    uint64_t open; /* transports */
    csgdi_link meeting;
    csgdi_place *place;        /* [n_ranks] */
    struct csgdi_entry **seat; /* [n_ranks], scratch of the rank that completes a collective */
};

/* All under the lock: */

void csgdi_team_append(csgdi_link *list, csgdi_entry *e);
void csgdi_team_remove(csgdi_entry *e);

/* Do what can be done now that e has come, or its hold has ended: deliver messages between its two
 * ranks, or perform the collective. */
void csgdi_team_settle(csgd_team *team, const csgdi_entry *e);

#endif
