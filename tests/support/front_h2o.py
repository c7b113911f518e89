"""The front of h2o."""

import base64
import contextlib
import hashlib
import os
import signal
import subprocess

from front import Cannot, Front

SITE = """\
pid-file: {directory}/h2o.pid
error-log: {directory}/h2o-error.log
{user}max-connections: 4096
num-threads: 2
listen:
  host: 127.0.0.1
  port: {port}
listen:
  host: 127.0.0.1
  port: {secure_port}
  ssl:
    certificate-file: {certificate}
    key-file: {key}
hosts:
  default:
    paths:
      "{mount}": !file {directory}/earshot.conf
{websocket}
"""


class H2o(Front):
    name = "h2o"
    title = "h2o"
    files = ("h2o/earshot.conf", "h2o/earshot-ws.conf", "h2o/login.conf")
    h2 = True
    notices = "at a heartbeat"
    websocket = False       # not at the same address: see `socket`
    cannot = {"websocket": Cannot("at an address of its own", "404")}

    def start_companions(self):
        # h2o tells the program of no mount.
        self.by_socket(base=self.mount or "/")
        self.endpoint()

    def fills(self):
        idle = f"{round(self.time('idle') * 1000)}"
        ws = "h2o/earshot-ws.conf"
        programs = []
        for name in ("h2o/earshot.conf", "h2o/login.conf"):
            programs += [
                (name, "/run/earshot/earshot.socket", self.earshot_socket),
                (name, "fastcgi.timeout.io: 60000",
                 f"fastcgi.timeout.io: {idle}")]
        return [
            *programs,
            ("h2o/login.conf", "/etc/h2o/earshot.users", self.passwords()),
            (ws, "/run/earshot/ws.socket", self.ws_socket),
            (ws, "timeout.io: 60000", f"timeout.io: {idle}"),
            (ws, "websocket.timeout: 60000", f"websocket.timeout: {idle}")]

    def passwords(self):
        """As htpasswd -s writes it."""
        digest = base64.b64encode(hashlib.sha1(b"secret").digest()).decode()
        path = self.directory / "users"
        path.write_text(f"ann:{{SHA}}{digest}\n")
        return path

    def configure(self, shipped):
        folder = self.directory
        (folder / "earshot.conf").write_text(
            shipped["h2o/login.conf" if self.login else "h2o/earshot.conf"])
        (folder / "earshot-ws.conf").write_text(
            shipped["h2o/earshot-ws.conf"])
        websocket = ""
        if self.mount:
            websocket = (f'      "/earshot-ws": !file {folder}'
                         '/earshot-ws.conf\n')
        (folder / "h2o.conf").write_text(SITE.format(
            directory=folder, port=self.port, mount=self.mount or "/",
            secure_port=self.secure_port, key=self.certificate.key,
            certificate=self.certificate.certificate, websocket=websocket,
            user="user: root\n" if os.geteuid() == 0 else ""))

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.expected = (0, 1, -signal.SIGTERM)     # its master, when young

    def stop_server(self, timeout=8):
        """As systemd does it with the page's TimeoutStopSec: h2o would wait
        for the end of every stream."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        for pid in self.workers():
            with contextlib.suppress(ProcessLookupError):   # it has ended
                os.kill(pid, signal.SIGKILL)
        return super().stop_server(timeout)

    def command(self):
        # As its systemd unit does: the master reloads by SIGHUP.
        return ["/usr/bin/h2o", "-m", "master", "-c",
                str(self.directory / "h2o.conf")]
