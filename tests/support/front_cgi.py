"""Fronts of plain CGI: a process for each request."""

import shlex

from front import Cannot
from front_lighttpd import LighttpdFront
from processes import program

NO_WEBSOCKET = Cannot("CGI cannot carry it", "404")


class Cgi:
    """What lighttpd and Apache share: deploy/cgi/earshot.cgi."""

    prefix = "/cgi-bin/earshot.cgi"
    websocket = False

    def script(self):
        """earshot.cgi's fills."""
        name = "cgi/earshot.cgi"
        more = [f"export {name}={shlex.quote(value)}\n"
                for name, value in self.environment().items()]
        return [
            (name, "/var/lib/earshot/earshot.db", self.queue),
            (name, "EARSHOT_PUBLISH=user", f"EARSHOT_PUBLISH={self.publish}"),
            (name, "exec /usr/local/libexec/earshot/earshot.fcgi",
             "".join(more) + "exec " + program())]

    def install_script(self, shipped):
        folder = self.directory / "cgi-bin"
        folder.mkdir(exist_ok=True)
        path = folder / "earshot.cgi"
        path.write_text(shipped["cgi/earshot.cgi"])
        path.chmod(0o755)


class CgiLighttpd(Cgi, LighttpdFront):
    name = "cgi-lighttpd"
    title = "lighttpd mod_cgi"
    files = ("cgi/earshot.cgi", "cgi/lighttpd.conf", "lighttpd/tls.conf")
    cannot = {"websocket": NO_WEBSOCKET}

    def fills(self):
        name = "cgi/lighttpd.conf"
        return [*self.script(), *self.tls(), *self.limits(name, "write"),
                (name, "/usr/lib/cgi-bin/", f"{self.directory}/cgi-bin/")]

    def configure(self, shipped):
        self.install_script(shipped)
        super().configure(shipped)
