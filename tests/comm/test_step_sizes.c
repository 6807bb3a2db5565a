/* SPDX-License-Identifier: BSD-3-Clause */

/* test_step_sizes.c: the law of error feedback where step sizes change and some steps travel
 * exactly, the owner's residual of sra included (algorithms that encode twice keep two):
 *
 *     sum over t of step size * result  +  step size * all residuals  =  sum of step size * all g
 *
 * and so the certificate in the statistics is above the distance that x had before the call. */

#include <float.h>
#include <math.h>
#include "oracle/oracle.h"
#include "support/test.h"

enum { RANKS = 3, N = 300, STEPS = 12 };

typedef struct scene {
    csgd_team *team;
    const char *spec;
    csgd_reducer *r[RANKS];
    double g[RANKS][N], e[RANKS][N], y[RANKS][N];
    double step_size;
    csgd_stats stats[RANKS];
    csgd_status status[RANKS];
} scene;

static void create(int rank, void *arg)
{
    scene *s = arg;
    s->status[rank] = csgd_reducer_create_team(s->team, rank, N, s->spec, &s->r[rank]);
}

static void step(int rank, void *arg)
{
    scene *s = arg;
    csgd_status *st = &s->status[rank];

    *st = csgd_reducer_set_step_size(s->r[rank], s->step_size);
    if (*st == CSGD_OK) *st = csgd_reducer_allreduce(s->r[rank], s->g[rank], s->y[rank], N);
    if (*st == CSGD_OK) *st = csgd_reducer_residual(s->r[rank], s->e[rank]);
    if (*st == CSGD_OK)
        *st = csgd_reducer_stats(s->r[rank], &s->stats[rank], sizeof s->stats[rank]);
}

/* Goes back to where dense_steps holds, with residuals that are not zero. */
static void rewind_steps(int rank, void *arg)
{
    scene *s = arg;
    s->status[rank] = csgd_reducer_set_step(s->r[rank], 0);
}

static void destroy(int rank, void *arg)
{
    scene *s = arg;
    s->status[rank] = csgd_reducer_destroy(&s->r[rank]);
}

static void together(scene *s, void (*work)(int rank, void *arg))
{
    assert_ok(csgd_team_run(s->team, work, s));
    for (int r = 0; r < RANKS; r++)
        assert_int_equal(s->status[r], CSGD_OK);
}

static void check_law(const char *spec)
{
    static scene s;
    double sent[N] = {0}, given[N] = {0}, scale[N] = {0};

    s = (scene){.spec = spec};
    assert_ok(csgd_team_create(RANKS, &s.team));
    together(&s, create);
    for (int t = 0; t < STEPS; t++) {
        double squares = 0;

        s.step_size = t < 4 ? 0.5 : t < 8 ? 0.05 : 0.3 / t;
        for (int r = 0; r < RANKS; r++)
            oracle_gradient(r, (uint64_t)t, CSGD_F64, N, s.g[r]);
        if (t == 7) together(&s, rewind_steps);
        for (int i = 0; i < N; i++)
            squares += (given[i] - sent[i]) * (given[i] - sent[i]);
        together(&s, step);
        for (int r = 0; r < RANKS; r++)
            assert_true(s.stats[r].certificate >= (1 - 1e-9) * sqrt(squares) / RANKS - 1e-9);
        for (int i = 0; i < N; i++) {
            double left = 0, size = 0;
            sent[i] += s.step_size * s.y[0][i];
            for (int r = 0; r < RANKS; r++) {
                left += s.step_size * s.e[r][i];
                size += fabs(s.step_size * s.e[r][i]);
                given[i] += s.step_size * s.g[r][i];
                scale[i] += fabs(s.step_size * s.g[r][i]) + fabs(s.step_size * s.y[0][i]);
            }
            scale[i] += size;
            assert_true(fabs(sent[i] + left - given[i]) <=
                        8 * DBL_EPSILON * log2(2 * RANKS) * scale[i]);
            if (t == 7) assert_true(size == 0); /* an exact step leaves nothing */
        }
    }
    together(&s, destroy);
    assert_ok(csgd_team_destroy(&s.team));
}

static void law(void **state)
{
    (void)state;
    check_law("topk ratio=0.05 type=f64 dense_steps=1");
    check_law("sign block=16 type=f64 dense_steps=1 algorithm=allgather");
    check_law("sign block=16 type=f64 dense_steps=1 algorithm=sra");
    check_law("qsgd bits=5 bucket=16 type=f64 dense_steps=1 feedback=ef algorithm=sra");
    check_law("onebit block=16 type=f64 dense_steps=1 algorithm=sra mask=yes");
    check_law("f16 block=16 rounding=nearest type=f64 dense_steps=1 algorithm=sra");
    check_law("natural block=16 type=f64 dense_steps=1 feedback=ef algorithm=sra");
    check_law("randk ratio=0.2 type=f64 dense_steps=1 algorithm=linear");
    check_law("threshold lambda=30 type=f64 dense_steps=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(law)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
