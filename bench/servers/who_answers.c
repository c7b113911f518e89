#include "servers/who_answers.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PATIENCE_MS = 2000 };

static size_t
drop(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

/* Of "Server: lighttpd/1.4.69" the word that names a way: lighttpd. */
static size_t
take_header(char *data, size_t size, size_t count, void *context)
{
    static const char name[] = "server:";
    struct who_answers *who = context;
    size_t len = size * count, at = sizeof name - 1, out = 0;
    if (len <= at || strncasecmp(data, name, at) != 0)
        return len;
    while (at < len && data[at] == ' ')
        at++;
    for (; at < len && out < sizeof who->server - 1; at++) {
        unsigned char c = (unsigned char)data[at];
        if (!isalnum(c) && c != '-' && c != '.')
            break;
        who->server[out++] = (char)tolower(c);
    }
    if (out)
        who->server[out] = '\0';
    return len;
}

struct who_answers
who_answers(const char *url, bool is_insecure)
{
    struct who_answers who = {.server = "server"};
    CURL *curl = curl_easy_init();
    if (!curl)
        return who;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &who);
    if (is_insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &who.status);
    curl_easy_cleanup(curl);
    return who;
}
