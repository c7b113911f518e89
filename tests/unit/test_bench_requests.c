#include "command/requests.h"

#include "../support/command_line.h"
#include "check.h"
#include "target/target.h"

/* What must stand beside what a test says of one request. */
#define PUBLISH "--publish", "http://h/send"
#define SUBSCRIBE "--subscribe", "sse http://h/events"

static struct target *
told_target(void)
{
    char *problem = NULL;
    struct target *target = requests_target(&settings.requests, &problem);
    if (!target)
        fail_msg("%s", problem);
    return target;
}

TEST(two_requests_on_the_command_line_are_a_target)
{
    GOOD("latency", "--publish", "PUT http://ann@h:3000/send/{channel}",
         "--body", "{\"to\":{\"text\":\"{token}\"}}", "--header",
         "X-A: {channel}", "--subscribe=sse http://ann@h:3000/events?a={b",
         "--header", "X-B: 1", "--ready", "{hi}", "--cursor",
         "sse-id=header:Last-Event-ID", "--subscribe", "ws   POST ws://h/ws",
         "--hello", "{\"a\":1}", "--hello", "b", "--cursor",
         "json:id=query:after");
    struct target *target = told_target();
    assert_string_equal(target->name, "h:3000");
    assert_int_equal(target->publish_count, 1);
    const struct entrance *publish = &target->publish[0];
    assert_string_equal(publish->transport, "post");
    assert_string_equal(publish->method, "PUT");
    assert_string_equal(publish->headers[0], "X-A: {channel}");
    assert_string_equal(publish->headers[1], "Content-Type: application/json");
    assert_null(publish->headers[2]);
    char *body = target_fill(publish->body, "room", "TOKEN");
    assert_string_equal(body, "{\"to\":{\"text\":\"TOKEN\"}}");
    free(body);
    assert_int_equal(target->subscribe_count, 2);
    const struct entrance *sse = &target->subscribe[0];
    assert_string_equal(sse->transport, "sse");
    assert_string_equal(sse->method, "GET");
    char *url = target_fill(sse->url, "room", NULL);
    assert_string_equal(url, "http://ann@h:3000/events?a={b");
    free(url);
    assert_string_equal(sse->headers[0], "X-B: 1");
    assert_string_equal(sse->ready, "{hi}");
    assert_int_equal(sse->take, CURSOR_SSE_ID);
    assert_int_equal(sse->give, CURSOR_HEADER);
    assert_string_equal(sse->give_name, "Last-Event-ID");
    const struct entrance *ws = &target->subscribe[1];
    assert_string_equal(ws->transport, "ws");
    assert_string_equal(ws->method, "POST");
    assert_string_equal(ws->url, "ws://h/ws");
    assert_null(ws->headers[0]);
    assert_null(ws->ready);
    char *hello = target_fill(ws->hello[0], "room", NULL);
    assert_string_equal(hello, "{\"a\":1}");
    free(hello);
    assert_string_equal(ws->hello[1], "b");
    assert_string_equal(ws->take_name, "id");
    assert_int_equal(ws->give, CURSOR_QUERY);
    target_free(target);
}

TEST(what_requests_do_not_say_is_what_most_servers_ask)
{
    GOOD(PUBLISH, SUBSCRIBE, "--name", "Mine");
    struct target *target = told_target();
    assert_string_equal(target->name, "Mine");
    assert_string_equal(target->publish[0].method, "POST");
    assert_string_equal(target->publish[0].body, "{token}");
    assert_null(target->publish[0].headers[0]);
    assert_string_equal(target->subscribe[0].way, "direct");
    assert_int_equal(target->subscribe[0].give, CURSOR_NONE);
    target_free(target);
    GOOD("--publish", "GET http://h/send?text={token}", SUBSCRIBE);
    target = told_target();
    assert_null(target->publish[0].body);
    target_free(target);
    GOOD(PUBLISH, "--body", "[\"{token}\"]", "--header", "content-type: text/x",
         SUBSCRIBE);
    target = told_target();
    assert_null(target->publish[0].headers[1]);
    target_free(target);
}

TEST(requests_make_a_file_that_says_the_same)
{
    GOOD(PUBLISH, "--body", "{\"a\":\"{token}\",\t\"b\":1}", SUBSCRIBE,
         "--print-target");
    assert_true(settings.print_target);
    char *problem = NULL;
    char *text = requests_file(&settings.requests, &problem);
    assert_non_null(text);
    assert_null(strchr(text, '\t'));
    struct target *target =
        target_read("file", text, strlen(text), NULL, &problem);
    assert_non_null(target);
    char *body = target_fill(target->publish[0].body, "room", "TOKEN");
    assert_string_equal(body, "{\"a\":\"TOKEN\",\t\"b\":1}");
    free(body);
    target_free(target);
    free(text);
    BAD("--print-target writes what --publish and --subscribe say; give it "
        "those",
        "--print-target");
}

TEST(what_is_wrong_with_a_request_is_said_of_its_option)
{
    BAD("--publish is \"ftp://h\"; it must be a whole URL that begins with "
        "http:// or https://",
        "--publish", "ftp://h", SUBSCRIBE);
    BAD("the method of --publish is \"Post\"; it must be a method such as "
        "\"POST\"",
        "--publish", "Post http://h", SUBSCRIBE);
    BAD("--publish never sends {token}, which is the message; put it into its "
        "body",
        PUBLISH, "--body", "x", SUBSCRIBE);
    BAD("--body names {tokn}, which is neither {channel} nor {token}", PUBLISH,
        "--body", "{tokn}", SUBSCRIBE);
    BAD("--body has \"{{\"a\":\"{token}\"}}\"; braces are doubled in a file, "
        "and stand for themselves here: write {\"",
        PUBLISH, "--body", "{{\"a\":\"{token}\"}}", SUBSCRIBE);
    BAD("--subscribe names {token}, which only publishing has", PUBLISH,
        "--subscribe", "sse http://h/{token}");
    BAD("--subscribe is \"http://h\"; it must be a transport and a URL, such "
        "as "
        "\"sse http://127.0.0.1:3000/events\" (--subscribers says how many "
        "there are)",
        PUBLISH, "--subscribe", "http://h");
    BAD("the transport of --subscribe is \"SSE\"; it must be \"poll\", "
        "\"long-poll\", \"sse\", \"ws\" or \"socket.io\"",
        PUBLISH, "--subscribe", "SSE http://h");
    BAD("--header is \"x\"; it must be \"Name: value\"", PUBLISH, SUBSCRIBE,
        "--header", "x");
    BAD("--cursor is \"sse-id\"; it must be TAKE=GIVE, such as "
        "\"sse-id=header:Last-Event-ID\"",
        PUBLISH, SUBSCRIBE, "--cursor", "sse-id");
    BAD("TAKE of --cursor is \"id\"; it must be \"sse-id\", \"json:NAME\" or "
        "\"header:NAME\"",
        PUBLISH, SUBSCRIBE, "--cursor", "id=query:a");
    BAD("GIVE of --cursor is \"form:a\"; it must be \"header:NAME\" or "
        "\"query:NAME\"",
        PUBLISH, SUBSCRIBE, "--cursor", "sse-id=form:a");
    BAD("--cursor takes \"sse-id\", which only \"sse\" has, and not \"poll\"",
        PUBLISH, "--subscribe", "poll http://h", "--cursor", "sse-id=query:a");
    BAD("--hello is sent by ws, socket.io and long-poll, not by sse", PUBLISH,
        SUBSCRIBE, "--hello", "x");
    BAD("--ready is empty; give it TEXT", PUBLISH, SUBSCRIBE, "--ready", "");
    BAD("--name is not UTF-8", PUBLISH, SUBSCRIBE, "--name", "\xff");
}

TEST(a_request_stands_whole_and_alone)
{
    BAD("--publish needs a --subscribe beside it, which says how messages "
        "come: --subscribe 'sse http://127.0.0.1:3000/events'",
        PUBLISH);
    BAD("--subscribe needs a --publish beside it, which says how a message is "
        "sent: --publish 'POST http://127.0.0.1:3000/send'",
        SUBSCRIBE);
    BAD("--name is of a server that --publish and --subscribe describe; give "
        "it those, or leave it out",
        "--name", "x");
    BAD("--header stands behind the --publish or --subscribe that it is of, "
        "before another of them",
        "--header", "A: b", PUBLISH, SUBSCRIBE);
    BAD("--body stands behind the --publish that it is of, before another of "
        "them",
        PUBLISH, SUBSCRIBE, "--body", "{token}");
    BAD("--ready stands behind the --subscribe that it is of, before another "
        "of them",
        PUBLISH, "--ready", "x", SUBSCRIBE);
    BAD("--publish is given twice; every message goes by the same request",
        PUBLISH, PUBLISH, SUBSCRIBE);
    BAD("--subscribe names sse twice; each transport stands once", PUBLISH,
        SUBSCRIBE, SUBSCRIBE);
    BAD("--cursor stands twice behind one request", PUBLISH, SUBSCRIBE,
        "--cursor", "sse-id=query:a", "--cursor", "sse-id=query:b");
    BAD("--ready stands twice behind one request", PUBLISH, SUBSCRIBE,
        "--ready", "a", "--ready", "b");
    BAD("--publish names a server, and --url another; leave one out, or make a "
        "file of it by --print-target and give --target for each",
        "--url", "http://h", PUBLISH, SUBSCRIBE);
    BAD("--publish names a server, and --target another; leave one out, or "
        "make a file of it by --print-target and give --target for each",
        PUBLISH, SUBSCRIBE, "--target", "nchan");
    BAD("--publish names a server, and --self another; leave one out, or make "
        "a file of it by --print-target and give --target for each",
        PUBLISH, SUBSCRIBE, "--self");
    BAD("--set changes the words of a target's file; with --publish and "
        "--subscribe write what is meant in its place",
        PUBLISH, SUBSCRIBE, "--set", "a=b");
    BAD("--publish sends by POST; to publish over WebSocket take a target's "
        "file",
        PUBLISH, SUBSCRIBE, "--publish-by", "ws");
    BAD("--publish is no option of compare; see --help", "compare", "a", "b",
        PUBLISH);
}

RUN(CLEAN(two_requests_on_the_command_line_are_a_target),
    CLEAN(what_requests_do_not_say_is_what_most_servers_ask),
    CLEAN(requests_make_a_file_that_says_the_same),
    CLEAN(what_is_wrong_with_a_request_is_said_of_its_option),
    CLEAN(a_request_stands_whole_and_alone))
