/* SPDX-License-Identifier: BSD-3-Clause */

/* test_nearest.c: which word a misspelt one is taken for, and when none. */

#include "support/test.h"

#include "base/spec.h"

static const char *const names[] = {"none",      "topk", "blocktopk", "randk",
                                    "threshold", "sign", "onebit",    "terngrad"};

static const char *name(size_t i)
{
    return i < TEST_COUNT(names) ? names[i] : NULL;
}

static const char *no_name(size_t i)
{
    (void)i;
    return NULL;
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *word, *meant; /* NULL: nothing is close */
    } cases[] = {
        {"topk", "topk"},           /* itself */
        {"tpok", "topk"},           /* two letters swapped */
        {"top-k", "topk"},          /* one too many */
        {"tok", "topk"},            /* one missing */
        {"topj", "topk"},           /* one wrong */
        {"TopK", "topk"},           /* case */
        {"sgin", "sign"},           /* swapped */
        {"sgni", "sign"},           /* two swaps, at the limit for four letters */
        {"treshhold", "threshold"}, /* two errors in nine letters */
        {"thresh", "threshold"},    /* an abbreviation */
        {"tern", "terngrad"},
        {"THRE", "threshold"},
        {"blocktopk ", "blocktopk"},
        {"nine", "none"},
        {"one", "none"}, /* and also the beginning of onebit: the first wins */
        {"qwerty", NULL},
        {"gradient", NULL},
        {"x", NULL},
        {"t", NULL}, /* one letter abbreviates nothing */
        {"", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const char *near = csgdi_nearest(cases[i].word, name);
        if (cases[i].meant == NULL ? near != NULL : near == NULL || strcmp(near, cases[i].meant))
            fail_msg("\"%s\" is nearest to %s, not %s", cases[i].word, near ? near : "nothing",
                     cases[i].meant ? cases[i].meant : "nothing");
    }
    assert_null(csgdi_nearest("topk", no_name));
}

static void distances(void **state)
{
    (void)state;
    static const struct {
        const char *word, *name;
        size_t distance;
    } cases[] = {
        {"ratio", "ratio", 0},
        {"ratoi", "ratio", 1},
        {"ration", "ratio", 1},
        {"rato", "ratio", 1},
        {"ratxx", "ratio", 2},
        {"raxxx", "ratio", SIZE_MAX}, /* three errors in five letters */
        {"rat", "ratio", 1},          /* two letters short, and a beginning */
        {"k", "k", 0},
        {"K", "k", 0},
        {"x", "k", SIZE_MAX}, /* nothing in common */
        {"kk", "k", 1},
        {"topkab", "topk", 2},         /* as many too many as six letters may have */
        {"topkabc", "topk", SIZE_MAX}, /* one more */
        {"int", "ing", 1},
        {"int", "ant", 1},
        {"int", "and", SIZE_MAX}, /* two errors in three letters */
        {"", "k", SIZE_MAX},
        {"", "", SIZE_MAX},
        {"ca", "abc", SIZE_MAX},     /* 3 in the restricted distance; 2 in the unrestricted */
        {"abcdefgh", "badcefgh", 2}, /* two swaps */
        {"abcdefgh", "badcfegh", 3}, /* three, at the limit */
        {"abcdefgh", "badcfehg", SIZE_MAX},
        {"seed", "seeds", 1},
        {"feed", "feedback", 1},
        {"feedback", "feed", SIZE_MAX} /* and not the other way round */
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const size_t d = csgdi_word_distance(cases[i].word, cases[i].name);
        if (d != cases[i].distance)
            fail_msg("\"%s\" is %zu from \"%s\", not %zu", cases[i].word, d, cases[i].name,
                     cases[i].distance);
    }
}

/* A user's word may be as long as a spec: rows of the computation are not. */
static void long_words(void **state)
{
    (void)state;
    char word[600];
    for (size_t len = 0; len < sizeof word; len++) {
        memset(word, 'k', len);
        word[len] = '\0';
        (void)csgdi_nearest(word, name);
        if (len > 5) assert_null(csgdi_nearest(word, name));
        (void)csgdi_word_distance("topk", word);
        (void)csgdi_word_distance(word, word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(distances),
        cmocka_unit_test(long_words),
    };
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
