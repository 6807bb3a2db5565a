/* SPDX-License-Identifier: BSD-3-Clause */

/* simulation.c: the life of simulated workers, and the table that optimizers see. */

#include "optim/simulation.h"

#include <math.h>
#include <string.h>
#include "base/error.h"
#include "compressors/elements.h"
#include "optim/traits.h"

enum { WORKERS_MAX = 4096 };

static const char *const passes[] = {"vendor", "allgather", "sra", "server", "linear", NULL};
static const char *const choices[] = {"auto",   "vendor", "allgather", "sra",
                                      "server", "linear", NULL};

/* What of a reducer's keys means something here; their values are its as well. */
static const csgdi_key keys[] = {
    {.name = "algorithm",
     .kind = CSGDI_CHOICE,
     .words = choices,
     .fallback = "auto",
     .help = "which sum is simulated"},
    {.name = "dense_steps",
     .kind = CSGDI_COUNT,
     .max = 9007199254740992.0,
     .fallback = "0",
     .help = "steps at the start that are sent exactly"},
};

static const csgdi_keys simulation_keys = {keys, sizeof keys / sizeof *keys};

/* What a reducer takes by itself (comm/algorithms.c). */
static csgdi_passes automatic(const csgdi_compressor *c)
{
    switch (c->ops->family) {
    case CSGDI_EXACT:
        return CSGDI_PASS_VENDOR;
    case CSGDI_QUANTIZE:
        return CSGDI_PASS_SRA;
    case CSGDI_PROJECT:
        return c->own_support ? CSGDI_PASS_ALLGATHER : CSGDI_PASS_LINEAR;
    default:
        return CSGDI_PASS_ALLGATHER;
    }
}

static csgd_status choose_passes(csgd_simulation *s, csgdi_spec *spec)
{
    const csgdi_compressor *c = &s->worker[0].compressor;
    const csgdi_family family = c->ops->family;
    const char *name = csgdi_spec_choice(spec, "algorithm");
    bool possible;

    s->passes = automatic(c);
    for (int i = 0; passes[i] != NULL; i++)
        if (strcmp(name, passes[i]) == 0) s->passes = (csgdi_passes)i;
    name = passes[s->passes];
    csgdi_spec_choose(spec, "algorithm", name);
    switch (s->passes) {
    case CSGDI_PASS_VENDOR:
        possible = family == CSGDI_EXACT;
        break;
    case CSGDI_PASS_SRA:
        possible = family == CSGDI_QUANTIZE || family == CSGDI_EXACT;
        break;
    case CSGDI_PASS_LINEAR:
        possible = family == CSGDI_PROJECT && !c->own_support;
        break;
    default:
        possible = !c->ops->only_sums;
    }
    if (c->channels > 1 && s->passes != CSGDI_PASS_ALLGATHER && s->passes != CSGDI_PASS_LINEAR)
        return csgdi_fail(
            CSGD_E_UNSUPPORTED,
            "feedback=%s sends two values for each entry, which algorithm=%s does not "
            "sum; use algorithm=allgather",
            s->worker[0].feedback.ops->name, name);
    if (possible) return CSGD_OK;
    return csgdi_fail(CSGD_E_UNSUPPORTED, "algorithm=%s is not for %s, as it is not with a reducer",
                      name, c->ops->name);
}

/* Where the range of an owner begins: whole blocks, which differ by one at most (comm/sra.c). */
static size_t range_start(const csgd_simulation *s, int owner)
{
    const size_t block = s->worker[0].compressor.block, blocks = (s->n - 1) / block + 1;
    const size_t p = (size_t)s->n_owners, o = (size_t)owner, rest = blocks % p;
    const size_t start = (blocks / p * o + (o < rest ? o : rest)) * block;

    return start < s->n ? start : s->n;
}

static csgd_status create_worker(csgd_simulation *s, int i, const csgdi_compressor_ops *ops,
                                 csgdi_spec *spec)
{
    csgdi_actor *a = &s->worker[i];
    csgd_status st = csgdi_compressor_init(&a->compressor, ops, spec, s->n, NULL, NULL, 0,
                                           (unsigned)s->n_workers, &s->arena);

    if (st != CSGD_OK) return st;
    a->compressor.rank = (uint32_t)i;
    return csgdi_feedback_init(&a->feedback, &a->compressor, spec, &s->arena);
}

/* The second compression: a range of the first worker's compressor, or one of its own. */
static csgd_status create_owner(csgd_simulation *s, int i, const csgdi_compressor_ops *ops,
                                csgdi_spec spec)
{
    csgdi_actor *a = &s->owner[i];
    csgd_status st = CSGD_OK;

    if (s->passes == CSGDI_PASS_SERVER)
        st = csgdi_compressor_init(&a->compressor, ops, &spec, s->n, NULL, NULL, 0,
                                   (unsigned)s->n_workers, &s->arena);
    else
        a->compressor = s->worker[i].compressor;
    if (st != CSGD_OK) return st;
    a->first = range_start(s, i);
    a->compressor.first = a->first;
    a->compressor.n = range_start(s, i + 1) - a->first;
    a->compressor.rounding = CSGDI_STREAM_OWNER;
    return csgdi_feedback_like(&a->feedback, &s->worker[i].feedback, &a->compressor, &s->arena);
}

static csgd_status create_message(csgd_simulation *s, csgdi_actor *a)
{
    a->message = csgdi_arena_alloc(&s->arena, csgdi_message_bound(&a->compressor), 1);
    return a->message != NULL ? CSGD_OK : CSGD_E_NOMEM;
}

static csgd_status build(csgd_simulation *s, const csgdi_compressor_ops *ops,
                         const csgdi_spec *parsed)
{
    csgdi_spec spec;
    csgd_status st = CSGD_OK;
    size_t scratch = s->n;

    s->worker = csgdi_arena_zalloc(&s->arena, (size_t)s->n_workers, sizeof *s->worker);
    if (s->worker == NULL) return CSGD_E_NOMEM;
    for (int i = 0; i < s->n_workers && st == CSGD_OK; i++) {
        spec = *parsed; /* which each completes for itself, and all alike */
        st = create_worker(s, i, ops, &spec);
    }
    if (st == CSGD_OK) st = choose_passes(s, &spec);
    if (st != CSGD_OK) return st;
    if (csgdi_elements_narrow(s->worker[0].compressor.type))
        return csgdi_fail(CSGD_E_UNSUPPORTED,
                          "vectors of optimizers are f32 or f64, not of 16 bits");
    s->dense_steps = csgdi_spec_count(&spec, "dense_steps");
    s->guard.on = s->worker[0].feedback.set.guard;
    if (s->passes == CSGDI_PASS_SRA || s->passes == CSGDI_PASS_SERVER)
        s->n_owners = s->passes == CSGDI_PASS_SRA ? s->n_workers : 1;
    s->owner = csgdi_arena_zalloc(&s->arena, (size_t)s->n_owners, sizeof *s->owner);
    if (s->owner == NULL) return CSGD_E_NOMEM;
    for (int i = 0; i < s->n_workers && st == CSGD_OK; i++)
        st = create_message(s, &s->worker[i]);
    for (int i = 0; i < s->n_owners && st == CSGD_OK; i++) {
        st = create_owner(s, i, ops, *parsed);
        if (st == CSGD_OK) st = create_message(s, &s->owner[i]);
    }
    if (st != CSGD_OK) return st;
    if (s->passes == CSGDI_PASS_LINEAR) {
        const csgdi_compressor *c = &s->worker[0].compressor;

        const size_t values = c->channels * c->max_k;

        s->values = csgdi_arena_zalloc(&s->arena, values, c->kernels->size);
        if (s->values == NULL) return CSGD_E_NOMEM;
        if (values > scratch) scratch = values;
    }
    s->scratch = csgdi_arena_alloc(&s->arena, scratch, s->worker[0].compressor.kernels->size);
    if (s->scratch == NULL) return CSGD_E_NOMEM;
    return csgdi_spec_format(&spec, s->spec, sizeof s->spec);
}

csgd_status csgd_simulation_create(const char *text, size_t n, int n_workers, csgd_simulation **s)
{
    const csgdi_keys groups[] = {csgdi_feedback_keys, simulation_keys};
    const csgdi_compressor_ops *ops;
    csgd_simulation *self;
    csgdi_arena arena = {0};
    csgdi_spec spec;
    csgd_status st;

    if (s == NULL) return csgdi_fail(CSGD_E_INVAL, "the place for the simulation is NULL");
    *s = NULL;
    if (n == 0) return csgdi_fail(CSGD_E_INVAL, "vectors of 0 elements have nothing to simulate");
    if (n_workers < 1 || n_workers > WORKERS_MAX)
        return csgdi_fail(CSGD_E_INVAL, "%d workers are not 1 to %d", n_workers, WORKERS_MAX);
    st = csgdi_compressor_parse(csgdi_spec_text(text), groups, 2, &spec, &ops);
    if (st != CSGD_OK) return st;
    self = csgdi_arena_zalloc(&arena, 1, sizeof *self);
    if (self == NULL) return CSGD_E_NOMEM;
    self->arena = arena;
    self->n = n;
    self->n_workers = n_workers;
    st = build(self, ops, &spec);
    if (st != CSGD_OK) {
        csgd_simulation_destroy(&self);
        return st;
    }
    *s = self;
    return CSGD_OK;
}

void csgd_simulation_destroy(csgd_simulation **s)
{
    csgdi_arena arena;

    if (s == NULL || *s == NULL) return;
    arena = (*s)->arena; /* the object itself lives in it */
    *s = NULL;
    csgdi_arena_free(&arena);
}

size_t csgd_simulation_memory_bytes(const csgd_simulation *s)
{
    return s != NULL ? s->arena.bytes : 0;
}

const char *csgd_simulation_spec(const csgd_simulation *s)
{
    return s != NULL ? s->spec : "";
}

/* Workers, then owners. */
static csgdi_actor *actor(const csgd_simulation *s, int i)
{
    return i < s->n_workers ? &s->worker[i] : &s->owner[i - s->n_workers];
}

/* ---- the table ---------------------------------------------------------------------------- */

static csgd_status sum(void *self, const void *const *vector, int exact, csgd_status failure,
                       void *result)
{
    csgd_simulation *s = self;
    csgd_status st = failure;

    if (st == CSGD_OK) st = csgdi_feedback_ready(&s->worker[0].feedback);
    if (st == CSGD_OK) st = csgdi_simulation_sum(s, vector, exact != 0, result);
    if (st != CSGD_OK) s->stats.failed_calls++;
    return st;
}

static csgd_status plain_sum(void *self, const void *vector, size_t length, csgd_type type,
                             csgd_status failure, void *result)
{
    (void)self;
    if (failure == CSGD_OK && result != vector)
        memcpy(result, vector, length * csgd_type_size(type));
    return failure;
}

static csgd_status set_rho(void *self, double rho)
{
    csgd_simulation *s = self;
    csgd_status st = csgdi_workers_check_rho(&s->worker[0].feedback, s->step == 0, rho);

    if (!s->worker[0].feedback.set.rho_by_step) return st;
    for (int i = 0; i < s->n_workers + s->n_owners && st == CSGD_OK; i++)
        st = csgdi_feedback_set_rho(&actor(s, i)->feedback, rho);
    return st;
}

static csgd_status set_step_size(void *self, double step_size)
{
    csgd_simulation *s = self;
    csgd_status st = CSGD_OK;

    for (int i = 0; i < s->n_workers + s->n_owners && st == CSGD_OK; i++)
        st = csgdi_feedback_set_step_size(&actor(s, i)->feedback, step_size);
    return st;
}

/* Worker by worker, each with the owner that it is, as ranks bring theirs. */
static csgd_status residual(void *self, void *e)
{
    const csgd_simulation *s = self;
    const csgdi_kernels *k = s->worker[0].compressor.kernels;

    for (int i = 0; i < s->n_workers; i++) {
        const csgdi_actor *own = i < s->n_owners ? &s->owner[i] : NULL;
        void *mine = i == 0 ? e : s->scratch;

        csgdi_feedback_residual(&s->worker[i].feedback, mine);
        if (own != NULL && own->feedback.e != NULL)
            k->add(own->feedback.e, own->compressor.n, (char *)mine + own->first * k->size);
        if (i > 0) k->add(mine, s->n, e);
    }
    return CSGD_OK;
}

/* The same of what is owed. */
static void owe(const csgd_simulation *s, bool for_v, void *to)
{
    const csgdi_kernels *k = s->worker[0].compressor.kernels;

    for (int i = 0; i < s->n_workers; i++) {
        const csgdi_actor *own = i < s->n_owners ? &s->owner[i] : NULL;
        char *mine = i == 0 ? to : s->scratch;

        memset(mine, 0, s->n * k->size);
        csgdi_feedback_owe(&s->worker[i].feedback, for_v, mine);
        if (own != NULL) csgdi_feedback_owe(&own->feedback, for_v, mine + own->first * k->size);
        if (i > 0) k->add(mine, s->n, to);
    }
}

static csgd_status flush(void *self, void *for_x, void *for_v)
{
    csgd_simulation *s = self;

    owe(s, false, for_x);
    owe(s, true, for_v);
    for (int i = 0; i < s->n_workers + s->n_owners; i++)
        csgdi_feedback_paid(&actor(s, i)->feedback);
    return CSGD_OK;
}

static csgd_status clear(void *self)
{
    csgd_simulation *s = self;

    for (int i = 0; i < s->n_workers + s->n_owners; i++) {
        csgdi_actor *a = actor(s, i);

        csgdi_feedback_clear(&a->feedback);
        if (a->compressor.ops->clear != NULL &&
            (i < s->n_workers || s->passes == CSGDI_PASS_SERVER))
            a->compressor.ops->clear(&a->compressor);
    }
    if (s->guard.trips == 0) s->guard = (csgdi_guard){.on = s->guard.on};
    for (int i = 0; i < s->n_workers && s->guard.trips > 0; i++)
        csgdi_guard_fall_back(&s->guard, &s->worker[i].feedback,
                              i < s->n_owners ? &s->owner[i].feedback : NULL);
    return CSGD_OK;
}

static csgd_status stats(void *self, csgd_stats *to, size_t size)
{
    const csgd_simulation *s = self;
    csgd_stats now = s->stats;
    double squares = 0;

    for (int i = 0; i < s->n_workers + s->n_owners; i++) {
        const csgdi_actor *a = actor(s, i);
        const double norm = csgdi_feedback_norm(&a->feedback);

        squares += norm * norm;
        now.clipped_messages += a->compressor.clipped;
        now.total_error += a->feedback.total_error;
    }
    now.residual_norm = sqrt(squares);
    now.guard_trips = s->guard.trips;
    now.rule = csgdi_feedback_rule(&s->worker[0].feedback);
    memcpy(to, &now, size < sizeof now ? size : sizeof now);
    return CSGD_OK;
}

csgd_status csgd_simulation_workers(csgd_simulation *s, csgd_workers *workers)
{
    const csgdi_compressor *c;

    if (s == NULL || workers == NULL)
        return csgdi_fail(CSGD_E_INVAL, "the simulation or the place for its table is NULL");
    c = &s->worker[0].compressor;
    *workers = (csgd_workers){
        .size = sizeof *workers,
        .self = s,
        .n = s->n,
        .type = c->type,
        .n_workers = s->n_workers,
        .count = s->n_workers,
        .traits = csgdi_workers_traits(&s->worker[0].feedback),
        .sum = sum,
        .plain_sum = plain_sum,
        .set_rho = set_rho,
        .set_step_size = set_step_size,
        .flush = flush,
        .clear = clear,
        .residual = residual,
        .stats = stats,
    };
    return CSGD_OK;
}
