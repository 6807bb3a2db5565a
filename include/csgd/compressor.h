/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_COMPRESSOR_H
#define CSGD_COMPRESSOR_H

/** @file
 * Compressors: a vector becomes a short message, and a message becomes a vector again.
 *
 *     csgd_compressor *c;
 *     csgd_compressor_create("topk ratio=0.01", n, &c);
 *     size_t cap = csgd_compressor_bound(c), len;
 *     uint8_t *msg = malloc(cap);
 *     csgd_compressor_compress(c, x, msg, cap, &len);
 *     csgd_compressor_decompress(c, msg, len, y);        // y = C(x)
 *     csgd_compressor_destroy(&c);
 *
 * A compressor has no memory of what it dropped: see csgd/feedback.h for that, and csgd/reducer.h
 * for the whole of it over ranks.  Nothing here communicates: every call is local.
 *
 * Vectors of 16-bit elements (`type=bf16` or `f16`) are arrays of uint16_t.  They are widened to
 * float when they come in and rounded to nearest when they go out; everything between, residuals
 * among it, is float, and double for `type=f64`.
 *
 * Element type and length are fixed at creation, and all memory is allocated there.  One object
 * is used by one thread at a time; different objects are independent.
 *
 * Deterministic: a message is a function of spec, n, x and the step, whatever the instruction
 * set or thread count.  A message carries its own length, type and checksum, and no sequence of
 * bytes makes the decoder read or write outside its buffers.
 */

#include <stddef.h>
#include <stdint.h>
#include <csgd/status.h>
#include <csgd/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Type of the elements, chosen by the spec key `type`.  Values travel in messages: frozen. */
typedef enum csgd_type {
    CSGD_F32 = 1,  /**< IEEE 754 binary32, C float */
    CSGD_F64 = 2,  /**< IEEE 754 binary64, C double */
    CSGD_BF16 = 3, /**< bfloat16: the upper half of a binary32 */
    CSGD_F16 = 4   /**< IEEE 754 binary16 */
} csgd_type;

/** Return the size of one element in bytes, 0 for an unknown type.  Local. */
CSGD_API size_t csgd_type_size(csgd_type type);

typedef struct csgd_compressor csgd_compressor;

/** Create a compressor for vectors of n elements.  Local.
 *
 * @param[in]  spec  see csgd/spec.h; NULL reads the environment.
 * @param[in]  n     length of every vector; 0 is allowed and gives messages of a header only.
 * @param[out] c     the new object, to be given to csgd_compressor_destroy(); NULL on error.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_SPEC         unknown name, key or value, or one out of range (k > n, say).
 * @retval CSGD_E_UNSUPPORTED  this compressor cannot take this n.
 * @retval CSGD_E_NOMEM        no memory.
 * @retval CSGD_E_PLUGIN       a plug-in broke a rule (csgd/plugin.h).
 * @retval CSGD_E_INVAL        c is NULL.
 */
CSGD_API csgd_status csgd_compressor_create(const char *spec, size_t n, csgd_compressor **c);

/** Free a compressor and set *c to NULL.  Local.  NULL and *c == NULL are allowed. */
CSGD_API void csgd_compressor_destroy(csgd_compressor **c);

/** Return the largest message in bytes that this compressor ever writes; 0 for NULL.  Local. */
CSGD_API size_t csgd_compressor_bound(const csgd_compressor *c);

/** Return the bytes of memory that this object holds; 0 for NULL.  Local. */
CSGD_API size_t csgd_compressor_memory_bytes(const csgd_compressor *c);

/** Choose the step that the next message is written for.  Local.
 *
 * Random choices are a function of (seed, step, element).  A new compressor is at step 0 and
 * each successful csgd_compressor_compress() advances by one.
 *
 * Where elements are rounded at random, any three of them are rounded independently: each has its mean
 * and its variance, any two are uncorrelated, and a sum of elements, whatever its weights, has the
 * variance that independent ones give it.  Of four or more together that is not so: 1024 elements are
 * rounded by what 256 independent ones would take (src/base/philox.h).
 *
 * @retval CSGD_OK, or CSGD_E_INVAL where c is NULL.
 */
CSGD_API csgd_status csgd_compressor_set_step(csgd_compressor *c, uint64_t step);

/** Write the message C(x).  Local.
 *
 * @param[in]  x    n elements, not modified; NULL is allowed when n = 0.
 * @param[out] dst  at least csgd_compressor_bound() bytes; must not overlap x.
 * @param[in]  cap  bytes available at dst.
 * @param[out] len  bytes written, a multiple of 8.
 *
 * @retval CSGD_OK           the message is complete, and the step is advanced.
 * @retval CSGD_E_INVAL      a pointer is NULL.
 * @retval CSGD_E_SPACE      cap is below the bound.
 * @retval CSGD_E_NONFINITE  a lossy compressor met NaN or infinity.  One that draws its entries at
 *                           random looks at those only.
 * @retval CSGD_E_PLUGIN     a plug-in broke a rule (csgd/plugin.h).
 * On any error *len and the step are as before, and dst too, except that the last two leave its
 * bytes undefined: x is read once, and may be half encoded when the culprit is found.
 *
 * Cost: time linear in n; no allocation.
 */
CSGD_API csgd_status csgd_compressor_compress(csgd_compressor *c, const void *x, uint8_t *dst,
                                              size_t cap, size_t *len);

/** Decode a message: y = C(x).  Local.
 *
 * @param[in]  src  len bytes from any source; need not be aligned.
 * @param[out] y    n elements, all of them written; must not overlap src.
 *
 * The message may come from another process, if its compressor has the same spec and n.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL    a pointer is NULL.
 * @retval CSGD_E_CORRUPT  the bytes are no message, are cut short or altered, or belong to
 *                         another compressor, type or length; the detail says which.
 * @retval CSGD_E_VERSION  a version of the wire format that this library does not read.
 * On any error y is as before: the message is judged before the first element is written.
 *
 * Cost: time linear in n + len; no allocation.
 */
CSGD_API csgd_status csgd_compressor_decompress(const csgd_compressor *c, const uint8_t *src,
                                                size_t len, void *y);

/** Decode a message and add it: y += C(x).  Local.
 *
 * As csgd_compressor_decompress(), except that y is read as well.  For a sparse message only
 * the elements that it names are touched, so the cost is linear in len.
 */
CSGD_API csgd_status csgd_compressor_decompress_add(const csgd_compressor *c, const uint8_t *src,
                                                    size_t len, void *y);

#ifdef __cplusplus
}
#endif
#endif
