/* SPDX-License-Identifier: BSD-3-Clause */
/* options.c: one table that is parser, range check and help. */
#include "options.h"
#include "fail.h"

#include <errno.h>
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The learning rate comes from a sweep without compression: see TUNED_RATE in examples/run.sh. */
static const struct options defaults = {.spec = "topk ratio=0.01",
                                        .lr = 0.1,
                                        .epochs = 10,
                                        .batch = 8,
                                        .hidden = 960,
                                        .seed = 1,
                                        .shards = "mixed",
                                        .data = TRAIN_MLP_DIGITS};

/* An option sets exactly one of the three targets. */
struct entry {
    const char *name;
    const char **text;
    int *integer;
    double *real;
    double least, most;
    const char *help;
};

enum { N_OPTIONS = 11 };

static void make_table(struct options *o, struct entry table[N_OPTIONS])
{
    const struct entry entries[N_OPTIONS] = {
        {"spec", .text = &o->spec, .help = "compressor, or mpi for plain MPI_Allreduce"},
        {"lr", .real = &o->lr, .least = 1e-9, .most = 1e3, .help = "peak of the learning rate"},
        {"epochs", .integer = &o->epochs, .least = 1, .most = 1e6, .help = "passes over the data"},
        {"batch", .integer = &o->batch, .least = 1, .most = 1e5,
         .help = "samples per rank and step"},
        {"hidden", .integer = &o->hidden, .least = 1, .most = 16384,
         .help = "width of both hidden layers"},
        {"seed", .integer = &o->seed, .least = 0, .most = INT_MAX,
         .help = "of parameters and shuffles"},
        {"shards", .text = &o->shards, .help = "mixed, or sorted: each rank has labels of its own"},
        {"data", .text = &o->data, .help = "CSV file of digits, gzip or plain"},
        {"idx", .text = &o->idx, .help = "directory of MNIST-style IDX files, gzip or plain"},
        {"csv", .text = &o->csv, .help = "write one line per step to this file"},
        {"summary", .text = &o->summary, .help = "append one line about the run to this file"},
    };

    memcpy(table, entries, sizeof entries);
}

static _Noreturn void print_help(const struct entry *table)
{
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        puts("usage: mpirun -n RANKS train_mlp [--OPTION VALUE | --OPTION=VALUE] ...\n\n"
             "Train a multi-layer perceptron on images, data-parallel over MPI.\n");
        for (int i = 0; i < N_OPTIONS; i++) {
            printf("  --%-8s  %s", table[i].name, table[i].help);
            if (table[i].integer != NULL)
                printf(" (%d)", *table[i].integer);
            else if (table[i].real != NULL)
                printf(" (%g)", *table[i].real);
            else if (*table[i].text != NULL && *table[i].text != defaults.data)
                printf(" (%s)", *table[i].text);
            putchar('\n');
        }
        fflush(stdout);
    }
    MPI_Finalize();
    exit(0);
}

static void set_value(const struct entry *entry, const char *text)
{
    char *end;
    double value;

    if (entry->text != NULL) {
        *entry->text = text;
        return;
    }
    errno = 0;
    value = entry->real ? strtod(text, &end) : (double)strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || !(value >= entry->least) ||
        !(value <= entry->most))
        fail_usage("--%s is \"%s\", but must be a%s number from %g to %.10g", entry->name, text,
                   entry->real ? "" : " whole", entry->least, entry->most);
    if (entry->real != NULL)
        *entry->real = value;
    else
        *entry->integer = (int)value;
}

static const struct entry *find(const struct entry *table, const char *name, size_t len)
{
    for (int i = 0; i < N_OPTIONS; i++)
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) return &table[i];
    return NULL;
}

void options_read(struct options *options, int argc, char **argv)
{
    struct entry table[N_OPTIONS];

    *options = defaults;
    make_table(options, table);
    for (int i = 1; i < argc; i++) {
        const char *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : "";
        const size_t len = strcspn(name, "=");
        const struct entry *entry = find(table, name, len);

        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) print_help(table);
        if (entry == NULL) fail_usage("there is no option \"%s\"; --help lists them", argv[i]);
        if (name[len] == '=')
            set_value(entry, name + len + 1);
        else if (i + 1 < argc)
            set_value(entry, argv[++i]);
        else
            fail_usage("--%s needs a value after it", entry->name);
    }
    if (strcmp(options->shards, "mixed") != 0 && strcmp(options->shards, "sorted") != 0)
        fail_usage("--shards is \"%s\", but must be mixed or sorted", options->shards);
}
