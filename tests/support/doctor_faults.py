"""Deployments with exactly one fault each, for doctor and its page."""

from front import Times
from front_apache import ApacheProxy
from front_lighttpd import LighttpdSpawned
from front_nginx import Nginx

# Heartbeats that come too late for the idle limit.
IDLE = Times(idle=1, heartbeat=8, wait=0.5)
# ... too late for a reader's going to be noticed by them.
RARE = Times(idle=60, heartbeat=15, wait=2)

LIGHTTPD, NGINX, PROXY = ("lighttpd/earshot.conf", "nginx/fastcgi.conf",
                          "apache/earshot.conf")


def front(base, *changes, **attributes):
    """The shipped front with these changes of its texts, and attributes."""
    def filled(self):
        texts = base.filled(self)
        for file, old, new in changes:
            assert old in texts[file], f"{file} has no {old!r}"
            texts[file] = texts[file].replace(old, new)
        return texts
    return type(base.__name__, (base,), {"filled": filled, **attributes})


# What it is: the finding, the deployment, a line that mends it.
FAULTS = {
    # lighttpd
    "lighttpd buffers": (
        "buffering", front(LighttpdSpawned, (
            LIGHTTPD, "server.stream-response-body = 2",
            "server.stream-response-body = 0")),
        "server.stream-response-body = 2"),
    "lighttpd does not propagate FIN": (
        "going-unnoticed", front(LighttpdSpawned, (
            LIGHTTPD, '"tcp-fin-propagate" => "enable"',
            '"tcp-fin-propagate" => "disable"')),
        '"tcp-fin-propagate" => "enable"'),
    "lighttpd has few connections": (
        "too-few", front(LighttpdSpawned, (
            LIGHTTPD, "server.max-connections = 4000",
            "server.max-connections = 6")),
        "server.max-connections"),
    "lighttpd has few descriptors": (
        "descriptors", front(
            LighttpdSpawned,
            (LIGHTTPD, "server.max-fds = 8192", "server.max-fds = 1024"),
            (LIGHTTPD, "server.max-connections = 4000",
             "server.max-connections = 500")),
        "server.max-fds"),
    "lighttpd has no path for WebSocket": (
        "ws-missing", front(LighttpdSpawned, (
            LIGHTTPD, "/[^/]+/ws$", "/[^/]+/elsewhere$")),
        "proxy.server"),
    "lighttpd does not upgrade": (
        "ws-upgrade", front(LighttpdSpawned, (
            LIGHTTPD, 'proxy.header = ("upgrade" => "enable")', "")),
        'proxy.header = ("upgrade" => "enable")'),
    "earshot-ws does not run": (
        "ws-away", front(LighttpdSpawned,
                         start_companions=lambda self: None),
        "systemctl"),
    # nginx
    "nginx buffers": (
        "buffering", front(Nginx, (
            NGINX, "fastcgi_buffering off;", "fastcgi_buffering on; "
            "fastcgi_ignore_headers X-Accel-Buffering;")),
        "fastcgi_buffering off;"),
    "nginx compresses streams": (
        "compression", front(Nginx, (
            NGINX, "gzip off;", "gzip on; gzip_types text/event-stream; "
            "gzip_min_length 0;")),
        "gzip off;"),
    "nginx ignores a client's going": (
        "going-unnoticed", front(Nginx, (
            NGINX, "gzip off;",
            "gzip off; fastcgi_ignore_client_abort on;")),
        "fastcgi_ignore_client_abort off;"),
    "nginx has few connections": (
        "too-few", front(Nginx, connections=14),
        "worker_connections"),
    "nginx hands on Host without its port": (
        "host-rewritten", front(Nginx, (
            NGINX, "gzip off;", "gzip off; fastcgi_param HTTP_HOST $host;")),
        "fastcgi_param HTTP_HOST $http_host;"),
    "nginx hands on its own Host to earshot-ws": (
        "host-rewritten", front(Nginx, (
            "nginx/websocket.conf", "proxy_set_header Host $http_host;", "")),
        "proxy_set_header Host $http_host;"),
    # Apache
    "Apache does not flush": (
        "buffering", front(ApacheProxy, (PROXY, "flushpackets=on", "")),
        "flushpackets=on"),
    "Apache has few workers": (
        "too-few", front(ApacheProxy, more_lines=(
            "ThreadsPerChild 10\nMaxRequestWorkers 10\nServerLimit 1")),
        "MaxRequestWorkers"),
    "Apache compresses streams": (
        "compression", front(
            ApacheProxy,
            (PROXY, "SetEnv no-gzip 1", "SetOutputFilter DEFLATE")),
        "no-gzip"),
}
