#include "drive/sockets.h"

#include "base/bytes.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A quarter of the ports that Linux gives out by itself: the others may still
 * be waiting after earlier connections. */
enum { PORTS_OF_AN_ADDRESS = 7000, SOURCES_MAX = 250 };
enum { TRY_MS = 5000 };

struct entry {
    bool is_open;
    bool is_taken; /* curl's "close" is not meant */
    bool is_ours;  /* taken, and curl has let go of it */
    int owner;
    struct traffic base; /* when counting began, or it was opened */
};

struct sockets {
    struct sockaddr_storage address;
    socklen_t address_len;
    int sources; /* 0: the system's choice */
    unsigned next_source;
    pthread_mutex_t mutex; /* for all below */
    struct entry *entries; /* by descriptor */
    int entry_count;
    bool is_counting;
    struct traffic counted; /* of sockets that are closed */
};

static int
open_socket(const struct sockets *sockets, int family)
{
    (void)sockets;
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Whether a connection to ADDRESS comes about; errno says why not. */
static bool
can_connect(const struct addrinfo *info)
{
    int fd = open_socket(NULL, info->ai_family);
    if (fd < 0)
        return false;
    int error = connect(fd, info->ai_addr, info->ai_addrlen) ? errno : 0;
    if (error == EINPROGRESS) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        socklen_t len = sizeof error;
        if (poll(&wait, 1, TRY_MS) != 1)
            error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
            error = errno;
    }
    close(fd);
    errno = error;
    return error == 0;
}

static char *
sentence_of(const char *host, const char *port, const char *why)
{
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text,
                 "Nothing answers at %s, port %s: %s. Start the server, or "
                 "name the right one by --url, by --publish and --subscribe, "
                 "or in the target's file",
                 host, port, why);
    bytes_append_char(&text, '\0');
    return text.data;
}

/* The first of HOST's addresses that can be connected to. */
static char *
look_up(struct sockets *sockets, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    int code = getaddrinfo(host, port, &hints, &all);
    if (code)
        return sentence_of(host, port, gai_strerror(code));
    const struct addrinfo *info = all;
    int why = 0;
    while (info && !can_connect(info)) {
        why = errno;
        info = info->ai_next;
    }
    if (info) {
        memcpy(&sockets->address, info->ai_addr, info->ai_addrlen);
        sockets->address_len = info->ai_addrlen;
    }
    freeaddrinfo(all);
    return info ? NULL : sentence_of(host, port, strerror(why));
}

static char *
find_host(struct sockets *sockets, const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    char *port = NULL;
    char *problem = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, 0) ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) ||
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT)) {
        struct bytes text = BYTES_EMPTY;
        bytes_printf(&text, "\"%s\" is no address: write it as http://HOST/…",
                     url);
        bytes_append_char(&text, '\0');
        problem = text.data;
    } else {
        if (host[0] == '[') { /* IPv6 */
            memmove(host, host + 1, strlen(host));
            host[strcspn(host, "]")] = '\0';
        }
        problem = look_up(sockets, host, port);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return problem;
}

/* curl knows no ws: here. */
static char *
http_url(const char *url)
{
    if (strncmp(url, "ws", 2) != 0)
        return xstrdup(url);
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "http%s", url + 2);
    bytes_append_char(&text, '\0');
    return text.data;
}

static void
spread(struct sockets *sockets, int count)
{
    const struct sockaddr_in *address =
        (const struct sockaddr_in *)&sockets->address;
    if (address->sin_family != AF_INET ||
        ntohl(address->sin_addr.s_addr) >> 24 != 127)
        return;
    int sources = (count + PORTS_OF_AN_ADDRESS - 1) / PORTS_OF_AN_ADDRESS;
    if (sources > 1)
        sockets->sources = sources < SOURCES_MAX ? sources : SOURCES_MAX;
}

struct sockets *
sockets_new(const char *url, int count, char **problem)
{
    struct sockets *sockets = xcalloc(1, sizeof *sockets);
    pthread_mutex_init(&sockets->mutex, NULL);
    char *plain = http_url(url);
    char *sentence = find_host(sockets, plain);
    free(plain);
    if (sentence) {
        *problem = sentence;
        sockets_free(sockets);
        return NULL;
    }
    spread(sockets, count);
    return sockets;
}

void
sockets_free(struct sockets *sockets)
{
    if (!sockets)
        return;
    pthread_mutex_destroy(&sockets->mutex);
    free(sockets->entries);
    free(sockets);
}

/* Bytes that were sent again are not counted twice. */
static struct traffic
read_traffic(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
        return (struct traffic){0};
    return (struct traffic){
        .down = (double)info.tcpi_bytes_received,
        .up = (double)(info.tcpi_bytes_sent - info.tcpi_bytes_retrans),
        .segments_down = info.tcpi_segs_in,
        .segments_up = info.tcpi_segs_out,
    };
}

static void
add_difference(struct traffic *into, const struct traffic *now,
               const struct traffic *base)
{
    into->down += now->down - base->down;
    into->up += now->up - base->up;
    into->segments_down += now->segments_down - base->segments_down;
    into->segments_up += now->segments_up - base->segments_up;
}

static void
add_entry(struct sockets *sockets, int fd, int owner)
{
    pthread_mutex_lock(&sockets->mutex);
    if (fd >= sockets->entry_count) {
        int count = fd * 2 + 64;
        sockets->entries =
            xrealloc(sockets->entries, (size_t)count * sizeof(struct entry));
        memset(sockets->entries + sockets->entry_count, 0,
               (size_t)(count - sockets->entry_count) * sizeof(struct entry));
        sockets->entry_count = count;
    }
    sockets->entries[fd] = (struct entry){.is_open = true, .owner = owner};
    pthread_mutex_unlock(&sockets->mutex);
}

/* Under the mutex until the end, so that nobody reads another's socket that got
 * the same number. */
void
sockets_close(struct sockets *sockets, int fd)
{
    pthread_mutex_lock(&sockets->mutex);
    struct entry *entry = &sockets->entries[fd];
    if (entry->is_taken && !entry->is_ours) {
        entry->is_ours = true;
    } else {
        if (sockets->is_counting) {
            struct traffic now = read_traffic(fd);
            add_difference(&sockets->counted, &now, &entry->base);
        }
        entry->is_open = false;
        close(fd);
    }
    pthread_mutex_unlock(&sockets->mutex);
}

void
sockets_take(struct sockets *sockets, int fd)
{
    pthread_mutex_lock(&sockets->mutex);
    sockets->entries[fd].is_taken = true;
    pthread_mutex_unlock(&sockets->mutex);
}

/* The port is chosen at connect(2), when the peer is known, so that a port can
 * serve towards several. */
static bool
bind_source(struct sockets *sockets, int fd)
{
    pthread_mutex_lock(&sockets->mutex);
    unsigned number = sockets->next_source++ % (unsigned)sockets->sources;
    pthread_mutex_unlock(&sockets->mutex);
    struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number),
    };
    int on = 1;
    return !setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                       sizeof on) &&
           !bind(fd, (struct sockaddr *)&source, sizeof source);
}

/* curl's own structure has room for any address behind its head. */
static void
set_address(const struct sockets *sockets, struct curl_sockaddr *address)
{
    address->family = sockets->address.ss_family;
    address->addrlen = sockets->address_len;
    void *where = (char *)address + offsetof(struct curl_sockaddr, addr);
    memcpy(where, &sockets->address, sockets->address_len);
}

static curl_socket_t
on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct opener *opener = context;
    struct sockets *sockets = opener->sockets;
    (void)purpose;
    set_address(sockets, address);
    int fd = open_socket(sockets, address->family);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    if (sockets->sources && !bind_source(sockets, fd)) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    add_entry(sockets, fd, opener->owner);
    return fd;
}

static int
on_close(void *context, curl_socket_t fd)
{
    const struct opener *opener = context;
    sockets_close(opener->sockets, fd);
    return 0;
}

void
opener_apply(struct opener *opener, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, opener);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, opener);
}

void
sockets_alias(char out[ALIAS_SIZE], unsigned number)
{
    snprintf(out, ALIAS_SIZE, "::10.%u.%u.%u:", number >> 16 & 255,
             number >> 8 & 255, number & 255);
}

void
sockets_shut(struct sockets *sockets, int owner)
{
    pthread_mutex_lock(&sockets->mutex);
    for (int fd = 0; fd < sockets->entry_count; fd++)
        if (sockets->entries[fd].is_open && sockets->entries[fd].owner == owner)
            shutdown(fd, SHUT_RDWR);
    pthread_mutex_unlock(&sockets->mutex);
}

void
sockets_count(struct sockets *sockets)
{
    pthread_mutex_lock(&sockets->mutex);
    sockets->is_counting = true;
    sockets->counted = (struct traffic){0};
    for (int fd = 0; fd < sockets->entry_count; fd++)
        if (sockets->entries[fd].is_open)
            sockets->entries[fd].base = read_traffic(fd);
    pthread_mutex_unlock(&sockets->mutex);
}

struct traffic
sockets_counted(struct sockets *sockets)
{
    pthread_mutex_lock(&sockets->mutex);
    for (int fd = 0; fd < sockets->entry_count && sockets->is_counting; fd++) {
        struct entry *entry = &sockets->entries[fd];
        if (!entry->is_open)
            continue;
        struct traffic now = read_traffic(fd);
        add_difference(&sockets->counted, &now, &entry->base);
    }
    sockets->is_counting = false;
    struct traffic counted = sockets->counted;
    pthread_mutex_unlock(&sockets->mutex);
    return counted;
}
