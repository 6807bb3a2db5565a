/* SPDX-License-Identifier: BSD-3-Clause */

/* hier_create.c: the life of a reducer of two levels, and what is asked of both. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "base/c_locale.h"
#include "base/error.h"
#include "comm/hier_state.h"

bool csgdi_hier_asked(const csgdi_spec *spec)
{
    return strcmp(csgdi_spec_choice(spec, "algorithm"), csgdi_hier.name) == 0;
}

bool csgdi_hier_wanted(const char *text, csgd_status failure, size_t *in_a_row)
{
    const csgdi_keys keys[] = {csgdi_feedback_keys, csgdi_reducer_keys, csgdi_layout_keys};
    const csgdi_compressor_ops *ops;
    csgdi_spec spec;

    if (failure != CSGD_OK || csgdi_compressor_parse(text, keys, 3, &spec, &ops) != CSGD_OK ||
        !csgdi_hier_asked(&spec))
        return false;
    *in_a_row = (size_t)csgdi_spec_count(&spec, "ranks_per_node");
    return true;
}

csgd_status csgdi_hier_measure(csgdi_transport *t, csgdi_nodes *nodes, const char *text, size_t n,
                               bool wanted, csgdi_rates *rates, bool *found)
{
    csgd_status st = CSGD_OK;
    uint64_t word;

    if (nodes->between.ops != NULL)
        st = csgdi_measure(&nodes->between, text, n, wanted, rates, found);
    if (st != CSGD_OK) return st;
    word = *found;
    st = csgdi_agree_max(t, &word, 1);
    *found = word != 0;
    return st;
}

/* Only the whole waits for peers, and sees the caller's elements: of 16 bits it makes floats. */
void csgdi_hier_split(csgdi_spec *spec, csgdi_hier_words *words)
{
    words->type = csgdi_spec_choice(spec, "type");
    words->progress = csgdi_spec_choice(spec, "progress");
    words->timeout = csgdi_spec_real(spec, "timeout");
    words->in_a_row = csgdi_spec_count(spec, "ranks_per_node");
    csgdi_spec_choose(spec, "algorithm", csgdi_spec_choice(spec, "inner"));
    csgdi_spec_drop(spec, "inner");
    csgdi_spec_drop(spec, "ranks_per_node");
    csgdi_spec_choose(spec, "progress", "call");
    csgdi_spec_choose(spec, "timeout", "0");
    if (strcmp(words->type, "f64") != 0) csgdi_spec_choose(spec, "type", "f32");
}

csgd_reducer *csgdi_reducer_core(const csgd_reducer *r)
{
    return r->hier != NULL ? r->hier->core : (csgd_reducer *)(uintptr_t)r;
}

bool csgdi_reducer_holds(const csgd_reducer *r)
{
    return r->hier == NULL || csgdi_nodes_leads(&r->hier->nodes);
}

/* The spec of the whole, of what the core's has become. */
static csgd_status write_spec(const csgdi_hier_state *self, csgdi_spec *spec,
                              const csgdi_hier_words *words, char *text, size_t cap)
{
    char number[32];
    const csgdi_c_locale locale = csgdi_c_locale_enter();

    csgdi_spec_choose(spec, "inner", self->core->algorithm->name);
    csgdi_spec_choose(spec, "algorithm", csgdi_hier.name);
    csgdi_spec_choose(spec, "type", words->type);
    snprintf(number, sizeof number, "%.17g", words->timeout);
    csgdi_c_locale_leave(locale);
    csgdi_spec_choose(spec, "timeout", number);
    snprintf(number, sizeof number, "%" PRIu64, words->in_a_row);
    csgdi_spec_choose(spec, "ranks_per_node", number);
    return csgdi_spec_format(spec, text, cap);
}

/* Keep of a core what a rank needs that does not lead, in memory of the whole. */
static csgd_status keep_settings(csgd_reducer *whole, csgd_reducer **core)
{
    const csgd_reducer *from = *core;
    csgd_reducer *to = csgdi_arena_zalloc(&whole->arena, 1, sizeof *to);

    if (to == NULL) return CSGD_E_NOMEM;
    to->compressor = (csgdi_compressor){.ops = from->compressor.ops,
                                        .kernels = from->compressor.kernels,
                                        .type = from->compressor.type,
                                        .n = from->compressor.n};
    to->feedback = (csgdi_feedback){.ops = from->feedback.ops,
                                    .set = from->feedback.set,
                                    .compressor = &to->compressor,
                                    .next_rho = from->feedback.next_rho};
    to->layout = (csgdi_layout){.n = from->layout.n};
    to->algorithm = from->algorithm;
    memcpy(to->reason, from->reason, sizeof to->reason);
    memcpy(to->identity, from->identity, sizeof to->identity);
    csgdi_reducer_unmake(core);
    *core = to;
    return CSGD_OK;
}

/* Around the core: what sums inside of the node and tells the result. */
static csgd_status make_whole(const csgdi_transport *transport, const csgdi_hier_words *words,
                              size_t n, csgd_reducer **whole)
{
    char text[CSGDI_SPEC_MAX];
    const csgdi_c_locale locale = csgdi_c_locale_enter();

    snprintf(text, sizeof text, "none algorithm=hier type=%s timeout=%.17g progress=%s",
             words->type, words->timeout, words->progress);
    csgdi_c_locale_leave(locale);
    return csgdi_reducer_make(transport, &(csgdi_shape){.n = n}, text, NULL, whole);
}

static csgd_status furnish(csgd_reducer *whole, const csgdi_nodes *nodes, csgdi_spec *spec,
                           const csgdi_hier_words *words, csgd_reducer **core)
{
    csgdi_hier_state *self = csgdi_arena_zalloc(&whole->arena, 1, sizeof *self);
    csgd_status st = CSGD_OK;

    if (self == NULL) return CSGD_E_NOMEM;
    self->nodes = *nodes;
    self->request =
        csgdi_arena_zalloc(&whole->arena, (size_t)nodes->members, 2 * sizeof *self->request);
    if (self->request == NULL) return CSGD_E_NOMEM;
    st = csgdi_node_sum_create(&self->sum, whole, &self->nodes);
    if (st == CSGD_OK && !csgdi_nodes_leads(nodes)) st = keep_settings(whole, core);
    if (st != CSGD_OK) return st;
    self->core = *core;
    st = write_spec(self, spec, words, whole->spec, sizeof whole->spec);
    if (st != CSGD_OK) return st;
    whole->feedback.next_rho = self->core->feedback.next_rho;
    snprintf(whole->reason, sizeof whole->reason,
             "hier, as the spec says: %d nodes of %d ranks at the most; between them %.150s",
             nodes->n, nodes->largest, self->core->reason);
    memcpy(whole->identity, self->core->identity, sizeof whole->identity);
    whole->identity[CSGDI_FIELD_TYPE] = whole->compressor.type;
    whole->identity[CSGDI_FIELD_SPEC] = XXH64(whole->spec, strlen(whole->spec), 0);
    whole->hier = self;
    return CSGD_OK;
}

csgd_status csgdi_hier_wrap(const csgdi_transport *transport, csgdi_nodes *nodes, csgdi_spec *spec,
                            const csgdi_hier_words *words, csgd_reducer **r)
{
    csgd_reducer *core = *r, *whole = NULL;
    csgd_status st = make_whole(transport, words, core->layout.n, &whole);

    if (st == CSGD_OK) st = furnish(whole, nodes, spec, words, &core);
    if (st != CSGD_OK) {
        if (core == *r) csgdi_reducer_unmake(&core); /* else it is the whole's */
        csgdi_reducer_unmake(&whole);
        *r = NULL;
        return st;
    }
    *nodes = (csgdi_nodes){0};
    *r = whole;
    return CSGD_OK;
}

void csgdi_hier_open(csgd_reducer *r)
{
    csgdi_hier_state *self = r->hier;

    if (self == NULL || !csgdi_nodes_leads(&self->nodes)) return;
    self->core->transport = self->nodes.between;
    self->nodes.between.ops = NULL; /* in use */
    self->open = true;
}

void csgdi_hier_close(csgd_reducer *r, bool abandoned)
{
    csgdi_hier_state *self = r->hier;
    bool keep = abandoned && r->transport.ops->keeps_buffers;

    if (self == NULL) return;
    r->hier = NULL;
    if (csgdi_nodes_leads(&self->nodes)) {
        csgd_reducer *core = self->core;

        if (self->open) core->transport.ops->close(&core->transport, abandoned);
        if (!keep) csgdi_reducer_unmake(&core);
    }
    csgdi_nodes_close(&self->nodes);
}

size_t csgdi_hier_bytes(const csgd_reducer *r)
{
    const csgdi_hier_state *self = r->hier;

    if (self == NULL) return 0;
    return self->nodes.arena.bytes +
           (csgdi_nodes_leads(&self->nodes)
                ? self->core->arena.bytes + self->core->transport.memory_bytes
                : 0);
}

void csgdi_hier_stats(const csgd_reducer *r, csgd_stats *stats)
{
    const csgdi_hier_state *self = r->hier;
    const csgd_reducer *core;

    if (self == NULL) return;
    core = self->core;
    stats->dense_calls = core->stats.dense_calls;
    stats->nonfinite_calls = core->stats.nonfinite_calls;
    stats->message_bytes = core->stats.message_bytes;
    stats->clipped_messages = core->stats.clipped_messages;
    stats->dropped_entries = core->stats.dropped_entries;
    stats->encode_seconds += core->stats.encode_seconds;
    stats->agree_seconds += core->stats.agree_seconds;
    stats->exchange_seconds -= core->stats.encode_seconds + core->stats.agree_seconds;
    /* The bound is on the mean over nodes, and x moves by that over ranks. */
    stats->certificate = core->stats.certificate * self->nodes.n / r->transport.n_ranks;
    stats->between_bytes = self->open ? core->transport.sent_bytes : 0;
    if (!self->open) return;
    stats->sent_bytes += core->transport.sent_bytes;
    stats->received_bytes += core->transport.received_bytes;
    stats->bytes_by_formula += core->transport.formula_bytes;
}
