#include "drive/sockets.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 5 };

static char url[64];

static int
listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    return fd;
}

/* The address from which the next one comes, less 127.0.0.0. */
static uint32_t
accept_source(int listener)
{
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;
    int fd = accept(listener, (struct sockaddr *)&peer, &len);
    assert_true(fd >= 0);
    close(fd);
    return ntohl(peer.sin_addr.s_addr) - (INADDR_LOOPBACK - 1);
}

static CURL *
connect_by(struct opener *opener)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    opener_apply(opener, easy);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    return easy;
}

/* Where five of COUNT connections come from. */
static void
sources_of(int count, uint32_t sources[CONNECTIONS])
{
    int listener = listen_anywhere();
    char *problem = NULL;
    struct sockets *sockets = sockets_new(url, count, &problem);
    assert_non_null(sockets);
    struct opener opener = {.sockets = sockets};
    accept_source(listener); /* it was tried */
    for (int i = 0; i < CONNECTIONS; i++) {
        CURL *easy = connect_by(&opener);
        sources[i] = accept_source(listener);
        curl_easy_cleanup(easy);
    }
    sockets_free(sockets);
    close(listener);
}

TEST(a_few_connections_come_from_one_address)
{
    uint32_t sources[CONNECTIONS];
    sources_of(100, sources);
    for (int i = 0; i < CONNECTIONS; i++)
        assert_int_equal(sources[i], 1);
}

TEST(where_ports_would_run_short_several_addresses_take_turns)
{
    static const uint32_t expected[CONNECTIONS] = {1, 2, 3, 1, 2};
    uint32_t sources[CONNECTIONS];
    sources_of(20000, sources);
    for (int i = 0; i < CONNECTIONS; i++)
        assert_int_equal(sources[i], expected[i]);
}

RUN(LISTED(a_few_connections_come_from_one_address),
    LISTED(where_ports_would_run_short_several_addresses_take_turns))
