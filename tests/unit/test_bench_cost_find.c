#include "cost/cost_internal.h"
#include "cost/disk.h"
#include "cost/socket_table.h"
#include "cost/socket_table_internal.h"
#include "result.h"
#include "target/target.h"

#include "../support/helper.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static uint16_t port;

/* A listening socket on loopback, not yet anybody's but ours. */
static int
listening(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    port = ntohs(address.sin_port);
    return fd;
}

/* A helper that listens at `port`, which we do no longer. */
static struct helper
listener_called(const char *name)
{
    int fd = listening();
    struct helper helper = helper_start(name, fd);
    helper_do(&helper, HELPER_SWITCH, NULL);
    close(fd);
    return helper;
}

TEST(a_row_of_ipv4_is_read)
{
    struct tcp_row row;
    char text[INET6_ADDRSTRLEN];
    assert_true(socket_table_read_row(
        "   7: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 "
        "00000000     0        0 123456 1 0000000000000000 20 4 30 10 -1",
        &row));
    assert_false(row.listens);
    assert_int_equal(row.inode, 123456);
    assert_int_equal(row.local.port, 8080);
    assert_int_equal(row.remote.port, 50000);
    inet_ntop(AF_INET6, &row.local.address, text, sizeof text);
    assert_string_equal(text, "::ffff:127.0.0.1");
    inet_ntop(AF_INET6, &row.remote.address, text, sizeof text);
    assert_string_equal(text, "::ffff:127.0.0.2");
}

TEST(a_row_of_ipv6_is_read)
{
    struct tcp_row row;
    char text[INET6_ADDRSTRLEN];
    assert_true(socket_table_read_row(
        "   0: 00000000000000000000000001000000:0050 "
        "00000000000000000000000000000000:0000 0A 00000000:00000000 "
        "00:00000000 00000000    33        0 42 1 0 100 0 0 10 0",
        &row));
    assert_true(row.listens);
    assert_int_equal(row.local.port, 80);
    inet_ntop(AF_INET6, &row.local.address, text, sizeof text);
    assert_string_equal(text, "::1");
}

TEST(headings_and_closing_connections_are_no_rows)
{
    struct tcp_row row;
    assert_false(socket_table_read_row(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
        "retrnsmt   uid  timeout inode",
        &row));
    assert_false(socket_table_read_row(
        "   7: 0100007F:1F90 0200007F:C350 06 00000000:00000000 00:00000000 "
        "00000000     0        0 0 1 0000000000000000",
        &row));
    assert_false(socket_table_read_row("", &row));
}

TEST(who_listens_on_a_port_is_found)
{
    struct helper helper = listener_called("lighttpd");
    struct socket_table *table = socket_table_look();
    int pids[8];
    assert_int_equal(socket_table_listeners(table, "127.0.0.1", port, pids, 8),
                     1);
    assert_int_equal(pids[0], helper.pid);
    /* It listens on that address only, and not on another machine's. */
    assert_int_equal(socket_table_listeners(table, "127.0.0.2", port, pids, 8),
                     0);
    assert_int_equal(socket_table_listeners(table, "192.0.2.1", port, pids, 8),
                     0);
    socket_table_free(table);
    helper_end(&helper);
}

TEST(whom_a_process_has_connected_to_by_a_unix_socket_is_behind_it)
{
    char path[64];
    int pids[8];
    snprintf(path, sizeof path, "/tmp/test-bench-%d.socket", (int)getpid());
    struct helper web = helper_start("nginx", -1);
    struct helper app = helper_start("app", -1);
    helper_do(&app, HELPER_LISTEN, path);
    helper_do(&web, HELPER_CONNECT, path);
    helper_do(&app, HELPER_ACCEPT, NULL);
    struct socket_table *table = socket_table_look();
    assert_int_equal(socket_table_behind(table, web.pid, pids, 8), 1);
    assert_int_equal(pids[0], app.pid);
    assert_int_equal(socket_table_behind(table, app.pid, pids, 8), 0);
    socket_table_free(table);
    unlink(path);
    helper_end(&web);
    helper_end(&app);
}

/* A target that is reached at `port`. */
static struct target *
target_at_port(const char *more)
{
    char json[512], *problem = NULL;
    int len = snprintf(json, sizeof json,
                       "{\"name\":\"test\",%s\"publish\":[{\"by\":\"post\","
                       "\"way\":\"direct\",\"url\":\"http://127.0.0.1:%u/x\","
                       "\"body\":\"{token}\"}],\"subscribe\":[{\"transport\":"
                       "\"sse\",\"way\":\"direct\","
                       "\"url\":\"http://localhost:%u/x/sse\"}]}",
                       more, port, port);
    struct target *target =
        target_read("test", json, (size_t)len, NULL, &problem);
    if (!target)
        fail_msg("%s", problem);
    return target;
}

static const char *
side_of(const struct cost *cost, int wanted)
{
    const char *side;
    int pid;
    for (int i = 0; cost_process(cost, i, &side, &pid); i++)
        if (pid == wanted)
            return side;
    return "none";
}

TEST(a_targets_processes_are_found_and_those_behind_it_once_it_asks_them)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/test-bench-%d.socket", (int)getpid());
    struct helper web = listener_called("nginx");
    struct helper app = helper_start("app", -1);
    struct target *target = target_at_port("");
    struct cost *cost = cost_new();
    cost_find(cost, target);
    assert_int_equal(cost_process_count(cost), 1);
    assert_string_equal(side_of(cost, web.pid), "web server");
    cost_before(cost);
    helper_do(&app, HELPER_LISTEN, path);
    helper_do(&web, HELPER_CONNECT, path);
    helper_do(&app, HELPER_ACCEPT, NULL);
    cost_held(cost);
    assert_string_equal(side_of(cost, app.pid), "program");
    cost_free(cost);
    target_free(target);
    unlink(path);
    helper_end(&web);
    helper_end(&app);
}

TEST(a_server_that_is_no_web_server_is_called_server)
{
    struct helper helper = listener_called("thing");
    struct target *target = target_at_port("");
    struct cost *cost = cost_new();
    cost_find(cost, target);
    assert_string_equal(side_of(cost, helper.pid), "server");
    cost_free(cost);
    target_free(target);
    helper_end(&helper);
}

TEST(a_target_says_itself_whose_side_is_what)
{
    struct helper helper = listener_called("thing");
    char more[100];
    snprintf(more, sizeof more, "\"processes\":{\"the thing\":[%d]},",
             helper.pid);
    struct target *target = target_at_port(more);
    struct cost *cost = cost_new();
    cost_find(cost, target);
    assert_string_equal(side_of(cost, helper.pid), "the thing");
    assert_int_equal(cost_process_count(cost), 1);
    cost_free(cost);
    target_free(target);
    helper_end(&helper);
}

/* A server that was started by us with a socket that we keep: we are no part of
 * it. */
TEST(who_started_the_benchmark_is_no_server)
{
    int fd = listening();
    struct helper helper = helper_start("thing", fd);
    struct target *target = target_at_port("");
    struct cost *cost = cost_new();
    cost_find(cost, target);
    assert_int_equal(cost_process_count(cost), 1);
    cost_free(cost);
    target_free(target);
    close(fd);
    helper_end(&helper);
}

TEST(a_restarted_server_is_counted_on)
{
    struct helper helper = listener_called("thing");
    struct target *target = target_at_port("");
    struct result *result = result_new();
    struct cost *cost = cost_new();
    cost_find(cost, target);
    cost_before(cost);
    cost_held(cost);
    cost_begin(cost);
    helper_do(&helper, HELPER_BURN, NULL); /* beyond the tick of beginning */
    helper_end(&helper);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    helper = helper_start("thing", fd);
    close(fd);
    helper_do(&helper, HELPER_BURN, NULL);
    helper_do(&helper, HELPER_BURN, NULL);
    cost_end(cost);
    cost_tell(cost, result);
    assert_int_equal(result->side_count, 1);
    assert_int_equal(result->sides[0].processes, 1);
    double cpu_ms = result->sides[0].cpu_s * 1e3;
    assert_true(cpu_ms > 1.6 * HELPER_BURN_MS);
    assert_true(cpu_ms < 4 * HELPER_BURN_MS);
    cost_free(cost);
    result_free(result);
    target_free(target);
    helper_end(&helper);
}

TEST(who_is_named_after_a_restart_is_counted_on)
{
    close(listening());
    struct helper helper = helper_start("store", -1);
    char processes[64], more[100];
    snprintf(processes, sizeof processes, "{\"store\":[%d]}", helper.pid);
    snprintf(more, sizeof more, "\"processes\":%s,", processes);
    struct target *target = target_at_port(more);
    struct result *result = result_new();
    struct cost *cost = cost_new();
    cost_find(cost, target);
    cost_begin(cost);
    helper_do(&helper, HELPER_BURN, NULL); /* beyond the tick of beginning */
    helper_end(&helper);
    helper = helper_start("another", -1);
    snprintf(processes, sizeof processes, "{\"store\":[%d]}", helper.pid);
    assert_true(target_read_processes(target, processes, strlen(processes)));
    helper_do(&helper, HELPER_BURN, NULL);
    helper_do(&helper, HELPER_BURN, NULL);
    cost_end(cost);
    cost_tell(cost, result);
    assert_int_equal(result->side_count, 1);
    assert_string_equal(result->sides[0].name, "store");
    assert_true(result->sides[0].cpu_s * 1e3 > 1.6 * HELPER_BURN_MS);
    cost_free(cost);
    result_free(result);
    target_free(target);
    helper_end(&helper);
}

TEST(a_server_that_is_not_found_is_said_to_cost_nobody_knows_what)
{
    close(listening()); /* a port at which nobody is */
    struct target *target = target_at_port("");
    struct result *result = result_new();
    struct cost *cost = cost_new();
    cost_find(cost, target);
    cost_before(cost);
    cost_held(cost);
    cost_begin(cost);
    cost_end(cost);
    cost_tell(cost, result);
    assert_int_equal(result->side_count, 0);
    assert_int_equal(result->note_count, 1);
    assert_non_null(strstr(result->notes[0], "--pid SIDE=PID"));
    cost_free(cost);
    result_free(result);
    target_free(target);
}

static void
assert_url(const char *url, const char *host, uint16_t expected)
{
    char found[64];
    uint16_t at = 0;
    assert_true(cost_parse_url(url, found, sizeof found, &at));
    assert_string_equal(found, host);
    assert_int_equal(at, expected);
}

TEST(urls_name_host_and_port)
{
    char host[64];
    uint16_t at;
    assert_url("http://127.0.0.1:8080/earshot/{channel}", "127.0.0.1", 8080);
    assert_url("http://localhost/x", "localhost", 80);
    assert_url("https://localhost", "localhost", 443);
    assert_url("wss://user:word@host:9?x=@y", "host", 9);
    assert_url("ws://[::1]:7/x", "::1", 7);
    assert_url("ws://[::1]/x:9", "::1", 80);
    assert_false(cost_parse_url("/earshot", host, sizeof host, &at));
    assert_false(cost_parse_url("http://:80/", host, sizeof host, &at));
    assert_false(cost_parse_url("http://h:0/", host, sizeof host, &at));
    assert_false(cost_parse_url("http://h:65536/", host, sizeof host, &at));
    assert_false(cost_parse_url("http://long", host, 4, &at));
}

TEST(a_status_is_read)
{
    static const char json[] =
        "{\"version\":\"1\",\"pid\":77,\"queue\":{\"path\":\"/q/e.db\","
        "\"synchronous\":\"full\",\"commits\":12,\"messages\":34}}";
    struct status all[STATUS_PROCESSES_MAX];
    assert_int_equal(status_read(json, sizeof json - 1, all), 1);
    assert_int_equal(all[0].pid, 77);
    assert_int_equal(all[0].commits, 12);
    assert_string_equal(all[0].queue, "/q/e.db");
    assert_string_equal(all[0].synchronous, "full");
    assert_int_equal(status_read("{\"pid\":1}", 9, all), 1);
    assert_int_equal(all[0].commits, -1);
    assert_string_equal(all[0].queue, "");
    assert_int_equal(status_read("{}", 2, all), 0);
    assert_int_equal(status_read("<html>", 6, all), 0);
    assert_int_equal(status_read("", 0, all), 0);
}

TEST(a_status_names_all_processes_of_the_queue)
{
    static const char json[] =
        "{\"pid\":77,\"queue\":{\"commits\":12},\"processes\":["
        "{\"pid\":76,\"program\":\"a\",\"commits\":5,\"age_ms\":400},"
        "{\"pid\":77,\"program\":\"a\",\"commits\":11,\"age_ms\":0},"
        "{\"pid\":78,\"program\":\"b\",\"commits\":7,\"age_ms\":-1},"
        "{\"pid\":0,\"program\":\"a\",\"commits\":7},{},9]}";
    struct status all[STATUS_PROCESSES_MAX];
    assert_int_equal(status_read(json, sizeof json - 1, all), 3);
    assert_int_equal(all[0].pid, 77);
    assert_int_equal(all[0].commits, 12);
    assert_false(all[0].is_other);
    assert_int_equal(all[1].pid, 76);
    assert_int_equal(all[1].commits, 5);
    assert_int_equal(all[1].age_ns, 400000000);
    assert_false(all[1].is_other);
    assert_int_equal(all[2].pid, 78);
    assert_int_equal(all[2].age_ns, 0);
    assert_true(all[2].is_other);
}

TEST(a_directory_tells_what_a_sync_takes_there)
{
    struct disk disk;
    assert_true(disk_measure(".", &disk));
    assert_true(disk.samples > 0 && disk.samples <= 200);
    assert_true(disk.p50_us > 0 && disk.p50_us <= disk.p99_us);
    assert_false(disk_measure("/nonexistent", &disk));
}

TEST(on_a_tmpfs_nothing_is_durable)
{
    struct disk disk;
    assert_true(disk_measure("/dev/shm", &disk));
    assert_string_equal(disk.file_system, "tmpfs");
    assert_false(disk.is_durable);
    char *told = disk_tell(&disk);
    assert_string_equal(told, "tmpfs: nothing is durable here");
    free(told);
}

RUN(LISTED(a_row_of_ipv4_is_read), LISTED(a_row_of_ipv6_is_read),
    LISTED(headings_and_closing_connections_are_no_rows),
    LISTED(who_listens_on_a_port_is_found),
    LISTED(whom_a_process_has_connected_to_by_a_unix_socket_is_behind_it),
    LISTED(a_targets_processes_are_found_and_those_behind_it_once_it_asks_them),
    LISTED(a_server_that_is_no_web_server_is_called_server),
    LISTED(a_target_says_itself_whose_side_is_what),
    LISTED(who_started_the_benchmark_is_no_server),
    LISTED(a_restarted_server_is_counted_on),
    LISTED(who_is_named_after_a_restart_is_counted_on),
    LISTED(a_server_that_is_not_found_is_said_to_cost_nobody_knows_what),
    LISTED(urls_name_host_and_port), LISTED(a_status_is_read),
    LISTED(a_status_names_all_processes_of_the_queue),
    LISTED(a_directory_tells_what_a_sync_takes_there),
    LISTED(on_a_tmpfs_nothing_is_durable))
