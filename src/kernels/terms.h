/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_TERMS_H
#define CSGDI_TERMS_H

/* terms.h: what a vector is the sum of, said once, so that whoever makes it may choose how: all at
 * once, in chunks, or within a loop that does more (add_cut in kernels.h).  The bits are the same. */

#include <stdbool.h>
#include <stddef.h>

struct csgdi_kernels;

/* Each as the slot makes it that is named beside. */
typedef enum csgdi_form {
    CSGDI_FORM_OTHER,  /* none of these */
    CSGDI_FORM_PLAIN,  /* g + d              add_finite */
    CSGDI_FORM_SCALED, /* g + a d            add_scaled_finite */
    CSGDI_FORM_PAIR,   /* g + (a d - b e)    add_pair_finite */
    CSGDI_FORM_ECHO    /* g + (d + a (d - e))    add_echo_finite */
} csgdi_form;

typedef struct csgdi_terms {
    csgdi_form form;
    const void *g, *d, *e; /* equally long; those that the form does not have may be NULL */
    double a, b;
} csgdi_terms;

/* The same of what begins `first` elements of so many bytes further on. */
static inline csgdi_terms csgdi_terms_at(const csgdi_terms *terms, size_t first, size_t size)
{
    csgdi_terms t = *terms;

    if (t.g != NULL) t.g = (const char *)t.g + first * size;
    if (t.d != NULL) t.d = (const char *)t.d + first * size;
    if (t.e != NULL) t.e = (const char *)t.e + first * size;
    return t;
}

/* m = the sum, n elements; whether all are finite.  The form is not OTHER.  m may be g. */
bool csgdi_terms_add(const struct csgdi_kernels *kernels, const csgdi_terms *terms, size_t n,
                     void *m);

#endif
