/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_ORACLE_H
#define CSGD_ORACLE_H

/* oracle.h: the slow, obvious version of what the library does, written from the formulas alone.
 *
 * It shares no code with src/: all values are kept in double and rounded to the element type after
 * each operation (which for +, -, *, / of two floats gives just what float arithmetic gives), and
 * selection sorts the whole vector.
 *
 *     oracle *o = oracle_create("topk", &(oracle_settings){.type = CSGD_F32, .n = n, .k = k,
 *                                                          .feedback = true}, n_ranks);
 *     oracle_step(o, gradients);      // gradients[rank][i]
 *     o->sent[rank][i]; o->sum[i]; o->residual[rank][i];
 *     oracle_destroy(o);
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <csgd/compressor.h>

/* What becomes of what was not sent (oracle_feedback.c). */
typedef enum oracle_rule {
    ORACLE_EF,
    ORACLE_ECX,
    ORACLE_EF21,
    ORACLE_DGC,
    ORACLE_ECX2
} oracle_rule;

typedef struct oracle_settings {
    csgd_type type;
    size_t n;
    bool feedback;          /* by the rule */
    oracle_rule rule;       /* ef unless set */
    double momentum;        /* ef21: weight of a new gradient; dgc: of the old momentum */
    bool nesterov, masking; /* dgc */
    double rho;             /* ecx, ecx2, for step sizes that do not change, of 1 */
    size_t k;               /* topk, randk; threshold: most entries; blocktopk: of a block */
    double lambda;          /* threshold */
    unsigned
        value; /* topk, blocktopk, threshold: number of the value coder; 0: as the elements are */
    bool *chosen;  /* the same: where to mark the entries; or NULL */
    bool scaled;   /* randk */
    bool own;      /* randk: another support on each rank */
    bool masked;   /* sign, onebit, int: what is zero stays zero */
    size_t block;  /* sign, qsgd, blocktopk */
    unsigned bits; /* qsgd */
    bool l2;       /* qsgd: norm */
    double clip;   /* terngrad: 0 for none */
    bool nearest;  /* int, bf16, f16: rounding */
    bool owner;    /* qsgd: the words of a sum's owner, not of a rank's own vector */
    size_t first;  /* qsgd: element that x begins with, in the vector that words belong to */
    uint64_t seed, step;
    uint32_t rank;
} oracle_settings;

typedef struct oracle {
    const char *compressor; /* "none", "topk", ... */
    oracle_settings set;
    int n_ranks;
    double **sent;     /* [rank][i]: the decoded message of the last step */
    double **residual; /* [rank][i]: zeros without feedback */
    double **state; /* [rank][i]: ef21's h; ecx's residual of the step before; dgc's u; ecx2's w */
    double **added; /* [rank][i]: dgc: what v has grown by; ecx2: what of w was sent */
    bool **chosen;  /* [rank][i]: whether it was an entry, of what selects */
    double *sum;    /* [i]: of the decoded messages, added in rank order from rank 0's */
    double *sum2;   /* [i]: ecx2: the same of what of w was sent */
} oracle;

oracle *oracle_create(const char *compressor, const oracle_settings *settings, int n_ranks);
void oracle_destroy(oracle *o);

/* One step of all ranks, after which set.step is the next. */
void oracle_step(oracle *o, double *const *gradients);

/* One step of one rank: sent and residual, and where the rule has one, state. */
void oracle_feedback(oracle *o, int rank, const double *g);

/* What ecx adds: newer + rho (newer - older), each operation rounded. */
double oracle_pair(csgd_type type, double rho, double newer, double older);

/* Round to the element type. */
double oracle_round(csgd_type type, double value);

/* C(x) of one vector, into y; settings say for which rank and step. */
void oracle_compress(const char *compressor, const oracle_settings *settings, const double *x,
                     double *y);

/* Entries in order of index through a value coder and back (oracle_values.c). */
void oracle_values(unsigned coder, double *value, size_t k);

/* Bytes of a stream of the entries marked; coders by number, index 0 the shortest,
 * value 0 as the elements are. */
uint64_t oracle_stream_bytes(csgd_type type, unsigned index, unsigned value, unsigned channels,
                             const bool *chosen, size_t n);

/* Sum of |x_i| of all, of those >= 0, or of the others, in the order that the format lays down. */
typedef enum oracle_part { ORACLE_ALL, ORACLE_PLUS, ORACLE_MINUS } oracle_part;
double oracle_abs_sum(csgd_type type, oracle_part part, const double *x, size_t n);

/* The random word of an element: Philox4x32 of that many rounds (Salmon et al. 2011), keyed as
 * base/philox.h lays down; its streams by number. */
uint32_t oracle_word(int rounds, uint64_t seed, unsigned stream, uint32_t rank, uint64_t step,
                     uint64_t element);

/* The 16 random bits of an element: in tiles of 1024, halves of sums modulo 2 of one word or three,
 * of seven rounds. */
uint32_t oracle_half_word(const oracle_settings *set, uint64_t element);

/* A gradient to test with, a function of the arguments only: values of mixed magnitudes, some
 * ties, some zeros, exactly representable in either type as rounded to `type`. */
void oracle_gradient(int rank, uint64_t step, csgd_type type, size_t n, double *g);

/* To and from the arrays that the library takes. */
void oracle_store(csgd_type type, const double *from, size_t n, void *to);
void oracle_load(csgd_type type, const void *from, size_t n, double *to);

#endif
