"""The floors: servers of our own that do nothing but pass messages on."""

import os
import pathlib

import fronts
from members import Member, Trouble
from peer import Peer
from ports import free_port


def built(options, name):
    """A program of ours, in the build directory or where it was installed."""
    build = pathlib.Path(options.build).absolute()
    for path in (build / name, build / "../libexec/earshot" / name):
        if os.access(path, os.X_OK):
            return path
    raise Trouble(f"there is no program {build / name}: run make there, or "
                  "name the build directory by --build DIR.")


class BareSse(Peer):
    name = "bare-sse"

    def make(self):
        server = Member(self.folders, "server", "bare-sse",
                        [built(self.options, "earshot-bare-sse"),
                         "--port", self.port, "--with-parent"],
                        cores=self.cores, listens=self.port)
        return [server, *self.front()]


class BareFastcgi(Peer):
    name = "bare-fastcgi"
    webs = ("lighttpd", "nginx")

    def ports(self):
        self.web_port = free_port()

    def make(self):
        socket = self.folders.run / "bare.socket"
        return [Member(self.folders, "program", "bare-fastcgi",
                       [built(self.options, "earshot-bare-fastcgi"),
                        "--socket", socket], cores=self.cores, listens=socket),
                fronts.fastcgi(self.web, self.folders, self.web_port, [socket],
                               self.options.workers, self.cores)]

    def words(self):
        return {"base": f"http://127.0.0.1:{self.web_port}", "web": self.web}

    def add_ways(self, target):
        """There is none but through the web server."""
