/* SPDX-License-Identifier: BSD-3-Clause */

/* fills.c: see fills.h. */

#include <float.h>
#include <math.h>
#include <string.h>
#include "kernels/fills.h"

const char *fill_name(fill f)
{
    static const char *const names[N_FILLS] = {
        "random", "few", "zeros", "denormal", "huge", "equal", "spike", "finite", "specials",
    };
    return names[f];
}

double fill_get(csgd_type type, const void *x, size_t i)
{
    return type == CSGD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

void fill_put(csgd_type type, void *x, size_t i, double value)
{
    if (type == CSGD_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

/* splitmix64 */
uint64_t fill_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A NaN, quiet or not, of any sign and payload; through bits, for a conversion would quiet it. */
static void put_nan(csgd_type type, void *x, size_t i, uint64_t random)
{
    if (type == CSGD_F32) {
        const uint32_t bits = UINT32_C(0x7f800001) | (uint32_t)random;
        memcpy((float *)x + i, &bits, sizeof bits);
    } else {
        const uint64_t bits = UINT64_C(0x7ff0000000000001) | random;
        memcpy((double *)x + i, &bits, sizeof bits);
    }
}

static void put(fill f, csgd_type type, uint64_t *state, void *x, size_t i)
{
    const uint64_t random = fill_random(state);
    const double sign = random & 1 ? -1.0 : 1.0;
    const double unit = (double)(random >> 11) * 0x1p-53;
    const double tiny = type == CSGD_F32 ? FLT_MIN : DBL_MIN;
    const double huge = type == CSGD_F32 ? FLT_MAX : DBL_MAX;
    double value = 0;

    switch (f) {
    case FILL_RANDOM:
        value = ldexp(unit, (int)(random >> 1 & 63) % 40 - 20);
        break;
    case FILL_FEW:
        value = ldexp(1, (int)(random >> 8 & 3));
        break;
    case FILL_ZEROS:
        break;
    case FILL_DENORMAL:
        value = tiny * unit * 1.25;
        break;
    case FILL_HUGE:
        value = random & 2 ? huge : huge * unit;
        break;
    case FILL_EQUAL:
        fill_put(type, x, i, -0.7);
        return;
    case FILL_SPIKE:
        value = i % 257 == 5 ? 3e38 : 0;
        break;
    case FILL_FINITE:
        put((fill)(fill_random(state) % FILL_FINITE), type, state, x, i);
        return;
    case FILL_SPECIALS:
        if (random % 5 < 3) {
            put(FILL_FINITE, type, state, x, i);
            return;
        }
        if (random % 5 == 3) {
            put_nan(type, x, i, fill_random(state));
            return;
        }
        value = INFINITY;
        break;
    case N_FILLS:
        break;
    }
    fill_put(type, x, i, sign * value);
}

void fill_vector(fill f, csgd_type type, uint64_t seed, size_t n, void *x)
{
    uint64_t state = seed * N_FILLS + (uint64_t)f;

    for (size_t i = 0; i < n; i++)
        put(f, type, &state, x, i);
}
