/* SPDX-License-Identifier: BSD-3-Clause */

/* adapt.c: see adapt.h. */

#include "comm/adapt.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_REST = 4096 };

static const double margin = 7.0 / 8; /* that a plan has to be better by */
static const double share = 1.0 / 50; /* of all time, that trials take at most */

static csgdi_plan other(csgdi_plan plan)
{
    return plan == CSGDI_PLAN_DENSE ? CSGDI_PLAN_MESSAGES : CSGDI_PLAN_DENSE;
}

static double median(const double *x, size_t n)
{
    double sorted[CSGDI_ADAPT_WINDOW];

    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > x[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = x[i];
    }
    return sorted[n / 2];
}

static void rest(csgdi_adapt *a, uint64_t calls)
{
    a->rest = calls;
    a->since = 0;
    a->n_trial = 0;
    a->trying = 0;
}

static void follow(csgdi_adapt *a, csgdi_plan plan)
{
    a->plan = plan;
    a->n_recent = a->turn = 0;
}

void csgdi_adapt_begin(csgdi_adapt *a, csgdi_plan first, const double predicted[2])
{
    *a = (csgdi_adapt){.on = true, .first = first};
    follow(a, first);
    rest(a, CSGDI_ADAPT_REST);
    memcpy(a->takes, predicted, sizeof a->takes);
}

void csgdi_adapt_clear(csgdi_adapt *a)
{
    a->untold = false;
    follow(a, a->first);
    rest(a, CSGDI_ADAPT_REST);
    a->takes[0] = a->takes[1] = 0;
}

csgdi_planned csgdi_adapt_next(const csgdi_adapt *a)
{
    if (a->trying > 0) return (csgdi_planned){other(a->plan), true};
    return (csgdi_planned){a->plan, false};
}

void csgdi_adapt_made(csgdi_adapt *a, csgdi_planned call, double seconds)
{
    a->untold = true;
    a->last = call;
    a->seconds = seconds;
    if (call.trial) a->trying--;
}

/* Three calls have been made by the other plan, and all are told. */
static void judge(csgdi_adapt *a)
{
    const double theirs = median(a->trial, CSGDI_ADAPT_TRIAL);

    a->takes[other(a->plan)] = theirs;
    if (theirs < margin * a->takes[a->plan]) {
        follow(a, other(a->plan));
        rest(a, CSGDI_ADAPT_REST);
        a->changes++;
        return;
    }
    rest(a, a->rest < LONGEST_REST ? 2 * a->rest : LONGEST_REST);
}

/* Whether it is time to try the other plan. */
static bool due(const csgdi_adapt *a)
{
    const double ours = a->takes[a->plan], theirs = a->takes[other(a->plan)];

    if (a->n_recent < CSGDI_ADAPT_WINDOW || a->since < CSGDI_ADAPT_WINDOW) return false;
    if (theirs == 0 || theirs < margin * ours) return true;
    return a->since >= a->rest && CSGDI_ADAPT_TRIAL * theirs <= share * ours * (double)a->since;
}

void csgdi_adapt_told(csgdi_adapt *a, double seconds)
{
    if (!a->untold) return;
    a->untold = false;
    if (a->last.trial) {
        a->trial[a->n_trial++] = seconds;
        if (a->n_trial == CSGDI_ADAPT_TRIAL) judge(a);
        return;
    }
    if (a->last.plan != a->plan) return; /* made before a change was known */
    a->since++;
    a->recent[a->turn] = seconds;
    a->turn = (a->turn + 1) % CSGDI_ADAPT_WINDOW;
    if (a->n_recent < CSGDI_ADAPT_WINDOW) a->n_recent++;
    a->takes[a->plan] = median(a->recent, a->n_recent);
    if (a->trying == 0 && a->n_trial == 0 && due(a)) a->trying = CSGDI_ADAPT_TRIAL;
}

void csgdi_adapt_explain(const csgdi_adapt *a, const char *messages, const char *dense, char *dst,
                         size_t cap)
{
    const bool is_dense = a->plan == CSGDI_PLAN_DENSE;
    const char *ours = is_dense ? dense : messages, *theirs = is_dense ? messages : dense;
    char known[64] = "has not been tried";

    if (a->takes[other(a->plan)] > 0)
        snprintf(known, sizeof known, "%.3g ms", 1e3 * a->takes[other(a->plan)]);
    snprintf(dst, cap, "now %s (%s), %.3g ms a call, %s (%s) %s; changed %llu times",
             is_dense ? "dense" : "compressed", ours, 1e3 * a->takes[a->plan],
             is_dense ? "compressed" : "dense", theirs, known, (unsigned long long)a->changes);
}
