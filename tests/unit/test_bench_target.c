#include "target/target.h"

#include "check.h"

#include <glob.h>

/* A target that is good; a test changes one thing of it. The piece of text
 * FROM, which must be in it, becomes TO. */
static const char good[] =
    "{\"name\": \"Mine\", \"about\": \"A server.\", \"durable\": \"on disk\",\n"
    " \"set\": {\"host\": \"127.0.0.1:8080\", \"base\": "
    "\"http://{host}/hub\",\n"
    "  \"front\": \"nginx\"},\n"
    " \"publish\": [\n"
    "  {\"by\": \"post\", \"way\": \"direct\", \"url\": \"{base}/{channel}\",\n"
    "   \"headers\": [\"Content-Type: text/plain\"], \"body\": \"{token}\",\n"
    "   \"accept\": [202, 204]},\n"
    "  {\"by\": \"ws\", \"way\": \"direct\", \"url\": \"ws://{host}/w\",\n"
    "   \"body\": \"{{\\\"data\\\":\\\"{token}\\\"}}\", \"answer\": "
    "\"{ok}\"}],\n"
    " \"subscribe\": [\n"
    "  {\"transport\": \"sse\", \"way\": \"{front}\", \"url\": "
    "\"{base}/{channel}/sse\",\n"
    "   \"ready\": \"open\", \"lost\": \"gone\",\n"
    "   \"cursor\": {\"take\": \"sse-id\", \"give\": "
    "\"header:Last-Event-ID\"}},\n"
    "  {\"transport\": \"ws\", \"way\": \"direct\", \"url\": "
    "\"ws://{host}/w\",\n"
    "   \"hello\": [\"{{\\\"join\\\":\\\"{channel}\\\"}}\", \"go\"]},\n"
    "  {\"transport\": \"poll\", \"way\": \"direct\", \"url\": "
    "\"{base}/{channel}\",\n"
    "   \"cursor\": {\"take\": \"header:X-Next\", \"give\": "
    "\"query:after\"}}],\n"
    " \"status\": \"{base}/status\",\n"
    " \"processes\": {\"web server\": [12], \"program\": [34, 56]}}";

static char text[8192];

static void
change(const char *from, const char *to)
{
    const char *at = strstr(good, from);
    if (!at)
        fail_msg("the good target has no %s", from);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to,
             at + strlen(from));
}

/* Reads the text out of a copy of exactly its size. */
static struct target *
read_text(char *const *words, char **problem)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    struct target *target = target_read("mine.json", copy, len, words, problem);
    free(copy);
    return target;
}

static struct target *
read_good(char *const *words)
{
    char *problem = NULL;
    change("", "");
    struct target *target = read_text(words, &problem);
    if (!target)
        fail_msg("%s", problem);
    assert_null(problem);
    return target;
}

static void
assert_says(char *const *words, const char *sentence)
{
    char *problem = NULL;
    struct target *target = read_text(words, &problem);
    assert_null(target);
    assert_string_equal(problem, sentence);
    free(problem);
}

TEST(what_is_said_of_the_whole_is_read)
{
    struct target *target = read_good(NULL);
    assert_string_equal(target->name, "Mine");
    assert_string_equal(target->about, "A server.");
    assert_string_equal(target->durable, "on disk");
    assert_string_equal(target->status, "http://127.0.0.1:8080/hub/status");
    assert_int_equal(target->process_count, 3);
    assert_string_equal(target->processes[0].side, "web server");
    assert_int_equal(target->processes[0].pid, 12);
    assert_string_equal(target->processes[2].side, "program");
    assert_int_equal(target->processes[2].pid, 56);
    target_free(target);
}

TEST(an_entrance_for_publishing_is_read)
{
    struct target *target = read_good(NULL);
    assert_int_equal(target->publish_count, 2);
    const struct entrance *post = &target->publish[0];
    assert_string_equal(post->transport, "post");
    assert_string_equal(post->way, "direct");
    assert_string_equal(post->method, "POST");
    assert_string_equal(post->url, "http://127.0.0.1:8080/hub/{channel}");
    assert_string_equal(post->headers[0], "Content-Type: text/plain");
    assert_null(post->headers[1]);
    assert_string_equal(post->body, "{token}");
    assert_int_equal(post->accept[0], 202);
    assert_int_equal(post->accept[1], 204);
    assert_int_equal(post->accept[2], 0);
    const struct entrance *ws = &target->publish[1];
    assert_string_equal(ws->answer, "{ok}");
    assert_int_equal(ws->accept[0], 101);
    assert_int_equal(ws->accept[1], 0);
    assert_null(ws->headers[0]);
    target_free(target);
}

TEST(an_entrance_for_subscribing_is_read)
{
    struct target *target = read_good(NULL);
    assert_int_equal(target->subscribe_count, 3);
    const struct entrance *sse = &target->subscribe[0];
    assert_string_equal(sse->transport, "sse");
    assert_string_equal(sse->way, "nginx");
    assert_string_equal(sse->method, "GET");
    assert_string_equal(sse->ready, "open");
    assert_string_equal(sse->lost, "gone");
    assert_int_equal(sse->take, CURSOR_SSE_ID);
    assert_null(sse->take_name);
    assert_int_equal(sse->give, CURSOR_HEADER);
    assert_string_equal(sse->give_name, "Last-Event-ID");
    assert_int_equal(sse->accept[0], 200);
    const struct entrance *ws = &target->subscribe[1];
    assert_string_equal(ws->hello[0], "{{\"join\":\"{channel}\"}}");
    assert_string_equal(ws->hello[1], "go");
    assert_null(ws->hello[2]);
    assert_int_equal(ws->take, CURSOR_NONE);
    assert_int_equal(ws->accept[0], 101);
    const struct entrance *poll = &target->subscribe[2];
    assert_int_equal(poll->take, CURSOR_HEADER);
    assert_string_equal(poll->take_name, "X-Next");
    assert_int_equal(poll->give, CURSOR_QUERY);
    assert_string_equal(poll->give_name, "after");
    target_free(target);
}

TEST(an_entrance_is_found_by_its_transport_and_way)
{
    struct target *target = read_good(NULL);
    assert_ptr_equal(target_subscribe(target, "ws", NULL),
                     &target->subscribe[1]);
    assert_ptr_equal(target_subscribe(target, NULL, "direct"),
                     &target->subscribe[1]);
    assert_ptr_equal(target_subscribe(target, "poll", "direct"),
                     &target->subscribe[2]);
    assert_null(target_subscribe(target, "ws", "nginx"));
    assert_ptr_equal(target_publish(target, "ws", NULL), &target->publish[1]);
    assert_null(target_publish(target, "post", "nginx"));
    target_free(target);
}

TEST(a_word_that_the_user_sets_reaches_the_words_after_it)
{
    char *words[] = {(char[]){"host=[::1]:99"}, NULL};
    struct target *target = read_good(words);
    assert_string_equal(target->publish[0].url,
                        "http://[::1]:99/hub/{channel}");
    assert_string_equal(target->publish[1].url, "ws://[::1]:99/w");
    target_free(target);
}

TEST(the_last_of_two_values_that_the_user_sets_holds)
{
    char *words[] = {(char[]){"base=http://a"},
                     (char[]){"base=http://b/{channel}={{x}}"}, NULL};
    struct target *target = read_good(words);
    assert_string_equal(target->status, "http://b/{channel}={{x}}/status");
    target_free(target);
}

TEST(a_word_that_nothing_uses_cannot_be_set)
{
    change("", "");
    assert_says((char *[]){(char[]){"bass=x"}, NULL},
                "mine.json: it has no word \"bass\" to be set; its \"set\" has "
                "host, base, front");
    assert_says((char *[]){(char[]){"base"}, NULL},
                "mine.json: it cannot set \"base\"; write --set WORD=VALUE");
    assert_says((char *[]){(char[]){"=x"}, NULL},
                "mine.json: it cannot set \"=x\"; write --set WORD=VALUE");
}

static const struct {
    const char *from, *to, *sentence;
} faults[] = {
    {"\"name\": \"Mine\", ", "",
     "name is missing; it must be a string that is not empty"},
    {"\"Mine\"", "7", "name is 7; it must be a string that is not empty"},
    {"\"Mine\"", "\"\"", "name is \"\"; it must be a string that is not empty"},
    {"\"about\"", "\"colour\"",
     "colour means nothing; the members that stand there are name, about, "
     "durable, set, publish, subscribe, status, processes"},
    {"{\"host\": \"127.0.0.1:8080\", \"base\": \"http://{host}/hub\",\n"
     "  \"front\": \"nginx\"}",
     "[1]",
     "set is [1]; it must be an object of at most 32 words with their values"},
    {"\"http://{host}/hub\"", "null", "set.base is null; it must be a string"},
    {"{host}/hub", "{hast}/hub",
     "set.base names {hast}, which is neither {channel} nor a word of "
     "\"set\": {host}"},
    {"\"host\":", "\"Host\":",
     "set.Host is no name for a word; one begins with a letter, goes on with "
     "a-z, 0-9, _ and -, and is not channel or token"},
    {"\"host\":", "\"token\":",
     "set.token is no name for a word; one begins with a letter, goes on with "
     "a-z, 0-9, _ and -, and is not channel or token"},
    {"\"by\": \"post\"", "\"by\": \"put\"",
     "publish[0].by is \"put\"; it must be \"post\" or \"ws\""},
    {"\"by\": \"post\", ", "",
     "publish[0].by is missing; it must be \"post\" or \"ws\""},
    {"\"{token}\"", "\"x\"",
     "publish[0] never sends {token}, which is the message; put it into "
     "its body"},
    {"\"{token}\"", "\"{token\"",
     "publish[0].body has a lone brace at \"{token\"; write {{ or }} for a "
     "brace, and {word} for a word"},
    {"{base}/{channel}\",", "ftp://x\",",
     "publish[0].url is \"ftp://x\"; it must be a whole URL that begins with "
     "http:// or https://"},
    {"{base}/{channel}\",", "http://a b\",",
     "publish[0].url is \"http://a b\"; it must be a whole URL that begins "
     "with http:// or https://"},
    {"ws://{host}", "://{host}",
     "publish[1].url is \"://127.0.0.1:8080/w\"; it must be a whole URL that "
     "begins with ws://, wss://, http:// or https://"},
    {"Content-Type: text/plain", "Content-Type",
     "publish[0].headers[0] is \"Content-Type\"; it must be \"Name: value\""},
    {"text/plain", "a\\r\\nX: b",
     "publish[0].headers[0] is \"Content-Type: a\r\nX: b\"; it must be \"Name: "
     "value\""},
    {"[\"Content-Type: text/plain\"]", "{}",
     "publish[0].headers is {}; it must be an array of 0 to 64 strings"},
    {"\"Content-Type: text/plain\"", "4",
     "publish[0].headers[0] is 4; it must be a string"},
    {"[202, 204]", "[202, 600]",
     "publish[0].accept[1] is 600; it must be a status from 100 to 599"},
    {"[202, 204]", "[]",
     "publish[0].accept is []; it must be an array of 1 to 7 statuses from "
     "100 to 599"},
    {"[202, 204]", "[1,2,3,4,5,6,7,8]",
     "publish[0].accept is [1,2,3,4,5,6,7,8]; it must be an array of 1 to 7 "
     "statuses from 100 to 599"},
    {"\"accept\": [202, 204]", "\"method\": \"post\"",
     "publish[0].method is \"post\"; it must be a method such as \"POST\""},
    {"\"transport\": \"sse\"", "\"transport\": \"see\"",
     "subscribe[0].transport is \"see\"; it must be \"poll\", \"long-poll\", "
     "\"sse\", \"ws\" or \"socket.io\""},
    {"{base}/{channel}/sse", "{base}/{token}",
     "subscribe[0].url names {token}, which only publishing has"},
    {"\"sse-id\"", "\"query:a\"",
     "subscribe[0].cursor.take is \"query:a\"; it must be \"sse-id\", "
     "\"json:NAME\" or \"header:NAME\""},
    {"\"header:Last-Event-ID\"", "\"header:\"",
     "subscribe[0].cursor.give is \"header:\"; it must be \"header:NAME\" or "
     "\"query:NAME\""},
    {", \"give\": \"header:Last-Event-ID\"", "",
     "subscribe[0].cursor.give is missing; it must be a string that is not "
     "empty"},
    {"\"header:X-Next\"", "\"sse-id\"",
     "subscribe[2].cursor takes \"sse-id\", which only \"sse\" has, and not "
     "\"poll\""},
    {"[12]", "12",
     "processes.web server is 12; it must be an array of one or more process "
     "ids"},
    {"[34, 56]", "[34, 0]",
     "processes.program[1] is 0; it must be a process id"},
    {"\"program\"", "\"a side with too long a name\"",
     "processes.a side with too long a name is no name for a side; one has 1 "
     "to 23 bytes"},
    {"\"{base}/status\"", "\"/status\"",
     "status is \"/status\"; it must be a whole URL that begins with http:// "
     "or https://"},
};

TEST(what_is_wrong_is_said_with_its_place_and_what_must_stand_there)
{
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        char sentence[1024];
        change(faults[i].from, faults[i].to);
        snprintf(sentence, sizeof sentence, "mine.json: %s",
                 faults[i].sentence);
        assert_says(NULL, sentence);
    }
}

TEST(what_is_no_json_object_is_refused)
{
    strcpy(text, "");
    assert_says(NULL, "mine.json: it is not JSON, or goes on after its value; "
                      "a target is one JSON object in UTF-8");
    strcpy(text, "[]");
    assert_says(NULL, "mine.json: it is not a JSON object; a target is one "
                      "JSON object in UTF-8");
    strcpy(text, "{\"name\": \"a\", \"name\": \"b\"}");
    assert_says(NULL, "mine.json: it names a member twice; a target is one "
                      "JSON object in UTF-8");
    strcpy(text, "{}");
    assert_says(NULL, "mine.json: name is missing; it must be a string that is "
                      "not empty");
}

TEST(no_entrance_at_all_is_refused)
{
    strcpy(text, "{\"name\": \"x\", \"publish\": [], \"subscribe\": []}");
    assert_says(NULL, "mine.json: publish is []; it must be an array of 1 to "
                      "64 objects");
    strcpy(text, "{\"name\": \"x\", \"publish\": [7], \"subscribe\": []}");
    assert_says(NULL, "mine.json: publish[0] is 7; it must be an object");
}

TEST(whatever_is_cut_off_is_refused_without_harm)
{
    for (size_t len = 0; len + 1 < sizeof good; len++) {
        snprintf(text, sizeof text, "%.*s", (int)len, good);
        char *problem = NULL;
        assert_null(read_text(NULL, &problem));
        assert_non_null(problem);
        free(problem);
    }
}

TEST(what_is_found_is_cut_where_it_is_long)
{
    char *problem = NULL;
    change("\"post\"", "\"äääääääääääääääääääääääääääääääääääääääääääääää\"");
    assert_null(read_text(NULL, &problem));
    assert_non_null(strstr(problem, "ä…; it must be"));
    free(problem);
}

TEST(new_processes_come_in_place_of_the_old_ones)
{
    static const char fresh[] = "{\"server\": [7, 8]}";
    static const char wrong[] = "{\"server\": [7, \"8\"]}";
    struct target *target = read_good(NULL);
    assert_true(target_read_processes(target, fresh, strlen(fresh)));
    assert_int_equal(target->process_count, 2);
    assert_string_equal(target->processes[1].side, "server");
    assert_int_equal(target->processes[1].pid, 8);
    assert_false(target_read_processes(target, wrong, strlen(wrong)));
    assert_false(target_read_processes(target, "[]", 2));
    assert_int_equal(target->process_count, 2);
    target_free(target);
}

TEST(a_file_that_is_not_there_is_named)
{
    char *problem = NULL;
    assert_null(target_read_file("/nowhere/mine.json", NULL, &problem));
    assert_string_equal(problem, "/nowhere/mine.json cannot be read: No such "
                                 "file or directory");
    free(problem);
    problem = NULL;
    assert_null(target_read_file("/", NULL, &problem));
    assert_string_equal(problem, "/ cannot be read: Is a directory");
    free(problem);
}

TEST(every_ready_target_is_good)
{
    char pattern[4096];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/bench/targets/*.json",
             getenv("EARSHOT_SOURCE"));
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 11);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *problem = NULL;
        struct target *target =
            target_read_file(found.gl_pathv[i], NULL, &problem);
        if (!target)
            fail_msg("%s", problem);
        assert_non_null(target->about);
        assert_non_null(target_publish(target, "post", NULL));
        target_free(target);
    }
    globfree(&found);
}

TEST(a_template_is_filled)
{
    static const char *const table[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"{channel}", "room"},
        {"{token}", "T"},
        {"/{channel}/{token}?{channel}", "/room/T?room"},
        {"{{\"data\":\"{token}\"}}", "{\"data\":\"T\"}"},
        {"{{{token}}}", "{T}"},
        {"{{token}}", "{token}"},
        {"{{}}{{", "{}{"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char *filled = target_fill(table[i][0], "room", "T");
        assert_string_equal(filled, table[i][1]);
        free(filled);
    }
    char *filled = target_fill("[{token}]", "room", NULL);
    assert_string_equal(filled, "[]");
    free(filled);
}

RUN(LISTED(what_is_said_of_the_whole_is_read),
    LISTED(an_entrance_for_publishing_is_read),
    LISTED(an_entrance_for_subscribing_is_read),
    LISTED(an_entrance_is_found_by_its_transport_and_way),
    LISTED(a_word_that_the_user_sets_reaches_the_words_after_it),
    LISTED(the_last_of_two_values_that_the_user_sets_holds),
    LISTED(a_word_that_nothing_uses_cannot_be_set),
    LISTED(what_is_wrong_is_said_with_its_place_and_what_must_stand_there),
    LISTED(what_is_no_json_object_is_refused),
    LISTED(no_entrance_at_all_is_refused),
    LISTED(whatever_is_cut_off_is_refused_without_harm),
    LISTED(what_is_found_is_cut_where_it_is_long),
    LISTED(new_processes_come_in_place_of_the_old_ones),
    LISTED(a_file_that_is_not_there_is_named),
    LISTED(every_ready_target_is_good), LISTED(a_template_is_filled))
