/* SPDX-License-Identifier: BSD-3-Clause */

/* plugin_team.c: a plug-in that knows libcsgd only as installed, on the threads of a team.  Valid C
 * and C++.
 *
 * It sends the even elements at even steps and the odd ones at odd steps, so with feedback two steps
 * together deliver everything. */

#include <csgd/csgd.h>

#include <stdio.h>
#include <stdlib.h>

enum { N = 301, RANKS = 3, STEPS = 4 };

static csgd_status create(csgd_plugin_setup *setup, void **state)
{
    if (setup->type != CSGD_F32) return csgd_plugin_fail(CSGD_E_UNSUPPORTED, "floats only");
    setup->max_k = (setup->n + 1) / 2;
    *state = malloc(1); /* to see destroy called */
    return *state != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static size_t choose(const void *state, const void *x, size_t n, const csgd_plugin_call *call,
                     uint32_t *index, void *value)
{
    size_t k = 0;

    (void)state;
    for (size_t i = call->step % 2; i < n; i += 2) {
        index[k] = (uint32_t)i;
        ((float *)value)[k++] = ((const float *)x)[i];
    }
    return k;
}

static void work(int rank, void *team)
{
    static const char spec[] = "consumer_halves";
    float grad[N], got[N] = {0};
    csgd_reducer *r;

    if (csgd_reducer_create_team((csgd_team *)team, rank, N, spec, &r) != CSGD_OK) {
        fprintf(stderr, "%s\n", csgd_error_detail());
        exit(1);
    }
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < N; i++)
            grad[i] = (float)(i * (rank + 1));
        if (csgd_reducer_allreduce(r, NULL, grad, N) != CSGD_OK) {
            fprintf(stderr, "%s\n", csgd_error_detail());
            exit(1);
        }
        for (int i = 0; i < N; i++)
            got[i] += grad[i];
    }
    /* An even element was last sent at step STEPS - 2. */
    for (int i = 0; i < N; i++)
        if (got[i] != (float)(i * (1 + 2 + 3) * (i % 2 == 0 ? STEPS - 1 : STEPS))) {
            fprintf(stderr, "element %d: %g\n", i, (double)got[i]);
            exit(1);
        }
    csgd_reducer_destroy(&r);
}

int main(void)
{
    static csgd_plugin plugin; /* C++ has no initializers by name before 2020 */
    csgd_team *team;

    plugin.size = sizeof plugin;
    plugin.name = "consumer_halves";
    plugin.summary = "the even elements, then the odd ones";
    plugin.family = CSGD_PLUGIN_SELECT;
    plugin.biased = 1;
    plugin.create = create;
    plugin.destroy = free;
    plugin.select = choose;
    if (csgd_plugin_register(&plugin) != CSGD_OK || csgd_team_create(RANKS, &team) != CSGD_OK ||
        csgd_team_run(team, work, team) != CSGD_OK || csgd_team_destroy(&team) != CSGD_OK) {
        fprintf(stderr, "%s\n", csgd_error_detail());
        return 1;
    }
    printf("libcsgd %s: the plug-in is right\n", csgd_version());
    return 0;
}
