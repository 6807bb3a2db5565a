/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_FEEDBACK_H
#define CSGDI_FEEDBACK_H

/* feedback.h: what a rule of feedback is.
 *
 * A rule sits around a compressor and is used in two halves, with the exchange between them:
 *
 *     message = write(g)                 of m, which the rule puts in place of g
 *     ... agreement, exchange ...
 *     commit(leftover)                   the residual becomes what was not delivered
 *
 * The first half changes nothing that a failed call would have to restore: it writes what the
 * message leaves out beside the residual, in one pass with the rest (compressors/fused.h), and
 * commit makes the two change places.  A call that fails in between just does not commit.  Where m
 * itself is wanted, prepare takes the place of write.
 *
 * With q the decoded message and kept the leftover, every rule with a residual obeys
 *
 *     new residual = m - (q - kept)
 *
 * where kept is what this rank took back on the way, its own entries or others', because the
 * algorithm dropped them.  It always uses the decoded message, so no rounding is lost.
 *
 * What keys say is in f->set, so that a second feedback can be made like the first (owner.c).
 */

#include <csgd/feedback.h>
#include "compressors/compressor.h"

typedef struct csgdi_feedback csgdi_feedback;

/* What became of m. */
typedef struct csgdi_delivery {
    bool exact;                   /* f->m is m, which was delivered itself; nothing below is set */
    const uint8_t *message;       /* what stood for m, having passed csgdi_message_check() */
    const csgdi_sparse *leftover; /* what this rank took back on the way, NULL: nothing */
} csgdi_delivery;

/* What the keys of the rules say. */
typedef struct csgdi_feedback_settings {
    bool reduces;           /* it is a reducer's, so that result() will be asked */
    bool unscaled;          /* step sizes mean nothing to it */
    bool owes_nothing;      /* what was not delivered is no debt, an owner's neither */
    bool owes_x_alone;      /* the caller has no v that would lack anything */
    bool filters;           /* all sent, the result would not be the sum of the vectors */
    double momentum;        /* ef21: weight of a new gradient; dgc: of the old momentum */
    double rho;             /* ecx, ecx2: weight of the momentum */
    bool has_rho;           /* which must be the caller's */
    bool rho_by_step;       /* told before each step instead */
    bool force;             /* also where it would not be stable */
    bool guard;             /* ecx: watched while it runs (guard.h) */
    double beta;            /* ecx: weight of the present step in the low-pass filter, 1: none */
    bool nesterov, masking; /* dgc */
    double clip;            /* dgc: largest norm of the sum of so many vectors; 0: any */
} csgdi_feedback_settings;

typedef struct csgdi_feedback_ops {
    const char *name;
    const char *summary;
    const char *source;

    /* The keys of csgdi_feedback_keys that mean something to this rule, NULL at the end, beside
     * `feedback` itself.  NULL: none.  Others are refused where given. */
    const char *const *uses;

    /* Read them into f->set, and write the defaults of the rule into the spec.  NULL: no keys. */
    csgd_status (*read)(csgdi_feedback *f, csgdi_spec *spec);

    /* Whether it suits f->compressor, after that; a sentence if not.  NULL: always. */
    csgd_status (*admits)(const csgdi_feedback *f);

    /* The rule of a second compression, where the first one's is this.  NULL: the same. */
    const struct csgdi_feedback_ops *owner;

    /* Allocate for f->compressor; NULL: nothing to allocate. */
    csgd_status (*create)(csgdi_feedback *f, csgdi_arena *arena);

    /* All of g is about to be filled in.  NULL: no need to look. */
    void (*look)(csgdi_feedback *f, const void *g);

    /* Write elements [first, first + count) of m, which replaces g, all n of which are given;
     * whether they are finite.  NULL: m is g, and the rule remembers nothing. */
    bool (*fill)(const csgdi_feedback *f, const void *g, size_t first, size_t count, void *m);

    /* What m is the sum of, with the bits of fill; where it is more than that, the form is OTHER, and
     * the vectors are what fill reads.  NULL: that is not told. */
    csgdi_terms (*terms)(const csgdi_feedback *f, const void *g);

    /* Whether f->m shall stay m: the rule looks at the message itself, in commit, and takes care of
     * e.  Else, of what was not exact, f->m is m - (q - kept) by then, which commit makes f->e; of
     * what was, f->e becomes 0 after it. */
    bool keeps_m;

    /* Take over: nothing can fail any more. */
    void (*commit)(csgdi_feedback *f, const csgdi_delivery *delivery);

    /* y, n elements, is the sum over ranks of what was delivered, the same on all of them: make of
     * it what the caller gets.  Comes after commit.  NULL: y it is. */
    void (*result)(csgdi_feedback *f, void *y);

    /* Add to n elements what the caller's v, or else its x, lacks because of what was not delivered,
     * as of the last result: v += this, x -= that result's step size times this.  NULL: nothing is
     * owed. */
    void (*owe)(const csgdi_feedback *f, bool for_v, void *to);

    /* Once that is paid e becomes 0, and clear follows, but where e is all that was paid. */
    bool owes_e_alone;

    /* Forget what there is beside e, which is zero.  NULL: nothing is. */
    void (*clear)(csgdi_feedback *f);
} csgdi_feedback_ops;

struct csgdi_feedback {
    const csgdi_feedback_ops *ops;
    csgdi_feedback_settings set;
    csgdi_compressor *compressor;
    void *e;               /* residual, NULL for rules that have none */
    void *m;               /* the next residual, or m itself */
    void *m2;              /* what goes with it, where the compressor has two channels */
    void *sum2;            /* there, where an algorithm leaves the sum of the second channel */
    void *state;           /* the rule's own */
    double step_size;      /* that the last committed result was for; 0: never told */
    double next_step_size; /* that the next one is for */
    double next_rho;       /* set.rho, or what was told for the next step; below 0: nothing yet */
    bool one_step;         /* ecx: compensates by the last residual alone, as ef */
    uint64_t turn;         /* which part is measured next */
    double size;           /* |e|^2 after the last step, or an estimate; 0 after an exact one */
    double total_error;    /* sum of them over all steps */
};

enum { CSGDI_RHO_UNTOLD = -1 };

/* What residuals in units of the last step size are to be multiplied with now. */
static inline double csgdi_feedback_ratio(const csgdi_feedback *f)
{
    return f->step_size > 0 ? f->step_size / f->next_step_size : 1;
}

/* Every rule: the i-th, NULL past the last, and by name. */
const csgdi_feedback_ops *csgdi_feedback_list(size_t i);
const csgdi_feedback_ops *csgdi_feedback_find(const char *name);

/* The key `feedback`. */
extern const csgdi_keys csgdi_feedback_keys;

/* Make f around a compressor that outlives it, by the rule that the spec names, or the one that
 * suits the compressor where the spec is silent.  Completes the spec with that choice. */
csgd_status csgdi_feedback_init(csgdi_feedback *f, csgdi_compressor *compressor, csgdi_spec *spec,
                                csgdi_arena *arena);

/* Make f around another compressor, by the rule that an existing feedback has for second
 * compressions. */
csgd_status csgdi_feedback_like(csgdi_feedback *f, const csgdi_feedback *model,
                                csgdi_compressor *compressor, csgdi_arena *arena);

/* Say for which step size and which rho the next step is; whether both are known that must be. */
csgd_status csgdi_feedback_set_step_size(csgdi_feedback *f, double step_size);
csgd_status csgdi_feedback_set_rho(csgdi_feedback *f, double rho);
csgd_status csgdi_feedback_ready(const csgdi_feedback *f);

/* Write the message of m for g.  False if m is not finite and the compressor is not exact, or
 * where csgdi_compressor_fault() says so: dst is undefined then, and nothing else has changed. */
bool csgdi_feedback_write(csgdi_feedback *f, const void *g, uint8_t *dst, size_t *len);

/* The same of elements [first, first + count) of g alone, as a message of that many: for dense codes,
 * of whole blocks, and rules that neither look nor keep m.  After all parts, commit. */
bool csgdi_feedback_write_part(csgdi_feedback *f, const void *g, size_t first, size_t count,
                               uint8_t *dst, size_t *len);

/* *m = the n elements to compress, valid until the next call; whether all are finite. */
bool csgdi_feedback_prepare(csgdi_feedback *f, const void *g, const void **m);

/* The message, having passed csgdi_message_check(), was delivered, but for the leftover (NULL: all of
 * it).  written: the first half was write, which has taken it off m already; else it was prepare. */
void csgdi_feedback_commit(csgdi_feedback *f, const uint8_t *message, bool written,
                           const csgdi_sparse *leftover);

/* After prepare: m itself was delivered, exactly. */
void csgdi_feedback_commit_exact(csgdi_feedback *f);

/* Take f->size of the residual that a commit has left (meter.c); the commits do so. */
void csgdi_feedback_measure(csgdi_feedback *f);

/* After either commit: make of the sum over ranks of what was delivered, n elements that are the same
 * on all ranks, what the caller gets. */
void csgdi_feedback_result(csgdi_feedback *f, void *y);

/* Add what is owed to v, or else to x, as the rule says it. */
void csgdi_feedback_owe(const csgdi_feedback *f, bool for_v, void *to);

/* That was paid. */
void csgdi_feedback_paid(csgdi_feedback *f);

/* Zero residual, of no step size yet. */
void csgdi_feedback_clear(csgdi_feedback *f);

/* Copy the residual, or zeros. */
void csgdi_feedback_residual(const csgdi_feedback *f, void *e);

/* Name of the rule that is followed now. */
const char *csgdi_feedback_rule(const csgdi_feedback *f);

/* 2-norm of the residual. */
double csgdi_feedback_norm(const csgdi_feedback *f);

/* The public object. */
struct csgd_feedback {
    csgdi_arena arena;
    csgd_compressor inner; /* its own arena is empty: all is in the one above */
    csgdi_feedback core;
};

extern const csgdi_feedback_ops csgdi_feedback_none, csgdi_feedback_ef, csgdi_feedback_ef21,
    csgdi_feedback_dgc, csgdi_feedback_ecx, csgdi_feedback_ecx2;

#endif
