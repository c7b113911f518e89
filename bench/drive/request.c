#include "drive/request.h"

#include "base/bytes.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

struct curl_slist *
request_headers(const struct entrance *entrance, const char *channel)
{
    struct curl_slist *headers = NULL;
    for (char **at = entrance->headers; at && *at; at++) {
        char *header = target_fill(*at, channel, NULL);
        headers = curl_slist_append(headers, header);
        free(header);
    }
    return headers;
}

void
request_apply(CURL *easy, const struct entrance *entrance,
              const struct plan *plan, size_t buffer_bytes)
{
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)buffer_bytes);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "earshot-bench");
    if (entrance->method && strcmp(entrance->method, "GET") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, entrance->method);
    if (plan->is_insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

bool
request_accepts(const struct entrance *entrance, long status)
{
    if (!entrance->accept[0])
        return status >= 200 && status < 300;
    for (int i = 0; i < 8 && entrance->accept[i]; i++)
        if (entrance->accept[i] == status)
            return true;
    return false;
}

char *
request_add_query(const char *url, const char *name, const char *value,
                  size_t len)
{
    struct bytes text = BYTES_EMPTY;
    char *escaped = curl_easy_escape(NULL, value, (int)len);
    bytes_printf(&text, "%s%c%s=%s", url, strchr(url, '?') ? '&' : '?', name,
                 escaped);
    bytes_append_char(&text, '\0');
    curl_free(escaped);
    return text.data;
}

/* "http://a:1/b?c#d" is asked for "/b?c" of "a:1". */
void
request_write(struct bytes *request, const char *method, const char *url)
{
    const char *host = url + strlen("http://");
    size_t host_len = strcspn(host, "/?#");
    const char *path = host + host_len;
    bytes_printf(request, "%s %s%.*s HTTP/1.1\r\nHost: %.*s\r\n", method,
                 *path == '/' ? "" : "/", (int)strcspn(path, "#"), path,
                 (int)host_len, host);
}

bool
request_is_plain(const struct entrance *entrance)
{
    if (strncmp(entrance->url, "http://", 7) != 0)
        return false;
    const char *host = entrance->url + 7;
    return !memchr(host, '@', strcspn(host, "/?#"));
}
