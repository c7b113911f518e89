#include "http.h"

#include <string.h>

enum { CONNECT_S = 10, ANSWER_S = 60, BODY_MAX = 64 << 20 };

void
http_answer_fini(struct http_answer *answer)
{
    bytes_fini(&answer->body);
}

void
http_append_url(struct bytes *url, const char *base, const char *channel,
                const char *suffix)
{
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    bytes_append(url, base, len);
    bytes_append_char(url, '/');
    bytes_append_string(url, channel);
    bytes_append_string(url, suffix);
}

static bool
is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

void
http_append_query(struct bytes *url, const char *name, const char *value)
{
    bool has_query = url->len && memchr(url->data, '?', url->len);
    bytes_printf(url, "%c%s=", has_query ? '&' : '?', name);
    for (; *value; value++) {
        if (is_unreserved(*value))
            bytes_append_char(url, *value);
        else
            bytes_printf(url, "%%%02X", (unsigned char)*value);
    }
}

char *
http_public_url(const char *url)
{
    char *text = NULL;
    CURLU *parts = curl_url();
    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_set(parts, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
        curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK)
        (void)curl_url_get(parts, CURLUPART_URL, &text, 0);
    curl_url_cleanup(parts);
    return text;
}

CURL *
http_handle(bool insecure)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return NULL;
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "earshot/" PACKAGE_VERSION);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    if (insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return curl;
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
    struct http_answer *answer = context;
    if (answer->body.len + size * count > BODY_MAX)
        return 0;
    bytes_append(&answer->body, data, size * count);
    return size * count;
}

bool
http_is_hopeless(CURLcode code)
{
    switch ((int)code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_PEER_FAILED_VERIFICATION:
        return true;
    default:
        return false;
    }
}

static CURLcode
perform(CURL *curl, const char *url, struct http_answer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(curl);
    long sent = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
    answer->was_sent = sent > 0;
    return code;
}

CURLcode
http_post(const char *url, const char *const *headers, size_t header_count,
          const void *data, size_t len, bool insecure,
          struct http_answer *answer)
{
    CURL *curl = http_handle(insecure);
    /* A server that knows no 100 (Continue) would make us wait. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (!curl)
        return CURLE_OUT_OF_MEMORY;
    for (size_t i = 0; i < header_count; i++)
        if (headers[i])
            list = curl_slist_append(list, headers[i]);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, data);
    CURLcode code = perform(curl, url, answer);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return code;
}
