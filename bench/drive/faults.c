#include "drive/faults.h"

#include "base/bytes.h"
#include "result.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Of different sentences; the last place is for all others. */
enum { KINDS_MAX = 8 };

struct fault {
    char *sentence;
    unsigned count;
    bool is_final;
};

struct faults {
    pthread_mutex_t mutex;
    struct fault kinds[KINDS_MAX];
    int kind_count;
    unsigned count;
    bool is_away;
    unsigned away_count;
};

struct faults *
faults_new(void)
{
    struct faults *faults = xcalloc(1, sizeof *faults);
    pthread_mutex_init(&faults->mutex, NULL);
    return faults;
}

void
faults_free(struct faults *faults)
{
    if (!faults)
        return;
    for (int i = 0; i < faults->kind_count; i++)
        free(faults->kinds[i].sentence);
    pthread_mutex_destroy(&faults->mutex);
    free(faults);
}

static struct fault *
find_kind(struct faults *faults, const char *sentence)
{
    for (int i = 0; i < faults->kind_count; i++)
        if (strcmp(faults->kinds[i].sentence, sentence) == 0)
            return &faults->kinds[i];
    if (faults->kind_count == KINDS_MAX)
        return &faults->kinds[KINDS_MAX - 1];
    struct fault *kind = &faults->kinds[faults->kind_count++];
    bool is_last = faults->kind_count == KINDS_MAX;
    kind->sentence = xstrdup(is_last ? "Other failures" : sentence);
    return kind;
}

static void
count(struct faults *faults, const char *sentence, bool is_final)
{
    struct fault *kind = find_kind(faults, sentence);
    kind->count++;
    kind->is_final |= is_final;
    faults->count++;
}

void
faults_set_away(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    faults->is_away = true;
    pthread_mutex_unlock(&faults->mutex);
}

void
faults_add(struct faults *faults, bool is_final, const char *format, ...)
{
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&faults->mutex);
    if (faults->is_away && !is_final)
        faults->away_count++;
    else
        count(faults, sentence, is_final);
    pthread_mutex_unlock(&faults->mutex);
}

/* What STATUS mostly means here, and what to do. */
static const char *
advice_of(long status)
{
    switch (status) {
    case 401:
    case 403:
        return "the server does not let us; allow it, or name the headers that "
               "it wants, by --header or in the target's file";
    case 404:
    case 410:
        return "there is nothing at this address; look at the URL that was "
               "given, or at the target's file";
    case 405:
        return "the address is right for another method; name that before the "
               "URL, or as \"method\" in the target's file";
    case 413:
        return "the message is too long for this server; lower --size";
    case 429:
        return "the server limits how often it may be asked";
    case 502:
    case 504:
        return "the web server does not reach the program behind it";
    case 503:
        return "the server is overloaded, or the program behind it is away";
    default:
        if (status >= 300 && status < 400)
            return "the address has moved; name the new one";
        return "a target's file can say which statuses are good (\"accept\")";
    }
}

void
faults_add_status(struct faults *faults, const char *method, const char *url,
                  long status)
{
    bool is_final = status >= 300 && status < 500 && status != 408 &&
                    status != 425 && status != 429;
    faults_add(faults, is_final, "%s %s is answered with %ld: %s", method, url,
               status, advice_of(status));
}

void
faults_add_page(struct faults *faults, const char *method, const char *url,
                const char *content_type)
{
    faults_add(faults, true,
               "%s %s is answered with %s, which is not what carries messages: "
               "the address is another page's; look at the URL that was "
               "given, or at the target's file",
               method, url, content_type ? content_type : "no Content-Type");
}

void
faults_add_code(struct faults *faults, const char *method, const char *url,
                CURL *easy, CURLcode code)
{
    long number = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        faults_add(faults, true,
                   "%s %s failed: its certificate is not one that this "
                   "machine trusts; --insecure does without",
                   method, url);
        return;
    }
    const char *why = number && code == CURLE_COULDNT_CONNECT
                          ? strerror((int)number)
                          : curl_easy_strerror(code);
    faults_add(faults, false, "%s %s failed: %s", method, url, why);
}

unsigned
faults_count(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    unsigned count = faults->count;
    pthread_mutex_unlock(&faults->mutex);
    return count;
}

static const struct fault *
find_worst(const struct faults *faults)
{
    const struct fault *worst = NULL;
    for (int i = 0; i < faults->kind_count; i++) {
        const struct fault *kind = &faults->kinds[i];
        if (!worst || kind->is_final > worst->is_final ||
            (kind->is_final == worst->is_final && kind->count > worst->count))
            worst = kind;
    }
    return worst;
}

bool
faults_have_final(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    const struct fault *worst = find_worst(faults);
    bool is_final = worst && worst->is_final;
    pthread_mutex_unlock(&faults->mutex);
    return is_final;
}

char *
faults_worst(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    const struct fault *worst = find_worst(faults);
    char *sentence = worst ? xstrdup(worst->sentence) : NULL;
    pthread_mutex_unlock(&faults->mutex);
    return sentence;
}

void
faults_tell(struct faults *faults, struct result *result)
{
    pthread_mutex_lock(&faults->mutex);
    if (faults->away_count)
        result_note(result,
                    "While the server was restarted, and after it, %u %s.",
                    faults->away_count,
                    faults->away_count == 1 ? "connection or request failed"
                                            : "connections or requests failed");
    for (int i = 0; i < faults->kind_count; i++) {
        const struct fault *kind = &faults->kinds[i];
        result_note(result, "%s (%u %s).", kind->sentence, kind->count,
                    kind->count == 1 ? "time" : "times");
    }
    pthread_mutex_unlock(&faults->mutex);
}
