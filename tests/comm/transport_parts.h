/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_TRANSPORT_PARTS_H
#define CSGD_TRANSPORT_PARTS_H

/* transport_parts.h: what every transport must do, for the tests of each.
 *
 * All ranks call a part at the same time, on any number of ranks up to 64.  None asserts, as the
 * others would wait: each returns how many things were wrong on this rank, after saying so on
 * stderr.
 */

#include "comm/transport.h"

enum { PARTS_RANKS = 64 };

/* Count what is false in *bad, and say where. */
#define PARTS_CHECK(bad, rank, claim) \
    ((claim) ? (void)0 : parts_note((bad), (rank), __FILE__, __LINE__, #claim))

void parts_note(int *bad, int rank, const char *file, int line, const char *claim);

/* Wait for a request. */
csgd_status parts_finish(csgdi_transport *t, csgdi_request *req);

/* A value that tells who sent it to whom. */
uint64_t parts_word(int from, int to, int i);

/* Messages: a token goes round; then several from each rank to each, itself included, received in
 * another order; sent_bytes and received_bytes are checked. */
int parts_ring(csgdi_transport *t);
int parts_all_to_all(csgdi_transport *t);

/* Messages of a length that only the sender knows, from empty to the room there is. */
int parts_open(csgdi_transport *t);

/* Every collective, blocking and not, in place and not, with the bytes of its formula.  Sums are
 * of small integers, which are exact in any order. */
int parts_collectives(csgdi_transport *t);

/* The gather alone: equal parts, or parts of rank % 3 words with gaps between them. */
int parts_gather(csgdi_transport *t, bool equal, bool in_place, bool blocking);

/* Two transports at once, which odd and even ranks use in different order. */
int parts_two(csgdi_transport t[2]);

#endif
