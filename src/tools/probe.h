/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_TOOL_PROBE_H
#define CSGD_TOOL_PROBE_H

/* csgd probe, with the arguments behind these words; the exit code. */
int probe_main(int argc, char **argv);

#endif
