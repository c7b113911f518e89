"""Programs whose socket belongs to someone who outlives them, as systemd's
socket units do: sd_listen_fds(3)."""

import socket

from earshot import Earshot, arguments
from earshot_ws import EarshotWs
from processes import surroundings

# The socket comes as descriptor 0; LISTEN_PID is the program's own.
HAND_DOWN = ('exec 3<&0 </dev/null; '
             'LISTEN_FDS=1 LISTEN_PID=${PID:-$$} exec "$0" "$@"')


def unix_socket(path):
    """A socket that listens, with room for who waits."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen(4096)
    return sock


class Activated:
    """A program that finds its socket as a service manager hands it down.

    stop(), kill() and start() end and begin programs; the socket stays.
    """

    def hold(self):
        """Makes the socket, which nobody serves yet."""
        self.inherited = unix_socket(self.directory / f"held-{self.number}")
        self.options.pop("socket", None)
        self.queue.parent.mkdir(exist_ok=True)
        return self

    def start(self, wait=True, **env):
        if self.inherited is None:
            self.hold()
        self.spawn(["sh", "-c", HAND_DOWN, self.program()]
                   + arguments(self.options), stdin=self.inherited,
                   env=surroundings(self.directory, **env))
        if wait:
            self.wait_ready()
        return self


class ActivatedEarshot(Activated, Earshot):
    """earshot.fcgi so."""


class ActivatedWs(Activated, EarshotWs):
    """earshot-ws so."""
