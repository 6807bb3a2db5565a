/* SPDX-License-Identifier: BSD-3-Clause */

/* test_simulation.c: simulated workers give the bits of a reducer over a team, step after step: the
 * results, what optimizers make of them, and residuals. */

#include "optim/bits_part.h"
#include "support/test.h"

static void same_bits_as_a_team(void **state)
{
    static const bits_setting settings[] = {
        {"sgd lr=0.1", "none"},
        {"momentum lr=0.05 schedule=sqrt", "none type=f64 algorithm=allgather"},
        {"sgd lr=0.05 schedule=cosine steps=14", "sign block=64"},
        {"momentum lr=0.02 clip=3", "sign block=32 type=f64"},
        {"storm alpha=0.2 lr=0.05", "onebit block=16 algorithm=sra"},
        {"igt alpha=0.3 lr=0.05", "qsgd bits=5 bucket=32 feedback=ef"},
        {"momentum alpha=0.1 lr=0.2", "sign block=64 algorithm=allgather dense_steps=4"},
        {"rootsgd lr=0.1", "sign block=64 dense_steps=4"},
        {"svrg refresh=5 lr=0.1", "topk ratio=0.1 algorithm=allgather"},
        {"sarah refresh=5 lr=0.1", "int bits=4 block=64"},
        {"sarah refresh=4 lr=0.1", "topk ratio=0.2 type=f64 algorithm=allgather"},
        {"momentum lr=0.02", "topk ratio=0.1 feedback=ef21 algorithm=allgather"},
        {"sgd lr=0.05", "sign block=16 feedback=ef21 momentum=0.3 dense_steps=3"},
        {"frozen_adam freeze=4 lr=0.02 clip=2", "sign block=32"},
        {"frozen_adam freeze=4 lr=0.02", "topk ratio=0.1 algorithm=allgather"},
        {"storm alpha=0.2 lr=0.05 schedule=sqrt", "sign block=32 feedback=ecx rho=step"},
        {"sarah refresh=4 lr=0.05 reset_every=5", "onebit block=32 feedback=ecx rho=step"},
        {"momentum lr=0.01", "int bits=4 block=64 feedback=ecx algorithm=allgather type=f64"},
        {"storm lr=0.05 schedule=sqrt reset_every=5",
         "topk ratio=0.1 feedback=ecx2 rho=step algorithm=allgather"},
        {"momentum lr=0.02", "randk ratio=0.2 type=f64 feedback=ecx2"},
        {"sgd lr=0.02", "topk ratio=0.1 feedback=dgc algorithm=allgather"},
        {"sgd lr=0.1 warmup=5", "randk ratio=0.2"},
        {"momentum nesterov=yes lr=0.02", "randk ratio=0.2 support=private"},
        {"sgd lr=0.1 noise=0.5", "powersgd rank=2"},
        {"sgd lr=0.1 noise=0.5 reset_every=4", "topk ratio=0.1 values=bf16 algorithm=allgather"},
        {"sgd lr=0.1 reset_radius=0.5 reset=drop",
         "threshold lambda=0.4 indices=rice algorithm=allgather"},
        {"sgd lr=0.1 reset_every=3 weight_decay=0.01", "sign block=16"},
    };
    static const int sizes[] = {3, 1, 8, 2};
    static bits_run run;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(settings); i++)
        for (size_t p = 0; p < (test_brief() ? 1 : TEST_COUNT(sizes)); p++) {
            bits_simulate(&run, &settings[i], sizes[p]);
            ranks_run(sizes[p], bits_part, &run);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_as_a_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
