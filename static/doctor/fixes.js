/**
 * The lines to change, for each finding and web server; "" serves those that
 * have none of their own. Lines are what one writes; where words must do, they
 * are in both languages.
 *
 * @typedef {import("./words.js").Words} Words
 */

import { words } from "./words.js";

export const SERVERS = {
    "apache": "Apache", "caddy": "Caddy", "h2o": "h2o",
    "lighttpd": "lighttpd", "nginx": "nginx",
};

/** @type {Record<string, Record<string, string | Words>>} */
export const FIXES = {
    "tls": {
        "": words("Give the web server the certificate with all between it "
            + "and the root, for this very name and not expired.",
        "给 Web 服务器配上这个域名的、没过期的证书，连同中间证书。"),
        "apache": "SSLCertificateFile /path/fullchain.pem",
        "lighttpd": 'ssl.pemfile = "/path/fullchain.pem"',
        "nginx": "ssl_certificate /path/fullchain.pem;",
    },
    "tls-expires": {
        "": words("Renew it, and let the web server read it again.",
            "续期，然后让 Web 服务器重新读取。"),
    },
    "redirect": {
        "": words("Give pages the address that it leads to.",
            "让页面直接用跳转后的地址。"),
    },
    "not-found": {
        "": words("Where is it mounted? If not at /earshot, start "
            + "earshot.fcgi with --base and that path.",
        "它挂在哪个路径下？不是 /earshot 的话，"
            + "启动 earshot.fcgi 时用 --base 写明路径。"),
        "apache": 'ProxyPass "/earshot" '
            + '"unix:/run/earshot/earshot.socket|fcgi://localhost/earshot" '
            + "flushpackets=on",
        "lighttpd": 'fastcgi.server += ("/earshot" => ((…, '
            + '"check-local" => "disable")))',
        "nginx": "location /earshot/ { include fastcgi_params;\n"
            + "    fastcgi_pass unix:/run/earshot/earshot.socket; }",
    },
    "not-earshot": {
        "": words("Look at the address, and at the part of the web server's "
            + "configuration that is to hand it to Earshot: another rule may "
            + "come before it.",
        "检查地址，以及 Web 服务器把它转给 Earshot 的那段配置："
            + "也许有别的规则排在前面。"),
    },
    "program-away": {
        "": "systemctl status earshot\njournalctl -t earshot",
    },
    "not-ready": { "": "earshot check --queue PATH" },
    "login": {
        "": words("If that is meant so, log in to the site first, and look "
            + "again.",
        "如果本来就该这样，请先登录网站，再检查一次。"),
    },
    "old": {
        "": words("Install the same version there, and start the program "
            + "again.",
        "在那里装上同一版本，再重启程序。"),
    },
    "clock": { "": "timedatectl set-ntp true" },
    "buffering": {
        "": words("Turn off buffering of answers (or of text/event-stream) in "
            + "whatever lies between.",
        "在中间的每一层关掉应答（或 text/event-stream）的缓冲。"),
        "apache": "ProxyPass … flushpackets=on\nFcgidOutputBufferSize 0",
        "caddy": "flush_interval -1",
        "h2o": words("Nothing in h2o does this: look at what lies between it "
            + "and you.",
        "h2o 自己不会这样：看看它和你之间还有什么。"),
        "lighttpd": "server.stream-response-body = 2",
        "nginx": "fastcgi_buffering off;",
    },
    "headers-held": {
        "": words("Let what lies between hand on each piece as it comes, the "
            + "first one too.",
        "让中间的每一层都来一点转一点，第一块也一样。"),
        "apache": "ProxyPass … flushpackets=on",
        "caddy": "flush_interval -1",
        "lighttpd": "server.stream-response-body = 2",
        "nginx": "fastcgi_buffering off;",
    },
    "compression": {
        "": words("Leave text/event-stream out of what is compressed.",
            "不要压缩 text/event-stream。"),
        "apache": 'SetEnvIf Request_URI "^/earshot/" no-gzip no-brotli',
        "caddy": "@other not path /earshot/*\nencode @other gzip zstd",
        "h2o": "compress: OFF",
        "lighttpd": '$HTTP["url"] =~ "^/earshot/" { deflate.mimetypes = () }',
        "nginx": "gzip off;",
    },
    "idle-limit": {
        "": words("Raise the idle limit over 60 s, or lower EARSHOT_HEARTBEAT "
            + "and EARSHOT_WAIT_MAX under half of it.",
        "把空闲时限提高到 60 秒以上，或者把 EARSHOT_HEARTBEAT 和 "
            + "EARSHOT_WAIT_MAX 降到它的一半以下。"),
        "apache": "ProxyPass … timeout=60\nFcgidIOTimeout 60",
        "caddy": "transport fastcgi { read_timeout 5m }",
        "h2o": "fastcgi.timeout.io: 60000",
        "lighttpd": "server.max-write-idle = 360\nserver.max-read-idle = 60",
        "nginx": "fastcgi_read_timeout 60s;\nproxy_read_timeout 60s;",
    },
    "going-unnoticed": {
        "": "EARSHOT_HEARTBEAT=5",
        "lighttpd": '"tcp-fin-propagate" => "enable"',
        "nginx": "fastcgi_ignore_client_abort off;",
    },
    "too-few": {
        "": words("Raise the number of connections, workers and open files "
            + "that the web server may have; each stream takes two "
            + "descriptors there.",
        "提高 Web 服务器的连接数、工作线程数和可打开文件数；"
            + "每个事件流在那里占两个描述符。"),
        "apache": "ThreadLimit 100\nThreadsPerChild 100\n"
            + "MaxRequestWorkers 2000\nServerLimit 40",
        "h2o": "max-connections: 8192",
        "lighttpd": "server.max-fds = 8192\nserver.max-connections = 4000",
        "nginx": "worker_connections 8192;\nworker_rlimit_nofile 16384;",
    },
    "descriptors": {
        "": "LimitNOFILE=16384",
        "lighttpd": "server.max-fds = 8192",
    },
    "ws-missing": {
        "": words("Pass the addresses that end in /ws on to earshot-ws, with "
            + "Upgrade and Host.",
        "把以 /ws 结尾的地址转给 earshot-ws，带上 Upgrade 和 Host。"),
        "apache": 'ProxyPassMatch "^/earshot/[^/]+/ws$" '
            + '"unix:/run/earshot/ws.socket|http://localhost" '
            + "upgrade=websocket",
        "caddy": "@ws path_regexp ^/earshot/[^/]+/ws$\n"
            + "reverse_proxy @ws unix//run/earshot/ws.socket",
        "h2o": words("h2o 2.2 cannot choose by the end of a path: give "
            + "WebSocket a path of its own.",
        "h2o 2.2 不能按路径的结尾来分：给 WebSocket 单独一个路径。"),
        "lighttpd": '$HTTP["url"] =~ "^/earshot/[^/]+/ws$" {\n'
            + '    proxy.server = ("" => (("host" => '
            + '"/run/earshot/ws.socket")))\n'
            + '    proxy.header = ("upgrade" => "enable")\n}',
        "nginx": "location ~ ^/earshot/[^/]+/ws$ {\n"
            + "    proxy_pass http://unix:/run/earshot/ws.socket;\n"
            + "    proxy_http_version 1.1;\n"
            + "    proxy_set_header Upgrade $http_upgrade;\n"
            + "    proxy_set_header Connection upgrade;\n"
            + "    proxy_set_header Host $http_host;\n}",
    },
    "ws-upgrade": {
        "": words("Pass Upgrade, Connection and Host on, as HTTP/1.1.",
            "用 HTTP/1.1 转发，带上 Upgrade、Connection 和 Host。"),
        "apache": "ProxyPassMatch … upgrade=websocket",
        "h2o": "proxy.websocket: ON",
        "lighttpd": 'proxy.header = ("upgrade" => "enable")',
        "nginx": "proxy_http_version 1.1;\n"
            + "proxy_set_header Upgrade $http_upgrade;\n"
            + "proxy_set_header Connection upgrade;\n"
            + "proxy_set_header Host $http_host;",
    },
    "ws-away": { "": "systemctl enable --now earshot-ws" },
    "host-rewritten": {
        "": words("Pass the Host header on as it came.",
            "原样转发 Host 头部。"),
        "apache": "ProxyPreserveHost On",
        "caddy": "header_up Host {http.request.host}",
        "h2o": "proxy.preserve-host: ON",
        "lighttpd": 'proxy.header = ("upgrade" => "enable")',
        "nginx": "proxy_set_header Host $http_host;\n"
            + "fastcgi_param HTTP_HOST $http_host;",
    },
    "foreign-origin": {
        "": "EARSHOT_ORIGIN=https://the.one.site",
        "lighttpd": '"EARSHOT_ORIGIN" => "https://the.one.site"',
    },
    "publish-anyone": {
        "": "EARSHOT_PUBLISH=user",
        "lighttpd": '"EARSHOT_PUBLISH" => "user"',
    },
    "publish-anyone-ws": { "": "EARSHOT_PUBLISH=user" },
    "made-up-user": {
        "": words("Tell Earshot only who has been authenticated, and throw "
            + "away what a client says of it itself.",
        "只把核实过的用户名告诉 Earshot，客户端自称的一律丢掉。"),
        "apache": "RequestHeader set Forwarded "
            + "'expr=remote_user=\"%{REMOTE_USER}\"'",
        "lighttpd": 'setenv.set-request-header = ("Forwarded" => "")\n'
            + 'proxy.forwarded = ("for" => 1, "remote_user" => 1)',
        "nginx": 'auth_basic "Earshot";\n'
            + "fastcgi_param REMOTE_USER $remote_user;",
    },
    "user-not-passed": {
        "": words("Pass the user on as REMOTE_USER.",
            "把用户名作为 REMOTE_USER 传下去。"),
        "lighttpd": words("mod_auth must come before mod_fastcgi in "
            + "server.modules.",
        "server.modules 里 mod_auth 要排在 mod_fastcgi 前面。"),
        "nginx": "fastcgi_param REMOTE_USER $remote_user;",
    },
    "http1-only": {
        "": words("Let the web server speak TLS and HTTP/2.",
            "让 Web 服务器支持 TLS 和 HTTP/2。"),
        "apache": "Protocols h2 http/1.1",
        "h2o": words("Listen with ssl: HTTP/2 comes with it.",
            "用 ssl 监听，HTTP/2 就有了。"),
        "lighttpd": 'server.feature-flags += ("server.h2proto" => "enable")',
        "nginx": "listen 443 ssl http2;",
    },
    "log-nowhere": {
        "": "EARSHOT_LOG=syslog",
        "lighttpd": '"EARSHOT_LOG" => "syslog"',
    },
};

/** What helps at that web server ("" where it is not known). */
export function fixFor(code, server) {
    const fixes = FIXES[code];
    return fixes[server] ?? fixes[""];
}
