"""Fronts of lighttpd: what all of them share."""

import signal

from front import Front

# Debian's own lighttpd.conf, as far as it matters here.
SITE = """\
server.modules = ("mod_indexfile")
server.document-root = "{pages}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{directory}/lighttpd-error.log"
server.upload-dirs = ("{directory}")
# A restart waits no longer than this for the end of streams.
server.feature-flags = ("server.graceful-shutdown-timeout" => 5)
"""


class LighttpdFront(Front):
    """lighttpd on loopback with the site's own lines before the shipped."""

    server = "lighttpd"
    idle = 360
    h2 = True
    reload_signal = signal.SIGUSR1
    user_header = "Forwarded"

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
            + "".join(text for name, text in shipped.items()
                      if name.endswith(".conf")))

    def command(self):
        return ["/usr/sbin/lighttpd", "-D", "-f",
                str(self.directory / "lighttpd.conf")]
