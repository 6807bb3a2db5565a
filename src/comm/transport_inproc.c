/* SPDX-License-Identifier: BSD-3-Clause */
/* transport_inproc.c: ranks that are threads of one process: the table of operations.
 *
 * Starting one writes an entry into the request, lets the fault that is ordered for the rank spoil
 * it, and hands it to team_meet.c, where it may complete at once; testing looks at its state.
 *
 * A fault other than corruption sets the entry's hold: it is in its list, but does not take effect
 * before its rank has tested that often, or ever.
 */

#include <sched.h>
#include <string.h>
#include <time.h>
#include "base/error.h"
#include "comm/team_state.h"

enum { SLEEP_NS = 10 * 1000 * 1000 }; /* at most: whoever waits also watches for a timeout */

static const char *const kind_name[] = {"send", "receive", "sum", "max", "gather"};

typedef struct inproc {
    csgd_team *team;
    uint32_t channel;
    const int *ranks;     /* of the team, that a part of it has; NULL: all */
    uint64_t seen;        /* the rank's `completed` when idle last returned */
    csgdi_entry *delayed; /* own entries whose hold runs down */
} inproc;

_Static_assert(sizeof(csgdi_entry) <= sizeof((csgdi_request *)0)->own,
               "an entry fits in a request");
_Static_assert(sizeof(inproc) <= sizeof((csgdi_transport *)0)->own, "and the state in its place");

static inproc *state_of(csgdi_transport *t)
{
    return (inproc *)(void *)t->own.bytes;
}

static csgdi_entry *entry_of(csgdi_request *req)
{
    return (csgdi_entry *)(void *)req->own.bytes;
}

/* The rank in the team of one of this transport's. */
static int in_team(const inproc *own, int rank)
{
    return own->ranks != NULL ? own->ranks[rank] : rank;
}

/* ---- faults ---- */

/* Scatter a counter over 64 bits, the finisher of SplitMix64 (Steele, Lea, Flood, 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void suffer_fault(csgdi_place *place, csgdi_entry *e, const csgdi_transport *t)
{
    csgdi_fault *f = &place->fault;
    const bool is_message = e->kind == CSGDI_SEND || e->kind == CSGDI_GATHER;
    size_t seen = 0; /* bytes that another rank will see */

    if (f->kind == CSGDI_FAULT_NONE) return;
    if (f->after > 0) {
        if (is_message) f->after--;
        return;
    }
    if (e->kind == CSGDI_SEND && e->op.message.peer != e->rank) seen = e->op.message.len;
    if (e->kind == CSGDI_GATHER && t->n_ranks > 1) seen = e->op.gather.len[t->rank];

    if (f->kind == CSGDI_FAULT_DELAY && e->kind != CSGDI_RECEIVE && f->value > 0) {
        e->hold = 1 + mix(f->value + ++place->delayed * UINT64_C(0x9e3779b97f4a7c15)) % f->value;
    } else if (f->kind == CSGDI_FAULT_CORRUPT && seen > 0) {
        e->flip = f->value % (8 * (uint64_t)seen);
        f->kind = CSGDI_FAULT_NONE;
    } else if (f->kind == CSGDI_FAULT_DROP && is_message) {
        e->hold = CSGDI_FOREVER;
        f->kind = CSGDI_FAULT_NONE;
    } else if (f->kind == CSGDI_FAULT_STOP) {
        e->hold = CSGDI_FOREVER;
    }
}

/* ---- the operations ---- */

static csgd_status start(csgdi_transport *t, csgdi_request *req, csgdi_link *list, csgdi_entry e)
{
    inproc *own = state_of(t);
    csgd_team *team = own->team;
    csgdi_entry *mine = entry_of(req);

    e.channel = own->channel;
    e.group = (uint32_t)t->n_ranks;
    e.rank = in_team(own, t->rank);
    e.flip = CSGDI_NO_FLIP;
    e.state = CSGDI_WAITING;
    req->received = 0;
    req->parts = 0;
    req->active = true;

    pthread_mutex_lock(&team->lock);
    suffer_fault(&team->place[e.rank], &e, t);
    *mine = e;
    csgdi_team_append(list, mine);
    if (mine->hold == 0) {
        csgdi_team_settle(team, mine);
    } else if (mine->hold != CSGDI_FOREVER) {
        mine->next_delayed = own->delayed;
        own->delayed = mine;
    }
    pthread_mutex_unlock(&team->lock);
    return CSGD_OK;
}

static csgd_status inproc_send(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                               csgdi_request *req)
{
    const int peer = in_team(state_of(t), to);
    const csgdi_entry e = {.kind = CSGDI_SEND, .op.message = {src, NULL, len, peer, tag}};

    if (to != t->rank) csgdi_transport_count(t, len, 0, false);
    return start(t, req, &state_of(t)->team->place[peer].sends, e);
}

static csgdi_link *receives_of(csgdi_transport *t)
{
    const inproc *own = state_of(t);

    return &own->team->place[in_team(own, t->rank)].receives;
}

static csgd_status inproc_receive(csgdi_transport *t, void *dst, size_t len, int from, int tag,
                                  csgdi_request *req)
{
    const csgdi_entry e = {.kind = CSGDI_RECEIVE,
                           .op.message = {NULL, dst, len, in_team(state_of(t), from), tag}};

    if (from != t->rank) csgdi_transport_count(t, 0, len, false);
    return start(t, req, receives_of(t), e);
}

/* Counted when it has come. */
static csgd_status inproc_receive_open(csgdi_transport *t, void *dst, size_t most, int from,
                                       int tag, csgdi_request *req)
{
    const csgdi_entry e = {.kind = CSGDI_RECEIVE,
                           .open = true,
                           .op.message = {NULL, dst, most, in_team(state_of(t), from), tag}};

    return start(t, req, receives_of(t), e);
}

static csgd_status inproc_sum(csgdi_transport *t, const void *send, void *recv, size_t n,
                              csgd_type type, bool blocking, csgdi_request *req)
{
    const csgdi_entry e = {.kind = CSGDI_SUM, .op.reduce = {send, recv, n, type}};

    (void)blocking;
    csgdi_transport_count_reduce(t, n * csgd_type_size(type), false);
    return start(t, req, &state_of(t)->team->meeting, e);
}

static csgd_status inproc_max(csgdi_transport *t, uint64_t *word, size_t n, bool blocking,
                              csgdi_request *req)
{
    const csgdi_entry e = {.kind = CSGDI_MAX, .op.reduce = {word, word, n, CSGD_F64}};

    (void)blocking;
    csgdi_transport_count_reduce(t, n * sizeof *word, false);
    return start(t, req, &state_of(t)->team->meeting, e);
}

static csgd_status inproc_gather(csgdi_transport *t, const void *send, void *recv,
                                 const size_t *len, const size_t *offset, bool blocking,
                                 csgdi_request *req)
{
    const csgdi_entry e = {.kind = CSGDI_GATHER, .op.gather = {send, recv, len, offset}};

    (void)blocking;
    csgdi_transport_count_gather(t, len, false);
    return start(t, req, &state_of(t)->team->meeting, e);
}

/* One test has passed for every delayed entry of this transport. */
static void run_down(inproc *own)
{
    csgdi_entry **at = &own->delayed;

    while (*at != NULL) {
        csgdi_entry *e = *at;

        if (--e->hold > 0) {
            at = &e->next_delayed;
        } else {
            *at = e->next_delayed;
            csgdi_team_settle(own->team, e);
        }
    }
}

static csgd_status failure(const csgdi_entry *e)
{
    if (e->kind == CSGDI_RECEIVE)
        return csgdi_fail(CSGD_E_TRANSPORT, "rank %d sent %llu bytes where %s%zu were expected",
                          e->op.message.peer, (unsigned long long)e->blame,
                          e->open ? "at most " : "", e->op.message.len);
    return csgdi_fail(CSGD_E_TRANSPORT, "ranks 0 and %llu entered different collectives (here: %s)",
                      (unsigned long long)e->blame, kind_name[e->kind]);
}

static csgd_status inproc_test(csgdi_transport *t, csgdi_request *req, bool *done)
{
    inproc *own = state_of(t);
    const csgdi_entry *e = entry_of(req);
    csgdi_entry_state state = CSGDI_DONE;

    *done = true;
    if (!req->active) return CSGD_OK;
    pthread_mutex_lock(&own->team->lock);
    run_down(own);
    state = (csgdi_entry_state)e->state;
    pthread_mutex_unlock(&own->team->lock);

    *done = state != CSGDI_WAITING;
    if (state == CSGDI_WAITING) return CSGD_OK;
    req->active = false; /* and out of all lists: the entry is the caller's alone */
    if (state == CSGDI_FAILED) return failure(e);
    if (e->kind == CSGDI_RECEIVE) req->received = (size_t)e->blame;
    if (e->open && e->op.message.peer != e->rank) csgdi_transport_count(t, 0, req->received, false);
    return CSGD_OK;
}

/* Sleep until an operation of this rank completes.  What completed between the caller's tests
 * and now has moved the count, so it is not slept through. */
static void inproc_idle(csgdi_transport *t)
{
    inproc *own = state_of(t);
    csgd_team *team = own->team;
    csgdi_place *place = &team->place[in_team(own, t->rank)];
    struct timespec until;

    if (own->delayed != NULL) { /* only tests move those on */
        sched_yield();
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += SLEEP_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&team->lock);
    if (place->completed == own->seen) pthread_cond_timedwait(&place->bell, &team->lock, &until);
    own->seen = place->completed;
    pthread_mutex_unlock(&team->lock);
}

static void leave_list(csgdi_link *list, uint32_t channel, int rank)
{
    for (csgdi_link *l = list->next, *next; l != list; l = next) {
        csgdi_entry *e = (csgdi_entry *)l;

        next = l->next;
        if (e->channel == channel && e->rank == rank) csgdi_team_remove(e);
    }
}

/* Entries still linked are taken back, so their memory may go even if abandoned. */
static void inproc_close(csgdi_transport *t, bool abandoned)
{
    inproc *own = state_of(t);
    csgd_team *team = own->team;
    const int rank = in_team(own, t->rank);

    (void)abandoned;
    pthread_mutex_lock(&team->lock);
    for (int r = 0; r < team->n_ranks; r++)
        leave_list(&team->place[r].sends, own->channel, rank);
    leave_list(&team->place[rank].receives, own->channel, rank);
    leave_list(&team->meeting, own->channel, rank);
    team->open--;
    pthread_mutex_unlock(&team->lock);
}

/* ---- nodes, and transports over some of the ranks ---- */

static csgd_status inproc_nodes(csgdi_transport *t, int *nodes)
{
    const inproc *own = state_of(t);
    const csgdi_place *place = own->team->place;

    pthread_mutex_lock(&own->team->lock);
    for (int r = 0; r < t->n_ranks; r++) {
        nodes[r] = 0;
        while (place[in_team(own, nodes[r])].node != place[in_team(own, r)].node)
            nodes[r]++;
    }
    pthread_mutex_unlock(&own->team->lock);
    return CSGD_OK;
}

static void open_channel(csgdi_transport *t, csgd_team *team, int rank, bool member);

/* All ranks count the channel, so that the next one of each is the same. */
static csgd_status inproc_part(csgdi_transport *t, const int *ranks, int count,
                               csgdi_transport *part)
{
    const inproc *own = state_of(t);
    int at = 0;

    while (at < count && ranks[at] != t->rank)
        at++;
    memset(part, 0, sizeof *part);
    open_channel(part, own->team, in_team(own, t->rank), at < count);
    if (at == count) return CSGD_OK;
    part->rank = at;
    part->n_ranks = count;
    state_of(part)->ranks = ranks;
    return CSGD_OK;
}

static const csgdi_transport_ops inproc_ops = {
    .name = "inproc",
    .send = inproc_send,
    .receive = inproc_receive,
    .send_open = inproc_send,
    .receive_open = inproc_receive_open,
    .sum = inproc_sum,
    .max = inproc_max,
    .gather = inproc_gather,
    .nodes = inproc_nodes,
    .part = inproc_part,
    .test = inproc_test,
    .idle = inproc_idle,
    .close = inproc_close,
    .keeps_buffers = false,
};

/* The next channel of a rank of the team, which is a transport if the rank is a member of it. */
static void open_channel(csgdi_transport *t, csgd_team *team, int rank, bool member)
{
    inproc *own = state_of(t);

    pthread_mutex_lock(&team->lock);
    own->channel = team->place[rank].channels++;
    own->seen = team->place[rank].completed;
    team->open += member;
    pthread_mutex_unlock(&team->lock);
    if (!member) return;
    own->team = team;
    t->ops = &inproc_ops;
    t->threads = true;
    t->limit = SIZE_MAX;
}

csgd_status csgdi_transport_open_team(csgdi_transport *t, csgd_team *team, int rank)
{
    memset(t, 0, sizeof *t);
    if (team == NULL) return csgdi_fail(CSGD_E_INVAL, "team is NULL");
    if (rank < 0 || rank >= team->n_ranks)
        return csgdi_fail(CSGD_E_INVAL, "rank %d is not in 0 .. %d", rank, team->n_ranks - 1);
    open_channel(t, team, rank, true);
    t->rank = rank;
    t->n_ranks = team->n_ranks;
    return CSGD_OK;
}
