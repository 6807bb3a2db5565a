/* SPDX-License-Identifier: BSD-3-Clause */

/* create.c: a reducer from a spec, on all ranks or on none.
 *
 *     nodes        where algorithm=hier wants to know who shares memory (nodes.c)
 *     measure      where algorithm=auto wants to know what things take (measure.c)
 *     open         local: parse, and make all that does not depend on the algorithm
 *     choose       by what was measured rank 0 alone, who tells the others: predictions use libm, and
 *                  ranks may have different ones
 *     furnish      local: the rest; a spec whose vectors are predicted to arrive sooner as they are is
 *                  made again as `none`
 *     wrap         local: of two levels that was the leaders' reducer, in which all others take part
 *                  through one of their own (hier_create.c)
 *     agree        all ranks hold the same, or all let go of it
 */

#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "base/c_locale.h"
#include "base/error.h"
#include "comm/hier.h"
#include "compressors/elements.h"
#include "wire/header.h"

static bool says(const csgdi_spec *spec, const char *key, const char *word)
{
    return strcmp(csgdi_spec_choice(spec, key), word) == 0;
}

/* The algorithm that the spec names, or the best one, with the reason.  core: of a reducer of two levels,
 * where it is to carry messages. */
static void choose(const csgd_reducer *r, const csgdi_spec *spec, bool core,
                   const csgdi_rates *rates, csgdi_choice *choice)
{
    const char *name = csgdi_spec_choice(spec, "algorithm");
    const bool may =
        !core && says(spec, "plan", "auto") &&
        /* Which sums of the vectors alone do not do, or for which they take too much. */
        (!r->feedback.set.filters || says(spec, "adapt", "yes")) && !r->compressor.steered;

    if (strcmp(name, "auto") == 0) {
        csgdi_choose(&r->compressor, &r->transport, rates, says(spec, "drop", "yes"), may, choice);
        return;
    }
    *choice = (csgdi_choice){.algorithm = csgdi_algorithm_find(name)};
    snprintf(choice->reason, sizeof choice->reason, "%s, as the spec says", name);
}

/* Make the chosen algorithm's state, where the compressor suits it. */
static csgd_status create_algorithm(csgd_reducer *r, csgdi_spec *spec)
{
    const csgdi_compressor *c = &r->compressor;
    csgd_status st;

    if (r->algorithm->dense && c->ops->family != CSGDI_EXACT)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "algorithm=%s sums vectors and %s makes messages; "
                          "use algorithm=allgather, or none in place of %s",
                          r->algorithm->name, c->ops->name, c->ops->name);
    if (c->channels > 1 && !r->algorithm->pairs)
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=%s sends two values for each entry, which algorithm=%s does not "
            "sum; use algorithm=allgather",
            r->feedback.ops->name, r->algorithm->name);
    if (c->steered && !r->algorithm->lengths)
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "budget= is steered by the lengths of all messages, which algorithm=%s "
                          "does not gather; use algorithm=allgather",
                          r->algorithm->name);
    if (r->algorithm->supports != NULL) {
        st = r->algorithm->supports(c, &r->transport);
        if (st != CSGD_OK) return st;
    }
    if (r->algorithm != &csgdi_oktopk) csgdi_spec_drop(spec, "tau");
    r->recode = csgdi_spec_choice(spec, "recode");
    if (r->algorithm != &csgdi_dsar) csgdi_spec_drop(spec, "recode");
    if (r->algorithm != &csgdi_sra && r->algorithm != &csgdi_allgather)
        csgdi_spec_drop(spec, "piece");
    if (r->algorithm != &csgdi_hier) {
        csgdi_spec_drop(spec, "inner");
        csgdi_spec_drop(spec, "ranks_per_node");
    }
    csgdi_window_choose(r);
    st = r->algorithm->create(r);
    r->compressor.n = r->layout.n_compressed;
    if (st != CSGD_OK || r->algorithm == &csgdi_vendor) return st;
    st = csgdi_vendor.create(r); /* for what travels exactly */
    if (st == CSGD_OK && r->exact != &csgdi_vendor) {
        void *own = r->exchange;

        st = r->exact->create(r);
        r->exact_exchange = r->exchange;
        r->exchange = own;
    }
    return st;
}

/* Whether there are two plans to change between. */
static csgd_status check_adapts(const csgd_reducer *r, const csgdi_spec *spec)
{
    if (r->compressor.ops->family == CSGDI_EXACT)
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "adapt=yes changes between messages and the vectors as they are, and none "
            "always sends these");
    if (r->compressor.steered)
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "adapt=yes may send vectors as they are, which budget= does not allow for");
    if (!says(spec, "plan", "auto"))
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "adapt=yes may send vectors as they are, which plan=compressed rules out");
    return CSGD_OK;
}

/* Keep both plans, and begin with the one that was predicted to be faster. */
static csgd_status adapt(csgd_reducer *r, const csgdi_choice *choice, const csgdi_spec *spec)
{
    const double predicted[2] = {[CSGDI_PLAN_MESSAGES] = choice->message_seconds,
                                 [CSGDI_PLAN_DENSE] = choice->vector_seconds};
    const csgd_status st = check_adapts(r, spec);

    if (st != CSGD_OK) return st;
    if (choice->dense)
        r->algorithm =
            choice->messages != NULL ? choice->messages : csgdi_algorithm_auto(&r->compressor);
    if (choice->vectors != NULL) r->exact = choice->vectors;
    csgdi_adapt_begin(&r->adapt, choice->dense ? CSGDI_PLAN_DENSE : CSGDI_PLAN_MESSAGES, predicted);
    r->now = csgdi_arena_zalloc(&r->arena, 2, CSGDI_REASON);
    return r->now != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

/* Keys that change what is asked for belong to the algorithm that the spec names: whether one is refused may
 * not depend on what auto finds. */
static csgd_status check_keys(const csgdi_spec *spec)
{
    static const char *const levels[] = {"inner", "ranks_per_node"};
    const char *name = csgdi_spec_choice(spec, "algorithm");

    if (strcmp(name, csgdi_dsar.name) != 0 && !says(spec, "recode", "none"))
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "recode=%s is for the sums of algorithm=dsar, and not for algorithm=%s",
                          csgdi_spec_choice(spec, "recode"), name);
    for (size_t i = 0; i < 2 && strcmp(name, csgdi_hier.name) != 0; i++)
        if (csgdi_spec_set(spec, levels[i]) && csgdi_spec_given(spec, levels[i]))
            return csgdi_fail(CSGD_E_UNSUPPORTED,
                              "%s= is for algorithm=hier, and not for algorithm=%s", levels[i],
                              name);
    return CSGD_OK;
}

/* What the algorithm does not matter for. */
static csgd_status build(csgd_reducer *r, const csgdi_shape *shape, const csgdi_compressor_ops *ops,
                         csgdi_spec *spec)
{
    csgdi_layout *l = &r->layout;
    csgd_status st = check_keys(spec);

    if (st == CSGD_OK)
        st = csgdi_layout_init(l, shape, spec, ops->family == CSGDI_EXACT, &r->arena);
    if (st != CSGD_OK) return st;
    st = csgdi_compressor_init(&r->compressor, ops, spec, l->n_compressed, l->segment,
                               l->segment_cols, l->n_segments, (unsigned)r->transport.n_ranks,
                               &r->arena);
    if (st != CSGD_OK) return st;
    r->compressor.rank = (uint32_t)r->transport.rank;
    st = csgdi_feedback_init(&r->feedback, &r->compressor, spec, &r->arena);
    if (st != CSGD_OK) return st;
    r->guard.on = r->feedback.set.guard;
    r->dense_steps = csgdi_spec_count(spec, "dense_steps");
    r->timeout = csgdi_spec_real(spec, "timeout");
    r->tau = csgdi_spec_count(spec, "tau");
    if (csgdi_spec_set(spec, "piece")) r->piece = csgdi_spec_count(spec, "piece");
    return CSGD_OK;
}

/* A reducer without an algorithm yet; the spec as it was read.  words: where not NULL it is the core of
 * one of two levels. */
static csgd_status open_reducer(const csgdi_transport *transport, const csgdi_shape *shape,
                                const char *text, csgdi_hier_words *words, csgdi_spec *spec,
                                csgd_reducer **r)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;
    csgdi_arena arena = {0};
    csgd_reducer *self;
    csgd_status st = csgdi_compressor_parse(text, keys, 3, spec, &ops);

    *r = NULL;
    if (st != CSGD_OK) return st;
    if (words != NULL) csgdi_hier_split(spec, words);
    self = csgdi_arena_zalloc(&arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->arena = arena;
    self->transport = *transport; /* to look at; it moves here once all ranks have agreed */
    *r = self;
    st = build(self, shape, ops, spec);
    if (st != CSGD_OK) csgdi_reducer_unmake(r);
    return st;
}

/* With the algorithm, complete the spec. */
static csgd_status finish(csgd_reducer *r, csgdi_spec *spec)
{
    const csgdi_layout *l = &r->layout;
    csgd_status st = create_algorithm(r, spec);

    if (st != CSGD_OK) return st;
    if (l->n_exact > 0 || csgdi_elements_narrow(r->compressor.type)) {
        const size_t window = r->window > 0 && r->window < l->n ? r->window : l->n;
        r->packed = csgdi_arena_alloc(&r->arena, window, r->compressor.kernels->size);
        if (r->packed == NULL) return CSGD_E_NOMEM;
    }
    if (says(spec, "progress", "thread")) {
        st = csgdi_progress_thread_create(r);
        if (st != CSGD_OK) return st;
    }
    csgdi_spec_drop(spec, "progress"); /* a matter of this rank */
    return csgdi_spec_format(spec, r->spec, sizeof r->spec);
}

void csgdi_reducer_unmake(csgd_reducer **r)
{
    csgdi_arena arena;

    if (*r == NULL) return;
    csgdi_hier_close(*r, false);
    arena = (*r)->arena; /* the object itself lives in it */
    *r = NULL;
    csgdi_arena_free(&arena);
}

/* The reducer that sends vectors as they are, in place of one that would have compressed them. */
static csgd_status make_dense(const csgdi_transport *transport, const csgdi_shape *shape,
                              const csgd_reducer *instead, const csgdi_spec *spec, csgd_reducer **r)
{
    char text[CSGDI_SPEC_MAX];
    const csgdi_c_locale locale = csgdi_c_locale_enter();
    csgd_status st;

    snprintf(text, sizeof text, "none algorithm=%s type=%s timeout=%.17g progress=%s",
             csgdi_spec_choice(spec, "algorithm"), csgdi_spec_choice(spec, "type"),
             csgdi_spec_real(spec, "timeout"), csgdi_spec_choice(spec, "progress"));
    csgdi_c_locale_leave(locale);
    st = csgdi_reducer_make(transport, shape, text, NULL, r);
    if (st == CSGD_OK) memcpy((*r)->reason, instead->reason, sizeof instead->reason);
    return st;
}

/* Follow the choice.  On error the reducer is gone. */
static csgd_status furnish(const csgdi_shape *shape, const csgdi_choice *choice, csgdi_spec *spec,
                           csgd_reducer **r)
{
    csgd_reducer *self = *r;
    csgd_status st = CSGD_OK;

    self->algorithm = choice->algorithm;
    self->exact = &csgdi_vendor;
    memcpy(self->reason, choice->reason, sizeof self->reason);
    if (says(spec, "adapt", "yes"))
        st = adapt(self, choice, spec);
    else
        csgdi_spec_drop(spec, "adapt");
    csgdi_spec_choose(spec, "algorithm", self->algorithm->name);
    csgdi_spec_drop(spec, "plan"); /* it has been followed */
    csgdi_spec_drop(spec, "drop");
    if (choice->dense && !self->adapt.on && st == CSGD_OK) {
        st = make_dense(&self->transport, shape, self, spec, r);
        csgdi_reducer_unmake(&self);
        return st;
    }
    if (st == CSGD_OK) st = finish(self, spec);
    if (st != CSGD_OK) {
        csgdi_reducer_unmake(r);
        return st;
    }
    self->identity[CSGDI_FIELD_N] = self->layout.n;
    self->identity[CSGDI_FIELD_LAYOUT] = self->layout.hash;
    self->identity[CSGDI_FIELD_TYPE] = self->compressor.type;
    self->identity[CSGDI_FIELD_SEED] = self->compressor.seed;
    self->identity[CSGDI_FIELD_WIRE] = CSGDI_WIRE_VERSION;
    self->identity[CSGDI_FIELD_FP_MODE] = csgdi_fp_mode();
    self->identity[CSGDI_FIELD_SPEC] = XXH64(self->spec, strlen(self->spec), 0);
    return CSGD_OK;
}

csgd_status csgdi_reducer_make(const csgdi_transport *transport, const csgdi_shape *shape,
                               const char *text, const csgdi_algorithm *algorithm, csgd_reducer **r)
{
    csgdi_choice choice;
    csgdi_spec spec;
    const csgd_status st = open_reducer(transport, shape, text, NULL, &spec, r);

    if (st != CSGD_OK) return st;
    choose(*r, &spec, false, NULL, &choice);
    if (algorithm != NULL) choice.algorithm = algorithm;
    return furnish(shape, &choice, &spec, r);
}

/* Whether this rank would have the choice measured: a spec that reads, algorithm=auto, or that between
 * nodes, and a vector for which it matters. */
static bool wants_measures(const csgdi_shape *shape, const char *text, csgd_status failure,
                           size_t *n)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;
    csgdi_spec spec;

    *n = shape->n;
    for (size_t i = 0; shape->tensors != NULL && i < shape->n_tensors; i++)
        *n = csgdi_size_add(*n, csgdi_size_mul(shape->tensors[i].rows, shape->tensors[i].cols));
    return failure == CSGD_OK && *n >= CSGDI_MEASURED && *n != SIZE_MAX &&
           csgdi_compressor_parse(text, keys, 3, &spec, &ops) == CSGD_OK &&
           says(&spec, csgdi_hier_asked(&spec) ? "inner" : "algorithm", "auto");
}

/* The choice of all ranks, of which rank 0 makes it where it depends on rates; r: this rank's, NULL
 * where there is none.  *choice has no algorithm where rank 0 has none to choose for. */
static csgd_status choose_together(csgdi_transport *t, const csgd_reducer *r,
                                   const csgdi_spec *spec, bool core, const csgdi_rates *rates,
                                   csgdi_choice *choice)
{
    *choice = (csgdi_choice){0};
    if (r != NULL && (rates == NULL || t->rank == 0)) choose(r, spec, core, rates, choice);
    return rates == NULL ? CSGD_OK : csgdi_choice_share(t, choice);
}

/* Ranks that send vectors as they are, in place of what their specs say, agree on what these say. */
static const char *asked_for(csgdi_spec *spec, csgdi_agreement *a, char text[CSGDI_SPEC_MAX])
{
    csgdi_spec_drop(spec, "progress"); /* a matter of this rank */
    a->failure = csgdi_spec_format(spec, text, CSGDI_SPEC_MAX);
    a->field[CSGDI_FIELD_SPEC] = XXH64(text, strlen(text), 0);
    return text;
}

csgd_status csgdi_reducer_create(csgdi_transport *transport, const csgdi_shape *shape,
                                 const char *spec, csgd_status failure, csgd_reducer **r)
{
    csgdi_agreement a = {.failure = failure, .blocking = true};
    const char *text = csgdi_spec_text(spec);
    csgd_reducer *self = NULL;
    csgdi_choice choice;
    csgdi_rates rates;
    csgdi_hier_words words;
    csgdi_nodes nodes;
    csgdi_spec parsed;
    size_t n = 0, in_a_row = 0;
    const bool two_levels = csgdi_hier_wanted(text, failure, &in_a_row);
    const bool wanted = wants_measures(shape, text, failure, &n);
    char asked[CSGDI_SPEC_MAX];
    bool found = false;
    csgd_status st = csgdi_nodes_find(transport, two_levels, in_a_row, &a.failure, &nodes);

    if (st == CSGD_OK)
        st = csgdi_measure(transport, text, n, wanted && !two_levels, &rates, &found);
    if (st == CSGD_OK && nodes.agreed)
        st = csgdi_hier_measure(transport, &nodes, text, n, wanted && a.failure == CSGD_OK, &rates,
                                &found);
    if (st == CSGD_OK && a.failure == CSGD_OK) {
        const csgdi_transport over = nodes.n > 0 ? csgdi_nodes_view(&nodes, transport) : *transport;
        a.failure = open_reducer(&over, shape, text, nodes.n > 0 ? &words : NULL, &parsed, &self);
    }
    if (st == CSGD_OK)
        st = choose_together(transport, self, &parsed, nodes.n > 0, found ? &rates : NULL, &choice);
    if (st != CSGD_OK) {
        csgdi_reducer_unmake(&self);
        csgdi_nodes_close(&nodes);
        transport->ops->close(transport, false);
        return st;
    }
    if (self != NULL && choice.algorithm == NULL) {
        if (choice.reason[0] != '\0') /* else rank 0 has failed, and will say so */
            a.failure = csgdi_fail(CSGD_E_MISMATCH,
                                   "rank 0 chose what this rank's library does not know: %s",
                                   choice.reason);
        csgdi_reducer_unmake(&self);
    }
    if (self != NULL) a.failure = furnish(shape, &choice, &parsed, &self);
    if (self != NULL && nodes.n > 0)
        a.failure = csgdi_hier_wrap(transport, &nodes, &parsed, &words, &self);
    if (self != NULL) {
        memcpy(a.field, self->identity, sizeof a.field);
        a.spec = self->spec;
        if (choice.dense && !self->adapt.on) a.spec = asked_for(&parsed, &a, asked);
    }
    st = csgdi_agree(&a, transport);
    if (st != CSGD_OK) {
        csgdi_reducer_unmake(&self);
        csgdi_nodes_close(&nodes);
        transport->ops->close(transport, false);
        return st;
    }
    self->transport = *transport;
    csgdi_hier_open(self);
    *r = self;
    return CSGD_OK;
}
