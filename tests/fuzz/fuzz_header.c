/* SPDX-License-Identifier: BSD-3-Clause */

/* fuzz_header.c: message headers.
 *
 *     byte 0   what is made right: 0 nothing, 1 hash, 2 payload length and hash
 *     then     the message
 *
 * Headers have one form: what is read and written again is the same bytes. */

#include <string.h>
#include <xxhash.h>
#include "base/bytes.h"
#include "fuzz/fuzz.h"
#include "wire/header.h"

enum { AT_PAYLOAD = 32, AT_HASH = 40 };

static void make_right(unsigned what, uint8_t *message, size_t len)
{
    const size_t payload = len - CSGDI_HEADER_BYTES;

    if (what >= 2) csgdi_store64(message + AT_PAYLOAD, payload);
    if (what >= 1)
        csgdi_store64(message + AT_HASH,
                      XXH3_64bits_withSeed(message, AT_HASH,
                                           XXH3_64bits(message + CSGDI_HEADER_BYTES, payload)));
}

static void judge(const uint8_t *message, size_t len)
{
    csgdi_header h;
    uint8_t *again;
    const csgd_status st = csgdi_header_read(message, len, &h);

    fuzz_require(st == CSGD_OK || st == CSGD_E_CORRUPT || st == CSGD_E_VERSION);
    if (st != CSGD_OK) return;
    fuzz_require(h.payload == len - CSGDI_HEADER_BYTES && h.payload % 8 == 0);
    fuzz_require(csgd_type_size(h.type) > 0);
    fuzz_require(csgdi_header_step(message) == h.step);
    again = fuzz_block(len);
    memcpy(again + CSGDI_HEADER_BYTES, message + CSGDI_HEADER_BYTES, (size_t)h.payload);
    csgdi_header_write(&h, again);
    fuzz_require(memcmp(again, message, len) == 0);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *message;

    if (size == 0) return 0;
    message = fuzz_block(size - 1);
    if (size > 1) memcpy(message, data + 1, size - 1);
    if (size - 1 >= CSGDI_HEADER_BYTES) make_right(data[0] % 3, message, size - 1);
    judge(message, size - 1);
    free(message);
    return 0;
}

size_t fuzz_seed(size_t i, uint8_t *dst)
{
    const csgdi_header h = {.compressor = (uint16_t)i,
                            .type = i % 2 == 0 ? CSGD_F32 : CSGD_F64,
                            .n = i * 1000,
                            .step = i,
                            .payload = i * 8};

    if (i == 9) return 0;
    dst[0] = (uint8_t)(i % 3);
    memset(dst + 1, (int)i, CSGDI_HEADER_BYTES + i * 8);
    csgdi_header_write(&h, dst + 1);
    return 1 + CSGDI_HEADER_BYTES + i * 8;
}

enum { LARGE = 8 << 20 };

static void judge_large(void *arg)
{
    judge(arg, LARGE);
}

void fuzz_large(void)
{
    uint8_t *message = fuzz_block(LARGE);

    memset(message, 0x5a, LARGE);
    fuzz_linear("garbage", LARGE, judge_large, message);
    csgdi_header_write(&(csgdi_header){.compressor = 1,
                                       .type = CSGD_F32,
                                       .n = 1,
                                       .payload = LARGE - CSGDI_HEADER_BYTES},
                       message);
    fuzz_linear("a long message", LARGE, judge_large, message);
    message[LARGE - 1] ^= 1;
    fuzz_linear("a long message altered", LARGE, judge_large, message);
    free(message);
}
