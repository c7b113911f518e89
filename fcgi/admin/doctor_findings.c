#include "doctor_findings.h"

#include <string.h>
#include <strings.h>

static const char *const server_names[WEB_SERVERS] = {
    [SERVER_OTHER] = "the web server", [SERVER_APACHE] = "Apache",
    [SERVER_CADDY] = "Caddy",          [SERVER_H2O] = "h2o",
    [SERVER_LIGHTTPD] = "lighttpd",    [SERVER_NGINX] = "nginx",
};

#define PROGRAM_RUNS                                                           \
    "systemctl status earshot        (or who else starts earshot.fcgi)\n"      \
    "journalctl -t earshot           (what it has said)"

static const struct finding_words table[FINDINGS] = {
    [FINDING_TLS] =
        {.code = "tls",
         .title = "browsers will refuse the certificate",
         .good = "the certificate is good",
         .why = "A page of this address does not open, or asks its reader to "
                "take a risk; EventSource and WebSocket fail without a word.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "Give the web server the certificate with all between it "
                     "and the root,\nfor this very name and not expired.",
                 [SERVER_APACHE] = "SSLCertificateFile /path/fullchain.pem",
                 [SERVER_LIGHTTPD] = "ssl.pemfile = \"/path/fullchain.pem\"",
                 [SERVER_NGINX] = "ssl_certificate /path/fullchain.pem;",
             }},
    [FINDING_TLS_EXPIRES] =
        {.code = "tls-expires",
         .title = "the certificate expires soon",
         .good = "the certificate is good for two weeks and more",
         .why = "After that day nothing of the site opens.",
         .fix = {[SERVER_OTHER] =
                     "Renew it, and let the web server read it again."},
         .is_note = true},
    [FINDING_REDIRECT] =
        {.code = "redirect",
         .title = "the address sends on to another one",
         .good = "the address answers itself",
         .why = "A POST that is sent on becomes a GET and publishes nothing, "
                "and a WebSocket is not sent on at all.",
         .fix = {[SERVER_OTHER] = "Give pages the address that it leads to."}},
    [FINDING_NOT_FOUND] =
        {.code = "not-found",
         .title = "Earshot is not at this address",
         .good = "Earshot is found",
         .why = "The web server knows no such address, or hands it to Earshot "
                "under another name than Earshot expects.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "Where is it mounted? If not at /earshot, start "
                     "earshot.fcgi with\n--base /where/it/is.",
                 [SERVER_APACHE] = "ProxyPass \"/earshot\" "
                                   "\"unix:/run/earshot/earshot.socket|fcgi://"
                                   "localhost/earshot\" flushpackets=on\n(and "
                                   "EARSHOT_BASE when it is not /earshot)",
                 [SERVER_LIGHTTPD] =
                     "fastcgi.server += (\"/earshot\" => ((…, \"check-local\" "
                     "=> \"disable\")))\nwith mod_fastcgi among server.modules",
                 [SERVER_NGINX] =
                     "location /earshot/ { include fastcgi_params;\n"
                     "    fastcgi_pass unix:/run/earshot/earshot.socket; "
                     "}\n(and EARSHOT_BASE when it is not /earshot)",
             }},
    [FINDING_NOT_EARSHOT] =
        {.code = "not-earshot",
         .title = "something else answers at this address",
         .good = "Earshot answers",
         .why = "What came is no answer of Earshot's: a page, or another "
                "program's.",
         .fix = {[SERVER_OTHER] =
                     "Look at the address, and at the part of the web server's "
                     "configuration that is to\nhand it to Earshot: another "
                     "rule may come before it."}},
    [FINDING_PROGRAM_AWAY] =
        {.code = "program-away",
         .title = "the web server does not reach Earshot",
         .good = "the web server reaches Earshot",
         .why = "It answers by itself that the program behind it is away: it "
                "does not run, has ended at once, or its socket is another one "
                "or not open to the web server's user.",
         .fix =
             {
                 [SERVER_OTHER] = PROGRAM_RUNS,
                 [SERVER_LIGHTTPD] =
                     "lighttpd's error log says why; by hand, as its user:\n"
                     "EARSHOT_QUEUE=… earshot.fcgi --listen 127.0.0.1:9000",
             }},
    [FINDING_NOT_READY] =
        {.code = "not-ready",
         .title = "Earshot runs and cannot use its queue",
         .good = "Earshot can use its queue",
         .why = "Nothing can be published; who reads gets nothing new.",
         .fix = {[SERVER_OTHER] = "earshot check --queue PATH"}},
    [FINDING_LOGIN] =
        {.code = "login",
         .title = "nobody may read without a login",
         .good = "reading needs no login beyond what was given",
         .why = "The web server asks for a login before Earshot is asked.",
         .fix = {[SERVER_OTHER] =
                     "If that is meant so, give doctor one: --user "
                     "NAME:PASSWORD, or --header 'Cookie: …'."},
         .is_note = true},
    [FINDING_OLD] =
        {.code = "old",
         .title = "Earshot there is older than this tool",
         .good = "Earshot is as new as this tool",
         .why = "What this tool says of newer versions may not hold there.",
         .fix = {[SERVER_OTHER] = "Install the same version there, and start "
                                  "the program again."},
         .is_note = true},
    [FINDING_CLOCK] = {.code = "clock",
                       .title = "the clocks differ",
                       .good = "the clocks agree",
                       .why =
                           "Times of messages look wrong to readers, and what "
                           "is kept by age is kept too long or too short.",
                       .fix = {[SERVER_OTHER] =
                                   "timedatectl set-ntp true      (on "
                                   "whichever machine is wrong)"}},
    [FINDING_BUFFERING] =
        {.code = "buffering",
         .title = "events are held back",
         .good = "events arrive at once",
         .why =
             "What Earshot sends is gathered before it is handed on: a "
             "browser's stream opens late or never, and events come in heaps.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "Turn off buffering of answers (or of text/event-stream) "
                     "in whatever lies\nbetween.",
                 [SERVER_APACHE] =
                     "ProxyPass … flushpackets=on          (mod_proxy_fcgi)\n"
                     "FcgidOutputBufferSize 0              (mod_fcgid)",
                 [SERVER_CADDY] =
                     "flush_interval -1           (in reverse_proxy)",
                 [SERVER_H2O] = "Nothing in h2o does this: look at what lies "
                                "between it and you.",
                 [SERVER_LIGHTTPD] = "server.stream-response-body = 2",
                 [SERVER_NGINX] = "fastcgi_buffering off;\n(and no "
                                  "fastcgi_ignore_headers X-Accel-Buffering; "
                                  "with proxy_pass: proxy_buffering off;)",
             }},
    [FINDING_HEADERS_HELD] =
        {.code = "headers-held",
         .title = "a stream's beginning is held back",
         .good = "a stream's headers come at once",
         .why = "A browser takes the stream for not yet open until the first "
                "message pushes its beginning through.",
         .fix =
             {
                 [SERVER_OTHER] = "Let what lies between hand on each piece as "
                                  "it comes, the first one too.",
                 [SERVER_APACHE] = "ProxyPass … flushpackets=on",
                 [SERVER_CADDY] = "flush_interval -1",
                 [SERVER_LIGHTTPD] = "server.stream-response-body = 2",
                 [SERVER_NGINX] = "fastcgi_buffering off;",
             }},
    [FINDING_COMPRESSION] =
        {.code = "compression",
         .title = "streams are compressed",
         .good = "streams are not compressed",
         .why = "A compressor gathers what it gets; events of a few bytes wait "
                "in it, and each reader costs some 160 KiB of memory more.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "Leave text/event-stream out of what is compressed.",
                 [SERVER_APACHE] =
                     "SetEnvIf Request_URI \"^/earshot/\" no-gzip no-brotli",
                 [SERVER_CADDY] = "@other not path /earshot/*\n"
                                  "encode @other gzip zstd",
                 [SERVER_H2O] =
                     "compress: OFF               (in the path /earshot)",
                 [SERVER_LIGHTTPD] = "$HTTP[\"url\"] =~ \"^/earshot/\" { "
                                     "deflate.mimetypes = () }",
                 [SERVER_NGINX] = "gzip off;                   (in the "
                                  "location of /earshot/)",
             }},
    [FINDING_IDLE_LIMIT] =
        {.code = "idle-limit",
         .title = "connections are cut while nothing is said",
         .good = "an idle connection is kept",
         .why = "A time limit is shorter than the pause between heartbeats or "
                "than a long-poll's wait: readers reconnect again and again.",
         .fix =
             {
                 [SERVER_OTHER] = "Raise the idle limit over 60 s, or lower "
                                  "EARSHOT_HEARTBEAT and\nEARSHOT_WAIT_MAX "
                                  "under half of it.",
                 [SERVER_APACHE] =
                     "ProxyPass … timeout=60      (or ProxyTimeout 60)\n"
                     "FcgidIOTimeout 60           (mod_fcgid)",
                 [SERVER_CADDY] = "transport fastcgi { read_timeout 5m }",
                 [SERVER_H2O] = "fastcgi.timeout.io: 60000   (milliseconds)",
                 [SERVER_LIGHTTPD] = "server.max-write-idle = 360\n"
                                     "server.max-read-idle = 60   (WebSocket)",
                 [SERVER_NGINX] = "fastcgi_read_timeout 60s;\n"
                                  "proxy_read_timeout 60s;     (WebSocket)",
             }},
    [FINDING_GOING] =
        {.code = "going-unnoticed",
         .title = "it is not noticed when a reader leaves",
         .good = "it is noticed at once when a reader leaves",
         .why = "Readers who have left still count, and hold what a reader "
                "holds, until a heartbeat or two cannot be written.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "EARSHOT_HEARTBEAT=5         (to notice it sooner)",
                 [SERVER_LIGHTTPD] = "\"tcp-fin-propagate\" => \"enable\"   "
                                     "(in the host of fastcgi.server)",
                 [SERVER_NGINX] = "fastcgi_ignore_client_abort off;",
             },
         .limits = 1u << SERVER_APACHE | 1u << SERVER_CADDY},
    [FINDING_TOO_FEW] =
        {.code = "too-few",
         .title = "there is no room for so many streams",
         .good = "there is room for as many streams as were asked for",
         .why = "Streams above that number wait, or are refused, and so is the "
                "rest of the site.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "Raise the number of connections, workers and open files "
                     "that the web\nserver may have; each stream takes two "
                     "descriptors there.",
                 [SERVER_APACHE] =
                     "ThreadLimit 100             (event; a thread for each "
                     "stream)\nThreadsPerChild 100\nMaxRequestWorkers 2000\n"
                     "ServerLimit 40\n"
                     "FcgidMaxProcessesPerClass 50  (mod_fcgid; a process a "
                     "stream)",
                 [SERVER_H2O] = "max-connections: 8192",
                 [SERVER_LIGHTTPD] = "server.max-fds = 8192\n"
                                     "server.max-connections = 4000",
                 [SERVER_NGINX] =
                     "worker_connections 8192;    (in events; two a stream)\n"
                     "worker_rlimit_nofile 16384;",
             }},
    [FINDING_DESCRIPTORS] =
        {.code = "descriptors",
         .title = "Earshot may open few files",
         .good = "Earshot may open enough files",
         .why = "Each subscriber takes one descriptor; when they are used up "
                "nobody else is let in.",
         .fix =
             {
                 [SERVER_OTHER] = "LimitNOFILE=16384           (in the service "
                                  "that starts earshot.fcgi)",
                 [SERVER_LIGHTTPD] =
                     "server.max-fds = 8192       (its programs inherit it)",
             }},
    [FINDING_WS_MISSING] =
        {.code = "ws-missing",
         .title = "there is no WebSocket at …/CHANNEL/ws",
         .good = "WebSocket is there",
         .why = "Pages that ask for WebSocket take another approach after a "
                "failed try. If that is meant so: --ignore ws-missing.",
         .fix =
             {
                 [SERVER_OTHER] = "Pass …/CHANNEL/ws on to earshot-ws, with "
                                  "Upgrade and Host.",
                 [SERVER_APACHE] =
                     "ProxyPassMatch \"^/earshot/[^/]+/ws$\" \\\n"
                     "    \"unix:/run/earshot/ws.socket|http://localhost\" "
                     "upgrade=websocket\n(before the ProxyPass of /earshot)",
                 [SERVER_CADDY] =
                     "@ws path_regexp ^/earshot/[^/]+/ws$\n"
                     "reverse_proxy @ws unix//run/earshot/ws.socket",
                 [SERVER_H2O] = "h2o 2.2 cannot choose by the end of a path: "
                                "give WebSocket a path of its own.",
                 [SERVER_LIGHTTPD] =
                     "$HTTP[\"url\"] =~ \"^/earshot/[^/]+/ws$\" {\n"
                     "    proxy.server = (\"\" => ((\"host\" => "
                     "\"/run/earshot/ws.socket\")))\n"
                     "    proxy.header = (\"upgrade\" => \"enable\")\n"
                     "}\n"
                     "else $HTTP[\"url\"] =~ \"^/earshot(/|$)\" { "
                     "fastcgi.server … }",
                 [SERVER_NGINX] =
                     "location ~ ^/earshot/[^/]+/ws$ {\n"
                     "    proxy_pass http://unix:/run/earshot/ws.socket;\n"
                     "    proxy_http_version 1.1;\n"
                     "    proxy_set_header Upgrade $http_upgrade;\n"
                     "    proxy_set_header Connection upgrade;\n"
                     "    proxy_set_header Host $http_host;\n"
                     "}",
             },
         .is_note = false,
         .limits = 1u << SERVER_H2O},
    [FINDING_WS_UPGRADE] =
        {.code = "ws-upgrade",
         .title = "the web server does not pass WebSocket on",
         .good = "WebSocket's handshake is passed on",
         .why = "The request reaches earshot-ws without its Upgrade header, as "
                "a plain one.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "Pass Upgrade and Connection on, as HTTP/1.1.",
                 [SERVER_APACHE] = "ProxyPassMatch … upgrade=websocket",
                 [SERVER_H2O] = "proxy.websocket: ON",
                 [SERVER_LIGHTTPD] =
                     "proxy.header = (\"upgrade\" => \"enable\")",
                 [SERVER_NGINX] = "proxy_http_version 1.1;\n"
                                  "proxy_set_header Upgrade $http_upgrade;\n"
                                  "proxy_set_header Connection upgrade;",
             }},
    [FINDING_WS_AWAY] =
        {.code = "ws-away",
         .title = "earshot-ws cannot be reached",
         .good = "earshot-ws is reached",
         .why = "The web server passes WebSocket on, and nobody is there. "
                "Pages take another approach after a failed try.",
         .fix = {[SERVER_OTHER] = "systemctl enable --now earshot-ws"}},
    [FINDING_HOST] =
        {.code = "host-rewritten",
         .title = "the site's own pages are refused as foreign",
         .good = "the site's own pages are known as such",
         .why = "Earshot gets another Host than the browser has in its address "
                "bar, and so takes the page's Origin for another site's.",
         .fix =
             {
                 [SERVER_OTHER] = "Pass the Host header on as it came.",
                 [SERVER_APACHE] = "ProxyPreserveHost On",
                 [SERVER_CADDY] = "header_up Host {http.request.host}",
                 [SERVER_H2O] = "proxy.preserve-host: ON",
                 [SERVER_LIGHTTPD] =
                     "proxy.header = (\"upgrade\" => \"enable\")    (without "
                     "map-host-request)",
                 [SERVER_NGINX] =
                     "proxy_set_header Host $http_host;      (WebSocket)\n"
                     "fastcgi_param HTTP_HOST $http_host;    (all else)",
             }},
    [FINDING_FOREIGN_ORIGIN] =
        {.code = "foreign-origin",
         .title = "pages of every other site may use Earshot",
         .good = "pages of other sites are refused",
         .why = "Any page that somebody opens can read here, and publish as "
                "far as its reader may.",
         .fix =
             {
                 [SERVER_OTHER] = "EARSHOT_ORIGIN=https://the.one.site    (in "
                                  "place of *, or nothing)",
                 [SERVER_LIGHTTPD] =
                     "\"EARSHOT_ORIGIN\" => \"https://the.one.site\"    (in "
                     "place of *, or nothing)",
             }},
    [FINDING_PUBLISH_ANYONE] =
        {.code = "publish-anyone",
         .title = "anyone may publish",
         .good = "who is not logged in may not publish",
         .why = "Whoever finds the address can write to every channel.",
         .fix =
             {
                 [SERVER_OTHER] = "EARSHOT_PUBLISH=user        (and a login of "
                                  "the web server's before POST)",
                 [SERVER_LIGHTTPD] = "\"EARSHOT_PUBLISH\" => \"user\"\n"
                                     "$HTTP[\"request-method\"] == \"POST\" { "
                                     "auth.require = (\"/earshot/\" => (…)) }",
             }},
    [FINDING_PUBLISH_ANYONE_WS] =
        {.code = "publish-anyone-ws",
         .title = "anyone may publish by WebSocket",
         .good = "who is not logged in may not publish by WebSocket",
         .why = "A login before POST does not guard …/CHANNEL/ws, which begins "
                "with a GET and publishes too.",
         .fix = {[SERVER_OTHER] = "EARSHOT_PUBLISH=user        (for "
                                  "earshot-ws, in /etc/default/earshot)"}},
    [FINDING_MADE_UP_USER] =
        {.code = "made-up-user",
         .title = "who makes up a name may publish",
         .good = "a made-up name is not believed",
         .why =
             "Earshot is told the name that a client says, which nobody has "
             "checked: whoever finds the address can write to every channel.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "Tell Earshot only who has been authenticated, and throw "
                     "away what a\nclient says of it itself.",
                 [SERVER_APACHE] = "RequestHeader set Forwarded "
                                   "'expr=remote_user=\"%{REMOTE_USER}\"'",
                 [SERVER_LIGHTTPD] =
                     "setenv.set-request-header = (\"Forwarded\" => \"\")\n"
                     "proxy.forwarded = (\"for\" => 1, \"remote_user\" => 1)",
                 [SERVER_NGINX] = "auth_basic \"Earshot\"; where fastcgi_param "
                                  "REMOTE_USER $remote_user is in force,\nand "
                                  "proxy_set_header Forwarded \"\"; where it "
                                  "is not (see deploy/nginx/login.conf)",
             }},
    [FINDING_USER_NOT_PASSED] =
        {.code = "user-not-passed",
         .title = "Earshot does not learn who has logged in",
         .good = "Earshot learns who has logged in",
         .why = "The web server has taken the login, and Earshot still says "
                "that it knows no user: nobody can publish.",
         .fix =
             {
                 [SERVER_OTHER] = "Pass the user on as REMOTE_USER.",
                 [SERVER_NGINX] = "fastcgi_param REMOTE_USER $remote_user;",
                 [SERVER_LIGHTTPD] =
                     "mod_auth must come before mod_fastcgi in server.modules.",
             }},
    [FINDING_HTTP1] =
        {.code = "http1-only",
         .title = "only HTTP/1.1 is spoken",
         .good = "HTTP/2 is spoken",
         .why = "Browsers open six connections to such a site, all tabs "
                "together: with a stream in each, the seventh tab waits. "
                "static/earshot.js shares one among tabs; others do not.",
         .fix =
             {
                 [SERVER_OTHER] = "Let the web server speak TLS and HTTP/2.",
                 [SERVER_APACHE] =
                     "Protocols h2 http/1.1       (mod_http2 and mod_ssl)",
                 [SERVER_H2O] = "Listen with ssl: HTTP/2 comes with it.",
                 [SERVER_LIGHTTPD] =
                     "server.feature-flags += (\"server.h2proto\" => "
                     "\"enable\")\n(with ssl.engine = \"enable\": see "
                     "deploy/lighttpd/tls.conf)",
                 [SERVER_NGINX] = "listen 443 ssl http2;",
             },
         .is_note = true},
    [FINDING_LOG_NOWHERE] =
        {.code = "log-nowhere",
         .title = "what Earshot logs is lost",
         .good = "what Earshot logs goes somewhere",
         .why = "When something goes wrong nobody will know why.",
         .fix =
             {
                 [SERVER_OTHER] =
                     "EARSHOT_LOG=syslog          (or a file's path)",
                 [SERVER_LIGHTTPD] = "\"EARSHOT_LOG\" => \"syslog\"   (or a "
                                     "file's path; in bin-environment)",
             }},
};

const struct finding_words *
finding_words(enum finding finding)
{
    return &table[finding];
}

const char *
finding_fix(enum finding finding, enum web_server server)
{
    const char *const *fix = table[finding].fix;
    return fix[server] ? fix[server] : fix[SERVER_OTHER];
}

bool
finding_is_note(enum finding finding, enum web_server server)
{
    return table[finding].is_note || table[finding].limits & (1u << server);
}

enum web_server
web_server_named(const char *name)
{
    for (int i = SERVER_OTHER + 1; i < WEB_SERVERS; i++)
        if (strncasecmp(name, server_names[i], strlen(server_names[i])) == 0)
            return (enum web_server)i;
    return SERVER_OTHER;
}

const char *
web_server_name(enum web_server server)
{
    return server_names[server];
}

enum finding
finding_called(const char *code, unsigned long len)
{
    int i = 0;
    while (i < FINDINGS && (strlen(table[i].code) != len ||
                            memcmp(table[i].code, code, len) != 0))
        i++;
    return (enum finding)i;
}
