/* SPDX-License-Identifier: BSD-3-Clause */

/* probe.c: csgd probe: what specs would do to gradients that a program saved.
 *
 *     csgd probe --n 1000000 [--rho 0.9] FILE [SPEC...]
 *
 * FILE holds gradients one after the other, n floats each, as fwrite() leaves them.
 */

#include "probe.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <csgd/csgd.h>
#include <csgd/probe.h>

enum { MOST = 64 }; /* gradients that are looked at: the last ones of the file */

static const char *const usual[] = {"topk ratio=0.01", "topk ratio=0.1", "sign", "onebit",
                                    "qsgd bits=4",     "int bits=8",     "bf16", "terngrad"};

static int refuse(const char *sentence)
{
    fprintf(stderr, "csgd probe: %s\n", sentence);
    return 2;
}

/* Read up to MOST vectors from the end of a file; how many there are, 0 with a sentence said. */
static size_t read_gradients(const char *file, size_t n, float **all)
{
    FILE *from = fopen(file, "rb");
    const size_t bytes = n * sizeof(float);
    size_t count = 0;
    long length = -1;

    *all = NULL;
    if (from != NULL && fseek(from, 0, SEEK_END) == 0) length = ftell(from);
    if (length > 0 && (size_t)length % bytes == 0) {
        const size_t there = (size_t)length / bytes;

        count = there < MOST ? there : MOST;
        *all = malloc(count * bytes);
        if (*all == NULL || fseek(from, length - (long)(count * bytes), SEEK_SET) != 0 ||
            fread(*all, bytes, count, from) != count)
            count = 0;
    }
    if (from != NULL) fclose(from);
    if (count == 0)
        fprintf(stderr, "csgd probe: %s holds no gradients of %zu floats each\n", file, n);
    return count;
}

/* Print a row; whether the spec could be tried. */
static bool try_spec(const char *spec, size_t n, const void *const *gradient, size_t count,
                     double rho)
{
    static const char *const advice[] = {"take", "care", "refuse"};
    csgd_probe_report r;

    if (csgd_probe(spec, n, gradient, count, rho, &r, sizeof r) != CSGD_OK) {
        fprintf(stderr, "csgd probe: \"%s\": %s\n", spec, csgd_error_detail());
        return false;
    }
    printf("%-24s %6.3g %9.3g %8.3g %6s %6.3g %6.3g  %-6s %s\n", spec, r.bits, r.error, r.delta,
           r.one_step ? "yes" : "no", r.two_step, r.two_value, advice[r.advice], r.spec);
    printf("    %s\n", r.reason);
    return true;
}

static int probe_file(const char *file, size_t n, double rho, char **specs, size_t n_specs)
{
    const void *gradient[MOST];
    float *all;
    const size_t count = read_gradients(file, n, &all);
    bool good = count > 0;

    for (size_t t = 0; t < count; t++)
        gradient[t] = all + t * n;
    if (good) {
        printf("%zu gradients of %zu floats, momentum rho = %g\n\n"
               "%-24s %6s %9s %8s %6s %6s %6s  %-6s %s\n",
               count, n, rho, "spec", "bits", "error", "delta", "ef", "ecx", "ecx2", "advice",
               "use");
        for (size_t i = 0; i < (n_specs > 0 ? n_specs : sizeof usual / sizeof *usual); i++)
            good = try_spec(n_specs > 0 ? specs[i] : usual[i], n, gradient, count, rho) && good;
    }
    free(all);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int probe_main(int argc, char **argv)
{
    double n = 0, rho = 0.9;
    int i = 0;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        double *value = strcmp(argv[i], "--n") == 0     ? &n
                        : strcmp(argv[i], "--rho") == 0 ? &rho
                                                        : NULL;
        char *end;

        if (value == NULL) return refuse("the options are --n N and --rho RHO");
        if (i + 1 == argc) return refuse("an option needs a value");
        *value = strtod(argv[i + 1], &end);
        if (end == argv[i + 1] || *end != '\0')
            return refuse("the value of an option is no number");
    }
    if (!(n >= 1 && n <= UINT32_MAX) || n != (double)(size_t)n)
        return refuse("--n is the number of floats of a gradient, a whole number from 1");
    if (!(rho >= 0 && rho < 1)) return refuse("--rho is in [0, 1)");
    if (i == argc) return refuse("give a file of gradients");
    return probe_file(argv[i], (size_t)n, rho, argv + i + 1, (size_t)(argc - i - 1));
}
