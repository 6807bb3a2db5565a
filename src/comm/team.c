/* SPDX-License-Identifier: BSD-3-Clause */
/* team.c: the life of a team: creation, threads, faults, the end. */

#include <stdlib.h>
#include <time.h>
#include "base/error.h"
#include "comm/team_state.h"

enum { RANKS_MAX = 4096 };

/* A bell per rank, so that a message wakes one rank and not all. */
static int places_init(csgd_team *team)
{
    pthread_condattr_t attr;
    int made = 0;

    if (pthread_condattr_init(&attr) != 0) return 0;
    /* Sleepers wait for a time at most; setting the machine's clock must not change it. */
    if (pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0)
        for (; made < team->n_ranks; made++) {
            csgdi_place *place = &team->place[made];

            place->sends.next = place->sends.prev = &place->sends;
            place->receives.next = place->receives.prev = &place->receives;
            if (pthread_cond_init(&place->bell, &attr) != 0) break;
        }
    pthread_condattr_destroy(&attr);
    return made;
}

static void places_fini(csgd_team *team, int made)
{
    while (made-- > 0)
        pthread_cond_destroy(&team->place[made].bell);
}

csgd_status csgd_team_create(int n_ranks, csgd_team **team)
{
    csgdi_arena arena = {0};
    csgd_team *new = NULL;
    int made = 0;

    if (team == NULL) return csgdi_fail(CSGD_E_INVAL, "team is NULL");
    *team = NULL;
    if (n_ranks < 1 || n_ranks > RANKS_MAX)
        return csgdi_fail(CSGD_E_INVAL, "a team has 1 to %d ranks, not %d", RANKS_MAX, n_ranks);

    new = csgdi_arena_zalloc(&arena, 1, sizeof *new);
    if (new == NULL) goto fail;
    new->n_ranks = n_ranks;
    new->meeting.next = new->meeting.prev = &new->meeting;
    new->place = csgdi_arena_zalloc(&arena, (size_t)n_ranks, sizeof *new->place);
    new->seat = csgdi_arena_zalloc(&arena, (size_t)n_ranks, sizeof *new->seat);
    if (new->place == NULL || new->seat == NULL) goto fail;

    made = places_init(new);
    if (made < n_ranks || pthread_mutex_init(&new->lock, NULL) != 0) {
        csgdi_fail(CSGD_E_NOMEM, "no lock for a team of %d ranks", n_ranks);
        places_fini(new, made);
        goto fail;
    }
    new->arena = arena;
    *team = new;
    return CSGD_OK;

fail:
    csgdi_arena_free(&arena);
    return CSGD_E_NOMEM;
}

csgd_status csgd_team_destroy(csgd_team **team)
{
    csgdi_arena arena;
    uint64_t open;

    if (team == NULL || *team == NULL) return CSGD_OK;
    pthread_mutex_lock(&(*team)->lock);
    open = (*team)->open;
    pthread_mutex_unlock(&(*team)->lock);
    if (open > 0)
        return csgdi_fail(CSGD_E_BUSY, "reducers of the team still live, on %llu ranks in all",
                          (unsigned long long)open);

    places_fini(*team, (*team)->n_ranks);
    pthread_mutex_destroy(&(*team)->lock);
    arena = (*team)->arena; /* the struct itself goes with it */
    csgdi_arena_free(&arena);
    *team = NULL;
    return CSGD_OK;
}

void csgdi_team_fault(csgd_team *team, csgdi_fault fault)
{
    if (fault.rank < 0 || fault.rank >= team->n_ranks) return;
    pthread_mutex_lock(&team->lock);
    team->place[fault.rank].fault = fault;
    team->place[fault.rank].delayed = 0;
    pthread_mutex_unlock(&team->lock);
}

void csgdi_team_nodes(csgd_team *team, const int *node)
{
    pthread_mutex_lock(&team->lock);
    for (int r = 0; r < team->n_ranks; r++)
        team->place[r].node = node[r];
    pthread_mutex_unlock(&team->lock);
}

/* ---- threads ---- */

/* All threads wait at a gate until the last one exists: work that began could not be undone, and
 * would wait for ranks that never come. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    enum { GATE_SHUT, GATE_OPEN, GATE_CANCELLED } state;
    void (*work)(int rank, void *arg);
    void *arg;
} gate;

typedef struct worker {
    pthread_t thread;
    gate *gate;
    int rank;
} worker;

static void *worker_main(void *arg)
{
    const worker *w = arg;
    bool cancelled;

    pthread_mutex_lock(&w->gate->lock);
    while (w->gate->state == GATE_SHUT)
        pthread_cond_wait(&w->gate->moved, &w->gate->lock);
    cancelled = w->gate->state == GATE_CANCELLED;
    pthread_mutex_unlock(&w->gate->lock);
    if (!cancelled) w->gate->work(w->rank, w->gate->arg);
    return NULL;
}

csgd_status csgd_team_run(csgd_team *team, void (*work)(int rank, void *arg), void *arg)
{
    gate g = {.lock = PTHREAD_MUTEX_INITIALIZER,
              .moved = PTHREAD_COND_INITIALIZER,
              .work = work,
              .arg = arg};
    csgdi_arena arena = {0};
    csgd_status status = CSGD_OK;
    worker *workers;
    int started = 0;

    if (team == NULL || work == NULL)
        return csgdi_fail(CSGD_E_INVAL, "%s is NULL", team == NULL ? "team" : "work");
    workers = csgdi_arena_alloc(&arena, (size_t)team->n_ranks, sizeof *workers);
    if (workers == NULL) return CSGD_E_NOMEM;

    for (; started < team->n_ranks; started++) {
        worker *w = &workers[started];

        w->gate = &g;
        w->rank = started;
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
            status = csgdi_fail(CSGD_E_NOMEM, "the thread of rank %d of %d could not be started",
                                started, team->n_ranks);
            break;
        }
    }
    pthread_mutex_lock(&g.lock);
    g.state = status == CSGD_OK ? GATE_OPEN : GATE_CANCELLED;
    pthread_cond_broadcast(&g.moved);
    pthread_mutex_unlock(&g.lock);

    for (int r = 0; r < started; r++)
        pthread_join(workers[r].thread, NULL);
    pthread_cond_destroy(&g.moved);
    pthread_mutex_destroy(&g.lock);
    csgdi_arena_free(&arena);
    return status;
}
