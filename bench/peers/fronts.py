"""The web servers in front of a peer: lighttpd and nginx, as much alike as
they can be. Both hand on at once what comes, log no requests, and take as many
connections as their descriptors allow."""

import os
import pwd
import re

from members import TOP, Member, Trouble, descriptors, need

NAMES = ("lighttpd", "nginx")

LIGHTTPD = """\
# Written by bench/peers/run.
server.modules = ("mod_setenv")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{run}"
server.upload-dirs = ("{run}")
server.errorlog = "{run}/lighttpd-error.log"
server.max-keep-alive-requests = 100000000
{rest}
"""

LIGHTTPD_PROXY = """\
server.modules += ("mod_proxy")
server.stream-response-body = 2
server.max-write-idle = 360
server.max-read-idle = 60
proxy.server = ("" => (("host" => "127.0.0.1", "port" => {upstream})))
proxy.header = ("upgrade" => "enable")
"""

LIGHTTPD_FASTCGI = """\
server.modules += ("mod_fastcgi")
server.stream-response-body = 2
server.max-write-idle = 360
server.max-read-idle = 60
fastcgi.server = ("/" => (({host})))
"""

# What its site has to say itself: how many it may hold.
LIGHTTPD_LIMITS = """\
server.max-fds = {most}
server.max-connections = {half}
"""

LIGHTTPD_SOCKET = """\
"socket" => "{socket}", "check-local" => "disable",
        "tcp-fin-propagate" => "enable\""""

NGINX = """\
# Written by bench/peers/run.
{modules}
user {user};
daemon off;
worker_processes {workers};
worker_rlimit_nofile {most};
pid {run}/nginx.pid;
error_log {run}/nginx-error.log warn;
events {{
    worker_connections {most};
}}
http {{
    access_log off;
    client_body_temp_path {run}/nginx-body;
    proxy_temp_path {run}/nginx-proxy;
    fastcgi_temp_path {run}/nginx-fastcgi;
    uwsgi_temp_path {run}/nginx-uwsgi;
    scgi_temp_path {run}/nginx-scgi;
    keepalive_requests 100000000;
    keepalive_timeout 3600s;
    tcp_nodelay on;
    types_hash_max_size 4096;
{http}
    server {{
        listen 127.0.0.1:{port} backlog=4096{reuseport};
{server}
    }}
}}
"""

NGINX_PROXY = """\
        location / {{
            proxy_pass http://upstreams;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_to;
            proxy_buffering off;
            proxy_read_timeout 3600s;
        }}
"""

NGINX_PROXY_HTTP = """\
    map $http_upgrade $connection_to {{
        default upgrade;
        ""      "";
    }}
    upstream upstreams {{
        server 127.0.0.1:{upstream};
        keepalive 128;
    }}
"""

NGINX_FASTCGI_HTTP = """\
    upstream programs {{
{servers}
        keepalive 128;
    }}
"""

NGINX_PARAMS = "".join(
    f"            fastcgi_param {name} ${value};\n" for name, value in (
        ("QUERY_STRING", "query_string"), ("REQUEST_METHOD", "request_method"),
        ("CONTENT_TYPE", "content_type"), ("CONTENT_LENGTH", "content_length"),
        ("SCRIPT_NAME", "fastcgi_script_name"), ("REQUEST_URI", "request_uri"),
        ("DOCUMENT_URI", "document_uri"),
        ("SERVER_PROTOCOL", "server_protocol"),
        ("REQUEST_SCHEME", "scheme"), ("REMOTE_ADDR", "remote_addr"),
        ("REMOTE_PORT", "remote_port"), ("SERVER_ADDR", "server_addr"),
        ("SERVER_PORT", "server_port"), ("SERVER_NAME", "server_name")))

NGINX_FASTCGI = """\
        location {location} {{
            fastcgi_pass programs;
            fastcgi_keep_conn on;
            fastcgi_buffering off;
            fastcgi_read_timeout 3600s;
""" + NGINX_PARAMS + """\
        }}
"""

NGINX_EARSHOT_WS = """\
        location ~ ^/earshot/[^/]+/ws$ {{
            proxy_pass http://unix:{socket}:;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 3600s;
        }}
"""


LIGHTTPD_WORKERS = """\
server.max-worker = {workers}
"""


def limits():
    return LIGHTTPD_LIMITS.format(most=descriptors(), half=descriptors() // 2)


def lighttpd(folders, port, rest, workers=1, cores=None):
    program = need("lighttpd", "run")
    path = folders.run / "lighttpd.conf"
    if workers > 1:
        rest += LIGHTTPD_WORKERS.format(workers=workers)
    path.write_text(LIGHTTPD.format(port=port, run=folders.run, rest=rest))
    return Member(folders, "web server", "lighttpd",
                  [program, "-D", "-f", path], cores=cores, listens=port)


def nginx(folders, port, http, server, workers=1, modules="", side="web server",
          cores=None):
    program = need("nginx", "nginx")
    path = folders.run / "nginx.conf"
    path.write_text(NGINX.format(
        modules=modules, user=pwd.getpwuid(os.geteuid()).pw_name,
        workers=workers, most=descriptors(), run=folders.run, port=port,
        http=http, server=server,
        reuseport=" reuseport" if workers > 1 else ""))
    return Member(folders, side, "nginx",
                  [program, "-e", folders.run / "nginx-error.log",
                   "-p", folders.run, "-c", path], cores=cores, listens=port)


def proxy(name, folders, port, upstream, workers=1, cores=None):
    """A web server at PORT that passes everything on to port UPSTREAM."""
    if name == "lighttpd":
        return lighttpd(folders, port, limits()
                        + LIGHTTPD_PROXY.format(upstream=upstream), workers,
                        cores)
    return nginx(folders, port, NGINX_PROXY_HTTP.format(upstream=upstream),
                 NGINX_PROXY.format(), workers, cores=cores)


def fastcgi(name, folders, port, sockets, workers=1, cores=None):
    """A web server at PORT with programs at Unix SOCKETS behind it."""
    if name == "lighttpd":
        hosts = "), (".join(LIGHTTPD_SOCKET.format(socket=socket)
                            for socket in sockets)
        return lighttpd(folders, port, limits()
                        + LIGHTTPD_FASTCGI.format(host=hosts), workers, cores)
    return nginx(folders, port, fastcgi_upstream(sockets),
                 NGINX_FASTCGI.format(location="/"), workers, cores=cores)


def fastcgi_upstream(sockets):
    return NGINX_FASTCGI_HTTP.format(servers="\n".join(
        f"        server unix:{socket};" for socket in sockets))


def replaced(text, pattern, by):
    """What PATTERN matches, once and no more, becomes BY."""
    text, count = re.subn(pattern, lambda _: by, text, flags=re.M | re.S)
    if count != 1:
        raise Trouble("deploy/lighttpd/earshot.conf has changed: its "
                      f"{pattern!r} is there {count} times; "
                      "bench/peers/fronts.py must know of it.")
    return text


def earshot(name, folders, port, sockets, ws_socket, workers=1, cores=None):
    """A web server with Earshot at /earshot: lighttpd by the configuration in
    deploy/, but for its paths, its limits, and that the programs are started
    by us, so that their cost can be told from the web server's."""
    if name == "nginx":
        server = NGINX_EARSHOT_WS.format(socket=ws_socket) + \
            NGINX_FASTCGI.format(location="/earshot/")
        return nginx(folders, port, fastcgi_upstream(sockets), server, workers,
                     cores=cores)
    text = (TOP / "deploy/lighttpd/earshot.conf").read_text("utf-8")
    text = replaced(text, r"/run/earshot/ws\.socket", str(ws_socket))
    text = replaced(text, r"^server\.max-fds = \d+$",
                    f"server.max-fds = {descriptors()}")
    text = replaced(text, r"^server\.max-connections = \d+$",
                    f"server.max-connections = {descriptors() // 2}")
    hosts = "), (".join(LIGHTTPD_SOCKET.format(socket=socket)
                        for socket in sockets)
    text = replaced(text,
                    r"fastcgi\.server \+= \(\"/earshot\" => \(\(.*?\)\)\)",
                    f'fastcgi.server += ("/earshot" => (({hosts})))')
    return lighttpd(folders, port, text, workers, cores)
