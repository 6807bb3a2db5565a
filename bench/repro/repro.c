/* SPDX-License-Identifier: BSD-3-Clause */

/* repro.c: what the papers say, computed with this library.
 *
 *     repro all                    every experiment
 *     repro --out DIR NAME ...     some of them; --help lists the names
 *     mpirun -n 8 repro --mpi closed-loop
 *                                  the ranks are the workers, where an experiment has that form
 *
 * Exits with 1 where a figure misses its reference, with 2 where the command line is wrong.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "../options.h"
#include "report.h"
#include "training.h"

extern const repro_experiment repro_identity, repro_stability, repro_gap, repro_two_value,
    repro_closed_loop, repro_heterogeneous, repro_total_error, repro_hard_threshold, repro_saddle,
    repro_variance_reduced, repro_atlas;

static const repro_experiment *const list[] = {
    &repro_identity,    &repro_stability,        &repro_gap,         &repro_two_value,
    &repro_closed_loop, &repro_heterogeneous,    &repro_total_error, &repro_hard_threshold,
    &repro_saddle,      &repro_variance_reduced, &repro_atlas,
};

enum { EXPERIMENTS = sizeof list / sizeof *list };

static int help(const option *table, size_t n)
{
    puts("usage: repro [--OPTION VALUE] all | NAME...\n\n"
         "What the papers say, computed with this library.  CSV on stdout:\n\n"
         "    repro,NAME,quantity,value,reference,pass|FAIL\n");
    for (size_t i = 0; i < EXPERIMENTS; i++)
        printf("%-18s %s\n", list[i]->name, list[i]->what);
    puts("");
    options_help(table, n, stdout);
    puts("  --mpi                          the ranks of this run of mpirun are the workers");
    return 0;
}

static const repro_experiment *find(const char *name)
{
    for (size_t i = 0; i < EXPERIMENTS; i++)
        if (strcmp(list[i]->name, name) == 0) return list[i];
    return NULL;
}

/* How to run. */
typedef struct setting {
    const char *out, *form, *data, *products;
    bool mpi;          /* the ranks of this run of mpirun are the workers */
    int rank, n_ranks; /* 0 ranks: simulated workers */
} setting;

/* Run one; whether it did, and all its figures are what they should be. */
static bool run(const repro_experiment *e, const setting *s)
{
    repro r = {.name = e->name,
               .out = s->out,
               .data = s->data,
               .products = strcmp(s->products, "yes") == 0,
               .brief = strcmp(s->form, "brief") == 0,
               .ranks = s->n_ranks,
               .silent = s->rank > 0};
    bool good = e->run(&r);

    if (r.csv != NULL && fclose(r.csv) != 0) good = false;
    if (r.lines == 0) fprintf(stderr, "repro: %s has nothing to say\n", e->name);
    fflush(stdout);
    return good && r.lines > 0 && r.failed == 0;
}

static int refuse(const char *sentence)
{
    fprintf(stderr, "repro: %s\n", sentence);
    return 2;
}

/* Where experiments named in names[0..n) can run as set; else a sentence. */
static bool check(const setting *s, char **names, int n, char *sentence, size_t cap)
{
    snprintf(sentence, cap, "--form is full or brief, --products is no or yes");
    if (strcmp(s->products, "no") != 0 && strcmp(s->products, "yes") != 0) return false;
    if (strcmp(s->form, "full") != 0 && strcmp(s->form, "brief") != 0) return false;
    snprintf(sentence, cap, "give \"all\" or names of experiments; --help lists them");
    if (n == 0) return false;
    for (int i = 0; i < n; i++) {
        const repro_experiment *e = find(names[i]);

        snprintf(sentence, cap, "no experiment \"%s\"; --help lists them", names[i]);
        if (e == NULL && (s->mpi || strcmp(names[i], "all") != 0)) return false;
        if (s->mpi && e->ranks == 0)
            snprintf(sentence, cap, "%s has no form over MPI", names[i]);
        else if (s->mpi && e->ranks != s->n_ranks)
            snprintf(sentence, cap, "%s is for %d ranks, these are %d", names[i], e->ranks,
                     s->n_ranks);
        if (s->mpi && e->ranks != s->n_ranks) return false;
    }
    snprintf(sentence, cap, "cannot make %s", s->out);
    return mkdir(s->out, 0777) == 0 || errno == EEXIST;
}

/* The names stand behind the options. */
static int first_name(int argc, char **argv)
{
    int i = 1;

    while (i < argc && strncmp(argv[i], "--", 2) == 0)
        i += strchr(argv[i], '=') != NULL || strcmp(argv[i], "--help") == 0 ? 1 : 2;
    return i < argc ? i : argc;
}

/* Take "--mpi" out of the command line; whether it was there. */
static bool take_mpi(int *argc, char **argv)
{
    bool found = false;
    int kept = 1;

    for (int i = 1; i < *argc; i++)
        if (strcmp(argv[i], "--mpi") == 0)
            found = true;
        else
            argv[kept++] = argv[i];
    *argc = kept;
    return found;
}

int main(int argc, char **argv)
{
    setting s = {.out = "repro", .form = "full", .products = "no", .mpi = take_mpi(&argc, argv)};
    const option table[] = {
        {"out", "DIR", "where CSV files and plots go; is made if it is not there", .text = &s.out},
        {"form", "full|brief", "brief: few seeds and steps, to see that it runs", .text = &s.form},
        {"data", "FILE", "LIBSVM's format, for variance-reduced; the digits unless given",
         .text = &s.data},
        {"products", "no|yes", "with all products of two features", .text = &s.products},
    };
    const size_t n_options = sizeof table / sizeof *table;
    const int names = first_name(argc, argv);
    char sentence[512];
    bool good = true;

    switch (options_read(table, n_options, names, argv, sentence, sizeof sentence)) {
    case OPTIONS_HELP:
        return help(table, n_options);
    case OPTIONS_WRONG:
        return refuse(sentence);
    default:
        break;
    }
    if (s.mpi && !repro_ranks_start(&argc, &argv, &s.rank, &s.n_ranks)) return 2;
    if (!check(&s, argv + names, argc - names, sentence, sizeof sentence)) {
        if (s.mpi) repro_ranks_stop();
        return s.rank == 0 ? refuse(sentence) : 2;
    }
    for (int i = names; i < argc; i++)
        for (size_t j = 0; j < EXPERIMENTS; j++)
            if (strcmp(argv[i], "all") == 0 || strcmp(argv[i], list[j]->name) == 0)
                good = run(list[j], &s) && good;
    if (s.mpi) repro_ranks_stop();
    return good ? 0 : 1;
}
