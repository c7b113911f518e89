#include "client/handshake_client.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

void
handshake_client_fini(struct handshake_client *handshake)
{
    bytes_fini(&handshake->head);
}

/* -- the request -------------------------------------------------------- */

/* RFC 6455, section 4.2.2, 5.4. */
static void
compute_accept(struct handshake_client *handshake, const char *key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[96];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    snprintf(text, sizeof text, "%s%s", key, guid);
    EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)handshake->accept, digest, (int)len);
}

/* Parts URL into its authority, without a user's name, and what is asked for.
 * False: it is none that a WebSocket can have. */
static bool
part_url(const char *url, struct bytes *host, struct bytes *target)
{
    static const char *const schemes[] = {"ws", "wss", "http", "https"};
    const char *end = strstr(url, "://");
    bool is_known = false;
    for (size_t i = 0; end && i < sizeof schemes / sizeof *schemes; i++)
        is_known |= strlen(schemes[i]) == (size_t)(end - url) &&
                    strncasecmp(url, schemes[i], (size_t)(end - url)) == 0;
    if (!is_known || strpbrk(url, " \t\r\n"))
        return false;
    const char *authority = end + 3;
    size_t len = strcspn(authority, "/?#");
    const char *at = memchr(authority, '@', len);
    const char *name = at ? at + 1 : authority;
    bytes_append(host, name, (size_t)(authority + len - name));
    const char *rest = authority + len;
    if (*rest != '/')
        bytes_append_char(target, '/');
    bytes_append(target, rest, strcspn(rest, "#"));
    return host->len;
}

bool
handshake_client_begin(struct handshake_client *handshake, const char *url,
                       const char *headers,
                       const uint8_t nonce[HANDSHAKE_NONCE_SIZE],
                       struct bytes *out)
{
    *handshake = (struct handshake_client){0};
    struct bytes host = BYTES_EMPTY, target = BYTES_EMPTY;
    bool is_good = part_url(url, &host, &target);
    if (is_good) {
        unsigned char key[32];
        EVP_EncodeBlock(key, nonce, HANDSHAKE_NONCE_SIZE);
        compute_accept(handshake, (const char *)key);
        handshake->offers_protocol =
            headers && strcasestr(headers, "Sec-WebSocket-Protocol:");
        bytes_printf(out,
                     "GET %.*s HTTP/1.1\r\n"
                     "Host: %.*s\r\n"
                     "Upgrade: websocket\r\n"
                     "Connection: Upgrade\r\n"
                     "Sec-WebSocket-Key: %s\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "%s\r\n",
                     (int)target.len, target.data, (int)host.len, host.data,
                     (const char *)key, headers ? headers : "");
    } else {
        snprintf(handshake->problem, sizeof handshake->problem,
                 "\"%.100s\" is no URL of a WebSocket: write ws://HOST/…", url);
    }
    bytes_fini(&host);
    bytes_fini(&target);
    return is_good;
}

/* -- the answer --------------------------------------------------------- */

/* The value of the header NAME in HEAD, whose lines end with CRLF and whose
 * last one is empty; of several, the first. Its length is in *LEN; NULL: it is
 * not there. */
static const char *
find_header(const char *head, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    const char *end;
    for (const char *line = head; (end = strstr(line, "\r\n")) && end != line;
         line = end + 2) {
        size_t line_len = (size_t)(end - line);
        if (line_len <= name_len || line[name_len] != ':' ||
            strncasecmp(line, name, name_len) != 0)
            continue;
        const char *value = line + name_len + 1;
        *len = line_len - name_len - 1;
        for (; *len && strchr(" \t", *value); value++)
            --*len;
        while (*len && strchr(" \t", value[*len - 1]))
            --*len;
        return value;
    }
    return NULL;
}

static bool
has_token(const char *list, size_t len, const char *token)
{
    if (!list)
        return false;
    size_t token_len = strlen(token);
    const char *end = list + len;
    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end;
        while (list < stop && strchr(" \t", *list))
            list++;
        while (stop > list && strchr(" \t", stop[-1]))
            stop--;
        if ((size_t)(stop - list) == token_len &&
            strncasecmp(list, token, token_len) == 0)
            return true;
        list = comma ? comma + 1 : end;
    }
    return false;
}

__attribute__((format(printf, 2, 3))) static enum handshake_verdict
wrong(struct handshake_client *handshake, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(handshake->problem, sizeof handshake->problem, format, list);
    va_end(list);
    return HANDSHAKE_WRONG;
}

static enum handshake_verdict
judge_headers(struct handshake_client *handshake, const char *headers)
{
    size_t len = 0;
    const char *value = find_header(headers, "Upgrade", &len);
    if (!has_token(value, len, "websocket"))
        return wrong(handshake, "the 101 that came back is no upgrade to "
                                "websocket");
    value = find_header(headers, "Connection", &len);
    if (!has_token(value, len, "upgrade"))
        return wrong(handshake, "the 101 that came back has no \"Connection: "
                                "Upgrade\"");
    value = find_header(headers, "Sec-WebSocket-Accept", &len);
    if (!value || len != strlen(handshake->accept) ||
        memcmp(value, handshake->accept, len) != 0)
        return wrong(handshake, "Sec-WebSocket-Accept does not answer our key "
                                "(RFC 6455, 4.1)");
    if (find_header(headers, "Sec-WebSocket-Extensions", &len))
        return wrong(handshake, "the server uses a WebSocket extension that "
                                "nobody asked for (RFC 6455, 4.1)");
    if (!handshake->offers_protocol &&
        find_header(headers, "Sec-WebSocket-Protocol", &len))
        return wrong(handshake, "the server chose a WebSocket protocol that "
                                "nobody offered (RFC 6455, 4.1)");
    return HANDSHAKE_OPEN;
}

/* HEAD has no NUL in it but the one behind it. */
static enum handshake_verdict
judge(struct handshake_client *handshake, const char *head)
{
    const char *end = strstr(head, "\r\n");
    if (strncmp(head, "HTTP/1.", 7) != 0 || !end || end - head < 12 ||
        strspn(head + 9, "0123456789") != 3)
        return wrong(handshake, "what came back is no HTTP answer");
    handshake->status =
        (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
    if (handshake->status != 101)
        return wrong(handshake,
                     "the WebSocket's handshake was answered %d, and not 101: "
                     "is this a WebSocket's address, and does the web server "
                     "in between pass Upgrade on?",
                     handshake->status);
    return judge_headers(handshake, end + 2);
}

enum handshake_verdict
handshake_client_take(struct handshake_client *handshake, const char **data,
                      size_t *len)
{
    static const char start[] = "HTTP/1.";
    struct bytes *head = &handshake->head;
    size_t had = head->len, from = had < 3 ? 0 : had - 3;
    size_t some =
        *len < HANDSHAKE_HEAD_MAX - had ? *len : HANDSHAKE_HEAD_MAX - had;
    if (some)
        bytes_append(head, *data, some);
    size_t known = head->len < strlen(start) ? head->len : strlen(start);
    if (known && memcmp(head->data, start, known) != 0)
        return wrong(handshake, "what came back is no HTTP answer");
    const char *end =
        head->len ? memmem(head->data + from, head->len - from, "\r\n\r\n", 4)
                  : NULL;
    if (!end && head->len == HANDSHAKE_HEAD_MAX)
        return wrong(handshake,
                     "the head of the handshake's answer is above "
                     "%d bytes",
                     HANDSHAKE_HEAD_MAX);
    size_t taken = end ? (size_t)(end + 4 - head->data) - had : *len;
    *data += taken;
    *len -= taken;
    if (!end)
        return HANDSHAKE_MORE;
    head->len = (size_t)(end + 4 - head->data);
    bytes_append_char(head, '\0');
    if (strlen(head->data) != head->len - 1)
        return wrong(handshake, "the answer's head has a NUL in it");
    return judge(handshake, head->data);
}
