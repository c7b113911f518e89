#include "cost/status.h"

#include "base/bytes.h"

#include <cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum {
    ANSWER_MAX = 1 << 20,
    QUESTION_MS = 1000,
};

static int64_t
number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : -1;
}

static void
copy_text(const cJSON *object, const char *name, char *out, size_t size)
{
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    snprintf(out, size, "%s", text ? text : "");
}

static bool
is_pid(int64_t pid)
{
    return pid > 0 && pid <= INT32_MAX;
}

/* One of those who share the queue. OWN is who has answered, PROGRAM what that
 * is; its figures are as new as the answer. */
static int
read_process(const cJSON *process, const struct status *own,
             const char *program, struct status *status)
{
    char name[32];
    int64_t pid = number_of(process, "pid");
    int64_t age_ms = number_of(process, "age_ms");
    if (!is_pid(pid) || pid == own->pid)
        return 0;
    copy_text(process, "program", name, sizeof name);
    *status = *own;
    status->pid = (int)pid;
    status->is_other = strcmp(name, program) != 0;
    status->commits = number_of(process, "commits");
    status->age_ns = age_ms > 0 ? age_ms * 1000000 : 0;
    return 1;
}

static void
find_program(const cJSON *processes, int pid, char *program, size_t size)
{
    const cJSON *process;
    program[0] = '\0';
    cJSON_ArrayForEach(process, processes) if (number_of(process, "pid") == pid)
        copy_text(process, "program", program, size);
}

int
status_read(const char *json, size_t len,
            struct status all[STATUS_PROCESSES_MAX])
{
    cJSON *answer = cJSON_ParseWithLength(json, len);
    const cJSON *queue = cJSON_GetObjectItemCaseSensitive(answer, "queue");
    const cJSON *others = cJSON_GetObjectItemCaseSensitive(answer, "processes");
    int64_t pid = number_of(answer, "pid");
    int count = is_pid(pid);
    if (count) {
        char program[32];
        const cJSON *process;
        all[0] = (struct status){.pid = (int)pid,
                                 .commits = number_of(queue, "commits")};
        copy_text(queue, "path", all[0].queue, sizeof all[0].queue);
        copy_text(queue, "synchronous", all[0].synchronous,
                  sizeof all[0].synchronous);
        find_program(others, all[0].pid, program, sizeof program);
        cJSON_ArrayForEach(process, others) if (count < STATUS_PROCESSES_MAX)
            count += read_process(process, &all[0], program, &all[count]);
    }
    cJSON_Delete(answer);
    return count;
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
    struct bytes *body = context;
    if (body->len + size * count > ANSWER_MAX)
        return 0;
    bytes_append(body, data, size * count);
    return size * count;
}

int
status_ask(const char *url, struct status all[STATUS_PROCESSES_MAX])
{
    int count = 0;
    struct bytes body = BYTES_EMPTY;
    CURL *curl = curl_easy_init();
    if (!curl)
        return 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)QUESTION_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    if (curl_easy_perform(curl) == CURLE_OK && body.len > 0)
        count = status_read(body.data, body.len, all);
    curl_easy_cleanup(curl);
    bytes_fini(&body);
    return count;
}
