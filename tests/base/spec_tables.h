/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_SPEC_TABLES_H
#define CSGD_SPEC_TABLES_H

/* spec_tables.h: keys for the tests of specs, one of every sort. */

#include "base/spec.h"

/* The values of the key feedback; NULL after the last. */
const char *spec_tables_feedback(size_t i);

/* Parse text by keys ratio k block decay scale rho, and type feedback seed. */
csgd_status spec_tables_parse(csgdi_spec *s, const char *text);

#endif
