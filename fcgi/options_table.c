/* Every option of every program: one line each. */
#include "options_table.h"

#define AT(field) offsetof(struct options, field)

const struct option options_table[] = {
    {"queue", BOTH | ON_FILE, KIND_TEXT, AT(queue), "PATH", 0, 0, NULL,
     "the queue's file; it has no default. Put it in a directory of its own, "
     "outside what the web server serves"},
    {"socket", FCGI, KIND_TEXT, AT(socket), "PATH", 0, 0, NULL,
     "listen for FastCGI on this Unix socket"},
    {"socket", WS, KIND_TEXT, AT(socket), "PATH", 0, 0, NULL,
     "listen for HTTP on this Unix socket"},
    {"listen", FCGI, KIND_TEXT, AT(listen), "HOST:PORT", 0, 0, NULL,
     "listen for FastCGI on this address; keep it to loopback. What a service "
     "manager hands down (LISTEN_FDS) is taken, too; with none of these "
     "descriptor 0 is the socket, and without one the program is a CGI "
     "program"},
    {"listen", WS, KIND_TEXT, AT(listen), "HOST:PORT", 0, 0, NULL,
     "listen for HTTP on this address; keep it to loopback and let a web "
     "server pass {channel}/ws on to it. What a service manager hands down "
     "(LISTEN_FDS) is taken, too"},
    {"base", FCGI, KIND_TEXT, AT(base), "PATH", 0, 0, "/earshot",
     "where the web server has mounted the program, when it sends no "
     "PATH_INFO"},
    {"publish", FCGI, KIND_WORD, AT(publish), "anyone|user|local|none", 0, 0,
     "user",
     "who may publish: anyone; a user whom the web server has authenticated "
     "(REMOTE_USER); who comes from loopback; nobody"},
    {"publish", WS, KIND_WORD, AT(publish), "anyone|user|local|none", 0, 0,
     "user",
     "who may publish: anyone; a user whom the web server has authenticated "
     "(--user-header); who comes from loopback (by the last X-Forwarded-For, "
     "where a web server on this machine sends it); nobody"},
    {"user-header", WS, KIND_TEXT, AT(user_header), "NAME", 0, 0, "",
     "the header in which the web server names the user that it has "
     "authenticated, and which it lets nobody else set: Forwarded (its last "
     "remote_user=) or another, such as X-Remote-User. Believed only from "
     "loopback and the Unix socket; without it no user is known"},
    {"admin", BOTH, KIND_WORD, AT(admin), "anyone|user|local", 0, 0, "local",
     "who may see figures: /-/status, /-/metrics and the page at /-/"},
    {"origin", BOTH, KIND_TEXT, AT(origin), "LIST", 0, 0, "",
     "origins of other sites whose pages may use this one, with commas "
     "between (https://a.example,https://b.example:8443); * is all of them"},
    {"synchronous", BOTH | PUBLISH, KIND_WORD, AT(synchronous), "full|normal",
     0, 0, "full",
     "full: what was answered 201 survives a power cut; normal: all but that"},
    {"new-epoch", BOTH, KIND_FLAG, AT(new_epoch), NULL, 0, 1, NULL,
     "give the queue a new epoch, after an older copy was put in its place"},
    {"keep-messages", BOTH | PRUNE, KIND_NUMBER, AT(keep_messages), "N", 1, 1e9,
     "10000", "messages kept in each channel"},
    {"keep-age", BOTH | PRUNE, KIND_SECONDS, AT(keep_age_us), "SECONDS", 1, 1e9,
     "604800", "how long messages are kept"},
    {"keep-channels", BOTH | PRUNE, KIND_NUMBER, AT(keep_channels), "N", 1, 1e9,
     "100000", "channels kept; the longest unused go first"},
    {"keep-bytes", BOTH | PRUNE, KIND_NUMBER, AT(keep_bytes), "BYTES", 1048576,
     1e15, "1073741824", "bytes kept in all"},
    {"keep-keys", BOTH | PRUNE, KIND_SECONDS, AT(keep_keys_us), "SECONDS", 1,
     1e9, "86400", "how long an Idempotency-Key is remembered"},
    {"message-max", BOTH | PUBLISH, KIND_NUMBER, AT(message_max), "BYTES", 1,
     1048576, "65536", "the largest message"},
    {"event-max", BOTH | PUBLISH, KIND_NUMBER, AT(event_max), "BYTES", 1,
     QUEUE_EVENT_MAX, "128", "the longest name of an event"},
    {"channels-max", BOTH, KIND_NUMBER, AT(channels_max), "N", 1, 64, "64",
     "channels that one request may follow"},
    {"batch-lines", FCGI, KIND_NUMBER, AT(batch_lines), "N", 1, 1000, "1000",
     "lines of one application/x-ndjson request"},
    {"batch-bytes", FCGI, KIND_NUMBER, AT(batch_bytes), "BYTES", 1, 1048576,
     "1048576", "bytes of one application/x-ndjson request"},
    {"subscribers-max", BOTH, KIND_NUMBER, AT(subscribers_max), "N", 1, 1000000,
     "10000", "subscribers that this process holds"},
    {"processes", BOTH, KIND_NUMBER, AT(processes), "N|auto", 1, 64, "1",
     "how many processes serve; auto is one for each core. A parent starts "
     "them, and another one for each that dies"},
    {"wait-max", FCGI, KIND_SECONDS, AT(wait_max_us), "SECONDS", 0, 86400, "25",
     "the longest wait of a long-poll; keep it under the web server's idle "
     "limit"},
    {"heartbeat", BOTH, KIND_SECONDS, AT(heartbeat_us), "SECONDS", 0.1, 86400,
     "15",
     "the pause between a stream's heartbeats, give or take a fifth; keep it "
     "under half the web server's idle limit"},
    {"stream-life", BOTH, KIND_SECONDS, AT(stream_life_us), "SECONDS", 0.1, 1e8,
     "3600",
     "how long a stream lives, give or take a fifth; its client comes "
     "back by its cursor"},
    {"retry", BOTH, KIND_MILLISECONDS, AT(retry_us), "MS", 1, 1e8, "2000",
     "how long a stream's client waits before it comes back, give or take a "
     "half"},
    {"request-timeout", BOTH, KIND_SECONDS, AT(request_timeout_us), "SECONDS",
     0.1, 86400, "5", "how long a request may take to arrive"},
    {"commit-timeout", BOTH | PUBLISH, KIND_SECONDS, AT(commit_timeout_us),
     "SECONDS", 0.1, 86400, "5",
     "how long a publisher waits for its commit to begin"},
    {"keep-idle", FCGI, KIND_SECONDS, AT(keep_idle_us), "SECONDS", 0.1, 1e8,
     "3600", "how long a web server may keep a connection without a request"},
    {"stall-timeout", BOTH, KIND_SECONDS, AT(stall_timeout_us), "SECONDS", 0.1,
     1e8, "300", "how long a peer may take nothing of what it is sent"},
    {"bell", BOTH, KIND_WORD, AT(bell), "off|on", 0, 0, "on",
     "watch the queue's bell by inotify; off where that does not work"},
    {"look", BOTH, KIND_MILLISECONDS, AT(look_us), "MS", 1, 1e7, "250",
     "how often the queue is looked at for what rang no bell"},
    {"log", BOTH, KIND_TEXT, AT(log), "stderr|syslog|FILE", 0, 0, "stderr",
     "where the log goes; a file is reopened on SIGHUP"},
    {"log-level", BOTH, KIND_WORD, AT(log_level), "error|warn|info|debug", 0, 0,
     "info", "what is logged"},
    {"url", PUBLISH | TAIL, KIND_TEXT, AT(url), "URL", 0, 0, NULL,
     "where Earshot is mounted, such as https://example.org/earshot, instead "
     "of a queue's file. A name and password come from the URL or ~/.netrc"},
    {"insecure", PUBLISH | TAIL | DOCTOR, KIND_FLAG, AT(insecure), NULL, 0, 1,
     NULL, "take any TLS certificate, as one that was made for a test"},
    {"event", PUBLISH, KIND_TEXT, AT(event), "NAME", 0, 0, "message",
     "the event's name"},
    {"from", PUBLISH, KIND_TEXT, AT(from), "WORD", 0, 0, "",
     "a word of your own by which you know your messages again"},
    {"type", PUBLISH, KIND_WORD, AT(type), "text|json|binary", 0, 0, "text",
     "what the data is"},
    {"key", PUBLISH, KIND_SAID, AT(key), "KEY", 0, 0, NULL,
     "an Idempotency-Key: the same command again stores nothing twice"},
    {"transport", TAIL, KIND_WORD, AT(transport), "auto|sse|ws|long-poll|poll",
     0, 0, "auto",
     "how to follow a URL; auto is sse, and long-poll where that is not "
     "answered as it should be"},
    {"after", TAIL, KIND_TEXT, AT(after), "CURSOR", 0, 0, "",
     "begin behind this cursor (the id of a message), or with all that is "
     "kept: earliest"},
    {"last", TAIL, KIND_SAID, AT(last), "N", 0, 0, NULL,
     "begin with the newest so many messages"},
    {"json", TAIL | CHANNELS | STATS | CHECK, KIND_FLAG, AT(json), NULL, 0, 1,
     NULL, "print JSON, one object a line"},
    {"channel", PRUNE, KIND_SAID, AT(channel), "CHANNEL", 0, 0, NULL,
     "only this channel; wants --before or --keep"},
    {"before", PRUNE, KIND_SAID, AT(before), "TIME", 0, 0, NULL,
     "remove what is older: 90s, 30m, 12h, 7d, or a moment such as "
     "2024-05-31 or 2024-05-31T12:00:00Z"},
    {"keep", PRUNE, KIND_SAID, AT(keep), "N", 0, 0, NULL,
     "remove all but the newest so many messages of the channel, or of each"},
    {"user", DOCTOR, KIND_TEXT, AT(user), "NAME:PASSWORD", 0, 0, "",
     "log in to the web server, for what is not open to everyone; ~/.netrc "
     "and the URL are looked at too"},
    {"header", DOCTOR, KIND_TEXT, AT(header), "LINE", 0, 0, "",
     "send this header along, such as a login's \"Cookie: …\""},
    {"channel", DOCTOR, KIND_TEXT, AT(channel), "CHANNEL", 0, 0, "",
     "the channel to try it on, and its name with -crowd and -going behind; "
     "without it one that nobody uses. If it may, doctor publishes there"},
    {"patience", DOCTOR, KIND_SECONDS, AT(patience_us), "SECONDS", 0, 86400,
     "20",
     "how long idle connections are held, to see whether something cuts them; "
     "a little longer than the program's --heartbeat is enough"},
    {"subscribers", DOCTOR, KIND_NUMBER, AT(subscribers), "N", 0, 1000, "24",
     "how many streams to open at once"},
    {"ignore", DOCTOR, KIND_TEXT, AT(ignore), "CODES", 0, 0, "",
     "findings that are meant to be so, with commas between: "
     "ws-missing,publish-anyone"},
    {"cacert", DOCTOR, KIND_TEXT, AT(cacert), "FILE", 0, 0, "",
     "certificates of authorities to trust in place of the system's"},
    {"format", DOCTOR, KIND_WORD, AT(format), "text|json", 0, 0, "text",
     "what is printed"},
    {"force", BACKUP, KIND_FLAG, AT(force), NULL, 0, 1, NULL,
     "replace FILE if it is there"},
    {"help", BOTH | ADMIN, KIND_FLAG, AT(help), NULL, 0, 1, NULL,
     "print this and exit"},
    {"version", BOTH | ADMIN, KIND_FLAG, AT(version), NULL, 0, 1, NULL,
     "print the version and exit"},
};

const size_t options_table_size = sizeof options_table / sizeof *options_table;

const struct program_words options_programs[PROGRAMS] = {
    [PROGRAM_FCGI] =
        {"earshot.fcgi", "--queue PATH [OPTION…]",
         "Real-time push behind a web server, by FastCGI or CGI: polling,\n"
         "long-polling and Server-Sent Events over one durable queue.",
         0, 0},
    [PROGRAM_WS] =
        {"earshot-ws", "--queue PATH [OPTION…]",
         "Real-time push by WebSocket, over the same durable queue as\n"
         "earshot.fcgi: behind a web server or on its own.",
         0, 0},
    [PROGRAM_PUBLISH] =
        {"earshot publish", "CHANNEL [DATA|-] [OPTION…]",
         "Publishes one message, DATA or what standard input has, to a "
         "queue's file\nor to a URL, and prints its id.",
         1, 2},
    [PROGRAM_TAIL] =
        {"earshot tail", "CHANNEL[,CHANNEL…] [OPTION…]",
         "Follows channels, from a queue's file or a URL, and prints what "
         "comes: the\ndata of each message and a line's end. It comes back "
         "by its cursor whenever it\nis cut off.",
         1, 1},
    [PROGRAM_CHANNELS] =
        {"earshot channels", "[OPTION…]",
         "Lists the channels: what is kept of each, and who follows.", 0, 0},
    [PROGRAM_PRUNE] =
        {"earshot prune", "[OPTION…]",
         "Removes old messages, by the limits that the programs keep, or as "
         "told; safe\nwhile they run. Followers who had not had them are "
         "told so.",
         0, 0},
    [PROGRAM_CHECK] =
        {"earshot check", "[OPTION…]",
         "Looks whether the queue's file is sound, and what is wrong with it "
         "and around\nit.",
         0, 0},
    [PROGRAM_BACKUP] =
        {"earshot backup", "FILE [OPTION…]",
         "Copies the queue as it is at one moment into FILE, while programs "
         "use it.",
         1, 1},
    [PROGRAM_MIGRATE] =
        {"earshot migrate", "[OPTION…]",
         "Brings the queue's file up to this program's version.", 0, 0},
    [PROGRAM_STATS] = {"earshot stats", "[OPTION…]",
                       "Says in figures what the queue holds and who uses it.",
                       0, 0},
    [PROGRAM_DOCTOR] =
        {"earshot doctor", "URL [OPTION…]",
         "Looks from outside whether Earshot works at URL, and says what is "
         "wrong and\nthe line to change.",
         1, 1},
};
