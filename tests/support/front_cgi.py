"""Fronts of plain CGI: a process for each request."""

import shlex
import shutil

from front import Cannot
from front_apache import ApacheFront, sizing
from front_lighttpd import LighttpdSite
from processes import program

SCRIPT = "cgi/earshot.cgi"


class Cgi:
    """What lighttpd and Apache share: deploy/cgi/earshot.cgi."""

    def script_fills(self):
        more = [f"export {name}={shlex.quote(value)}\n"
                for name, value in self.environment().items()]
        return [
            (SCRIPT, "/var/lib/earshot/earshot.db", self.queue),
            (SCRIPT, "EARSHOT_PUBLISH=user",
             f"EARSHOT_PUBLISH={self.publish}"),
            (SCRIPT, "EARSHOT_ADMIN=local", f"EARSHOT_ADMIN={self.admin}"),
            (SCRIPT, "exec /usr/local/libexec/earshot/earshot.fcgi",
             "".join(more) + f"exec {self.directory}/cgi-bin/earshot.fcgi")]

    def configure(self, shipped):
        folder = self.directory / "cgi-bin"
        folder.mkdir(exist_ok=True)
        path = folder / "earshot.cgi"
        path.write_text(shipped[SCRIPT])
        path.chmod(0o755)
        # Where the tests' build is, the server's user may have no way to.
        shutil.copy(program(), folder)
        super().configure({name: text for name, text in shipped.items()
                           if name != SCRIPT})


class CgiLighttpd(Cgi, LighttpdSite):
    name = "cgi-lighttpd"
    title = "lighttpd mod_cgi"
    configuration = "cgi/lighttpd.conf"
    websocket = False
    cannot = {"websocket": Cannot("CGI cannot carry it", "404")}

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.files = (SCRIPT, *self.files)

    def fills(self):
        name, mount = self.configuration, self.mount
        return [
            *self.script_fills(), *self.tls(), *self.logins(),
            *self.limits(name, "write"),
            (name, '"^/earshot(/|$)"', f'"^{mount}(/|$)"'),
            (name, '"/earshot" => "/usr/lib/cgi-bin/earshot.cgi"',
             f'"{mount or "/"}" => "{self.directory}/cgi-bin/earshot.cgi'
             f'{"" if mount else "/"}"')]


class CgiApache(Cgi, ApacheFront):
    name = "cgi-apache"
    title = "Apache mod_cgid"
    files = (SCRIPT, "cgi/apache.conf", "apache/login.conf",
             "apache/tls.conf")
    cannot = {"websocket": Cannot("CGI cannot carry it", "404"),
              "http2_streams": Cannot("six at first", "the last of 8")}

    @property
    def more_lines(self):
        return sizing()

    def fills(self):
        name, mount = "cgi/apache.conf", self.mount
        return [
            *self.script_fills(), *self.login_fills(), *self.tls_fills(),
            (name, '"/earshot"', f'"{mount or "/"}"'),
            (name, "/usr/lib/cgi-bin/earshot.cgi",
             f"{self.directory}/cgi-bin/earshot.cgi"
             + ("" if mount else "/")),
            (name, "/usr/lib/cgi-bin", f"{self.directory}/cgi-bin"),
            (name, "CGIDScriptTimeout 60",
             f"CGIDScriptTimeout {self.time('idle')}")]

    def configure(self, shipped):
        self.give(self.queue.parent)
        sockets = self.directory / "run" / "socks"    # of Debian's cgid.conf
        sockets.mkdir(parents=True, exist_ok=True)
        self.give(sockets)
        super().configure(shipped)
