/* SPDX-License-Identifier: BSD-3-Clause */

/* nearest.c: which word was meant.
 *
 * The distance is the restricted Damerau-Levenshtein one (optimal string alignment): how many
 * letters to insert, delete, replace or swap with their neighbour.  "sgin" is 1 from "sign".
 * Upper and lower case are the same letter here.
 */

#include <stdint.h>
#include <string.h>

#include "base/spec.h"

enum { LONGEST = 63 }; /* of a name; ours end at CSGDI_SPEC_NAME.  The user's word has any length */

/* Not tolower(): that depends on the program's locale. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(char a, char b)
{
    return lower(a) == lower(b);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Row i, column j holds the distance of the first i letters of a and the first j of b.  A swap
 * looks two rows back, so three rows go round. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        const size_t *above2 = rows[(i + 1) % 3]; /* i - 2; not read before i is 2 */
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = min(row[j], min(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = min(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

static bool begins_with(const char *name, const char *word, size_t word_len)
{
    size_t i = 0;
    while (i < word_len && same(name[i], word[i]))
        i++;
    return i == word_len;
}

size_t csgdi_word_distance(const char *word, const char *name)
{
    const size_t word_len = strlen(word), name_len = strlen(name);
    if (name_len > LONGEST) return SIZE_MAX;

    /* An abbreviation is as likely as one slip: "feedb" is feedback rather than seed. */
    const bool beginning = word_len > 1 && begins_with(name, word, word_len);
    const size_t apart = word_len > name_len ? word_len - name_len : name_len - word_len;
    const size_t slips = 1 + word_len / 4;
    if (apart > slips && !beginning) return SIZE_MAX; /* each letter too many or missing is one */
    size_t d = distance(word, word_len, name, name_len);
    if (d > 1 && beginning) d = 1;

    /* A distance of the whole length means no letter in common: "x" is not a misspelt "k". */
    const bool close = d <= slips && d < (word_len > name_len ? word_len : name_len);
    return close ? d : SIZE_MAX;
}

const char *csgdi_nearest(const char *word, const char *(*name)(size_t i))
{
    const char *best = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; name(i) != NULL; i++) {
        const size_t d = csgdi_word_distance(word, name(i));
        if (d < least) {
            least = d;
            best = name(i);
        }
    }
    return best;
}
