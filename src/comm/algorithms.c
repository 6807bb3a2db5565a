/* SPDX-License-Identifier: BSD-3-Clause */

/* algorithms.c: every collective algorithm, one line each, and the keys of a reducer. */

#include <string.h>
#include "comm/recode.h"

static const csgdi_algorithm *const list[] = {
    /* dense */
    &csgdi_vendor,
    &csgdi_ring,
    &csgdi_rabenseifner,
    /* any messages */
    &csgdi_allgather,
    /* sparse ones */
    &csgdi_doubling,
    &csgdi_split,
    &csgdi_dsar,
    &csgdi_gtopk,
    &csgdi_oktopk,
    &csgdi_spardl,
    /* dense codes */
    &csgdi_sra,
    &csgdi_qring,
    /* linear maps */
    &csgdi_linear,
    /* two levels, one of them by another algorithm: the last */
    &csgdi_hier,
};

const csgdi_algorithm *csgdi_algorithm_list(size_t i)
{
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

const csgdi_algorithm *csgdi_algorithm_find(const char *name)
{
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(list[i]->name, name) == 0) return list[i];
    return NULL;
}

const csgdi_algorithm *csgdi_algorithm_auto(const csgdi_compressor *c)
{
    switch (c->ops->family) {
    case CSGDI_EXACT:
        return &csgdi_vendor;
    case CSGDI_QUANTIZE: /* encodes twice, and keeps the residual of the second time */
        return &csgdi_sra;
    case CSGDI_PROJECT:
        return c->own_support ? &csgdi_allgather : &csgdi_linear;
    default:
        return &csgdi_allgather;
    }
}

static const char *algorithm_name(size_t i)
{
    if (i == 0) return "auto";
    return csgdi_algorithm_list(i - 1) != NULL ? list[i - 1]->name : NULL;
}

/* Those that hier may have between nodes. */
static const char *inner_name(size_t i)
{
    return i < sizeof list / sizeof *list ? algorithm_name(i) : NULL;
}

static const char *const progress_words[] = {"call", "thread", NULL};
static const char *const plan_words[] = {"auto", "compressed", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};

static const csgdi_key keys[] = {
    {.name = "algorithm",
     .kind = CSGDI_CHOICE,
     .choice = algorithm_name,
     .fallback = "auto",
     .help =
         "how the ranks sum; auto: over MPI the fastest by measurements at creation, for 65536 "
         "elements or more; else vendor for none, sra for dense codes, linear for shared maps, "
         "allgather for sparse; gtopk, oktopk and spardl, for sparse, drop sums on the way, which "
         "go back to the residuals"},
    {.name = "plan",
     .kind = CSGDI_CHOICE,
     .words = plan_words,
     .fallback = "auto",
     .help = "whether algorithm=auto may send vectors as they are where that is predicted faster"},
    {.name = "adapt",
     .kind = CSGDI_CHOICE,
     .words = no_yes,
     .fallback = "no",
     .help =
         "whether to change between messages and the vectors as they are by what calls take; then "
         "times decide about bits, the same on all ranks"},
    {.name = "drop",
     .kind = CSGDI_CHOICE,
     .words = no_yes,
     .fallback = "no",
     .help = "whether algorithm=auto may take algorithms that leave entries out on the way"},
    {.name = "dense_steps",
     .kind = CSGDI_COUNT,
     .max = 9007199254740992.0,
     .fallback = "0",
     .help = "steps at the start that are sent exactly"},
    {.name = "tau",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .fallback = "64",
     .help = "oktopk: steps from one exact limit of what is kept to the next"},
    {.name = "recode",
     .kind = CSGDI_CHOICE,
     .words = csgdi_recode_words,
     .fallback = "none",
     .help =
         "dsar: codes by which owners send their sums; with feedback they keep what is left out"},
    {.name = "piece",
     .kind = CSGDI_COUNT,
     .min = 1,
     .max = 9007199254740992.0,
     .help = "sra, allgather: bytes that travel at once, while others are worked on; 32768 "
             "unless given"},
    {.name = "inner",
     .kind = CSGDI_CHOICE,
     .choice = inner_name,
     .fallback = "auto",
     .help = "hier: the algorithm between nodes"},
    {.name = "ranks_per_node",
     .kind = CSGDI_COUNT,
     .max = 2147483647,
     .fallback = "0",
     .help = "hier: so many ranks in a row are a node; 0: those that share memory"},
    {.name = "timeout",
     .kind = CSGDI_REAL,
     .max = 1e9,
     .fallback = "0",
     .help = "seconds without anything arriving before a call fails for good; 0: for ever"},
    {.name = "progress",
     .kind = CSGDI_CHOICE,
     .words = progress_words,
     .fallback = "call",
     .help = "who moves on what was started: whoever tests or waits, or a thread of the reducer's "
             "own, over MPI with MPI_THREAD_MULTIPLE; ranks may differ in it"},
};

const csgdi_keys csgdi_reducer_keys = {keys, sizeof keys / sizeof *keys};
