/*
 * Groups of connections, and the counting of what they see.
 */
#include "peer.h"

#include <stdlib.h>

enum { SAMPLES_MAX = 4000000 };

void
samples_add(struct samples *samples, int64_t ns)
{
    if (samples->count == SAMPLES_MAX)
        return;
    if (samples->count == samples->room) {
        samples->room = samples->room > 0 ? samples->room * 2 : 1024;
        samples->us =
            realloc(samples->us, samples->room * sizeof(*samples->us));
        if (samples->us == NULL)
            peer_fail("realloc");
    }
    samples->us[samples->count++] = (uint32_t)(ns > 0 ? ns / 1000 : 0);
}

static int
compare_us(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static void
samples_print(const struct samples *samples, const char *name, FILE *out)
{
    size_t n = samples->count;

    if (n == 0)
        return;
    qsort(samples->us, n, sizeof(*samples->us), compare_us);
    fprintf(out, ",\"%s_us\":{\"count\":%zu,\"p50\":%u,\"p99\":%u,\"max\":%u}",
            name, n, samples->us[n / 2], samples->us[n * 99 / 100],
            samples->us[n - 1]);
}

void
group_add(struct group *group, struct connection *connection)
{
    if (group->count == group->room) {
        group->room = group->room > 0 ? group->room * 2 : 64;
        group->members =
            realloc(group->members, group->room * sizeof(struct connection *));
        if (group->members == NULL)
            peer_fail("realloc");
    }
    connection->member_at = group->count;
    group->members[group->count++] = connection;
}

void
group_remove(struct group *group, struct connection *connection)
{
    struct connection *moved = group->members[--group->count];

    if (group->awaited > 0 && connection->messages >= group->awaited)
        group->have_awaited--;
    group->members[connection->member_at] = moved;
    moved->member_at = connection->member_at;
}

void
group_on_opened(struct group *group, struct connection *connection)
{
    if (!connection->opened)
        group->opened++;
    connection->opened = true;
}

void
group_on_message(struct group *group, struct connection *connection,
                 uint64_t id, int64_t sent_ns)
{
    int64_t took_ns = peer_now_ns() - sent_ns;

    group->messages++;
    if (++connection->messages == group->awaited)
        group->have_awaited++;
    if (sent_ns == 0)
        return;
    samples_add(&group->delivery, took_ns);
    if (id != group->newest_id) {
        group->newest_id = id;
        group->newest_seen = 0;
    }
    if (++group->newest_seen == group->count)
        samples_add(&group->last, took_ns);
}

void
group_await(struct group *group, uint64_t messages)
{
    group->awaited = messages;
    group->have_awaited = 0;
    for (size_t i = 0; i < group->count; i++)
        group->have_awaited += group->members[i]->messages >= messages;
}

void
group_reset(struct group *group)
{
    group->messages = group->repeats = group->disorder = group->gaps = 0;
    group->lost = group->comments = 0;
    group->closed = group->refused = 0;
    group->answered = group->failed = 0;
    group->delivery.count = group->last.count = group->answers.count = 0;
    for (size_t i = 0; i < group->count; i++)
        group->members[i]->messages = 0;
    group_await(group, 0);
}

/* An answer as it came, for JSON: what is not plain ASCII is left out. */
static void
print_answer(const struct group *group, FILE *out)
{
    fputs(",\"answer\":\"", out);
    for (size_t i = 0; i < group->answer_length; i++) {
        unsigned char byte = (unsigned char)group->answer[i];

        if (byte == '"' || byte == '\\' || byte < 0x20)
            fprintf(out, "\\u%04x", byte);
        else if (byte < 0x7f)
            fputc(byte, out);
    }
    fputc('"', out);
}

void
group_print(const struct group *group, FILE *out)
{
    uint64_t fewest = group->count > 0 ? UINT64_MAX : 0, most = 0;

    for (size_t i = 0; i < group->count; i++) {
        uint64_t messages = group->members[i]->messages;

        fewest = messages < fewest ? messages : fewest;
        most = messages > most ? messages : most;
    }
    fprintf(
        out,
        "\"connections\":%zu,\"opened\":%zu,\"closed\":%zu,\"refused\":%zu,"
        "\"status\":%d,\"messages\":%llu,\"fewest\":%llu,\"most\":%llu,"
        "\"repeats\":%llu,\"disorder\":%llu,\"gaps\":%llu,\"lost\":%llu,"
        "\"comments\":%llu,\"answered\":%zu,\"failed\":%zu",
        group->count, group->opened, group->closed, group->refused,
        group->status, (unsigned long long)group->messages,
        (unsigned long long)fewest, (unsigned long long)most,
        (unsigned long long)group->repeats, (unsigned long long)group->disorder,
        (unsigned long long)group->gaps, (unsigned long long)group->lost,
        (unsigned long long)group->comments, group->answered, group->failed);
    samples_print(&group->delivery, "delivery", out);
    samples_print(&group->last, "last", out);
    samples_print(&group->answers, "answer", out);
    if (group->answer_length > 0)
        print_answer(group, out);
}
