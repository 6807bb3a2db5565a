/* SPDX-License-Identifier: BSD-3-Clause */

/* allreduce_local.c: see allreduce_local.h. */

#include "allreduce_local.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "comm/reducer.h"
#include "distributions.h"
#include "timing.h"

/* What a rank has. */
typedef struct seat {
    csgd_reducer *reducer;
    float *x[GRADIENTS], *y;
    local *of;
    double start, ms;
    csgd_status status;
    char sentence[512]; /* each thread has its own */
} seat;

struct local {
    csgdi_arena arena;
    csgd_team *team;
    pthread_barrier_t barrier;
    int n_ranks;
    size_t n, turn;
    bool collective;
    const char *spec;
    seat *seat; /* [n_ranks] */
};

void local_gradient(int rank, size_t turn, float *x, size_t n)
{
    distribution_fill(DIST_GAUSS, (uint64_t)rank * GRADIENTS + turn, x, n);
}

static void note(seat *s, csgd_status st)
{
    s->status = st;
    if (st != CSGD_OK) snprintf(s->sentence, sizeof s->sentence, "%s", csgd_error_detail());
}

static void create_part(int rank, void *arg)
{
    local *l = arg;
    seat *s = &l->seat[rank];

    for (size_t i = 0; i < GRADIENTS; i++)
        local_gradient(rank, i, s->x[i], l->n);
    note(s, csgd_reducer_create_team(l->team, rank, l->n, l->spec, &s->reducer));
}

static void meet(void *arg)
{
    seat *s = arg;

    pthread_barrier_wait(&s->of->barrier);
    s->start = timing_ms();
}

static void call_part(int rank, void *arg)
{
    local *l = arg;
    seat *s = &l->seat[rank];

    s->of = l;
    s->reducer->ready = l->collective ? meet : NULL;
    s->reducer->ready_object = s;
    meet(s);
    note(s, csgd_reducer_allreduce(s->reducer, s->x[l->turn % GRADIENTS], s->y, l->n));
    s->ms = timing_ms() - s->start;
}

static void destroy_part(int rank, void *arg)
{
    csgd_reducer_destroy(&((local *)arg)->seat[rank].reducer);
}

/* Vectors of all ranks; false where memory does not do. */
static bool make_room(local *l)
{
    l->seat = csgdi_arena_zalloc(&l->arena, (size_t)l->n_ranks, sizeof *l->seat);
    for (int rank = 0; l->seat != NULL && rank < l->n_ranks; rank++) {
        seat *s = &l->seat[rank];
        for (size_t i = 0; i < GRADIENTS; i++)
            if ((s->x[i] = csgdi_arena_alloc(&l->arena, l->n, sizeof(float))) == NULL) return false;
        if ((s->y = csgdi_arena_alloc(&l->arena, l->n, sizeof(float))) == NULL) return false;
    }
    return l->seat != NULL;
}

/* The first rank that failed by itself, else the first that failed. */
static const seat *failed(const local *l)
{
    const seat *found = NULL;

    for (int rank = 0; rank < l->n_ranks; rank++) {
        const seat *s = &l->seat[rank];
        if (s->status == CSGD_OK) continue;
        if (found == NULL || (found->status == CSGD_E_PEER && s->status != CSGD_E_PEER)) found = s;
    }
    return found;
}

local *local_create(int n_ranks, size_t n, const char *spec, char *sentence, size_t cap)
{
    local *l = calloc(1, sizeof *l);
    const seat *wrong;

    snprintf(sentence, cap, "no memory, or no thread");
    if (l == NULL) return NULL;
    l->n_ranks = n_ranks;
    l->n = n;
    l->spec = spec;
    if (pthread_barrier_init(&l->barrier, NULL, (unsigned)n_ranks) != 0) {
        free(l);
        return NULL;
    }
    if (!make_room(l) || csgd_team_create(n_ranks, &l->team) != CSGD_OK ||
        csgd_team_run(l->team, create_part, l) != CSGD_OK) {
        snprintf(sentence, cap, "%s", csgd_error_detail());
        local_destroy(&l);
    } else if ((wrong = failed(l)) != NULL) {
        snprintf(sentence, cap, "%s", wrong->sentence);
        local_destroy(&l);
    }
    return l;
}

double local_call(local *l, size_t turn, bool collective)
{
    const seat *wrong = NULL;
    double ms = 0;
    csgd_status st;

    l->turn = turn;
    l->collective = collective;
    st = csgd_team_run(l->team, call_part, l);
    if (st != CSGD_OK || (wrong = failed(l)) != NULL) {
        fprintf(stderr, "bench_allreduce: %s over a team: %s\n", l->spec,
                wrong != NULL ? wrong->sentence : csgd_error_detail());
        exit(1);
    }
    for (int rank = 0; rank < l->n_ranks; rank++)
        if (l->seat[rank].ms > ms) ms = l->seat[rank].ms;
    return ms;
}

void local_destroy(local **l)
{
    csgdi_arena arena;

    if (*l == NULL) return;
    if ((*l)->team != NULL) csgd_team_run((*l)->team, destroy_part, *l);
    csgd_team_destroy(&(*l)->team);
    pthread_barrier_destroy(&(*l)->barrier);
    arena = (*l)->arena;
    csgdi_arena_free(&arena);
    free(*l);
    *l = NULL;
}
