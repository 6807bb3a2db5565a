/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_PLUGINS_H
#define CSGD_PLUGINS_H

/* plugins.h: plug-ins to test with: two that do what sign and topk do, and two that do everything
 * wrong that the library can notice.
 *
 *     "t_sign block=64"                         as sign block=64
 *     "t_topk k=10"                             as topk k=10
 *     "t_codes wrong=nan rank=1 step=2"         one mistake, made by that rank at that step
 *     "t_entries wrong=order"                   the same; by default by rank 0 at step 0
 */

#include <csgd/csgd.h>

extern const csgd_plugin plugins_sign, plugins_topk, plugins_codes, plugins_entries;

/* Register them all. */
void plugins_register(void);

/* States that were created and not destroyed. */
int plugins_alive(void);

#endif
