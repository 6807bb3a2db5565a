/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_CSGD_H
#define CSGD_CSGD_H

/** @file
 * libcsgd: data-parallel SGD over slow links.
 *
 *     csgd_reducer *r;
 *     csgd_reducer_create_mpi(MPI_COMM_WORLD, n, "topk ratio=0.01", &r);  // once per vector
 *     for (...) {
 *         backward(model, grad);                                          // n floats
 *         csgd_allreduce(MPI_IN_PLACE, grad, n, MPI_FLOAT, MPI_SUM, r);   // was ..., MPI_COMM_WORLD)
 *         update(model, grad, lr / ranks);
 *     }
 *
 * Gradients are compressed before they travel, what was not sent is remembered and added to the
 * next one, and a sparse or quantized allreduce sums them.
 *
 * Which header for what:
 *
 *     csgd/mpi.h         the six lines above; includes <mpi.h>, so include it by itself
 *     csgd/optimizer.h   SGD, momentum, STORM and others that own the training loop, over a reducer or
 *                        over workers simulated in one process
 *     csgd/reducer.h     what else a reducer can do, and ranks that are threads of one process
 *     csgd/feedback.h    a compressor with memory, for programs that move the bytes themselves
 *     csgd/compressor.h  vector to message and back
 *     csgd/probe.h       what a spec would do to the program's own gradients
 *     csgd/plugin.h      a compressor of your own, used by name like the others
 *     csgd/spec.h        the string that configures them all, and its help
 *     csgd/status.h      what calls return, and the sentence that says why
 *     csgd/version.h     the version
 */

#include <csgd/compressor.h>
#include <csgd/feedback.h>
#include <csgd/optimizer.h>
#include <csgd/plugin.h>
#include <csgd/probe.h>
#include <csgd/reducer.h>
#include <csgd/spec.h>
#include <csgd/status.h>
#include <csgd/version.h>

#endif
