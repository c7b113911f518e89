"""Earshot: a web server, earshot.fcgi, and earshot-ws on the same queue."""

import fronts
from members import Member
from peer import Peer
from peer_bare import built
from ports import free_port


class Earshot(Peer):
    name = "earshot"
    webs = ("lighttpd", "nginx")
    is_durable = True

    def install(self):
        for program in ("earshot.fcgi", "earshot-ws"):
            built(self.options, program)

    def ports(self):
        self.web_port = free_port()
        self.port = free_port()

    def make(self):
        queue = self.folders.data / "queue"
        queue.mkdir()
        common = ["--queue", queue / "earshot.db", "--publish", "anyone",
                  "--admin", "local",
                  "--synchronous", self.options.synchronous]
        fcgi_socket = self.folders.run / "earshot.socket"
        ws_socket = self.folders.run / "ws.socket"
        common += ["--processes", self.options.processes]
        return [
            Member(self.folders, "program", "earshot",
                   [built(self.options, "earshot.fcgi"), *common,
                    "--socket", fcgi_socket],
                   cores=self.cores, listens=fcgi_socket),
            Member(self.folders, "reference", "earshot-ws",
                   [built(self.options, "earshot-ws"), *common,
                    "--socket", ws_socket,
                    "--listen", f"127.0.0.1:{self.port}"],
                   cores=self.cores, listens=ws_socket),
            fronts.earshot(
                self.web, self.folders, self.web_port, [fcgi_socket],
                ws_socket, self.options.workers, self.cores)]

    def words(self):
        return {"base": f"http://127.0.0.1:{self.web_port}/earshot",
                "web": self.web,
                "direct": f"http://127.0.0.1:{self.port}/earshot",
                "format": "" if self.options.bare else "?format=json"}

    def add_ways(self, target):
        if self.options.bare:
            target["about"] = "Earshot: a web server in front, and " \
                "earshot-ws on the same queue. Streams and WebSocket carry " \
                "the bare data."
            for entrance in target["subscribe"]:
                if entrance["transport"] == "ws":
                    entrance["url"] += "?format=raw"
                    # There is neither an opening nor a cursor: an opening
                    # would look like a message.
                    del entrance["ready"], entrance["cursor"]
        if self.options.synchronous == "normal":
            target.pop("durable")
            target["about"] += " With --synchronous normal a power cut may " \
                "take the last moments."
