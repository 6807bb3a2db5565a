/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_PLUGIN_H
#define CSGD_PLUGIN_H

/** @file
 * Plug-ins: a compressor of your own, used by its name in every spec.  Experimental until 1.0.
 *
 *     static csgd_status create(csgd_plugin_setup *setup, void **state)
 *     {
 *         setup->max_k = (setup->n + 1) / 2;          // or a key's: csgd_plugin_count(setup, "k")
 *         *state = my_state(setup->n);
 *         return *state != NULL ? CSGD_OK : CSGD_E_NOMEM;
 *     }
 *     static const csgd_plugin my_halves = {
 *         .size = sizeof(csgd_plugin), .name = "my_halves", .summary = "every second element",
 *         .family = CSGD_PLUGIN_SELECT, .biased = 1,
 *         .create = create, .destroy = free, .select = select_every_second,
 *     };
 *     csgd_plugin_register(&my_halves);               // on every rank, before the first spec
 *     csgd_reducer_create_mpi(comm, n, "my_halves feedback=ef", &r);
 *
 * Feedback, reducers, algorithms, headers and checksums of messages, the help and the refusal of
 * unknown keys are the library's.  A plug-in belongs to one of two families:
 *
 *     quantize    codes every element, block by block, each block by itself, into a number of bytes
 *                 that depends on the block's length alone; a collective can split the vector
 *     select      chooses entries and the values to send for them; how indices and values become
 *                 bytes is the library's
 *
 * Rules for all functions of a plug-in:
 *
 *   - What they write is a function of their arguments, of what create was told and of the keys:
 *     not of earlier calls, of time, of addresses, or of the machine.  Decoding does not depend on
 *     the rank.  Values that ranks share come from no transcendental of libm, which differ between
 *     machines, and from no sum whose order is not fixed.
 *   - Outside of create they allocate nothing, and do not block.
 *   - They read and write what they are given and no more, whatever bytes they are asked to judge,
 *     and whatever bytes their own check_block has accepted.
 *   - An object is used by one thread at a time, different objects by several; a state belongs to
 *     one object.  It is const because one object may encode and decode several vectors in turn:
 *     what it points to may be scratch, but no memory of a call.
 *   - They call nothing of libcsgd but what this header declares.
 *   - Vectors are float or double, aligned as such; bytes have no alignment.
 *
 * What the library guards.  No function sees n = 0, NaN or infinity in x.  After encode_block it
 * lets check_block judge the codes and decodes them; after select it looks at k, indices and
 * values.  Codes refused by their own plug-in, values that are not finite, more than max_k entries,
 * an index twice or out of order or not below n: the call fails with CSGD_E_PLUGIN before anything
 * has changed, on the other ranks with CSGD_E_PEER; a second encoding in mid-exchange breaks the
 * reducer instead, with CSGD_E_PLUGIN on all ranks.  Codes from elsewhere that check_block accepts
 * but that decode to NaN or infinity are corrupt.  That costs one more decoding for each encoding,
 * and one for each message that arrives.
 *
 * What it cannot guard: that a plug-in stays inside its buffers, is deterministic, and is the same
 * code under the same name on all ranks.  A rank on which the name is not registered fails to
 * create its reducer with CSGD_E_SPEC, and the others with CSGD_E_PEER.
 *
 * Memory that create takes is the plug-in's own, and not in csgd_reducer_memory_bytes().  Of a
 * vector of tensors a selecting plug-in sees one vector: it does not select in each of them.
 */

#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>
#include <csgd/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a plug-in is ------------------------------------------------------------------ */

typedef enum csgd_plugin_family {
    CSGD_PLUGIN_QUANTIZE = 1,
    CSGD_PLUGIN_SELECT = 2
} csgd_plugin_family;

typedef enum csgd_plugin_kind {
    CSGD_PLUGIN_COUNT = 1, /**< a whole number from min to max; max = 0: no limit */
    CSGD_PLUGIN_REAL = 2,  /**< a number from min to max, min itself excluded by above_min */
    CSGD_PLUGIN_CHOICE = 3 /**< one of `words` */
} csgd_plugin_kind;

enum {
    CSGD_PLUGIN_KEYS = 8, /**< the most keys of a plug-in */
    CSGD_PLUGINS = 64     /**< the most plug-ins of a process */
};

/** One key of a plug-in's own.  A value that is not as said here never reaches the plug-in. */
typedef struct csgd_plugin_key {
    const char *name; /**< lower-case letters, digits and `_`; no key of the library */
    const char *help; /**< meaning, one phrase */
    csgd_plugin_kind kind;
    int above_min;
    double min, max;          /**< of a count: whole, from 0 to 2^53 */
    const char *const *words; /**< a list that ends in NULL */
    const char *fallback;     /**< default as it would be written; NULL: no value unless given */
} csgd_plugin_key;

typedef struct csgd_plugin_values csgd_plugin_values;

/** What create is told and what it answers. */
typedef struct csgd_plugin_setup {
    size_t n;                   /**< elements of every vector, at least 1 */
    csgd_type type;             /**< of what the callbacks see: float or double */
    uint64_t seed;              /**< the spec's */
    csgd_plugin_values *values; /**< for csgd_plugin_count() and the like */

    int biased;   /**< in: the plug-in's; out: whether it is so with these keys */
    size_t block; /**< out, quantize: elements of a block, 1 to 2^30; 1 unless set */
    size_t max_k; /**< out, select: most entries of a message, 1 to n; n unless set */
} csgd_plugin_setup;

/** What an encoding may depend on besides its vector. */
typedef struct csgd_plugin_call {
    uint64_t step;   /**< that the message is for; equal on all ranks */
    uint64_t seed;   /**< the same as in the setup */
    uint32_t rank;   /**< of this process, 0 outside of a reducer */
    uint32_t second; /**< 1 where a sum over ranks is encoded, 0 where it is a rank's own vector */
} csgd_plugin_call;

/** A compressor.  Strings and tables are not copied: they stay as long as the process. */
typedef struct csgd_plugin {
    size_t size; /**< sizeof(csgd_plugin): fields may be added at the end */
    /** The first word of a spec: a lower-case letter, then such letters, digits and `_`, at most
     *  31.  A prefix of your own keeps clear of later compressors of the library. */
    const char *name;
    const char *summary; /**< one phrase, for the help */
    const char *source;  /**< who published it; NULL: nobody */
    const csgd_plugin_key *keys;
    size_t n_keys; /**< at most CSGD_PLUGIN_KEYS */
    csgd_plugin_family family;
    int biased; /**< whether E C(x) != x: then `feedback=ef` is the default */

    /** Check the keys, choose block or max_k, and make *state, which is NULL at first.
     *
     * @return CSGD_OK; or, nothing being left behind, CSGD_E_SPEC, CSGD_E_UNSUPPORTED or
     * CSGD_E_NOMEM, best by `return csgd_plugin_fail(...)`.
     */
    csgd_status (*create)(csgd_plugin_setup *setup, void **state);

    /** Free what create made: called once for every create that succeeded.  NULL: nothing to do. */
    void (*destroy)(void *state);

    /* --- quantize: a block has b elements, setup.block or, at the end of the vector, less --- */

    /** Return the bytes of a block's codes, 1 to 16 + 16 b.  Called at creation only. */
    size_t (*block_bytes)(const void *state, size_t b);

    /** Write the codes of x[0..b), which begins at element `first` of the whole vector.
     *  dst is all zero before. */
    void (*encode_block)(const void *state, const void *x, size_t first, size_t b,
                         const csgd_plugin_call *call, uint8_t *dst);

    /** Judge codes from anywhere: CSGD_OK only if decode_block can take them; else CSGD_E_CORRUPT,
     *  best by csgd_plugin_fail().  NULL: all bytes are valid codes. */
    csgd_status (*check_block)(const void *state, const uint8_t *src, size_t b);

    /** Write all of y[0..b). */
    void (*decode_block)(const void *state, const uint8_t *src, size_t b, void *y);

    /* --- select --- */

    /** Choose k entries of x[0..n), k from 0 to max_k: write their indices, strictly increasing,
     *  and the values to send for them, which need not be x's.  Return k. */
    size_t (*select)(const void *state, const void *x, size_t n, const csgd_plugin_call *call,
                     uint32_t *index, void *value);
} csgd_plugin;

/** Make a plug-in known to this process, for good.  Local; from any thread.
 *
 * To register the identical struct again does nothing.  The struct is copied.
 *
 * @retval CSGD_OK
 * @retval CSGD_E_INVAL        something in it is missing or not as described above.
 * @retval CSGD_E_UNSUPPORTED  the name is taken, or by bad luck shares its number in messages with
 *                             another; there are CSGD_PLUGINS already; or the plug-in was compiled
 *                             for a later version and fills fields that are not known here.
 */
CSGD_API csgd_status csgd_plugin_register(const csgd_plugin *plugin);

/* ---- for the functions of a plug-in ----------------------------------------------------- */

/** Set the sentence of this thread, and return status.  For create and check_block; local.
 *
 * printf's formats; without the plug-in's name, which is put before it.
 */
CSGD_API csgd_status csgd_plugin_fail(csgd_status status, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** Return whether a key has a value: given in the spec, or a default.  In create; local. */
CSGD_API int csgd_plugin_has(const csgd_plugin_setup *setup, const char *key);

/** Return the value of a count.  In create; local.
 *
 * To ask for a key that has no value, or is not of this kind, makes the creation fail with
 * CSGD_E_PLUGIN; 0 is returned.
 */
CSGD_API uint64_t csgd_plugin_count(const csgd_plugin_setup *setup, const char *key);

/** Return the value of a real.  As csgd_plugin_count(). */
CSGD_API double csgd_plugin_real(const csgd_plugin_setup *setup, const char *key);

/** Return the place of a choice in its list of words.  As csgd_plugin_count(). */
CSGD_API size_t csgd_plugin_choice(const csgd_plugin_setup *setup, const char *key);

/** Write four random words, the same on every machine: those of elements 4 i to 4 i + 3.  Local.
 *
 * A function of seed, step and i; and where shared is 0 also of rank and second, as rounding needs
 * it.  With shared = 1 all ranks get the same, as a common mask needs it.
 */
CSGD_API void csgd_plugin_random(const csgd_plugin_call *call, int shared, uint64_t i,
                                 uint32_t words[4]);

#ifdef __cplusplus
}
#endif
#endif
