/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TRANSPORT_H
#define CSGDI_TRANSPORT_H

/* transport.h: the way to the other ranks, as small as the algorithms allow.
 *
 * An algorithm sees ranks 0 .. n_ranks - 1, non-blocking send and receive of bytes, and the few
 * collectives that a vendor's MPI does best.  It never knows which transport it runs over:
 *
 *     transport_mpi.c     a private duplicate of the user's communicator
 *     transport_inproc.c  virtual ranks that are threads of one process
 *
 * Every operation starts with a request that the caller owns and keeps in place until it is
 * complete, and returns at once; csgdi_transport_test() completes it.  Starting allocates nothing.
 * Buffers stay untouched until then.  Where `blocking` is true the transport may also complete
 * the operation before it returns, and may wait for the peers to do so: the vendor's blocking
 * collectives are often faster, and MPI_Allreduce and MPI_Iallreduce may add in different order.
 * All ranks pass the same value, as blocking and non-blocking collectives do not match in MPI.
 *
 * Messages between two ranks with one tag arrive in the order sent.  A transport carries one
 * reducer's traffic only, so a tag, 0 to 32767 as any MPI has, just tells the steps of an algorithm
 * apart.  Collectives are started in the same order on all ranks, at most one at a time.
 *
 * Errors: CSGD_E_TRANSPORT with a sentence.  After one, nothing is certain but that the transport
 * can be closed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>

typedef struct csgdi_transport csgdi_transport;

/* Room for a transport's own request and its own state; each asserts at compile time that it
 * fits. */
typedef struct csgdi_request {
    union {
        max_align_t align;
        unsigned char bytes[96];
    } own;
    size_t received; /* bytes that arrived, once a receive is complete */
    size_t parts;    /* of a collective in several calls, those that are done: a sign of life */
    bool active;     /* started and not yet complete */
} csgdi_request;

typedef struct csgdi_transport_ops {
    const char *name;

    /* len bytes to rank `to`.  Sending to oneself is allowed. */
    csgd_status (*send)(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                        csgdi_request *req);

    /* Exactly len bytes from rank `from`: a message of another length is CSGD_E_TRANSPORT.  That both
     * sides know it lets them split a long message alike. */
    csgd_status (*receive)(csgdi_transport *t, void *dst, size_t len, int from, int tag,
                           csgdi_request *req);

    /* A message whose length only the sender knows, a multiple of 8: the receiver has room for `most`
     * bytes, and reads in req->received how many came.  One longer is CSGD_E_TRANSPORT.  Only these
     * two meet each other, and such a message is not split: at most 8 * INT_MAX bytes. */
    csgd_status (*send_open)(csgdi_transport *t, const void *src, size_t len, int to, int tag,
                             csgdi_request *req);
    csgd_status (*receive_open)(csgdi_transport *t, void *dst, size_t most, int from, int tag,
                                csgdi_request *req);

    /* recv[i] = sum over ranks of send[i], in an order of the transport's choice that gives all
     * ranks the same bits.  send may be recv.  Elements beyond `limit` go in calls of their own. */
    csgd_status (*sum)(csgdi_transport *t, const void *send, void *recv, size_t n, csgd_type type,
                       bool blocking, csgdi_request *req);

    /* word[i] = largest of all ranks' word[i], in place. */
    csgd_status (*max)(csgdi_transport *t, uint64_t *word, size_t n, bool blocking,
                       csgdi_request *req);

    /* Every rank's part to every rank: this rank's len[rank] bytes at send arrive at
     * recv + offset[rank] everywhere.  len and offset have n_ranks entries, equal on all ranks,
     * multiples of 8, recv aligned to 8; they stay untouched until complete.  send may be
     * recv + offset[rank]. */
    csgd_status (*gather)(csgdi_transport *t, const void *send, void *recv, const size_t *len,
                          const size_t *offset, bool blocking, csgdi_request *req);

    /* Advance everything; *done tells whether this request is complete (true for an inactive
     * one).  Never blocks. */
    csgd_status (*test)(csgdi_transport *t, csgdi_request *req, bool *done);

    /* nodes[r] = the lowest rank that rank r shares memory with, itself included.  Collective; waits. */
    csgd_status (*nodes)(csgdi_transport *t, int *nodes);

    /* Open a transport over some of the ranks, `count` of them, ascending and the same list on all ranks,
     * which stays in place while it is open; their ranks in it are their places in the list.
     * Collective over all ranks of t; waits.  On the others part->ops is NULL.  Errors are
     * CSGD_E_TRANSPORT, part->ops NULL, and CSGD_E_NOMEM, of this rank alone: part can be closed. */
    csgd_status (*part)(csgdi_transport *t, const int *ranks, int count, csgdi_transport *part);

    /* Called between tests by whoever waits: returns soon, or when something may have changed. */
    void (*idle)(csgdi_transport *t);

    /* Give up what the transport holds.  Collective, no request active; after a timeout some may
     * be, and `abandoned` is true. */
    void (*close)(csgdi_transport *t, bool abandoned);

    /* Memory of requests that are abandoned may still be written to after close: it must be left
     * allocated. */
    bool keeps_buffers;

    /* idle returns at once: messages only move when they are asked for, and who waits beside other
     * work has to sleep by himself. */
    bool polls;
} csgdi_transport_ops;

/* A transport may be moved in memory while no request is active. */
struct csgdi_transport {
    const csgdi_transport_ops *ops;
    int rank, n_ranks;
    bool measures;                       /* worth measuring: messages leave the process */
    uint64_t sent_bytes, received_bytes; /* payload of all operations, as counted below */
    uint64_t formula_bytes;              /* of sent_bytes, what a vendor's collective moved */
    size_t memory_bytes;                 /* allocated beside this struct, by the transport */
    bool threads; /* may be used by a thread while others use other transports, or MPI */
    size_t limit; /* what one call of what lies below counts at most: bytes of a message, elements
                   * of a sum, words of a gather; longer ones are divided.  Tests lower it, on all
                   * ranks alike and while nothing is under way; below, where nothing counts, it
                   * means nothing. */
    union {
        max_align_t align;
        unsigned char bytes[192];
    } own;
};

/* How bytes are counted, in sent_bytes and received_bytes of each rank:
 *   send, receive   the message's length, open or not; nothing for a message to oneself
 *   gather          (n_ranks - 1) * len[rank] sent, the sum of the others' len received
 *   sum, max        2 (n_ranks - 1) / n_ranks * bytes of the vector, rounded down, each way: what
 *                   a bandwidth-optimal allreduce moves
 * For MPI, gather, sum and max are formulas and also go to formula_bytes. */
void csgdi_transport_count(csgdi_transport *t, uint64_t sent, uint64_t received, bool formula);
void csgdi_transport_count_gather(csgdi_transport *t, const size_t *len, bool formula);
void csgdi_transport_count_reduce(csgdi_transport *t, size_t bytes, bool formula);

#endif
