/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_WARMUP_H
#define CSGDI_WARMUP_H

/* warmup.h: more entries than ratio says in the first steps, fewer from stage to stage.
 *
 * Of W = `warmup` steps in s = `stages` stages of equal length, stage i = 0 .. s - 1 sends
 *
 *     ratio^((i + 1) / (s + 1))
 *
 * of the entries, and from step W on ratio (Lin, Han, Mao, Wang, Dally 2018, where W is four epochs and
 * s 4: of ratio 0.001 the stages send 25, 6.3, 1.6 and 0.4 percent).  Memory is for the first stage: messages
 * of all ranks included, it is what ratio^(1 / (s + 1)) from the start would take.
 */

#include "compressors/compressor.h"

enum { CSGDI_STAGES_MOST = 16 };

typedef struct csgdi_warmup {
    uint64_t steps;
    unsigned stages;
    double ratio[CSGDI_STAGES_MOST];
} csgdi_warmup;

/* Read the keys into c->warmup, NULL where there is none; ratio: of the steps after it. */
csgd_status csgdi_warmup_read(csgdi_compressor *c, csgdi_spec *spec, double ratio,
                              csgdi_arena *arena);

/* Of n elements, of which k are sent in the end, how many are in step c->step, and at most. */
size_t csgdi_warmup_entries(const csgdi_compressor *c, size_t n, size_t k);
size_t csgdi_warmup_most(const csgdi_compressor *c, size_t n, size_t k);

#endif
