/* SPDX-License-Identifier: BSD-3-Clause */

/* type.c: element types. */

#include <csgd/compressor.h>

size_t csgd_type_size(csgd_type type)
{
    switch (type) {
    case CSGD_F64:
        return 8;
    case CSGD_F32:
        return 4;
    case CSGD_BF16:
    case CSGD_F16:
        return 2;
    default:
        return 0;
    }
}
