"""Peers in JavaScript: Node and Bun. All keep their messages in memory, and
nothing of them when they are restarted."""

import os
import pathlib
import platform
import subprocess
import sys

from members import HERE, TOP, Member, Trouble, need
from peer import Peer


def cache(options):
    """Where packages from npm are kept: in the build, or, for programs that
    were installed, among what a user's programs keep."""
    build = pathlib.Path(options.build)
    if options.npm:
        return pathlib.Path(options.npm)
    if (build / "config.status").exists():
        return build / "npm"
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(home).expanduser() / "earshot/npm"


def install_npm(options, name):
    """What bench/peers/NAME takes from npm; gives the directory."""
    directory = cache(options).absolute() / f"peers-{name}"
    done = subprocess.run(
        [TOP / "deploy/install-npm", HERE / name, directory],
        stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode:
        raise Trouble(f"what {HERE / name} names could not be installed from "
                      f"npm into {directory}.")
    return directory


class Node(Peer):
    """A server of one file, in Node."""

    script = None
    takes_packages = True
    modules = None

    def install(self):
        need("node", "node")
        need("npm", "node")
        if self.takes_packages:
            self.modules = install_npm(self.options, "node")

    def make(self):
        command = ["node", HERE / "node" / self.script, "--port", self.port]
        if self.modules:
            command += ["--modules", self.modules]
        server = Member(self.folders, "server", self.name, command,
                        {"NODE_ENV": "production"}, self.cores, self.port)
        return [server, *self.front()]


class NodeSse(Node):
    name = "node-sse"
    script = "sse.mjs"
    takes_packages = False


class NodeWs(Node):
    name = "node-ws"
    script = "ws.mjs"


class SocketIo(Node):
    name = "socketio"
    script = "socketio.mjs"


class Bun(Peer):
    """One server for both of Bun's; each has a target of its own."""

    program = None

    def install(self):
        need("npm", "node")
        machine = {"x86_64": "x64"}.get(platform.machine(), platform.machine())
        self.program = install_npm(self.options, "bun") / \
            f"node_modules/@oven/bun-linux-{machine}/bin/bun"
        if not os.access(self.program, os.R_OK):
            raise Trouble("there is no Bun for this machine "
                          f"({platform.machine()}) at npm.")
        self.program.chmod(0o755)

    def make(self):
        server = Member(self.folders, "server", self.name,
                        [self.program, HERE / "bun/bun.mjs",
                         "--port", self.port],
                        {"NODE_ENV": "production", "DO_NOT_TRACK": "1"},
                        self.cores, self.port)
        return [server, *self.front()]


class BunWs(Bun):
    name = "bun-ws"


class BunSse(Bun):
    name = "bun-sse"
