/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_PLUGIN_H
#define CSGDI_PLUGIN_H

/* plugin.h: compressors that others wrote (csgd/plugin.h), seen as compressors of ours.
 *
 * Registering makes a csgdi_compressor_ops of a csgd_plugin; its functions, in plugin.c, call those
 * of the plug-in and do not believe them.
 */

#include <csgd/plugin.h>
#include "compressors/compressor.h"

/* A registered plug-in. */
typedef struct csgdi_plugin {
    csgdi_compressor_ops ops; /* first: whoever has these has it all */
    csgd_plugin told;         /* what was registered */
    csgdi_key key[CSGD_PLUGIN_KEYS];
} csgdi_plugin;

/* The i-th, in the order of registering; NULL past the last. */
const csgdi_compressor_ops *csgdi_plugin_list(size_t i);

/* The number of a name in messages: 0x8000 to 0xfffe, for sra takes 0xffff.  Frozen. */
uint16_t csgdi_plugin_wire_id(const char *name);

/* Fill the slots of ops that are functions, by the family that was told. */
void csgdi_plugin_slots(csgdi_plugin *plugin);

#endif
