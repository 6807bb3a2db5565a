/* SPDX-License-Identifier: BSD-3-Clause */

/* none.c: no feedback: m = g, and what is not sent is lost.
 *
 * Right for exact and unbiased compressors, and for seeing what feedback is worth with others.
 */

#include "feedback/feedback.h"

const csgdi_feedback_ops csgdi_feedback_none = {
    .name = "none",
    .summary = "what is not sent is lost",
    .source = "-",
};
