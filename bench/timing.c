/* SPDX-License-Identifier: BSD-3-Clause */

/* timing.c: see timing.h. */

#include "timing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <csgd/version.h>
#include "base/clock.h"
#include "kernels/kernels.h"

#if defined(__clang__)
#    define COMPILER "" /* its version names it */
#elif defined(__GNUC__)
#    define COMPILER "gcc "
#else
#    define COMPILER "unknown compiler "
#    define __VERSION__ ""
#endif

double timing_ms(void)
{
    return 1e3 * csgdi_clock();
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double timing_median(const double *sample, size_t n)
{
    double sorted[TIMING_REPS];

    memcpy(sorted, sample, n * sizeof *sample);
    qsort(sorted, n, sizeof *sorted, ascending);
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double timing_min(const double *sample, size_t n)
{
    double least = sample[0];

    for (size_t i = 1; i < n; i++)
        if (sample[i] < least) least = sample[i];
    return least;
}

/* The processor as Linux calls it; "unknown" elsewhere. */
static void find_processor(char *dst, size_t cap)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];

    snprintf(dst, cap, "unknown processor");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (colon == NULL || strncmp(line, "model name", 10) != 0) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(dst, cap, "%s", colon + 2);
        break;
    }
    if (file != NULL) fclose(file);
}

void timing_machine(FILE *to)
{
    struct utsname os;
    char processor[256];

    find_processor(processor, sizeof processor);
    fprintf(to, "# machine: %s, %ld cores on line", processor, sysconf(_SC_NPROCESSORS_ONLN));
    if (uname(&os) >= 0) fprintf(to, ", %s %s", os.sysname, os.release);
    fprintf(to, "\n# csgd %s, isa %s, %s%s, %s build\n", csgd_version(),
            csgdi_kernels_get(CSGD_F32)->isa, COMPILER, __VERSION__, BENCH_BUILD);
}
