/* bare-reader: the yardstick for earshot-bench's own cost.
 *
 * One thread over epoll that holds N event streams of one server, publishes to
 * it at a fixed rate, finds the tokens in what arrives and notes how late each
 * is: what any client must do, and nothing else. It shares no code with
 * earshot-bench, knows no chunks (earshot-bare-sse sends none) and checks
 * nothing.
 *
 *   bare-reader PORT SUBSCRIBERS RATE SECONDS [SIZE]
 *
 * on 127.0.0.1; it writes one line of JSON. RATE 0: as IN_FLIGHT publishers do,
 * each of whom publishes its next message when the last was answered. */

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 512,
    READ_MAX = 64 << 10,
    TOKEN_SIZE = 52,
    DUE_AT = 22, /* in a token: eb1-RRRRRRRR-SSSSSSSS-DDDDDDDDDDDDDD-… */
    DUE_DIGITS = 14,
    STEPS = 64, /* of the histogram, in each power of two */
    HISTOGRAM_SIZE = 48 * STEPS,
    WARM_UP_S = 1,
    IN_FLIGHT = 64,
    SIZE_MOST = 4096,
    REQUEST_MAX = SIZE_MOST + 256,
    PER_ADDRESS = 20000, /* connections from one 127.0.0.x */
};

struct stream {
    int fd;
    bool is_open; /* its first bytes have come */
    uint8_t carried;
    char carry[TOKEN_SIZE];
};

static int epoll, timer;
static struct stream publisher; /* is told apart by its address */
static struct stream *streams;
static int stream_count, open_count;
static int64_t began_ns, counts_from_ns, ends_ns;
static double rate;
static int size = 64;
static uint32_t sent, answered;
static uint64_t counted;
static uint32_t histogram[HISTOGRAM_SIZE];

static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void
note(int64_t ns)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;
    int power = value >= STEPS ? 63 - __builtin_clzll(value) - 6 : 0;
    size_t at = (size_t)power * STEPS + (value >> power);
    if (at < HISTOGRAM_SIZE)
        histogram[at]++;
}

static double
quantile_us(double share)
{
    uint64_t left = (uint64_t)((double)counted * share);
    for (size_t at = 0; at < HISTOGRAM_SIZE; at++) {
        if (histogram[at] > left) {
            size_t power = at < 2 * STEPS ? 0 : at / STEPS - 1;
            return (double)((at - power * STEPS) << power) / 1e3;
        }
        left -= histogram[at];
    }
    return 0;
}

static int64_t
due_of(const char *token)
{
    int64_t due = 0;
    for (int i = 0; i < DUE_DIGITS; i++) {
        char c = token[DUE_AT + i];
        due = due << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return due;
}

static void
take_token(const char *token, int64_t now)
{
    int64_t due = due_of(token);
    if (due < counts_from_ns || now > ends_ns)
        return;
    counted++;
    note(now - due);
}

/* Finds the tokens; one that is cut waits for its rest. */
static void
take(struct stream *stream, const char *data, size_t len)
{
    char joined[READ_MAX + TOKEN_SIZE];
    int64_t now = now_ns();
    if (stream->carried) {
        memcpy(joined, stream->carry, stream->carried);
        memcpy(joined + stream->carried, data, len);
        data = joined;
        len += stream->carried;
        stream->carried = 0;
    }
    const char *end = data + len, *at;
    while ((at = memmem(data, (size_t)(end - data), "eb1-", 4))) {
        if (end - at < TOKEN_SIZE) {
            stream->carried = (uint8_t)(end - at);
            memcpy(stream->carry, at, stream->carried);
            return;
        }
        take_token(at, now);
        data = at + TOKEN_SIZE;
    }
    /* The beginning of a token may be cut, too. */
    size_t rest = (size_t)(end - data) < 3 ? (size_t)(end - data) : 3;
    stream->carried = (uint8_t)rest;
    memcpy(stream->carry, end - rest, rest);
}

static size_t
write_request(char *out, int64_t due, int64_t now)
{
    size_t len = (size_t)snprintf(
        out, REQUEST_MAX,
        "POST /room HTTP/1.1\r\nHost: bare\r\nContent-Length: %d\r\n\r\n"
        "eb1-%08x-%08x-%014" PRIx64 "-%014" PRIx64 ".",
        size, 1u, sent, due, now);
    memset(out + len, 'x', (size_t)(size - TOKEN_SIZE));
    sent++;
    return len + (size_t)(size - TOKEN_SIZE);
}

/* Publishes all that is due, in one write. */
static void
publish_due(void)
{
    static char out[READ_MAX];
    size_t len = 0;
    int64_t now = now_ns(), due = now;
    while (len < sizeof out - REQUEST_MAX) {
        if (rate > 0)
            due = began_ns + (int64_t)((double)sent * 1e9 / rate);
        if (due > now || (!(rate > 0) && sent - answered >= IN_FLIGHT))
            break;
        len += write_request(out + len, due, now);
    }
    if (len && send(publisher.fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
        fail("bare-reader: publishing");
}

static void
on_timer(void)
{
    uint64_t times;
    if (read(timer, &times, sizeof times) > 0)
        publish_due();
}

/* Each answer has the same length. */
static void
take_answers(size_t len)
{
    static const char answer[] = "HTTP/1.1 201 Created\r\n"
                                 "Content-Length: 3\r\n\r\n{}\n";
    static size_t bytes;
    bytes += len;
    answered = (uint32_t)(bytes / (sizeof answer - 1));
    if (!(rate > 0))
        publish_due();
}

static void
read_stream(struct stream *stream)
{
    static char bytes[READ_MAX];
    ssize_t got = recv(stream->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        fail("bare-reader: a stream has ended");
    if (got <= 0)
        return;
    if (stream == &publisher) {
        take_answers((size_t)got);
        return;
    }
    open_count += !stream->is_open;
    stream->is_open = true;
    take(stream, bytes, (size_t)got);
}

static void
start_timer(void)
{
    /* In a closed loop it only begins; then answers do it. */
    int64_t every_ns = rate > 0 ? (int64_t)(1e9 / rate) : 1000000000;
    if (every_ns < 200000)
        every_ns = 200000;
    struct itimerspec when = {
        .it_value = {0, 1000},
        .it_interval = {every_ns / 1000000000, every_ns % 1000000000}};
    struct epoll_event event = {.events = EPOLLIN};
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0 || timerfd_settime(timer, 0, &when, NULL) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0)
        fail("bare-reader: timer");
}

static void
turn(void)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll, events, EVENTS_MAX, 100);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            read_stream(events[i].data.ptr);
        else
            on_timer();
    }
}

static void
open_stream(struct stream *stream, int port, int index)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    static const char ask[] = "GET /room/sse HTTP/1.1\r\nHost: bare\r\n\r\n";
    int one = 1;
    from.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + (uint32_t)(index / PER_ADDRESS));
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(stream->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
               sizeof one);
    setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (stream->fd < 0 ||
        bind(stream->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
        connect(stream->fd, (struct sockaddr *)&to, sizeof to) < 0 ||
        (stream != &publisher &&
         send(stream->fd, ask, sizeof ask - 1, MSG_NOSIGNAL) < 0) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, stream->fd, &event) < 0)
        fail("bare-reader: connecting");
}

static double
cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        fail("/proc/self/statm");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void
measure(double seconds)
{
    began_ns = now_ns();
    counts_from_ns = began_ns + WARM_UP_S * INT64_C(1000000000);
    ends_ns = counts_from_ns + (int64_t)(seconds * 1e9);
    start_timer();
    while (now_ns() < counts_from_ns)
        turn();
    double used = cpu_s();
    int64_t from_ns = now_ns();
    while (now_ns() < ends_ns)
        turn();
    used = cpu_s() - used;
    double took = (double)(now_ns() - from_ns) / 1e9;
    printf("{\"subscribers\":%d,\"deliveries\":%" PRIu64
           ",\"deliveries_per_s\":%.0f,\"cpu_us_per_delivery\":%.3f,"
           "\"busy\":%.3f,\"p50_us\":%.0f,\"p99_us\":%.0f,"
           "\"resident_bytes\":%.0f}\n",
           stream_count, counted, (double)counted / took,
           counted ? used * 1e6 / (double)counted : 0, used / took,
           quantile_us(0.5), quantile_us(0.99), resident_bytes());
}

int
main(int argc, char **argv)
{
    if (argc < 5 || argc > 6) {
        fputs("Usage: bare-reader PORT SUBSCRIBERS RATE SECONDS [SIZE]\n",
              stderr);
        return 2;
    }
    int port = atoi(argv[1]);
    stream_count = atoi(argv[2]);
    rate = atof(argv[3]);
    if (argc == 6)
        size = atoi(argv[5]);
    if (size < TOKEN_SIZE || size > SIZE_MOST || rate < 0)
        return 2;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    streams = calloc((size_t)stream_count + 1, sizeof *streams);
    if (epoll < 0 || !streams)
        fail("bare-reader");
    open_stream(&publisher, port, 0);
    for (int i = 0; i < stream_count; i++) {
        open_stream(&streams[i], port, i);
        while (i - open_count > 500)
            turn();
    }
    while (open_count < stream_count)
        turn();
    measure(atof(argv[4]));
    return 0;
}
