/* SPDX-License-Identifier: BSD-3-Clause */

/* test_sparse_call.c: the sparse allreduce where something is wrong: calls that fail leave nothing over, and
 * a rank that sends more than it may gets nobody to write beyond a sum's end. */

#include "comm/lists.h"
#include "comm/sparse_reducer.h"
#include "support/ranks.h"
#include "support/test.h"

enum { N = 12, K = 3 };

static csgd_sparse_reducer *make(ranks *all, int rank, size_t max_k, const char *spec)
{
    csgd_sparse_reducer *s = NULL;

    RANK_CHECK(all, rank,
               csgd_sparse_reducer_create_team(all->team, rank, N, max_k, spec, &s) == CSGD_OK);
    return s;
}

/* --- what is left over --- */

static void leftover_part(ranks *all, int rank, void *arg)
{
    csgd_sparse_reducer *s = make(all, rank, K, arg);
    uint32_t index[K], out[N];
    float value[K], sum[N];
    size_t k = 0, left = 0;

    if (s == NULL) return;
    for (uint32_t i = 0; i < K; i++) {
        index[i] = 3 * i + (uint32_t)rank;
        value[i] = (float)(i + 1 + (uint32_t)rank);
    }
    for (int failed = 0; failed < 2; failed++) {
        const size_t room = failed == 0 ? 0 : N, brought = failed == 0 ? K : K + 1;

        RANK_CHECK(all, rank,
                   csgd_sparse_reducer_allreduce(s, index, value, K, out, sum, N, &k) == CSGD_OK);
        RANK_CHECK(all, rank, csgd_sparse_reducer_leftover(s, out, sum, N, &left) == CSGD_OK);
        RANK_CHECK(all, rank, rank != 0 || left > 0);
        RANK_CHECK(all, rank,
                   csgd_sparse_reducer_allreduce(s, index, value, brought, out, sum, room, &k) ==
                       (failed == 0 ? CSGD_E_SPACE : CSGD_E_INVAL));
        RANK_CHECK(all, rank, csgd_sparse_reducer_leftover(s, out, sum, N, &left) == CSGD_OK);
        RANK_CHECK(all, rank, left == 0);
    }
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
}

static void nothing_is_left_of_what_failed(void **state)
{
    (void)state;
    ranks_run(2, leftover_part, (void *)(uintptr_t) "sparse algorithm=gtopk");
}

/* --- more than there can be --- */

static csgd_reducer *liar;
static const csgdi_transport_ops *honest;
static uint8_t lie[512];

/* Two entries in place of the one that rank 1 of spardl may have kept. */
static csgd_status send_more(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                             csgdi_request *req)
{
    static int sent;
    const csgdi_trouble none = {.found = CSGD_OK};
    uint32_t index[2] = {N - 2, N - 1};
    float value[2] = {5, 6};
    csgdi_sparse list = {.n = N, .k = 2, .room = 2, .index = index, .value = value, .channels = 1};

    if (sent++ == 0) return honest->send_open(t, src, len, to, tag, req); /* to be summed */
    len = csgdi_list_write(liar, &none, &list, csgdi_list_span(&liar->compressor, &list), lie);
    return honest->send_open(t, lie, len, to, tag, req);
}

static void more_part(ranks *all, int rank, void *arg)
{
    csgd_sparse_reducer *s = make(all, rank, 1, "sparse algorithm=spardl");
    static csgdi_transport_ops lying;
    uint32_t index = 0, out[N] = {77};
    float value = 1, sum[N];
    size_t k = 0;
    csgd_status st;

    (void)arg;
    if (s == NULL) return;
    if (rank == 1) {
        liar = &s->core;
        honest = s->core.transport.ops;
        lying = *honest;
        lying.send_open = send_more;
        s->core.transport.ops = &lying;
    }
    st = csgd_sparse_reducer_allreduce(s, &index, &value, 1, out, sum, N, &k);
    RANK_CHECK(all, rank, rank == 1 || (st == CSGD_E_CORRUPT && out[0] == 77));
    if (rank == 1) s->core.transport.ops = honest;
    RANK_CHECK(all, rank, csgd_sparse_reducer_destroy(&s) == CSGD_OK);
}

static void more_than_all_can_have_sent(void **state)
{
    (void)state;
    ranks_run(2, more_part, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_of_what_failed),
        cmocka_unit_test(more_than_all_can_have_sent),
    };
    return cmocka_run_group_tests_name("comm/sparse_call", tests, NULL, NULL);
}
