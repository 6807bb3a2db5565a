/* SPDX-License-Identifier: BSD-3-Clause */

/* csgd.c: the csgd command.
 *
 *     csgd help specs [--markdown]         every name and key of a spec
 *     csgd help optimizers [--markdown]    the same of an optimizer's
 *     csgd probe ...                       what specs would do to saved gradients (probe.c)
 *     csgd version
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <csgd/csgd.h>
#include "probe.h"

typedef csgd_status (*page)(csgd_help_format format, char *dst, size_t cap, size_t *len);

static int print(page help, csgd_help_format format)
{
    size_t len = 0;
    char *text;

    help(format, NULL, 0, &len);
    text = malloc(len + 1);
    if (text == NULL || help(format, text, len + 1, &len) != CSGD_OK) {
        fprintf(stderr, "csgd: %s\n", text == NULL ? "out of memory" : csgd_error_detail());
        free(text);
        return EXIT_FAILURE;
    }
    fputs(text, stdout);
    free(text);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "version") == 0) return puts(csgd_version()) < 0;
    if (argc >= 2 && strcmp(argv[1], "probe") == 0) return probe_main(argc - 2, argv + 2);
    if (argc >= 3 && strcmp(argv[1], "help") == 0) {
        const page help = strcmp(argv[2], "specs") == 0        ? csgd_spec_help
                          : strcmp(argv[2], "optimizers") == 0 ? csgd_optimizer_help
                                                               : NULL;

        if (help != NULL && argc == 3) return print(help, CSGD_HELP_TEXT);
        if (help != NULL && argc == 4 && strcmp(argv[3], "--markdown") == 0)
            return print(help, CSGD_HELP_MARKDOWN);
    }
    if (argc == 2 && strcmp(argv[1], "help") == 0) {
        puts("csgd help specs [--markdown]         every name and key of a spec\n"
             "csgd help optimizers [--markdown]    the same of an optimizer's\n"
             "csgd probe --n N [--rho RHO] FILE [SPEC...]\n"
             "                                     what specs would do to gradients of N floats "
             "each\n"
             "csgd version                         the version of the library");
        return EXIT_SUCCESS;
    }
    fprintf(
        stderr,
        "usage: csgd help | csgd help specs|optimizers [--markdown] | csgd probe | csgd version\n");
    return 2;
}
