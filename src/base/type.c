/* SPDX-License-Identifier: BSD-3-Clause */

/* type.c: element types. */

#include <csgd/compressor.h>

size_t csgd_type_size(csgd_type type)
{
    return type == CSGD_F32 ? 4 : type == CSGD_F64 ? 8 : 0;
}
