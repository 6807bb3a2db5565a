/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_CHOOSE_H
#define CSGDI_CHOOSE_H

/* choose.h: which algorithm `algorithm=auto` takes, and why. */

#include "base/spec.h"
#include "comm/cost.h"
#include "comm/transport.h"
#include "compressors/compressor.h"

struct csgdi_algorithm;

enum { CSGDI_REASON = 256 };

typedef struct csgdi_choice {
    const struct csgdi_algorithm *algorithm; /* NULL: none was made */
    bool dense;                              /* and sums vectors, in place of messages */
    const struct csgdi_algorithm *messages;  /* the best that carries them; NULL: none does */
    const struct csgdi_algorithm *vectors;  /* the best that is dense; NULL: nothing was measured */
    double message_seconds, vector_seconds; /* what they are predicted to take; 0: nothing was */
    char reason[CSGDI_REASON];
} csgdi_choice;

/* Choose for a compressor.  rates: NULL where nothing was measured, and a fixed rule decides.
 * drop: algorithms that drop entries on the way may be taken; dense: so may dense ones for a lossy
 * compressor.  Predictions use libm, so ranks that hold the same rates may still choose differently. */
void csgdi_choose(const csgdi_compressor *c, const csgdi_transport *t, const csgdi_rates *rates,
                  bool drop, bool dense, csgdi_choice *choice);

/* The same for a sum that is to stay entries. */
void csgdi_choose_entries(const csgdi_compressor *c, const csgdi_transport *t,
                          const csgdi_rates *rates, bool drop, csgdi_choice *choice);

/* Take rank 0's choice in place of this rank's: without an algorithm where rank 0 has none, or, with a
 * reason, one that this library does not know.  Collective.  Errors are of the transport. */
csgd_status csgdi_choice_share(csgdi_transport *t, csgdi_choice *choice);

/* Measure the rates of a spec over the ranks of a transport, or find them in the file that the
 * environment variable CSGD_TUNING names, where what is measured is put too.  Collective.  Nothing is
 * where this rank, or another, does not want to, has one rank only, or less than CSGDI_MEASURED elements;
 * then *found is false.  Errors are of the transport. */
enum { CSGDI_MEASURED = 65536 };
csgd_status csgdi_measure(csgdi_transport *t, const char *text, size_t n, bool wanted,
                          csgdi_rates *rates, bool *found);

/* The tuning file, on rank 0.  find: whether it has a line for these; keep: add one.  A file that
 * cannot be read or written is as good as none. */
bool csgdi_tuning_find(const char *file, int n_ranks, size_t n, const char *text,
                       csgdi_rates *rates);
void csgdi_tuning_keep(const char *file, int n_ranks, size_t n, const char *text,
                       const csgdi_rates *rates);

#endif
