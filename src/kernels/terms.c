/* SPDX-License-Identifier: BSD-3-Clause */

/* terms.c: see terms.h. */

#include "kernels/terms.h"

#include "kernels/kernels.h"

bool csgdi_terms_add(const csgdi_kernels *kernels, const csgdi_terms *terms, size_t n, void *m)
{
    const csgdi_terms *t = terms;

    switch (t->form) {
    case CSGDI_FORM_OTHER:
        break; /* never asked for */
    case CSGDI_FORM_PLAIN:
        return kernels->add_finite(t->g, t->d, n, m);
    case CSGDI_FORM_SCALED:
        return kernels->add_scaled_finite(t->g, t->a, t->d, n, m);
    case CSGDI_FORM_PAIR:
        return kernels->add_pair_finite(t->g, t->a, t->d, t->b, t->e, n, m);
    case CSGDI_FORM_ECHO:
        return kernels->add_echo_finite(t->g, t->a, t->d, t->e, n, m);
    }
    return false;
}
