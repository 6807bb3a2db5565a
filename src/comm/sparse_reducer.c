/* SPDX-License-Identifier: BSD-3-Clause */

/* sparse_reducer.c: a sparse reducer from its spec, on all ranks or on none, and its life. */

#include "comm/sparse_reducer.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "base/c_locale.h"
#include "base/error.h"
#include "comm/lists.h"
#include "comm/team.h"
#include "wire/header.h"

/* In place of a compressor: entries are the caller's. */
static const csgdi_compressor_ops chosen_by_caller = {.name = "sparse",
                                                      .wire_id = 0xfffe,
                                                      .family = CSGDI_SELECT};

static const char *const types[] = {"f32", "f64", NULL};
static const char *const coders[] = {"auto", "raw", "rice", "bitmap", NULL};
static const char *const algorithms[] = {"auto",  "allgather", "doubling", "split",
                                         "gtopk", "oktopk",    "spardl",   NULL};
static const char *const no_yes[] = {"no", "yes", NULL};

static const csgdi_key keys[] = {
    {.name = "type", .kind = CSGDI_CHOICE, .words = types, .fallback = "f32", .help = "of values"},
    {.name = "indices",
     .kind = CSGDI_CHOICE,
     .words = coders,
     .fallback = "auto",
     .help = "how indices become bytes"},
    {.name = "algorithm",
     .kind = CSGDI_CHOICE,
     .words = algorithms,
     .fallback = "auto",
     .help = "how the ranks sum"},
    {.name = "drop",
     .kind = CSGDI_CHOICE,
     .words = no_yes,
     .fallback = "no",
     .help = "whether algorithm=auto may take algorithms that leave entries out on the way"},
    {.name = "tau",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .fallback = "64",
     .help = "oktopk: steps from one exact limit of what is kept to the next"},
};

static const csgdi_keys groups[] = {{keys, sizeof keys / sizeof *keys}};

/* ---- what is local ---- */

static csgd_status read_spec(const char *text, csgdi_spec *spec)
{
    const csgd_status st = csgdi_spec_parse(spec, text != NULL ? text : "sparse", groups, 1);

    if (st != CSGD_OK || strcmp(spec->name, "sparse") == 0) return st;
    return csgdi_fail(CSGD_E_SPEC, "a sparse reducer is \"sparse key=value ...\", not \"%s\"",
                      spec->name);
}

static bool is_auto(const csgdi_spec *spec)
{
    return strcmp(csgdi_spec_choice(spec, "algorithm"), "auto") == 0;
}

static void describe(csgdi_compressor *c, const csgdi_spec *spec, size_t n, size_t max_k)
{
    const bool wide = strcmp(csgdi_spec_choice(spec, "type"), "f64") == 0;

    *c = (csgdi_compressor){.ops = &chosen_by_caller,
                            .kernels = csgdi_kernels_get(wide ? CSGD_F64 : CSGD_F32),
                            .type = wide ? CSGD_F64 : CSGD_F32,
                            .n = n,
                            .max_k = max_k,
                            .threads = 1,
                            .channels = 1,
                            .block = 1};
    c->format.value = wide ? CSGDI_VALUE_F64 : CSGDI_VALUE_F32;
    for (unsigned i = 0; coders[i] != NULL; i++)
        if (strcmp(csgdi_spec_choice(spec, "indices"), coders[i]) == 0)
            c->format.index = (csgdi_index_coder)i;
}

static csgd_status check_sizes(size_t n, size_t max_k)
{
    if (n > UINT32_MAX)
        return csgdi_fail(CSGD_E_UNSUPPORTED, "indices have 32 bits, so n=%zu is too large", n);
    if (max_k > n)
        return csgdi_fail(CSGD_E_INVAL, "max_k=%zu is more than the %zu elements", max_k, n);
    return CSGD_OK;
}

/* Without an algorithm yet. */
static csgd_status open_local(const csgdi_transport *transport, size_t n, size_t max_k,
                              const csgdi_spec *spec, csgd_sparse_reducer **s)
{
    csgdi_arena arena = {0};
    csgd_sparse_reducer *self;
    const csgd_status st = check_sizes(n, max_k);

    if (st != CSGD_OK) return st;
    self = csgdi_arena_zalloc(&arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->core.arena = arena;
    self->core.transport = *transport; /* to look at */
    self->core.layout.n = self->core.layout.n_compressed = n;
    self->core.tau = csgdi_spec_count(spec, "tau");
    describe(&self->core.compressor, spec, n, max_k);
    *s = self;
    return CSGD_OK;
}

static void unmake(csgd_sparse_reducer **s)
{
    csgdi_arena arena;

    if (*s == NULL) return;
    arena = (*s)->core.arena; /* the object itself lives in it */
    *s = NULL;
    csgdi_arena_free(&arena);
}

/* Follow the choice. */
static csgd_status furnish(csgd_sparse_reducer *s, const csgdi_choice *choice, csgdi_spec *spec)
{
    csgd_reducer *r = &s->core;
    const csgdi_compressor *c = &r->compressor;
    size_t most = csgdi_size_mul((size_t)r->transport.n_ranks, c->max_k);
    csgd_status st;

    if (most > c->n) most = c->n;
    r->algorithm = choice->algorithm;
    memcpy(r->reason, choice->reason, sizeof r->reason);
    csgdi_spec_choose(spec, "algorithm", r->algorithm->name);
    csgdi_spec_drop(spec, "drop"); /* it has been followed */
    if (r->algorithm != &csgdi_oktopk) csgdi_spec_drop(spec, "tau");
    if (!csgdi_list_create(&s->sum, c, most, &r->arena) ||
        !csgdi_list_create(&r->compressor.stream, c, c->max_k, &r->arena))
        return CSGD_E_NOMEM;
    st = csgdi_sparse_gathers(s) ? csgdi_sparse_gather_create(&s->gather, r)
                                 : r->algorithm->create(r);
    if (st != CSGD_OK) return st;
    r->identity[CSGDI_FIELD_N] = c->n;
    r->identity[CSGDI_FIELD_ENTRIES] = c->max_k;
    r->identity[CSGDI_FIELD_TYPE] = c->type;
    r->identity[CSGDI_FIELD_WIRE] = CSGDI_WIRE_VERSION;
    st = csgdi_spec_format(spec, r->spec, sizeof r->spec);
    r->identity[CSGDI_FIELD_SPEC] = XXH64(r->spec, strlen(r->spec), 0);
    return st;
}

/* ---- all ranks or none ---- */

/* Measure the ranks and the link as for a compressor that sends as many entries. */
static csgd_status measure(csgdi_transport *t, size_t n, size_t max_k, bool wanted,
                           csgdi_rates *rates, bool *found)
{
    const csgdi_c_locale locale = csgdi_c_locale_enter();
    char text[64];

    snprintf(text, sizeof text, "topk ratio=%.9g feedback=none",
             n > 0 ? (double)max_k / (double)n : 0);
    csgdi_c_locale_leave(locale);
    return csgdi_measure(t, text, n, wanted && n >= CSGDI_MEASURED && max_k > 0, rates, found);
}

/* The choice of all ranks; by rates it is rank 0's.  s: NULL where this rank has failed. */
static csgd_status choose(csgdi_transport *t, const csgd_sparse_reducer *s, const csgdi_spec *spec,
                          const csgdi_rates *rates, csgdi_choice *choice)
{
    *choice = (csgdi_choice){0};
    if (s != NULL && !is_auto(spec)) {
        choice->algorithm = csgdi_algorithm_find(csgdi_spec_choice(spec, "algorithm"));
        snprintf(choice->reason, sizeof choice->reason, "%s, as the spec says",
                 choice->algorithm->name);
    } else if (s != NULL && (rates == NULL || t->rank == 0)) {
        csgdi_choose_entries(&s->core.compressor, t, rates,
                             strcmp(csgdi_spec_choice(spec, "drop"), "yes") == 0, choice);
    }
    return rates == NULL ? CSGD_OK : csgdi_choice_share(t, choice);
}

csgd_status csgdi_sparse_reducer_create(csgdi_transport *transport, size_t n, size_t max_k,
                                        const char *text, csgd_status failure,
                                        csgd_sparse_reducer **s)
{
    csgdi_agreement a = {.failure = failure, .blocking = true};
    csgd_sparse_reducer *self = NULL;
    csgdi_choice choice;
    csgdi_rates rates;
    csgdi_spec spec = {0};
    bool found;
    csgd_status st;

    if (a.failure == CSGD_OK) a.failure = read_spec(text, &spec);
    if (a.failure == CSGD_OK) a.failure = open_local(transport, n, max_k, &spec, &self);
    st = measure(transport, n, max_k, self != NULL && is_auto(&spec), &rates, &found);
    if (st == CSGD_OK) st = choose(transport, self, &spec, found ? &rates : NULL, &choice);
    if (st != CSGD_OK) {
        unmake(&self);
        transport->ops->close(transport, false);
        return st;
    }
    if (self != NULL && choice.algorithm != NULL)
        a.failure = furnish(self, &choice, &spec);
    else if (self != NULL && choice.reason[0] != '\0') /* else rank 0 has failed, and will say so */
        a.failure =
            csgdi_fail(CSGD_E_MISMATCH, "rank 0 chose what this rank's library does not know: %s",
                       choice.reason);
    if (a.failure == CSGD_OK) {
        memcpy(a.field, self->core.identity, sizeof a.field);
        a.spec = self->core.spec;
    }
    st = csgdi_agree(&a, transport);
    if (st != CSGD_OK) {
        unmake(&self);
        transport->ops->close(transport, false);
        return st;
    }
    self->core.transport = *transport;
    *s = self;
    return CSGD_OK;
}

csgd_status csgd_sparse_reducer_create_team(csgd_team *team, int rank, size_t n, size_t max_k,
                                            const char *spec, csgd_sparse_reducer **s)
{
    csgdi_transport transport;
    csgd_status st;

    if (s != NULL) *s = NULL;
    st = csgdi_transport_open_team(&transport, team, rank);
    if (st != CSGD_OK) return st;
    if (s == NULL) st = csgdi_fail(CSGD_E_INVAL, "the place for the sparse reducer is NULL");
    return csgdi_sparse_reducer_create(&transport, n, max_k, spec, st, s);
}

csgd_status csgd_sparse_reducer_destroy(csgd_sparse_reducer **s)
{
    csgd_reducer *r;
    csgdi_arena arena;
    bool lost;

    if (s == NULL || *s == NULL) return CSGD_OK;
    r = &(*s)->core;
    lost = r->health == CSGDI_TERMINAL;
    arena = r->arena;
    r->transport.ops->close(&r->transport, lost);
    if (!lost || !r->transport.ops->keeps_buffers) csgdi_arena_free(&arena);
    *s = NULL;
    return CSGD_OK;
}

size_t csgd_sparse_reducer_memory_bytes(const csgd_sparse_reducer *s)
{
    return s != NULL ? s->core.arena.bytes + s->core.transport.memory_bytes : 0;
}

const char *csgd_sparse_reducer_explain(const csgd_sparse_reducer *s)
{
    return s != NULL ? s->core.reason : "";
}
