/* A power cut at every write in turn. kill -9 leaves to the kernel what was
 * written; a power cut does not: only what was synced is there.
 *
 * FULL: each message that was acknowledged is there. NORMAL: the file is whole
 * and what is there is the beginning of what was acknowledged; no id is given
 * twice. OFF keeps neither, which shows that the test can fail. */
#include "../support/powercut_vfs.h"
#include "../support/queue_help.h"

#include "base/clock.h"
#include "base/log.h"
#include "queue/sqlite_internal.h"

#include "check.h"

#include <fcntl.h>
#include <unistd.h>

enum { MESSAGES = 22, CUTS_MAX = 3000 };

/* What was acknowledged in one run. */
struct acknowledged {
    int count;
    int64_t ids[MESSAGES * 3];
    int numbers[MESSAGES * 3];
};

static struct seen seen;
static struct sent sent;

static bool
say(struct queue *queue, int number, struct acknowledged *acknowledged)
{
    char text[32], key[32];
    snprintf(text, sizeof(text), "%d", number);
    snprintf(key, sizeof(key), "key %d", number);
    size_t count = number % 5 == 4 ? 3 : 1;
    hand_over(queue, &sent, number % 4 == 3 ? "a" : "p", text, count,
              number % 3 ? NULL : key);
    await(queue, &sent);
    if (sent.outcome.status != QUEUE_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        acknowledged->ids[acknowledged->count] =
            sent.outcome.first_id + (int64_t)i;
        acknowledged->numbers[acknowledged->count++] = number;
    }
    return true;
}

/* Appends, a checkpoint by another program, a restart, pruning. Ends early
 * when the power goes. */
static void
work(const struct place *place, struct acknowledged *acknowledged)
{
    struct queue *queue = queue_open(&place->options);
    for (int number = 0; queue && number < MESSAGES; number++) {
        if (number == 8)
            foreign(place, "PRAGMA wal_checkpoint(PASSIVE)");
        if (number == 16) {
            queue_close(queue);
            queue = queue_open(&place->options);
        }
        if (!say(queue, number, acknowledged))
            break;
    }
    queue_close(queue);
}

/* Is the I-th acknowledged message there, or was it pruned? */
static bool
is_there(struct queue *queue, const struct acknowledged *acknowledged, int i)
{
    for (size_t j = 0; j < seen.rows; j++)
        if (seen.row[j].id == acknowledged->ids[i])
            return atoi(seen.row[j].data) == acknowledged->numbers[i];
    struct queue_bounds bounds;
    const char *channel = acknowledged->numbers[i] % 4 == 3 ? "a" : "p";
    return queue_bounds(queue, channel, &bounds) == QUEUE_OK &&
           acknowledged->ids[i] <= bounds.pruned_id;
}

struct found {
    bool opened;
    bool whole;
    int first_missing; /* of what was acknowledged; its count when none */
    bool prefix;       /* nothing is there behind the first that is missing */
    bool id_is_new;
};

static void
look(const struct place *place, const struct acknowledged *acknowledged,
     struct found *found)
{
    *found = (struct found){.prefix = true};
    struct queue *queue = queue_open(&place->options);
    found->opened = queue_trouble(queue) == NULL;
    seen_reset(&seen);
    struct queue_page page = {
        .upto_id = INT64_MAX, .rows_max = SEEN_MAX, .bytes_max = 1 << 20};
    struct queue_reader reader = seen_reader(&seen);
    while (found->opened) {
        found->opened = queue_read_all(queue, &page, &reader) == QUEUE_OK;
        page.after_id = page.reached_id;
        if (!page.more)
            break;
    }
    int i = 0;
    while (found->opened && i < acknowledged->count &&
           is_there(queue, acknowledged, i))
        i++;
    found->first_missing = i;
    for (; found->opened && i < acknowledged->count; i++)
        found->prefix &= !is_there(queue, acknowledged, i);
    int64_t newest_id =
        acknowledged->count ? acknowledged->ids[acknowledged->count - 1] : 0;
    if (found->opened) {
        hand_over(queue, &sent, "a", "after", 1, NULL);
        await(queue, &sent);
        found->id_is_new = sent.outcome.status == QUEUE_OK &&
                           sent.outcome.first_id > newest_id;
        found->whole =
            foreign_number(place, "SELECT integrity_check = 'ok' FROM"
                                  " pragma_integrity_check LIMIT 1") == 1;
    }
    queue_close(queue);
}

static void
boot_anew(const struct place *place, const char *name)
{
    static char path[128];
    place_file(place, "-boot", path, sizeof(path));
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    assert_int_equal(write(fd, name, strlen(name)), strlen(name));
    close(fd);
    queue_boot_id_path = path;
}

/* One life: work, the power goes at the AT-th operation, it comes back. False
 * when the work was over before that. */
static bool
live(enum queue_synchronous synchronous, enum powercut_kind kind, long at,
     struct acknowledged *acknowledged, struct found *found)
{
    struct place place;
    /* The disk is a simulated one; what lies under it may be quick. */
    place_make_in(&place, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    place.options.synchronous = synchronous;
    place.options.keep_messages = 8;
    place.options.bell = false;
    acknowledged->count = 0;
    boot_anew(&place, "before");
    powercut_arm(at, kind, (unsigned)at);
    work(&place, acknowledged);
    bool cut = powercut_happened();
    powercut_restore();
    char shm[128];
    place_file(&place, "-shm", shm, sizeof(shm));
    unlink(shm);
    boot_anew(&place, "after");
    look(&place, acknowledged, found);
    place_remove(&place);
    return cut;
}

static const char *const kinds[] = {
    [POWERCUT_NONE] = "none",
    [POWERCUT_TORN] = "torn",
    [POWERCUT_SCATTERED] = "scattered",
};

TEST(full_keeps_every_acknowledged_message)
{
    for (int kind = POWERCUT_NONE; kind <= POWERCUT_SCATTERED; kind++) {
        struct acknowledged acknowledged;
        struct found found;
        long at = 1;
        for (bool cut = true; cut; at++) {
            cut = live(QUEUE_SYNC_FULL, kind, at, &acknowledged, &found);
            if (!found.opened || !found.whole || !found.id_is_new ||
                found.first_missing != acknowledged.count)
                fail_msg("%s at %ld: opened %d whole %d new id %d, %d of %d",
                         kinds[kind], at, found.opened, found.whole,
                         found.id_is_new, found.first_missing,
                         acknowledged.count);
            assert_true(at < CUTS_MAX);
        }
        assert_true(at > 100);
        assert_int_equal(acknowledged.count, MESSAGES + 2 * 4);
    }
}

TEST(normal_keeps_a_whole_file_and_the_beginning)
{
    int lost = 0;
    for (int kind = POWERCUT_NONE; kind <= POWERCUT_SCATTERED; kind++) {
        struct acknowledged acknowledged;
        struct found found;
        long at = 1 + kind;
        for (bool cut = true; cut; at += 3) {
            cut = live(QUEUE_SYNC_NORMAL, kind, at, &acknowledged, &found);
            if (!found.opened || !found.whole || !found.id_is_new ||
                !found.prefix)
                fail_msg("%s at %ld: opened %d whole %d new id %d prefix %d",
                         kinds[kind], at, found.opened, found.whole,
                         found.id_is_new, found.prefix);
            lost += acknowledged.count - found.first_missing;
            assert_true(at < CUTS_MAX);
        }
    }
    assert_true(lost > 0);
}

TEST(off_loses_what_was_acknowledged)
{
    int lost = 0, broken = 0;
    struct acknowledged acknowledged;
    struct found found;
    long at = 1;
    for (bool cut = true; cut; at += 3) {
        cut =
            live(QUEUE_SYNC_OFF, POWERCUT_SCATTERED, at, &acknowledged, &found);
        lost += acknowledged.count - found.first_missing;
        broken += !found.opened || !found.whole;
        assert_true(at < CUTS_MAX);
    }
    assert_true(lost > 0);
    assert_true(broken > 0);
}

/* Or else each frame is two, which is a tenth of what a commit costs. */
TEST(a_commit_is_one_write_and_one_sync)
{
    static const enum queue_synchronous ways[] = {QUEUE_SYNC_FULL,
                                                  QUEUE_SYNC_NORMAL};
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        struct place place;
        struct acknowledged acknowledged = {.count = 0};
        place_make(&place);
        place.options.synchronous = ways[i];
        powercut_arm(0, POWERCUT_NONE, 1);
        struct queue *queue = queue_open(&place.options);
        assert_true(say(queue, 0, &acknowledged));
        long before = powercut_operations();
        assert_true(say(queue, 1, &acknowledged));
        long operations = powercut_operations() - before;
        assert_int_equal(operations, ways[i] == QUEUE_SYNC_FULL ? 2 : 1);
        queue_close(queue);
        powercut_restore();
        place_remove(&place);
    }
}

static int
install(void **state)
{
    (void)state;
    powercut_install();
    if (!log_open("stderr", LOG_LEVEL_ERROR))
        return -1;
    clock_fake(INT64_C(1800000000000), 1000000000);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LISTED(full_keeps_every_acknowledged_message),
        LISTED(normal_keeps_a_whole_file_and_the_beginning),
        LISTED(off_loses_what_was_acknowledged),
        LISTED(a_commit_is_one_write_and_one_sync),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
