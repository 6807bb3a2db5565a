/* SPDX-License-Identifier: BSD-3-Clause */

/* ref_select.h: selection by magnitude, and entries; a part of ref_impl.h. */

void REF(key_histogram)(const void *x, size_t n, unsigned shift, unsigned bits, uint64_t prefix,
                        uint64_t *counts)
{
    const REF_TYPE *a = x;
    const uint64_t mask = ((uint64_t)1 << bits) - 1;

    for (size_t i = 0; i < n; i++) {
        const uint64_t key = key_of(a[i]);
        if (key >> (shift + bits) == prefix) counts[key >> shift & mask]++;
    }
}

size_t REF(key_select)(const void *x, size_t n, uint64_t limit, uint32_t base, size_t room,
                       uint32_t *index, void *value)
{
    const REF_TYPE *a = x;
    REF_TYPE *v = value;
    size_t taken = 0;

    for (size_t i = 0; i < n; i++) {
        if (key_of(a[i]) < limit) continue;
        if (taken == room) break;
        index[taken] = base + (uint32_t)i;
        v[taken] = a[i];
        taken++;
    }
    return taken;
}

size_t REF(key_cut)(void *x, size_t n, uint64_t limit, uint32_t base, size_t room, uint32_t *index,
                    void *value)
{
    REF_TYPE *a = x;
    const size_t taken = REF(key_select)(x, n, limit, base, room, index, value);

    for (size_t j = 0; j < taken; j++)
        a[(uint32_t)(index[j] - base)] = 0;
    return taken;
}

static inline REF_TYPE sum_at(const csgdi_terms *t, size_t i)
{
    const REF_TYPE g = ((const REF_TYPE *)t->g)[i], d = ((const REF_TYPE *)t->d)[i];
    const REF_TYPE *e = t->e;

    switch (t->form) {
    case CSGDI_FORM_SCALED:
        return g + (REF_TYPE)(t->a * (double)d);
    case CSGDI_FORM_PAIR: {
        const REF_TYPE taken = (REF_TYPE)(t->b * (double)e[i]);
        return g + ((REF_TYPE)(t->a * (double)d) - taken);
    }
    case CSGDI_FORM_ECHO:
        return g + (d + (REF_TYPE)t->a * (d - e[i]));
    default:
        return g + d;
    }
}

size_t REF(add_cut)(const csgdi_terms *terms, size_t n, uint64_t limit, uint32_t base, size_t room,
                    uint32_t *index, void *value, void *m)
{
    REF_TYPE *sum = m, *v = value;
    size_t taken = 0;

    for (size_t i = 0; i < n && taken <= room; i++) {
        const REF_TYPE s = sum_at(terms, i);
        const bool take = key_of(s) >= limit;
        if (take) {
            index[taken] = base + (uint32_t)i;
            v[taken++] = s;
        }
        sum[i] = take ? 0 : s;
    }
    return taken;
}

size_t REF(key_under)(const void *x, size_t n, uint64_t limit, void *value)
{
    const REF_TYPE *a = x;
    REF_TYPE *v = value;
    size_t taken = 0;

    for (size_t i = 0; i < n; i++)
        if (key_of(a[i]) < limit) v[taken++] = a[i];
    return taken;
}

size_t REF(key_split)(const uint32_t *index, const void *value, size_t n, uint64_t limit,
                      size_t *ties, uint32_t *in_index, void *in_value, uint32_t *out_index,
                      void *out_value)
{
    const REF_TYPE *v = value;
    REF_TYPE *in = in_value, *out = out_value;
    size_t taken = 0;

    for (size_t i = 0; i < n; i++) {
        const uint64_t key = key_of(v[i]);
        const bool tie = key == limit;
        if (key < limit || (tie && *ties == 0)) {
            out_index[i - taken] = index[i];
            out[i - taken] = v[i];
        } else {
            in_index[taken] = index[i];
            in[taken] = v[i];
            taken++;
            *ties -= tie;
        }
    }
    return taken;
}

/* Bit by bit from the top: a bit is set where k keys or more are at least as large with it. */
uint64_t REF(key_kth)(const void *x, size_t n, size_t k, size_t *ties)
{
    const REF_TYPE *a = x;
    REF_BITS kth = 0;

    for (unsigned bit = 8 * sizeof(REF_BITS) - 1; bit-- > 0;) {
        const REF_BITS tried = kth | (REF_BITS)1 << bit;
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            count += key_of(a[i]) >= tried;
        if (count >= k) kth = tried;
    }
    for (size_t i = 0; i < n; i++)
        k -= key_of(a[i]) > kth;
    *ties = k;
    return kth;
}

void REF(scatter)(const uint32_t *index, const void *value, size_t k, csgdi_mode mode, void *y)
{
    const REF_TYPE *v = value;
    REF_TYPE *b = y;

    switch (mode) {
    case CSGDI_SET:
        for (size_t j = 0; j < k; j++)
            b[index[j]] = v[j];
        break;
    case CSGDI_ADD:
        for (size_t j = 0; j < k; j++)
            b[index[j]] = b[index[j]] + v[j];
        break;
    case CSGDI_SUB:
        for (size_t j = 0; j < k; j++)
            b[index[j]] = b[index[j]] - v[j];
        break;
    }
}

void REF(gather)(const uint32_t *index, const double *factor, size_t k, const void *x, void *value)
{
    const REF_TYPE *a = x;
    REF_TYPE *v = value;

    if (factor == NULL)
        for (size_t j = 0; j < k; j++)
            v[j] = a[index[j]];
    else
        for (size_t j = 0; j < k; j++)
            v[j] = (REF_TYPE)((double)a[index[j]] * factor[j]);
}
