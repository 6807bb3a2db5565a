/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_SPEC_H
#define CSGD_SPEC_H

/** @file
 * Specs: the one string that configures every object.
 *
 *     NAME key=value key=value ...
 *
 *     "none"                                       exact
 *     "topk ratio=0.01"                            1 % of the entries, error feedback on
 *     "sign block=512 feedback=ef algorithm=allgather"
 *
 * NAME is a compressor, of the library or registered with csgd/plugin.h.  Words are separated by
 * spaces or tabs; order does not matter; a key may appear once.  A name, key or value that is not
 * known is refused, with a sentence that names the nearest valid one.  Numbers are read in the C
 * locale whatever the program's locale is.  Real values may be written 0.01 or 1e-2; the two are
 * the same spec, and so are yes and 1, no and 0.  At most 511 characters.
 *
 * Defaults are what a practitioner would choose: a biased compressor gets `feedback=ef`, an
 * exact or unbiased one `feedback=none`; `algorithm=auto` takes what returns the sum of the
 * messages up to rounding, but for dense codes sra, which encodes that sum once more.
 *
 * Where a spec argument is NULL, the environment variable CSGD_SPEC is read, and "none" taken
 * if that is unset too.
 *
 * A compressor (csgd/compressor.h) understands the keys of its own and `type` and `seed`; a
 * feedback (csgd/feedback.h) also `feedback`; a reducer (csgd/reducer.h) also `algorithm` and
 * what else concerns ranks.  csgd_spec_help() prints them all.
 */

#include <stddef.h>
#include <csgd/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum csgd_help_format {
    CSGD_HELP_TEXT = 0,    /**< for a terminal */
    CSGD_HELP_MARKDOWN = 1 /**< the table of the README */
} csgd_help_format;

/** Write every name and key with its range, default, meaning and source.  Local.
 *
 * @param[in]  format  one of the above.
 * @param[out] dst     cap bytes, or NULL with cap = 0 to ask for the length; always terminated
 *                     by a zero byte when cap > 0, and cut short where it does not fit.
 * @param[in]  cap     bytes available at dst.
 * @param[out] len     length of the whole text without the zero byte.
 *
 * The text is made from the tables that the parser itself reads, so it cannot be out of date.
 *
 * @retval CSGD_OK       the text is complete.
 * @retval CSGD_E_SPACE  it was cut short at cap; *len tells what is needed.
 * @retval CSGD_E_INVAL  len is NULL, dst is NULL while cap > 0, or format is unknown; nothing
 *                       is written.
 */
CSGD_API csgd_status csgd_spec_help(csgd_help_format format, char *dst, size_t cap, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
