/* SPDX-License-Identifier: BSD-3-Clause */

/* meter.c: how large the residual is after each step, without a pass over all of it.
 *
 * Up to 65,536 elements the sum of squares is taken whole.  Beyond, one in sixteen of the blocks that
 * sums are made of is read each time, the next one the next time, and the sum multiplied by the number
 * of elements over those read: an estimate, of which sixteen in a row have seen every block once.
 */

#include "feedback/feedback.h"

enum { WHOLE = 16 * CSGDI_BLOCK, PARTS = 16 };

void csgdi_feedback_measure(csgdi_feedback *f)
{
    const csgdi_kernels *k = f->compressor->kernels;
    const size_t n = f->compressor->n, stride = n > WHOLE ? PARTS : 1;
    double sum = 0;
    size_t seen = 0;

    f->size = 0;
    if (f->e == NULL || n == 0) return;
    for (size_t i = f->turn++ % stride * CSGDI_BLOCK; i < n; i += stride * CSGDI_BLOCK) {
        const size_t count = n - i < CSGDI_BLOCK ? n - i : CSGDI_BLOCK;

        sum += k->square_sum((const char *)f->e + i * k->size, count);
        seen += count;
    }
    f->size = sum * ((double)n / (double)seen);
    f->total_error += f->size;
}
