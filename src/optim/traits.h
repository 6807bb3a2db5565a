/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TRAITS_H
#define CSGDI_TRAITS_H

/* traits.h: what an optimizer must know of a compressor and the rule of feedback around it: common to
 * all tables of workers. */

#include <csgd/optimizer.h>
#include "feedback/feedback.h"

/* CSGD_WORKERS_... */
unsigned csgdi_workers_traits(const csgdi_feedback *f);

/* Whether the next result may go under v = rho v + result: where the rule has its rho from the spec
 * that must be the same, but in the first step, before which v is 0. */
csgd_status csgdi_workers_check_rho(const csgdi_feedback *f, bool first, double rho);

#endif
