/* SPDX-License-Identifier: BSD-3-Clause */

/* ref_gaps.h: the rest of ref_impl.h, which includes it: Rice codes of the gaps between indices. */

static inline uint32_t gap_before(const uint32_t *index)
{
    return index[0] - index[-1] - 1;
}

void REF(gap_lows)(const uint32_t *index, size_t groups, unsigned b, uint64_t *low)
{
    const uint32_t mask = (UINT32_C(1) << b) - 1;

    for (size_t g = 0; g < groups; g++) {
        low[g] = 0;
        for (unsigned j = 0; j < 4; j++)
            low[g] |= (uint64_t)(gap_before(index + 4 * g + j) & mask) << j * b;
    }
}

void REF(gap_quotients)(const uint32_t *index, size_t groups, unsigned b, uint64_t *unary,
                        uint32_t *bits)
{
    for (size_t g = 0; g < groups; g++) {
        uint32_t at = 0;

        unary[g] = 0;
        for (unsigned j = 0; j < 4; j++) {
            at += gap_before(index + 4 * g + j) >> b;
            if (at < 64) unary[g] |= (uint64_t)1 << at;
            at++;
        }
        bits[g] = at;
    }
}
