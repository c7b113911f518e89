"""A real lighttpd with pages at / and Earshot at /earshot."""

import os
import pathlib
import re
import signal

import web
from asking import Asking
from earshot import arguments, free_port
from processes import Process, of, program, surroundings
from wait import wait_until

CONFIGURATION = """\
server.modules = ("mod_indexfile", "mod_proxy", "mod_fastcgi",
    "mod_staticfile")
server.document-root = "{pages}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{error_log}"
server.upload-dirs = ("{directory}")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html; charset=utf-8",
    ".js" => "text/javascript; charset=utf-8",
    ".css" => "text/css; charset=utf-8", ".svg" => "image/svg+xml")
server.stream-response-body = 2
server.max-fds = 4096
server.feature-flags = ("server.graceful-shutdown-timeout" => 5)
{more}
{websocket}$HTTP["url"] =~ "^/earshot(/|$)" {{
    fastcgi.server = ("/earshot" => ({hosts}))
}}
"""

WEBSOCKET = """\
$HTTP["url"] =~ "^/earshot/[^/]+/ws$" {{
    proxy.server = ("" => (("host" => "{address}")))
    proxy.header = ("upgrade" => "enable")
}}
else """


class Lighttpd(Asking, Process):
    """lighttpd on a free port of the loopback.

    With sockets it uses programs that run already; without, it spawns
    max_procs of its own, with the given options, and respawns them. ws is
    the Unix socket of an earshot-ws that runs already.
    """

    name = "lighttpd"

    def __init__(self, directory, sockets=None, pages=None, max_procs=1,
                 fin=False, more="", configuration=CONFIGURATION,
                 mount="/earshot", ws=None, **options):
        super().__init__(directory)
        self.expected = (0, 1)  # 1: streams were open when it was ended
        self.mount = mount
        self.log_path = self.directory / "lighttpd.log"
        self.error_log = self.directory / "lighttpd-error.log"
        self.configuration_path = self.directory / "lighttpd.conf"
        self.pages = pathlib.Path(pages or self.directory / "pages")
        self.pages.mkdir(exist_ok=True)
        self.sockets = sockets
        self.ws = ws
        self.max_procs = max_procs
        self.fin = fin      # take a client's FIN for its going
        self.more = more
        self.configuration = configuration
        self.options = {"queue": self.directory / "queue" / "earshot.db",
                        "publish": "anyone",
                        "log": self.directory / "earshot.log"}
        self.options.update(options)
        self.queue = pathlib.Path(self.options["queue"])
        self.port = None

    def hosts(self):
        fin = ', "tcp-fin-propagate" => "enable"' if self.fin else ""
        if self.sockets is not None:
            return ", ".join(f'("socket" => "{path}", '
                             f'"check-local" => "disable"{fin})'
                             for path in self.sockets)
        command = " ".join([program()] + arguments(self.options))
        return (f'("bin-path" => "{command}", '
                f'"socket" => "{self.directory}/spawned", '
                f'"max-procs" => {self.max_procs}, '
                f'"check-local" => "disable"{fin})')

    def websocket(self):
        return WEBSOCKET.format(address=self.ws) if self.ws else ""

    def start(self):
        self.queue.parent.mkdir(exist_ok=True)
        for _ in range(5):
            # Another program may take the port between asking and binding.
            self.port = free_port()
            self.configuration_path.write_text(self.configuration.format(
                pages=self.pages, port=self.port, error_log=self.error_log,
                directory=self.directory, more=self.more,
                websocket=self.websocket(), hosts=self.hosts()))
            self.spawn(["/usr/sbin/lighttpd", "-D", "-f",
                        str(self.configuration_path)],
                       env=surroundings(self.directory),
                       start_new_session=True)
            if self.came_up():
                return self
        raise AssertionError(f"lighttpd did not start:\n{self.log}\n"
                             f"{self.errors}")

    def came_up(self):
        def settled():
            if not self.running():
                return True
            try:
                answer = web.call("GET", self.url + self.mount + "/-/health")
                return answer.status == 200
            except OSError:
                return False
        wait_until(settled, 15, "lighttpd's first answer", 0.03)
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

    def stop(self, timeout=8):
        """Ends it, and waits for the programs that it tells to end."""
        code = super().stop(timeout)
        if self.sockets is None:
            wait_until(lambda: not self.programs(), timeout,
                       "the end of lighttpd's programs")
        return code

    def reload(self):
        """A graceful restart: a new configuration, old streams go on."""
        self.signal(signal.SIGUSR1)

    def stop(self, timeout=8):
        """Ends it; a program that crashed and was respawned is a failure,
        one that was killed by kill -9 or told to end is not."""
        code = super().stop(timeout)
        if self.sockets is None:    # it does not wait for those it ends
            wait_until(lambda: not self.programs(), timeout,
                       "the end of the programs that it has spawned")
        crashes = [line for line in self.errors.splitlines()
                   if re.search(r"child signalled: (?!9$|15$)|"
                                r"child exited: (?!0)", line)]
        assert not crashes, f"a program crashed: {crashes}\n{self.log}"
        return code

    def programs(self):
        """Pids of the programs that it has spawned."""
        return of(self.directory, "earshot.fcgi")

    def kill_programs(self):
        """kill -9 of every program it has spawned."""
        for pid in self.programs():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
