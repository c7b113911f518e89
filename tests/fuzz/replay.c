/* Runs a fuzz target without libFuzzer: every input of its corpus, then a
 * bounded number of mutations of them by a fixed seed, so that each `make
 * check` does the same. Speaks TAP.
 *
 * A crash leaves the input in <program>.input: make it part of the corpus,
 * with its fix. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

enum { INPUTS_MAX = 512, SIZE_MAX_ = 16 * 1024, MUTATIONS = 40000 };

static struct {
    uint8_t *data;
    size_t size;
} inputs[INPUTS_MAX];

static size_t input_count;
static char input_path[4096];
static uint64_t random_state = UINT64_C(0x65617273686f7421);

/* xorshift64*: the same everywhere. */
static uint32_t
draw(uint32_t below)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    uint64_t drawn = random_state * UINT64_C(0x2545f4914f6cdd1d);
    return (uint32_t)(drawn >> 32) % below;
}

static void
read_input(const char *path)
{
    FILE *file = fopen(path, "rb");
    require(file && input_count < INPUTS_MAX);
    uint8_t *data = malloc(SIZE_MAX_);
    size_t size = fread(data, 1, SIZE_MAX_, file);
    require(data && fclose(file) == 0);
    inputs[input_count].data = data;
    inputs[input_count++].size = size;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void
read_corpus(const char *target)
{
    const char *source = getenv("EARSHOT_SOURCE");
    char folder[2048], path[4096];
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s",
             source ? source : ".", target);
    struct dirent **names;
    int count = scandir(folder, &names, NULL, by_name);
    require(count > 2);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
            read_input(path);
        }
        free(names[i]);
    }
    free(names);
}

/* Runs one input, from a copy of exactly its size, which is on disk while it
 * runs only if it crashes. */
static void
run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    require(copy);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static uint8_t current[2 * SIZE_MAX_];
static size_t current_size;

static void
splice(void)
{
    size_t with = draw((uint32_t)input_count);
    if (!inputs[with].size)
        return;
    size_t from = draw((uint32_t)inputs[with].size);
    size_t len = 1 + draw((uint32_t)(inputs[with].size - from));
    size_t at = draw((uint32_t)current_size + 1);
    if (current_size + len > sizeof current)
        return;
    memmove(current + at + len, current + at, current_size - at);
    memcpy(current + at, inputs[with].data + from, len);
    current_size += len;
}

static void
mutate(void)
{
    static const uint8_t edges[] = {0,    1,   7,    8,    0x7f, 0x80,
                                    0xff, '"', '\\', '\n', '\r', '%',
                                    '&',  '=', 0xe2, 0xa8};
    size_t at = current_size ? draw((uint32_t)current_size) : 0;
    switch (current_size ? draw(5) : 4) {
    case 0:
        current[at] ^= (uint8_t)(1u << draw(8));
        return;
    case 1:
        current[at] = edges[draw(sizeof edges)];
        return;
    case 2: /* cut */
        current_size = at;
        return;
    case 3: { /* leave out */
        size_t len = 1 + draw((uint32_t)(current_size - at));
        memmove(current + at, current + at + len, current_size - at - len);
        current_size -= len;
        return;
    }
    default:
        splice();
    }
}

/* Kept in memory while it runs: only a crash writes it. */
static void
keep_input(void)
{
    FILE *file = fopen(input_path, "wb");
    if (file) {
        fwrite(current, 1, current_size, file);
        fclose(file);
    }
}

int
main(int argc, char **argv)
{
    (void)argc;
    const char *name = strrchr(argv[0], '/');
    name = name ? name + 1 : argv[0];
    snprintf(input_path, sizeof input_path, "%s.input", argv[0]);
    const char *target = strchr(name, '_') ? strchr(name, '_') + 1 : name;
    read_corpus(target);
    printf("1..2\n");
    for (size_t i = 0; i < input_count; i++)
        run(inputs[i].data, inputs[i].size);
    printf("ok 1 - corpus %s inputs %zu\n", target, input_count);
    fflush(stdout);
    for (int i = 0; i < MUTATIONS; i++) {
        size_t of = draw((uint32_t)input_count);
        memcpy(current, inputs[of].data, inputs[of].size);
        current_size = inputs[of].size;
        for (uint32_t times = 1 + draw(6); times; times--)
            mutate();
        if (getenv("EARSHOT_FUZZ_KEEP"))
            keep_input();
        run(current, current_size);
    }
    printf("ok 2 - mutations %d\n", MUTATIONS);
    for (size_t i = 0; i < input_count; i++)
        free(inputs[i].data);
    return 0;
}
