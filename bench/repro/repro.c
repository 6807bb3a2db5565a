/* SPDX-License-Identifier: BSD-3-Clause */

/* repro.c: what the papers say, computed with this library.
 *
 *     repro all                    every experiment
 *     repro --out DIR NAME ...     some of them; --help lists the names
 *
 * Exits with 1 where a figure misses its reference, with 2 where the command line is wrong.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "../options.h"
#include "report.h"

extern const repro_experiment repro_total_error;

static const repro_experiment *const list[] = {
    &repro_total_error,
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
    return 0;
}

static const repro_experiment *find(const char *name)
{
    for (size_t i = 0; i < EXPERIMENTS; i++)
        if (strcmp(list[i]->name, name) == 0) return list[i];
    return NULL;
}

/* Run one; whether it did, and all its figures are what they should be. */
static bool run(const repro_experiment *e, const char *out, bool brief)
{
    repro r = {.name = e->name, .out = out, .brief = brief};
    bool good = e->run(&r);

    if (r.csv != NULL && fclose(r.csv) != 0) good = false;
    if (r.lines == 0) fprintf(stderr, "repro: %s has nothing to say\n", e->name);
    fflush(stdout);
    return good && r.lines > 0 && r.failed == 0;
}

int main(int argc, char **argv)
{
    const char *out = "repro", *form = "full";
    const option table[] = {
        {"out", "DIR", "where CSV files and plots go; is made if it is not there", .text = &out},
        {"form", "full|brief", "brief: few seeds and steps, to see that it runs", .text = &form},
    };
    const size_t n_options = sizeof table / sizeof *table;
    char sentence[512];
    int names = argc;
    bool good = true;

    while (names > 1 && argv[names - 1][0] != '-' &&
           (names == 2 || argv[names - 2][0] != '-' || strchr(argv[names - 2], '=') != NULL))
        names--;
    switch (options_read(table, n_options, names, argv, sentence, sizeof sentence)) {
    case OPTIONS_HELP:
        return help(table, n_options);
    case OPTIONS_WRONG:
        fprintf(stderr, "repro: %s\n", sentence);
        return 2;
    default:
        break;
    }
    if (names == argc || (strcmp(form, "full") != 0 && strcmp(form, "brief") != 0)) {
        fprintf(stderr, "repro: give \"all\" or names of experiments; --form is full or brief; "
                        "--help lists them\n");
        return 2;
    }
    for (int i = names; i < argc; i++)
        if (strcmp(argv[i], "all") != 0 && find(argv[i]) == NULL) {
            fprintf(stderr, "repro: no experiment \"%s\"; --help lists them\n", argv[i]);
            return 2;
        }
    if (mkdir(out, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "repro: cannot make %s: %s\n", out, strerror(errno));
        return 2;
    }
    for (int i = names; i < argc; i++)
        for (size_t j = 0; j < EXPERIMENTS; j++)
            if (strcmp(argv[i], "all") == 0 || strcmp(argv[i], list[j]->name) == 0)
                good = run(list[j], out, strcmp(form, "brief") == 0) && good;
    return good ? 0 : 1;
}
