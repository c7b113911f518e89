#include "drive/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void
end(struct wire *wire, const char *why)
{
    wire_close(wire);
    wire->verbs->on_end(wire, why);
}

/* How many bytes came; 0: none for now; -1: it is over, for *WHY. */
static ssize_t
receive(struct wire *wire, const char **why)
{
    if (wire->is_taken) {
        ssize_t got = recv(wire->fd, wire->scratch, WIRE_READ_SIZE, 0);
        if (got > 0)
            return got;
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        *why = got < 0 ? strerror(errno) : NULL;
        return -1;
    }
    size_t got = 0;
    CURLcode code = curl_easy_recv(wire->transfer.easy, wire->scratch,
                                   WIRE_READ_SIZE, &got);
    if (code == CURLE_AGAIN)
        return 0;
    *why = code ? curl_easy_strerror(code) : NULL;
    return code || got == 0 ? -1 : (ssize_t)got;
}

/* A read that did not fill the buffer has emptied the socket: the next would
 * only say so. TLS may hold more than the socket shows, and is asked. */
static void
on_readable(evutil_socket_t fd, short what, void *context)
{
    struct wire *wire = context;
    (void)fd;
    (void)what;
    if (wire->pool->watch)
        wire->pool->watch->on_event(wire->pool->watch->context);
    ssize_t got;
    do {
        const char *why = NULL;
        got = receive(wire, &why);
        if (got < 0) {
            end(wire, why);
            return;
        }
        if (got > 0)
            wire->verbs->on_bytes(wire, wire->scratch, (size_t)got);
    } while (wire->state == WIRE_OPEN && got > 0 && !wire->is_taken &&
             !wire->is_deaf);
}

/* How many bytes left, or -1: it is over (reading will say why). */
static ssize_t
transmit(struct wire *wire, const char *data, size_t len)
{
    if (wire->is_taken) {
        ssize_t sent = send(wire->fd, data, len, MSG_NOSIGNAL);
        return sent < 0 && errno == EAGAIN ? 0 : sent;
    }
    size_t sent = 0;
    CURLcode code = curl_easy_send(wire->transfer.easy, data, len, &sent);
    return code == CURLE_OK || code == CURLE_AGAIN ? (ssize_t)sent : -1;
}

static void
flush(struct wire *wire)
{
    ssize_t sent = transmit(wire, wire->out.data, wire->out.len);
    if (sent < 0)
        sent = (ssize_t)wire->out.len;
    bytes_consume(&wire->out, (size_t)sent);
    if (wire->out.len)
        event_add(&wire->write, NULL);
    else
        event_del(&wire->write);
}

static void
on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    flush(context);
}

static void
take_socket(struct wire *wire)
{
    sockets_take(wire->opener->sockets, wire->fd);
    transfer_fini(&wire->transfer);
    wire->is_taken = true;
}

static const char *
why_not(CURL *easy, CURLcode code)
{
    long number = 0;
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return "its certificate is not one that this machine trusts; "
               "--insecure does without";
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    return code == CURLE_COULDNT_CONNECT && number ? strerror((int)number)
                                                   : curl_easy_strerror(code);
}

static void
on_connected(struct transfer *transfer, CURLcode code)
{
    struct wire *wire =
        (struct wire *)(void *)((char *)transfer -
                                offsetof(struct wire, transfer));
    if (code) {
        end(wire, why_not(transfer->easy, code));
        return;
    }
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd);
    wire->fd = fd;
    if (!wire->is_tls)
        take_socket(wire);
    struct event_base *base = wire->pool->base;
    event_assign(&wire->read, base, fd, EV_READ | EV_PERSIST, on_readable,
                 wire);
    event_assign(&wire->write, base, fd, EV_WRITE | EV_PERSIST, on_writable,
                 wire);
    event_add(&wire->read, NULL);
    wire->state = WIRE_OPEN;
    wire->verbs->on_open(wire);
}

static void
set_options(struct wire *wire, const char *url, struct curl_slist *connect_to,
            bool is_insecure)
{
    CURL *easy = wire->transfer.easy;
    struct bytes http = BYTES_EMPTY;
    bytes_printf(&http, "%s%s", strncmp(url, "ws", 2) ? "" : "http",
                 strncmp(url, "ws", 2) ? url : url + 2);
    bytes_append_char(&http, '\0');
    wire->is_tls = strncmp(http.data, "https:", 6) == 0;
    curl_easy_setopt(easy, CURLOPT_URL, http.data);
    bytes_fini(&http);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 1024L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
    if (is_insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    opener_apply(wire->opener, easy);
}

void
wire_open(struct wire *wire, const char *url, struct curl_slist *connect_to,
          bool is_insecure)
{
    transfer_init(&wire->transfer, wire->pool, on_connected);
    wire->transfer.only_connects = true;
    wire->state = WIRE_CONNECTING;
    set_options(wire, url, connect_to, is_insecure);
    transfer_start(&wire->transfer);
}

void
wire_close(struct wire *wire)
{
    if (wire->state == WIRE_OPEN) {
        event_del(&wire->read);
        event_del(&wire->write);
    }
    if (wire->is_taken)
        sockets_close(wire->opener->sockets, wire->fd);
    transfer_fini(&wire->transfer);
    bytes_fini(&wire->out);
    wire->is_taken = false;
    wire->is_deaf = false;
    wire->state = WIRE_CLOSED;
}

void
wire_send(struct wire *wire, const void *data, size_t len)
{
    if (wire->state != WIRE_OPEN)
        return;
    if (wire->out.len) {
        bytes_append(&wire->out, data, len);
        return;
    }
    ssize_t sent = transmit(wire, data, len);
    if (sent < 0 || (size_t)sent == len)
        return;
    bytes_append(&wire->out, (const char *)data + sent, len - (size_t)sent);
    event_add(&wire->write, NULL);
}

void
wire_stop(struct wire *wire)
{
    if (wire->state != WIRE_OPEN || wire->is_deaf)
        return;
    wire->is_deaf = true;
    event_del(&wire->read);
}

void
wire_resume(struct wire *wire)
{
    if (wire->state != WIRE_OPEN || !wire->is_deaf)
        return;
    wire->is_deaf = false;
    event_add(&wire->read, NULL);
}
