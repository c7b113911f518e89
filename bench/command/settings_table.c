#include "command/settings_table.h"

#define AT(field) offsetof(struct settings, field)

enum { SIZE_MIN = 52 }; /* TOKEN_SIZE */

const struct option settings_table[] = {
    /* What. */
    {"all", 0, OF_RUN, OPTION_FLAG, AT(all), NULL, NULL, 0, 0, NULL,
     "run every scenario"},
    {"transport", 0, OF_RUN, OPTION_LIST, AT(transports), "LIST",
     "poll|long-poll|sse|ws|socket.io", 0, 0, NULL,
     "only these of poll, long-poll, sse, ws and socket.io, with commas "
     "between; otherwise all that the target has"},
    {"way", 0, OF_RUN, OPTION_LIST, AT(ways), "LIST", NULL, 0, 0, NULL,
     "only these ways to the target, with commas between: the web servers in "
     "front of it (lighttpd, nginx), and direct"},
    {"repeat", 0, OF_RUN, OPTION_WHOLE, AT(repeat), "N", NULL, 1, 1000, "1",
     "run the whole so many times, interleaved: A B C A B C"},

    /* Whom. */
    {"self", 0, OF_RUN, OPTION_FLAG, AT(self), NULL, NULL, 0, 0, NULL,
     "start a lighttpd with Earshot's programs on free ports, measure that, "
     "and end it"},
    {"url", 0, OF_RUN, OPTION_TEXT, AT(url), "URL", NULL, 0, 0, NULL,
     "measure the Earshot that is mounted there, such as "
     "https://example.org/earshot"},
    {"target", 0, OF_RUN, OPTION_TEXTS, AT(targets), "FILE|NAME|run:NAME", NULL,
     0, 0, NULL,
     "measure the server that this file describes, or a ready one of "
     "bench/targets/ by its name; run:NAME has bench/peers/run start it first "
     "('run:NAME OPTION…' with options of its own). Several times: each of "
     "them, in turn"},
    {"set", 0, OF_RUN, OPTION_TEXTS, AT(sets), "WORD=VALUE", NULL, 0, 0, NULL,
     "put VALUE wherever a target's file says {WORD}; several times"},
    {"publish", 0, OF_RUN, OPTION_REQUEST, AT(requests), "'[METHOD] URL'", NULL,
     0, 0, NULL,
     "measure any server, without a file: this is the request that publishes "
     "(by POST unless a method is said). {channel} in it stands for the "
     "channel and {token} for the message; other braces stand for themselves, "
     "here and in the options behind it"},
    {"subscribe", 0, OF_RUN, OPTION_REQUEST, AT(requests),
     "'TRANSPORT [METHOD] URL'", NULL, 0, 0, NULL,
     "and this the one that subscribes, over poll, long-poll, sse, ws or "
     "socket.io; once for each of them"},
    {"header", 0, OF_RUN, OPTION_REQUEST, AT(requests), "'NAME: VALUE'", NULL,
     0, 0, NULL,
     "a header of the --publish or --subscribe that stands before it; several "
     "times"},
    {"body", 0, OF_RUN, OPTION_REQUEST, AT(requests), "TEMPLATE", NULL, 0, 0,
     NULL,
     "what the --publish before it sends, with {token} somewhere; otherwise "
     "{token} alone. What begins as JSON goes as application/json, unless a "
     "--header says otherwise"},
    {"hello", 0, OF_RUN, OPTION_REQUEST, AT(requests), "TEXT", NULL, 0, 0, NULL,
     "what the --subscribe before it (ws, socket.io) sends once it is open; "
     "several times. Of long-poll a URL that is asked once before, for a first "
     "cursor"},
    {"ready", 0, OF_RUN, OPTION_REQUEST, AT(requests), "TEXT", NULL, 0, 0, NULL,
     "what the server sends when the --subscribe before it holds; otherwise a "
     "good answer is enough"},
    {"cursor", 0, OF_RUN, OPTION_REQUEST, AT(requests), "TAKE=GIVE", NULL, 0, 0,
     NULL,
     "where the --subscribe before it takes a cursor (sse-id, json:NAME, "
     "header:NAME) and gives it when it asks again (header:NAME, query:NAME); "
     "otherwise it begins anew, and loses what was sent meanwhile"},
    {"name", 0, OF_RUN, OPTION_REQUEST, AT(requests), "NAME", NULL, 0, 0, NULL,
     "what results call the server of --publish and --subscribe; otherwise its "
     "host"},
    {"print-target", 0, OF_RUN, OPTION_FLAG, AT(print_target), NULL, NULL, 0, 0,
     NULL,
     "write the file for --target that says the same as --publish and "
     "--subscribe, and exit"},
    {"pid", 0, OF_RUN, OPTION_TEXTS, AT(pids), "SIDE=PID", NULL, 0, 0, NULL,
     "count the processor time and memory of this process and its children as "
     "SIDE's (\"web server\", \"program\", or any word); several times. "
     "Otherwise they are found where that is possible"},
    {"insecure", 0, OF_RUN, OPTION_FLAG, AT(insecure), NULL, NULL, 0, 0, NULL,
     "take any TLS certificate, as one that was made for a test"},

    /* How much. */
    {"subscribers", 0, OF_RUN, OPTION_WHOLE, AT(subscribers), "N", NULL, 1,
     1000000, NULL, "how many subscribe; otherwise as the scenario says"},
    {"publishers", 0, OF_RUN, OPTION_WHOLE, AT(publishers), "N", NULL, 1, 10000,
     NULL,
     "how many connections publish, at most; otherwise as the scenario says"},
    {"channels", 0, OF_RUN, OPTION_WHOLE, AT(channels), "N", NULL, 1, 10000,
     "1", "spread subscribers and messages evenly over so many channels"},
    {"rate", 0, OF_RUN, OPTION_DECIMAL, AT(rate_per_s), "N", NULL, 0.01,
     1000000, NULL,
     "messages a second, of all publishers together; otherwise as the "
     "scenario says"},
    {"seconds", 0, OF_RUN, OPTION_DECIMAL, AT(seconds), "N", NULL, 0.1, 86400,
     NULL, "how long each run counts; otherwise as the scenario says"},
    {"warm-up", 0, OF_RUN, OPTION_DECIMAL, AT(warm_up_s), "SECONDS", NULL, 0,
     3600, NULL,
     "how long messages flow before they count; otherwise as the scenario "
     "says"},
    {"size", 0, OF_RUN, OPTION_WHOLE, AT(size), "BYTES", NULL, SIZE_MIN,
     1048576, NULL,
     "the size of a message, of which 52 bytes are its token; otherwise as "
     "the scenario says, which is 64 in most"},
    {"spacing", 0, OF_RUN, OPTION_WORD, AT(spacing), "poisson|fixed",
     "poisson|fixed", 0, 0, "poisson",
     "messages come as a Poisson stream, or one every 1/RATE of a second"},
    {"poll-interval", 0, OF_RUN, OPTION_DECIMAL, AT(poll_interval_s), "SECONDS",
     NULL, 0.01, 3600, NULL,
     "how often polling asks; otherwise as the scenario says, which is once "
     "a second in most"},
    {"publish-by", 0, OF_RUN, OPTION_WORD, AT(publish_by), "post|ws", "post|ws",
     0, 0, "post",
     "publish by POST through the web server, whatever the subscribers do, or "
     "over WebSocket"},
    {"bound-ms", 0, OF_RUN, OPTION_DECIMAL, AT(bound_ms), "MS", NULL, 0.01,
     60000, "50",
     "ramp looks for the highest rate at which 99 of 100 deliveries come "
     "within this time"},
    {"seed", 0, OF_RUN, OPTION_WHOLE, AT(seed), "N", NULL, 0, 9007199254740991,
     NULL,
     "the random numbers begin here: the same seed, the same schedule. "
     "Otherwise one is drawn, and printed"},
    {"threads", 0, OF_RUN, OPTION_WHOLE, AT(threads), "N", NULL, 1, 64, "1",
     "threads of the client, each with connections of its own"},
    {"patience", 0, OF_RUN, OPTION_DECIMAL, AT(patience_s), "SECONDS", NULL,
     0.1, 3600, "10",
     "how long nothing may come before what is missing counts as lost"},

    /* What is told. */
    {"format", 0, OF_RUN | OF_REPORT, OPTION_WORD, AT(format),
     "table|json|hgrm", "table|json|hgrm", 0, 0, NULL,
     "what is written: a table for people, everything for programs, or the "
     "histograms as HdrHistogram's text; otherwise as the ending of --output's "
     "FILE says (.json, .hgrm, .html), and else the table, or report's page"},
    {"output", 'o', OF_RUN | OF_REPORT, OPTION_TEXT, AT(output), "FILE", NULL,
     0, 0, NULL,
     "write it there, and the table to standard output all the same; for "
     "report, the page (report.html)"},
    {"report", 0, OF_RUN, OPTION_TEXT, AT(report), "FILE", NULL, 0, 0, NULL,
     "write report.html, or however it is to be called: one page that needs "
     "no other file"},
    {"resume", 0, OF_RUN, OPTION_TEXT, AT(resume), "FILE", NULL, 0, 0, NULL,
     "keep the results in this JSON file after every run, and leave out what "
     "is in it already: an interrupted command goes on"},
    {"verbose", 0, OF_RUN, OPTION_FLAG, AT(verbose), NULL, NULL, 0, 0, NULL,
     "say on standard error what is done, a line for each phase"},
    {"bound", 0, OF_COMPARE, OPTION_DECIMAL, AT(regression), "PER CENT", NULL,
     0, 1000, "5",
     "how much worse a figure may have become before compare calls it a "
     "regression"},
    {"help", 'h', OF_ALL, OPTION_FLAG, AT(help), NULL, NULL, 0, 0, NULL,
     "print this and exit"},
    {"version", 0, OF_ALL, OPTION_FLAG, AT(version), NULL, NULL, 0, 0, NULL,
     "print the version and exit"},
};

const size_t settings_table_size =
    sizeof settings_table / sizeof *settings_table;
