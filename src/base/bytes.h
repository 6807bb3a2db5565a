/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGDI_BYTES_H
#define CSGDI_BYTES_H

/* bytes.h: fixed-width little-endian numbers at any address. */

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#    error \
        "messages are little-endian and read in place: this machine's byte order is not supported"
#endif

static inline void csgdi_store16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void csgdi_store32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void csgdi_store64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline uint16_t csgdi_load16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t csgdi_load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t csgdi_load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The next multiple of 8: every message and every section of one has such a length. */
static inline size_t csgdi_round8(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/* Fill a section of len bytes up with zeros to such a length, and return it. */
static inline size_t csgdi_pad8(uint8_t *section, size_t len)
{
    memset(section + len, 0, csgdi_round8(len) - len);
    return csgdi_round8(len);
}

#endif
