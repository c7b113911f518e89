"""The front of spawn-fcgi: it starts earshot.fcgi for a web server that
finds it by its socket, here lighttpd."""

import os
import shlex
import signal
import subprocess

from front import DEPLOY, replaced
from front_lighttpd import LighttpdSocket
from processes import alive, program, surroundings
from wait import wait_until

SCRIPT = "spawn-fcgi/earshot"


class Spawned:
    """What deploy/spawn-fcgi/earshot has started: nobody's child."""

    def __init__(self, front):
        self.front = front
        self.pid_path = front.directory / "earshot.pid"
        self.pid = None

    def start(self):
        front = self.front
        path = front.directory / "earshot-spawn"
        path.write_text(replaced((DEPLOY / SCRIPT).read_text(), self.fills()))
        subprocess.run(["/bin/sh", str(path)], check=True, timeout=20,
                       capture_output=True,
                       env=surroundings(front.directory))
        self.pid = int(self.pid_path.read_text())
        return self

    def fills(self):
        front = self.front
        more = "".join(f"export {name}={shlex.quote(value)}\n"
                       for name, value in front.environment().items())
        fills = [
            ("/var/lib/earshot/earshot.db", front.queue),
            ("EARSHOT_PUBLISH=user", f"EARSHOT_PUBLISH={front.publish}"),
            ("EARSHOT_ADMIN=local", f"EARSHOT_ADMIN={front.admin}"),
            ("EARSHOT_LOG=syslog", "EARSHOT_LOG="
             + shlex.quote(f"{front.directory}/earshot.log")),
            ("exec spawn-fcgi", more + "exec spawn-fcgi"),
            ("-s /run/earshot/earshot.socket", f"-s {front.earshot_socket}"),
            ("/run/earshot/earshot.pid", self.pid_path),
            ("/usr/local/libexec/earshot/earshot.fcgi", program())]
        # The tests' directories are of who runs them.
        user = " ".join(f"-{option} www-data" for option in "ugUG")
        return [*fills, (f"    {user} \\\n", "")]

    def running(self):
        return self.pid is not None and alive(self.pid)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        wait_until(lambda: not self.running(), 8, "the end of earshot.fcgi")

    def kill(self):
        if self.running():
            os.kill(self.pid, signal.SIGKILL)


class SpawnFcgi(LighttpdSocket):
    name = "spawn-fcgi"
    title = "spawn-fcgi, lighttpd"

    def start_companions(self):
        self.run(Spawned(self))
        self.endpoint()
