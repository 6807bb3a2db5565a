/* SPDX-License-Identifier: BSD-3-Clause */

/* mask.c: see mask.h. */

#include "compressors/mask.h"

#include <string.h>
#include "base/error.h"

enum { MOST = 4096 }; /* elements of a block: it is decoded on the stack */

csgd_status csgdi_mask_read(csgdi_compressor *c, const csgdi_spec *spec)
{
    c->masked = strcmp(csgdi_spec_choice(spec, "mask"), "yes") == 0;
    if (c->masked && c->block > MOST)
        return csgdi_fail(CSGD_E_SPEC, "%s: mask=yes wants blocks of at most %d elements, not %zu",
                          c->ops->name, MOST, c->block);
    return CSGD_OK;
}

size_t csgdi_mask_bytes(size_t b)
{
    return (b + 7) / 8;
}

static bool is_zero(const csgdi_compressor *c, const void *x, size_t i)
{
    return c->kernels->type == CSGD_F64 ? ((const double *)x)[i] == 0 : ((const float *)x)[i] == 0;
}

void csgdi_mask_write(const csgdi_compressor *c, const void *x, size_t b, uint8_t *dst)
{
    for (size_t i = 0; i < b; i += 8) {
        unsigned byte = 0;
        for (size_t j = i; j < b && j < i + 8; j++)
            byte |= (unsigned)!is_zero(c, x, j) << (j - i);
        dst[i / 8] = (uint8_t)byte;
    }
}

csgd_status csgdi_mask_check(const uint8_t *src, size_t b)
{
    if (b % 8 != 0 && src[b / 8] >> b % 8 != 0)
        return csgdi_fail(CSGD_E_CORRUPT, "the last bits of the mask stand for no element");
    return CSGD_OK;
}

/* Whole bytes of ones, of which most masks consist, cost one comparison. */
static void clear(const csgdi_compressor *c, const uint8_t *mask, size_t b, void *y)
{
    const size_t size = c->kernels->size;

    for (size_t i = 0; i < b; i += 8) {
        if (mask[i / 8] == 0xff) continue;
        for (size_t j = i; j < b && j < i + 8; j++)
            if ((mask[i / 8] >> (j - i) & 1) == 0) memset((char *)y + j * size, 0, size);
    }
}

void csgdi_mask_apply(const csgdi_compressor *c, const uint8_t *src, size_t b, csgdi_mode mode,
                      void *y)
{
    const uint8_t *codes = src + csgdi_mask_bytes(b);
    double decoded[MOST];
    void *to = mode == CSGDI_SET ? y : (void *)decoded;

    c->ops->apply_block(c, codes, b, CSGDI_SET, to);
    clear(c, src, b, to);
    if (mode != CSGDI_SET) (mode == CSGDI_ADD ? c->kernels->add : c->kernels->sub)(decoded, b, y);
}

static const char *choice_name(size_t i)
{
    static const char *const names[] = {"no", "yes"};
    return i < 2 ? names[i] : NULL;
}

static const csgdi_key keys[] = {
    {.name = "mask",
     .kind = CSGDI_CHOICE,
     .choice = choice_name,
     .fallback = "no",
     .help = "say which elements are zero, for one bit more each, and decode them to zero"},
};

const csgdi_keys csgdi_mask_keys = {keys, sizeof keys / sizeof *keys};
