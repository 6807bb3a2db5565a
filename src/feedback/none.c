/* SPDX-License-Identifier: BSD-3-Clause */

/* none.c: no feedback: m = g, and what is not sent is lost.
 *
 * Right for exact and unbiased compressors, and for seeing what feedback is worth with others.
 */

#include "feedback/feedback.h"

static bool none_prepare(csgdi_feedback *f, const void *g, const void **m)
{
    *m = g;
    return f->compressor->ops->family == CSGDI_EXACT ||
           f->compressor->kernels->finite(g, f->compressor->n);
}

static void none_commit(csgdi_feedback *f, const uint8_t *message, const csgdi_sparse *leftover)
{
    (void)f;
    (void)message;
    (void)leftover;
}

static void none_commit_exact(csgdi_feedback *f)
{
    (void)f;
}

const csgdi_feedback_ops csgdi_feedback_none = {
    .name = "none",
    .summary = "what is not sent is lost",
    .source = "-",
    .prepare = none_prepare,
    .commit = none_commit,
    .commit_exact = none_commit_exact,
};
