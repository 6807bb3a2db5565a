/* SPDX-License-Identifier: BSD-3-Clause */

/* progress_thread.c: a thread that moves a reducer's operations forward while the program computes.
 *
 *     program's thread                     this thread, one a reducer
 *     start: encode, begin the agreement   asleep
 *            hand over  -------------->    step, step, ... until the outcome is there
 *     compute                              (asleep between two steps that move nothing)
 *     test, wait: collect  <------------   asleep
 *
 * `lock` is held during a step and whenever the operation changes hands, so that of the two only
 * one is ever inside of the reducer.  What the program does to it without the lock, it does while
 * nothing is in flight.
 */

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include "base/error.h"
#include "comm/reducer.h"

/* A network moves data all the time, but may have to be asked to go on: how long to let it wait.
 * Short against what fills a socket's buffer, long against what a question costs. */
static const long nap_ns = 50000;

enum { POLLS = 20 }; /* questions without an answer before the first nap */

struct csgdi_progress_thread {
    csgd_reducer *r;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved; /* work or quit has changed */
    bool work;            /* an operation is this thread's to advance */
    bool quit;
    fenv_t mode; /* in which the program rounds: sums are made in it */
};

/* Until the operation has an outcome.  Called and left with the lock held. */
static void advance(csgdi_progress_thread *p)
{
    csgd_reducer *r = p->r;
    const csgdi_transport_ops *ops = r->transport.ops;
    const struct timespec nap = {.tv_nsec = nap_ns};
    uint64_t seen = r->call.moves;
    int polls = 0;

    fesetenv(&p->mode);
    while (csgdi_progress_advance(r) == CSGD_MORE) {
        polls = r->call.moves == seen ? polls + 1 : 0;
        seen = r->call.moves;
        pthread_mutex_unlock(&p->lock);
        if (ops->polls && polls >= POLLS)
            nanosleep(&nap, NULL);
        else
            ops->idle(&r->transport);
        pthread_mutex_lock(&p->lock);
    }
    p->work = false;
    pthread_cond_broadcast(&p->moved);
}

static void *thread_main(void *arg)
{
    csgdi_progress_thread *p = arg;

    pthread_mutex_lock(&p->lock);
    while (!p->quit) {
        if (p->work)
            advance(p);
        else
            pthread_cond_wait(&p->moved, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void end(void *memory)
{
    csgdi_progress_thread *p = memory;

    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->moved);
    pthread_mutex_destroy(&p->lock);
}

/* The program's signals are for the program's threads. */
static int start_thread(csgdi_progress_thread *p)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&p->thread, NULL, thread_main, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

/* Sleeping for a time at most must not depend on the clock of the machine. */
static int make_condition(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int failed = pthread_condattr_init(&attr);

    if (failed != 0) return failed;
    failed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (failed == 0) failed = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return failed;
}

csgd_status csgdi_progress_thread_create(csgd_reducer *r)
{
    csgdi_progress_thread *p;

    if (!r->transport.threads)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "progress=thread calls MPI from a thread of its own: begin with "
                          "MPI_Init_thread and MPI_THREAD_MULTIPLE, which this program has not "
                          "been given");
    p = csgdi_arena_zalloc(&r->arena, 1, sizeof *p);
    if (p == NULL) return CSGD_E_NOMEM;
    p->r = r;
    if (pthread_mutex_init(&p->lock, NULL) != 0)
        return csgdi_fail(CSGD_E_NOMEM, "no lock for the thread of progress=thread");
    if (make_condition(&p->moved) != 0) {
        pthread_mutex_destroy(&p->lock);
        return csgdi_fail(CSGD_E_NOMEM, "no lock for the thread of progress=thread");
    }
    if (start_thread(p) != 0) {
        pthread_cond_destroy(&p->moved);
        pthread_mutex_destroy(&p->lock);
        return csgdi_fail(CSGD_E_NOMEM, "the thread of progress=thread could not be started");
    }
    csgdi_arena_undo(p, end);
    r->progress = p;
    return CSGD_OK;
}

void csgdi_progress_thread_take(csgdi_progress_thread *p)
{
    pthread_mutex_lock(&p->lock);
    p->r->call.threaded = true;
    fegetenv(&p->mode);
    p->work = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
}

bool csgdi_progress_thread_works(csgdi_progress_thread *p)
{
    bool works = true;

    /* Held means in mid-step, which is no outcome yet. */
    if (pthread_mutex_trylock(&p->lock) != 0) return true;
    works = p->work;
    pthread_mutex_unlock(&p->lock);
    return works;
}

void csgdi_progress_thread_wait(csgdi_progress_thread *p, double seconds)
{
    struct timespec until;

    pthread_mutex_lock(&p->lock);
    if (seconds > 0 && p->work) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)(seconds * 1e9);
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&p->moved, &p->lock, &until);
    }
    while (seconds <= 0 && p->work)
        pthread_cond_wait(&p->moved, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void csgdi_progress_thread_lock(csgdi_progress_thread *p)
{
    pthread_mutex_lock(&p->lock);
}

void csgdi_progress_thread_unlock(csgdi_progress_thread *p)
{
    pthread_mutex_unlock(&p->lock);
}
