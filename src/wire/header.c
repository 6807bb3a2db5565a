/* SPDX-License-Identifier: BSD-3-Clause */

/* header.c: the message header; its layout is in header.h. */

#include "wire/header.h"

#include <inttypes.h>
#include "base/bytes.h"
#include "base/error.h"
#include "kernels/kernels.h"

enum { AT_VERSION = 4, AT_COMPRESSOR = 6, AT_FLAGS = 8, AT_RESERVED = 12, AT_N = 16 };
enum { AT_STEP = 24, AT_PAYLOAD = 32, AT_HASH = 40 };

static const uint8_t magic[4] = {'C', 'S', 'G', 'D'};

static uint64_t hash(const uint8_t *bytes, size_t len, uint64_t seed)
{
    return csgdi_kernels_get(CSGD_F32)->hash(bytes, len, seed);
}

static uint64_t payload_hash(const uint8_t *message, size_t payload)
{
    return hash(message + CSGDI_HEADER_BYTES, payload, 0);
}

void csgdi_header_write(const csgdi_header *header, uint8_t *dst)
{
    csgdi_header_write_hashed(header, payload_hash(dst, (size_t)header->payload), dst);
}

void csgdi_header_write_hashed(const csgdi_header *header, uint64_t seed, uint8_t *dst)
{
    memcpy(dst, magic, sizeof magic);
    csgdi_store16(dst + AT_VERSION, CSGDI_WIRE_VERSION);
    csgdi_store16(dst + AT_COMPRESSOR, header->compressor);
    csgdi_store32(dst + AT_FLAGS, (uint32_t)header->type);
    csgdi_store32(dst + AT_RESERVED, 0);
    csgdi_store64(dst + AT_N, header->n);
    csgdi_store64(dst + AT_STEP, header->step);
    csgdi_store64(dst + AT_PAYLOAD, header->payload);
    csgdi_store64(dst + AT_HASH, hash(dst, AT_HASH, seed));
}

csgd_status csgdi_header_read(const uint8_t *src, size_t len, csgdi_header *header)
{
    uint16_t version;
    uint32_t flags;

    if (len < CSGDI_HEADER_BYTES)
        return csgdi_fail(CSGD_E_CORRUPT, "a message of %zu bytes is shorter than its header", len);
    if (memcmp(src, magic, sizeof magic) != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the bytes do not begin like a message of libcsgd");
    version = csgdi_load16(src + AT_VERSION);
    if (version != CSGDI_WIRE_VERSION)
        return csgdi_fail(CSGD_E_VERSION, "the message has wire version %u, this library reads %d",
                          version, CSGDI_WIRE_VERSION);
    header->compressor = csgdi_load16(src + AT_COMPRESSOR);
    header->n = csgdi_load64(src + AT_N);
    header->step = csgdi_load64(src + AT_STEP);
    header->payload = csgdi_load64(src + AT_PAYLOAD);
    if (header->payload != len - CSGDI_HEADER_BYTES)
        return csgdi_fail(CSGD_E_CORRUPT,
                          "the message announces a payload of %" PRIu64 " bytes and has %zu",
                          header->payload, len - CSGDI_HEADER_BYTES);
    if (csgdi_load64(src + AT_HASH) !=
        hash(src, AT_HASH, payload_hash(src, (size_t)header->payload)))
        return csgdi_fail(CSGD_E_CORRUPT, "the message was altered: its hash does not match");
    flags = csgdi_load32(src + AT_FLAGS);
    header->type = (csgd_type)(flags & 0xff);
    if (flags > 0xff || csgd_type_size(header->type) == 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the message has flags %#x, which mean nothing", flags);
    if (csgdi_load32(src + AT_RESERVED) != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the message has reserved bytes that are not zero");
    if (header->payload % 8 != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "a payload of %" PRIu64 " bytes is no multiple of 8",
                          header->payload);
    return CSGD_OK;
}

uint64_t csgdi_header_step(const uint8_t *src)
{
    return csgdi_load64(src + AT_STEP);
}

uint64_t csgdi_header_payload(const uint8_t *src)
{
    return csgdi_load64(src + AT_PAYLOAD);
}
