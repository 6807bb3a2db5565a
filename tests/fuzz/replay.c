/* SPDX-License-Identifier: BSD-3-Clause */

/* replay.c: a fuzz target as a plain test.
 *
 *     fuzz_NAME CORPUS          seeds, corpus, mutations of both, and the large cases
 *     fuzz_NAME --seeds DIR     write the seeds there, for libFuzzer to begin with
 *
 * Mutations are the same in every run.  If one ends the program, the input is left in
 * fuzz_NAME.crash, which fits into a corpus. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "fuzz/fuzz.h"

enum {
    ROUNDS = 3000,       /* mutations of a short input */
    BYTES = 1500 * 1000, /* of a longer one: so many bytes in all, */
    LEAST = 100,         /* but these; */
    MOST = 800 * 1000    /* of all inputs together */
};

typedef struct input {
    size_t len;
    uint8_t *bytes;
} input;

static input *inputs;
static size_t n_inputs;
static size_t executions;

/* --- what to leave behind --- */

static char crash_name[256];
static const uint8_t *running; /* NULL: a large case */
static size_t running_len;

/* Only calls that a signal handler may make. */
static void last_words(void)
{
    static const char before[] = "the input is in ";
    int file;

    if (running == NULL) return;
    file = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || write(file, running, running_len) < 0) return;
    (void)!write(STDERR_FILENO, before, sizeof before - 1);
    (void)!write(STDERR_FILENO, crash_name, strlen(crash_name));
    (void)!write(STDERR_FILENO, "\n", 1);
    close(file);
}

static void on_signal(int number)
{
    last_words();
    signal(number, SIG_DFL);
    raise(number);
}

/* There where a sanitizer is. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void prepare_to_die(const char *program)
{
    const char *slash = strrchr(program, '/');

    snprintf(crash_name, sizeof crash_name, "%s.crash", slash != NULL ? slash + 1 : program);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(last_words);
        signal(SIGABRT, on_signal);
        return;
    }
    signal(SIGABRT, on_signal);
    signal(SIGSEGV, on_signal);
    signal(SIGBUS, on_signal);
    signal(SIGFPE, on_signal);
}

/* --- inputs --- */

static void keep(const uint8_t *bytes, size_t len)
{
    input *more = realloc(inputs, (n_inputs + 1) * sizeof *inputs);

    fuzz_require(more != NULL);
    inputs = more;
    inputs[n_inputs] = (input){len, fuzz_block(len)};
    if (len > 0) memcpy(inputs[n_inputs].bytes, bytes, len);
    n_inputs++;
}

static void keep_seeds(void)
{
    uint8_t *bytes = fuzz_block(FUZZ_MOST);
    size_t len;

    for (size_t i = 0; (len = fuzz_seed(i, bytes)) > 0; i++)
        keep(bytes, len);
    free(bytes);
}

static void keep_file(const char *dir, const char *name)
{
    uint8_t *bytes = fuzz_block(FUZZ_MOST);
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "rb");
    fuzz_require(file != NULL);
    keep(bytes, fread(bytes, 1, FUZZ_MOST, file));
    fclose(file);
    free(bytes);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* In order of names, so that mutations are the same everywhere. */
static void keep_corpus(const char *dir)
{
    struct dirent **entry;
    const int n = scandir(dir, &entry, visible, alphasort);

    if (n < 0) fprintf(stderr, "no corpus at %s\n", dir);
    fuzz_require(n >= 0);
    for (int i = 0; i < n; i++) {
        keep_file(dir, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
}

static int write_seeds(const char *dir)
{
    uint8_t *bytes = fuzz_block(FUZZ_MOST);
    size_t len;

    for (size_t i = 0; (len = fuzz_seed(i, bytes)) > 0; i++) {
        char path[4096];
        FILE *file;

        snprintf(path, sizeof path, "%s/seed%04zu", dir, i);
        file = fopen(path, "wb");
        fuzz_require(file != NULL);
        fuzz_require(fwrite(bytes, 1, len, file) == len && fclose(file) == 0);
    }
    free(bytes);
    return 0;
}

/* --- mutations --- */

static uint64_t state = 88172645463325252U;

static size_t random_below(size_t most)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (size_t)((state >> 11) % most);
}

/* What lengths, counts and indices are confused by. */
static uint64_t odd_number(void)
{
    static const uint64_t numbers[] = {0,          1,
                                       7,          8,
                                       64,         255,
                                       256,        1000,
                                       4096,       4097,
                                       0x7f800000, 0x7fc00000,
                                       0x7fffffff, 0x80000000,
                                       0xffffffff, 1ull << 32,
                                       1ull << 61, 1ull << 62,
                                       INT64_MAX,  1ull << 63,
                                       UINT64_MAX, 0x7ff0000000000000};

    return numbers[random_below(FUZZ_COUNT(numbers))] + random_below(2);
}

/* Change the len bytes at b, of which there may become FUZZ_MOST; returns the new length. */
static size_t mutate(uint8_t *b, size_t len)
{
    const input *other = &inputs[random_below(n_inputs)];
    const size_t widths[] = {1, 2, 4, 8};
    const uint64_t number = odd_number();
    size_t at, count;

    if (len == 0) {
        b[0] = (uint8_t)number;
        return 1;
    }
    at = random_below(2) == 0 ? random_below(len) : random_below(len < 16 ? len : 16);
    switch (random_below(7)) {
    case 0: /* cut */
        return at;
    case 1: /* flip one bit */
        b[at] ^= (uint8_t)(1u << random_below(8));
        return len;
    case 2: /* any byte */
        b[at] = (uint8_t)random_below(256);
        return len;
    case 3: /* a number, often where one stands */
        count = widths[random_below(4)];
        if (random_below(4) > 0) at = at / count * count;
        if (count > len - at) count = len - at;
        memcpy(b + at, &number, count);
        return len;
    case 4: /* a part goes */
        count = 1 + random_below(len - at);
        memmove(b + at, b + at + count, len - at - count);
        return len - count;
    case 5: /* a part stands twice */
        count = 1 + random_below(len - at);
        if (count > FUZZ_MOST - len) count = FUZZ_MOST - len;
        memmove(b + at + count, b + at, len - at);
        return len + count;
    default: /* goes on as another does */
        if (at >= other->len) return len;
        count = other->len - at;
        memcpy(b + at, other->bytes + at, count);
        return at + count;
    }
}

static void run(const uint8_t *bytes, size_t len)
{
    uint8_t *exact = fuzz_block(len);

    if (len > 0) memcpy(exact, bytes, len);
    running = exact;
    running_len = len;
    LLVMFuzzerTestOneInput(len > 0 ? exact : exact + 1, len);
    running = NULL;
    executions++;
    free(exact);
}

static size_t rounds_of(size_t len)
{
    const size_t share = MOST / n_inputs;
    size_t rounds = ROUNDS;

    if (len > BYTES / ROUNDS) rounds = BYTES / len > LEAST ? BYTES / len : LEAST;
    return rounds < share ? rounds : share;
}

static void run_mutations(const input *in)
{
    uint8_t *b = fuzz_block(FUZZ_MOST);

    for (size_t round = 0; round < rounds_of(in->len); round++) {
        size_t len = in->len;

        if (len > 0) memcpy(b, in->bytes, len);
        for (size_t changes = 1 + random_below(4); changes > 0; changes--)
            len = mutate(b, len);
        run(b, len);
    }
    free(b);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) return write_seeds(argv[2]);
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS | --seeds DIR\n", argv[0]);
        return 2;
    }
    prepare_to_die(argv[0]);
    keep_seeds();
    keep_corpus(argv[1]);
    fuzz_require(n_inputs > 0);
    for (size_t i = 0; i < n_inputs; i++)
        run(inputs[i].bytes, inputs[i].len);
    for (size_t i = 0; i < n_inputs; i++)
        run_mutations(&inputs[i]);
    fuzz_large();
    printf("%zu inputs, %zu executions\n", n_inputs, executions);
    for (size_t i = 0; i < n_inputs; i++)
        free(inputs[i].bytes);
    free(inputs);
    return 0;
}
