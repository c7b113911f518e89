"""A real nginx with pages at / and Earshot at /earshot, by the files of
deploy/nginx as they are shipped, with only paths and ports filled in."""

import os
import pathlib
import pwd
import signal

import sse
import web
from earshot import free_port
from processes import Process, of, surroundings
from wait import wait_until
from websocket import WebSocket

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = SOURCE / "deploy/nginx"

# What Debian's own nginx.conf says, as far as it matters here.
CONFIGURATION = """\
user {user};
worker_processes {workers};
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log warn;
events {{
    worker_connections {connections};
}}
http {{
    access_log off;
    gzip on;
    types {{ text/html html; text/css css; text/javascript js; }}
    client_body_temp_path {directory}/nginx/body;
    proxy_temp_path {directory}/nginx/proxy;
    fastcgi_temp_path {directory}/nginx/fastcgi;
    uwsgi_temp_path {directory}/nginx/uwsgi;
    scgi_temp_path {directory}/nginx/scgi;
{http}
    server {{
        listen 127.0.0.1:{port};
        root {pages};
{server}
    }}
}}
"""


def filled(directory, name, changes=()):
    """The text of a shipped file with the paths of the directory, and with
    further CHANGES, pairs of (old, new), to it; each has to be there."""
    text = (SHIPPED / name).read_text()
    paths = [("/run/earshot/earshot.socket", directory / "earshot.socket"),
             ("/run/earshot/ws.socket", directory / "ws.socket"),
             ("/etc/nginx/earshot.users", directory / "earshot.users")]
    for old, new in paths:
        text = text.replace(old, str(new))
    for old, new in changes:
        assert old in text, f"{old!r} is not in {name}"
        text = text.replace(old, str(new))
    return text


class Nginx(Process):
    """nginx on a free port of the loopback, its programs running already: at
    earshot.socket and ws.socket in the directory.

    site is the shipped file that its server includes. changes are made to the
    shipped files, {name: [(old, new), …]}. http and server is what the site
    has of its own; shipped files among it are included as earshot/NAME.
    """

    name = "nginx"

    def __init__(self, directory, site="earshot.conf", changes=None, http="",
                 server="", tls=None, workers=1, connections=768,
                 mount="/earshot"):
        super().__init__(directory)
        self.log_path = self.directory / "nginx.log"
        self.error_log = self.directory / "nginx-error.log"
        self.folder = self.directory / "nginx"
        self.pages = self.directory / "pages"
        self.pages.mkdir(exist_ok=True)
        self.site = site
        self.changes = changes or {}
        self.http, self.server = http, server
        self.tls = tls
        self.workers, self.connections = workers, connections
        self.mount = mount
        self.port = None

    def write(self):
        """Writes the configuration, for its next start or reload."""
        (self.folder / "earshot").mkdir(parents=True, exist_ok=True)
        for path in SHIPPED.glob("*.conf"):
            changes = list(self.changes.get(path.name, ()))
            if path.name == "tls.conf" and self.tls:
                changes += self.tls_changes()
            (self.folder / "earshot" / path.name).write_text(
                filled(self.directory, path.name, changes))
        server = f"        include earshot/{self.site};\n" + self.server
        if self.tls:
            server = "        include earshot/tls.conf;\n" + server
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(
            user=pwd.getpwuid(os.geteuid()).pw_name, workers=self.workers,
            directory=self.directory, connections=self.connections,
            http=self.http, port=self.port, pages=self.pages, server=server))

    def tls_changes(self):
        return [("listen 443 ", f"listen 127.0.0.1:{self.tls.port} "),
                ("listen [::]:443 ssl http2;\n", ""),
                ("/etc/nginx/certs/fullchain.pem", self.tls.certificate),
                ("/etc/nginx/certs/privkey.pem", self.tls.key)]

    def start(self):
        for _ in range(5):
            # Another program may take the port between asking and binding.
            self.port = free_port()
            self.write()
            self.spawn(["/usr/sbin/nginx", "-e", str(self.error_log),
                        "-p", str(self.folder) + "/",
                        "-c", str(self.folder / "nginx.conf")],
                       env=surroundings(self.directory),
                       start_new_session=True)
            if self.came_up():
                return self
        raise AssertionError(f"nginx did not start:\n{self.log}\n"
                             f"{self.errors}")

    def came_up(self):
        def settled():
            if not self.running():
                return True
            try:
                return web.call("GET", self.url + "/")
            except OSError:
                return False
        wait_until(settled, 15, "nginx's first answer", 0.03)
        return self.running()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def errors(self):
        try:
            return self.error_log.read_text("utf-8", "replace")
        except OSError:
            return ""

    def reload(self):
        """A new configuration, by new workers; the old ones go on until their
        streams have ended."""
        before = set(self.worker_pids())
        self.signal(signal.SIGHUP)
        wait_until(lambda: len(set(self.worker_pids()) - before)
                   == self.workers, what="new workers")

    def worker_pids(self):
        return [pid for pid in of(self.directory, "nginx") if pid != self.pid]

    # Talking through it

    def call(self, method, target, headers=None, body=None, timeout=10):
        return web.call(method, self.url + self.mount + target, headers,
                        body, timeout)

    def get(self, target, headers=None, timeout=10):
        return self.call("GET", target, headers, timeout=timeout)

    def post(self, target, body=b"", headers=None, timeout=10):
        return self.call("POST", target, headers, body, timeout)

    def stream(self, channel, query="", headers=None, opened=True):
        target = f"{self.mount}/{channel}/sse" + (f"?{query}" if query else "")
        return sse.over_http(self.url + target, headers, opened)

    def socket(self, channel="room", query="", headers=None, **more):
        """An open WebSocket; its opening message has been read."""
        target = f"{self.mount}/{channel}/ws" + (f"?{query}" if query else "")
        more.setdefault("host", f"127.0.0.1:{self.port}")
        return WebSocket(("127.0.0.1", self.port), target, headers, **more)
