/* SPDX-License-Identifier: BSD-3-Clause */

/* volumes.c: bytes that a rank sends, for any number of ranks, without a clock.
 *
 *     build/release/bench/sim/volumes --ranks 1000 --spec "topk k=16384 algorithm=oktopk feedback=none"
 *
 * Ranks are threads of one process over the library's own transport, which counts what it is given.  The
 * first call finds regions and limits as every 64th does later, and is counted as well.  Gradients are
 * windows on one vector of normal numbers, other ones at each rank and call.
 *
 * CSV: bytes of the rank that sends most, mean over the calls, agreement included; how many of them are
 * headers, of messages and of the streams in them; and the others in words of 32 bits for each of the k
 * entries of a message.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <csgd/csgd.h>
#include "../distributions.h"
#include "../options.h"
#include "comm/lists.h"
#include "comm/reducer.h"

enum { HEADER = CSGDI_LIST_HEADER + 8 /* of the stream */ };

typedef struct job {
    csgd_team *team;
    size_t p, n, calls;
    const char *spec;
    float *x, *y;           /* 2 n elements of all, and n of each rank */
    uint64_t *sent, *heads; /* bytes of each rank in all calls */
    size_t k;
    char algorithm[32];
    atomic_int failed;
} job;

/* Messages of this rank, counted as they pass. */
static _Thread_local uint64_t messages;
static _Thread_local const csgdi_transport_ops *plain;

static csgd_status send_open(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                             csgdi_request *req)
{
    messages++;
    return plain->send_open(t, src, len, to, tag, req);
}

static void fail(job *j, const char *what)
{
    if (atomic_exchange(&j->failed, 1) == 0) fprintf(stderr, "volumes: %s\n", what);
}

static void work(int rank, void *arg)
{
    job *j = arg;
    const size_t i = (size_t)rank;
    csgdi_transport_ops counting;
    csgd_reducer *r = NULL;
    csgd_stats before = {0}, after = {0};

    if (csgd_reducer_create_team(j->team, rank, j->n, j->spec, &r) != CSGD_OK) {
        fail(j, csgd_error_detail());
        return;
    }
    plain = r->transport.ops;
    counting = *plain;
    counting.send_open = send_open;
    if (rank == 0) {
        j->k = r->compressor.max_k;
        snprintf(j->algorithm, sizeof j->algorithm, "%s", r->algorithm->name);
    }
    r->transport.ops = &counting;
    csgd_reducer_stats(r, &before, sizeof before);
    for (size_t call = 0; call < j->calls; call++) {
        const float *x = j->x + (i * (j->n / j->p) + call * 17) % j->n;

        if (csgd_reducer_allreduce(r, x, j->y + i * j->n, j->n) != CSGD_OK) {
            fail(j, csgd_error_detail());
            break;
        }
    }
    csgd_reducer_stats(r, &after, sizeof after);
    j->sent[i] = after.sent_bytes - before.sent_bytes;
    j->heads[i] = messages * HEADER;
    r->transport.ops = plain;
    csgd_reducer_destroy(&r);
}

static void *take(size_t count, size_t size)
{
    void *p = calloc(count, size);

    if (p != NULL) return p;
    fputs("volumes: no memory\n", stderr);
    exit(1);
}

int main(int argc, char **argv)
{
    job j = {.p = 16,
             .n = 1 << 18,
             .calls = 128,
             .spec = "topk k=16384 algorithm=oktopk feedback=none"};
    const option table[] = {
        {"ranks", "P", "ranks, which are threads", .count = &j.p, .least = 1, .most = 4096},
        {"n", "N", "elements of the vector", .count = &j.n, .least = 1, .most = 1 << 28},
        {"calls", "N", "calls that are counted", .count = &j.calls, .least = 1, .most = 1000000},
        {"spec", "SPEC", "of the reducer", .text = &j.spec},
    };
    char sentence[512];
    size_t most = 0;

    if (options_read(table, sizeof table / sizeof *table, argc, argv, sentence, sizeof sentence) !=
        OPTIONS_RUN) {
        fprintf(stderr, "volumes: %s\n", sentence);
        return 2;
    }
    j.x = take(2 * j.n, sizeof *j.x);
    j.y = take(j.p * j.n, sizeof *j.y);
    j.sent = take(j.p, sizeof *j.sent);
    j.heads = take(j.p, sizeof *j.heads);
    distribution_fill(DIST_GAUSS, 1, j.x, 2 * j.n);
    if (csgd_team_create((int)j.p, &j.team) != CSGD_OK) {
        fprintf(stderr, "volumes: %s\n", csgd_error_detail());
        return 1;
    }
    if (csgd_team_run(j.team, work, &j) != CSGD_OK) fail(&j, csgd_error_detail());
    if (j.failed) return 1;
    for (size_t i = 0; i < j.p; i++)
        if (j.sent[i] - j.heads[i] > j.sent[most] - j.heads[most]) most = i;
    puts("bench,spec,algorithm,ranks,n,k,calls,bytes_sent_max,header_bytes,words_per_k");
    printf("volumes,%s,%s,%zu,%zu,%zu,%zu,%.0f,%.0f,%.4g\n", j.spec, j.algorithm, j.p, j.n, j.k,
           j.calls, (double)j.sent[most] / (double)j.calls, (double)j.heads[most] / (double)j.calls,
           (double)(j.sent[most] - j.heads[most]) / (double)j.calls / 4 / (double)j.k);
    csgd_team_destroy(&j.team);
    free(j.x);
    free(j.y);
    free(j.sent);
    free(j.heads);
    return 0;
}
