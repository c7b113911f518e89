"""Fronts of lighttpd: what all of them share."""

import hashlib
import signal

from front import Front
from processes import of, program
from wait import wait_until

# Debian's own lighttpd.conf, as far as it matters here.
SITE = """\
server.modules = ("mod_indexfile")
server.document-root = "{pages}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{directory}/lighttpd-error.log"
server.upload-dirs = ("{directory}")
# A restart waits no longer than this for the end of streams.
server.feature-flags = ("server.graceful-shutdown-timeout" => 2)
"""


class LighttpdFront(Front):
    """lighttpd on loopback with the site's own lines before the shipped."""

    server = "lighttpd"
    reloads = "streams come again"
    idle = 360
    h2 = True
    reload_signal = signal.SIGUSR1
    user_header = "Forwarded"
    lines = ""              # of the site's own

    def tls(self):
        """deploy/lighttpd/tls.conf, for `files`."""
        name = "lighttpd/tls.conf"
        return [
            (name, '== ":443"', f'== "127.0.0.1:{self.secure_port}"'),
            (name, "/etc/lighttpd/certs/fullchain.pem",
             self.certificate.certificate),
            (name, "/etc/lighttpd/certs/privkey.pem", self.certificate.key)]

    def limits(self, name, *options):
        """Idle limits as the test has them: (file, "write", "read")."""
        if self.times.idle is None:
            return []
        shipped = {"write": 360, "read": 60}
        return [(name, f"server.max-{option}-idle = {shipped[option]}",
                 f"server.max-{option}-idle = {self.times.idle}")
                for option in options]

    def configure(self, shipped):
        path = self.directory / "lighttpd.conf"
        path.write_text(SITE.format(
            pages=self.pages, port=self.port, directory=self.directory)
            + self.lines + "".join(text for name, text in shipped.items()
                      if name.endswith(".conf")))

    def reload(self):
        """Until it is over: it waits for streams, and for clients who do not
        close what was cut; a SIGTERM that came meanwhile would be forgotten."""
        def starts():
            log = self.directory / "lighttpd-error.log"
            return log.read_text("utf-8", "replace").count("server started")
        before = starts()
        super().reload()
        wait_until(lambda: starts() > before, 30, "the end of a reload")

    def command(self):
        return ["/usr/sbin/lighttpd", "-D", "-f",
                str(self.directory / "lighttpd.conf")]


class LighttpdSite(LighttpdFront):
    """Earshot and earshot-ws as both of the configurations mount them."""

    websocket = True
    configuration = None    # which of them

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.files = ("lighttpd/tls.conf", self.configuration)
        if self.login:
            self.files = ("lighttpd/login.conf", *self.files)

    def fills(self):
        name = self.configuration
        return [
            *self.logins(),
            (name, "/run/earshot/ws.socket", self.ws_socket),
            (name, '"^/earshot/[^/]+/ws$"', f'"^{self.mount}/[^/]+/ws$"'),
            (name, '"^/earshot(/|$)"', f'"^{self.mount}(/|$)"'),
            (name, '("/earshot" => ((', self.mounted()),
            *self.limits(name, "read", "write"), *self.tls()]

    def logins(self):
        name = "lighttpd/login.conf"
        return [(name, "/etc/lighttpd/earshot.users", self.digests()),
                (name, '("/earshot/" =>', f'("{self.mount}/" =>'),
                (name, '"^/earshot/(-/', f'"^{self.mount}/(-/')]

    def digests(self):
        """A file of the login's users, as htdigest would write it."""
        path = self.directory / "earshot.users"
        secret = hashlib.md5(b"ann:earshot:secret").hexdigest()
        path.write_text(f"ann:earshot:{secret}\n")
        return path

    def mounted(self):
        if self.mount:
            return f'("{self.mount}" => (('
        # As README.md says of a site whose root is Earshot.
        return '("/" => (("fix-root-scriptname" => "enable",'


class LighttpdSpawned(LighttpdSite):
    """lighttpd starts earshot.fcgi itself, twice."""

    name = "lighttpd"
    title = "lighttpd, spawning"
    configuration = "lighttpd/earshot.conf"

    def start_companions(self):
        self.endpoint()

    def fills(self):
        name = self.configuration
        more = "".join(f'"{name}" => "{value}",\n'
                       for name, value in self.environment().items())
        return [
            *super().fills(),
            (name, "/usr/local/libexec/earshot/earshot.fcgi", program()),
            (name, "/var/lib/earshot/earshot.db", self.queue),
            (name, "/run/lighttpd/earshot.socket", self.earshot_socket),
            (name, '"EARSHOT_PUBLISH" => "user"',
             f'{more}"EARSHOT_PUBLISH" => "{self.publish}"'),
            (name, '"EARSHOT_ADMIN" => "local"',
             f'"EARSHOT_ADMIN" => "{self.admin}"'),
            (name, '"EARSHOT_LOG" => "syslog"',
             f'"EARSHOT_LOG" => "{self.directory}/earshot.log"')]

    def programs(self):
        """Pids of those that lighttpd has started."""
        return of(self.directory, "earshot.fcgi")


class LighttpdSocket(LighttpdSite):
    """earshot.fcgi runs by itself, as a service."""

    name = "lighttpd-socket"
    title = "lighttpd, by socket"
    configuration = "lighttpd/socket.conf"

    def start_companions(self):
        self.by_socket()
        self.endpoint()

    def fills(self):
        return [*super().fills(), (self.configuration,
                                   "/run/earshot/earshot.socket",
                                   self.earshot_socket)]
