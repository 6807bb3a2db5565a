/* SPDX-License-Identifier: BSD-3-Clause */

/* piece.c: see piece.h. */

#include "comm/piece.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/bytes.h"
#include "base/error.h"
#include "wire/header.h"

void csgdi_trouble_note(csgdi_trouble *trouble, csgd_status st, const char *whose, int rank)
{
    if (st == CSGD_OK || trouble->found != CSGD_OK) return;
    trouble->found = st;
    if (rank < 0)
        snprintf(trouble->sentence, sizeof trouble->sentence, "%s", csgd_error_detail());
    else
        snprintf(trouble->sentence, sizeof trouble->sentence, "%s rank %d: %s", whose, rank,
                 csgd_error_detail());
}

csgd_status csgdi_trouble_status(const csgdi_trouble *trouble)
{
    return trouble->found == CSGD_OK ? CSGD_OK
                                     : csgdi_fail(trouble->found, "%s", trouble->sentence);
}

csgdi_sparse_format csgdi_sum_format(const csgdi_compressor *c)
{
    return (csgdi_sparse_format){CSGDI_INDEX_AUTO,
                                 c->kernels->type == CSGD_F64 ? CSGDI_VALUE_F64 : CSGDI_VALUE_F32};
}

csgdi_sparse_format csgdi_piece_format(const csgdi_compressor *c)
{
    csgdi_sparse_format format = csgdi_sum_format(c);

    if (c->format.value != CSGDI_VALUE_INT8 && c->format.value != CSGDI_VALUE_INT4)
        format.value = c->format.value;
    return format;
}

/* Raw indices are never shorter than what is chosen, and neither is a bitmap. */
size_t csgdi_pieces_bound(const csgdi_compressor *c, size_t n, size_t max_k, size_t pieces)
{
    const size_t k = max_k < n ? max_k : n;
    const size_t raw = csgdi_size_mul(4, k), bitmap = n / 8;
    const size_t each = CSGDI_HEADER_BYTES + 8 + 3 * 8; /* a stream's own header; three round up */

    return csgdi_size_add(csgdi_size_add(raw < bitmap ? raw : bitmap,
                                         csgdi_size_mul(k, c->kernels->size)),
                          csgdi_size_mul(pieces, each));
}

size_t csgdi_piece_frame(const csgd_reducer *r, uint16_t wire_id, size_t n, size_t payload,
                         uint8_t *dst)
{
    const csgdi_header header = {.compressor = wire_id,
                                 .type = r->compressor.type,
                                 .n = n,
                                 .step = r->step,
                                 .payload = payload};

    csgdi_header_write(&header, dst);
    return CSGDI_HEADER_BYTES + payload;
}

size_t csgdi_piece_write(const csgd_reducer *r, csgdi_sparse_format format, csgdi_sparse *entries,
                         uint8_t *dst)
{
    const csgdi_compressor *c = &r->compressor;
    const size_t bytes = csgdi_sparse_write(c->kernels, format, entries, dst + CSGDI_HEADER_BYTES);

    return csgdi_piece_frame(r, c->ops->wire_id, entries->n, bytes, dst);
}

size_t csgdi_piece_dense_bytes(const csgdi_compressor *c, size_t n)
{
    return CSGDI_HEADER_BYTES + csgdi_round8(n * c->kernels->size);
}

size_t csgdi_piece_write_dense(const csgd_reducer *r, const void *x, size_t n, uint8_t *dst)
{
    const size_t bytes = n * r->compressor.kernels->size;

    memcpy(dst + CSGDI_HEADER_BYTES, x, bytes);
    return csgdi_piece_frame(r, csgdi_none.wire_id, n, csgdi_pad8(dst + CSGDI_HEADER_BYTES, bytes),
                             dst);
}

size_t csgdi_piece_write_poison(const csgd_reducer *r, csgd_status found, uint8_t *dst)
{
    const size_t len = CSGDI_HEADER_BYTES + 8;

    csgdi_piece_fill_poison(r, found, len, dst);
    return len;
}

void csgdi_piece_fill_poison(const csgd_reducer *r, csgd_status found, size_t len, uint8_t *dst)
{
    const size_t payload = len - CSGDI_HEADER_BYTES;

    memset(dst + CSGDI_HEADER_BYTES, 0, payload);
    csgdi_store64(dst + CSGDI_HEADER_BYTES, (uint64_t)-found);
    csgdi_piece_frame(r, CSGDI_PIECE_POISON, 0, payload, dst);
}

csgd_status csgdi_piece_told(const uint8_t *payload, uint64_t bytes)
{
    const uint64_t told = bytes >= 8 ? csgdi_load64(payload) : 0;
    const csgd_status theirs = told == (uint64_t)-CSGD_E_NONFINITE ? CSGD_E_NONFINITE
                               : told == (uint64_t)-CSGD_E_PLUGIN  ? CSGD_E_PLUGIN
                                                                   : CSGD_E_CORRUPT;

    return csgdi_fail(theirs, "a rank found it in mid-exchange: %s (%s)",
                      csgd_status_message(theirs), csgd_status_name(theirs));
}

/* The header of a piece. */
static csgd_status check_header(const csgd_reducer *r, const uint8_t *src, size_t len, size_t n,
                                csgdi_header *h)
{
    const csgdi_compressor *c = &r->compressor;
    const csgd_status st = csgdi_header_read(src, len, h);

    if (st != CSGD_OK) return st;
    if (h->step != r->step)
        return csgdi_fail(CSGD_E_CORRUPT, "the piece is of step %" PRIu64 ", not of step %" PRIu64,
                          h->step, r->step);
    if (h->compressor == CSGDI_PIECE_POISON)
        return csgdi_piece_told(src + CSGDI_HEADER_BYTES, h->payload);
    if (h->type != c->type || h->n != n)
        return csgdi_fail(CSGD_E_CORRUPT,
                          "the piece is of %" PRIu64 " elements of %zu bytes, not %zu of %zu", h->n,
                          csgd_type_size(h->type), n, csgd_type_size(c->type));
    return CSGD_OK;
}

static csgd_status check_compressor(const csgd_reducer *r, const csgdi_header *h)
{
    const csgdi_compressor *c = &r->compressor;

    if (h->compressor == c->ops->wire_id) return CSGD_OK;
    return csgdi_fail(CSGD_E_CORRUPT, "the piece is of compressor number %u, not of %s (%u)",
                      h->compressor, c->ops->name, c->ops->wire_id);
}

csgd_status csgdi_piece_check(const csgd_reducer *r, csgdi_sparse_format format, const uint8_t *src,
                              size_t len, size_t n, size_t max_k)
{
    csgdi_header h;
    csgd_status st = check_header(r, src, len, n, &h);

    if (st == CSGD_OK) st = check_compressor(r, &h);
    if (st != CSGD_OK) return st;
    return csgdi_sparse_check(r->compressor.kernels, format, src + CSGDI_HEADER_BYTES,
                              (size_t)h.payload, n, max_k, 1);
}

csgd_status csgdi_piece_check_sum(const csgd_reducer *r, const uint8_t *src, size_t len, size_t n,
                                  size_t max_k, bool *dense)
{
    const size_t elements = csgdi_piece_dense_bytes(&r->compressor, n);
    csgdi_header h;
    csgd_status st = check_header(r, src, len, n, &h);

    if (st != CSGD_OK) return st;
    if (dense != NULL) *dense = h.compressor == csgdi_none.wire_id;
    if (dense != NULL && *dense) {
        if (len == elements) return CSGD_OK;
        return csgdi_fail(CSGD_E_CORRUPT, "a piece of %zu elements has %zu bytes, not %zu", n, len,
                          elements);
    }
    st = check_compressor(r, &h);
    if (st != CSGD_OK) return st;
    return csgdi_sparse_check_sum(r->compressor.kernels, CSGDI_INDEX_AUTO, src + CSGDI_HEADER_BYTES,
                                  (size_t)h.payload, n, max_k);
}

csgd_status csgdi_piece_check_codes(const csgd_reducer *r, const csgdi_compressor *view,
                                    const uint8_t *src, size_t len)
{
    csgdi_header h;
    const csgd_status st = csgdi_header_read(src, len, &h);

    if (st == CSGD_OK && h.compressor == CSGDI_PIECE_POISON)
        return csgdi_piece_told(src + CSGDI_HEADER_BYTES, h.payload);
    return st == CSGD_OK ? csgdi_message_check(view, src, len, &r->step) : st;
}
