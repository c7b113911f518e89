"""What only lighttpd or only nginx does with what deploy/ ships: programs that
are killed, reloads, compression, limits for one address."""

import os
import signal
import socket
import threading

import pytest

import web
from earshot import Earshot
from front import DEPLOY
from front_lighttpd import LighttpdSocket, LighttpdSpawned
from front_nginx import Nginx
from wait import wait_until

TAKES_GZIP = {"Accept-Encoding": "gzip"}


class Outliving:
    """The socket is held by somebody else, as systemd does it."""

    def start_companions(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.earshot_socket))
        self.listener.listen(64)
        self.program = Earshot(self.directory, queue=self.queue,
                               publish=self.publish)
        self.companions.append(self.program)
        self.program.start_inherited(self.listener)

    def stop(self, timeout=8):
        try:
            return super().stop(timeout)
        finally:
            self.listener.close()


class LighttpdOutliving(Outliving, LighttpdSocket):
    pass


class NginxOutliving(Outliving, Nginx):
    pass


@pytest.mark.parametrize("kind", [LighttpdOutliving, NginxOutliving])
def test_a_socket_that_outlives_a_kill_loses_no_request(start_front, kind):
    """None is refused, nor answered 500 or 503: they wait."""
    front = start_front(kind)
    answers = []
    front.program.kill()
    waiting = [threading.Thread(target=lambda: answers.append(
        front.post("/room", b"x"))) for _ in range(5)]
    for thread in waiting:
        thread.start()
    front.program.start_inherited(front.listener)
    for thread in waiting:
        thread.join()
    assert [answer.status for answer in answers] == [201] * 5


def test_lighttpd_spreads_subscribers_over_the_programs_it_starts(
        start_front):
    front = start_front(LighttpdSpawned)
    wait_until(lambda: len(front.programs()) == 2, what="two programs")
    log = front.directory / "earshot.log"
    held = [front.stream("room") for _ in range(20)]
    try:
        wait_until(lambda: log.read_text().count("came channel=room "
                                                 "channels=1 subscribers=10\n")
                   == 2, what="ten and ten")
    finally:
        for stream in held:
            stream.close()


def test_while_one_program_is_killed_the_other_serves(start_front):
    front = start_front(LighttpdSpawned)
    wait_until(lambda: len(front.programs()) == 2, what="two programs")
    killed = front.programs()[0]
    os.kill(killed, signal.SIGKILL)
    assert [front.post("/room", b"x").status for _ in range(20)] \
        == [201] * 20
    wait_until(lambda: len(front.programs()) == 2
               and killed not in front.programs(), what="another program")


def test_several_workers_of_lighttpd_share_the_programs(start_front):
    """They are started, and started again, by the workers' parent."""
    front = start_front(LighttpdSpawned,
                        {"lines": "server.max-worker = 2\n"})
    wait_until(lambda: len(front.programs()) == 2, what="two programs")
    for pid in front.programs():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: front.post("/room", b"x").status == 201, 15)
    wait_until(lambda: len(front.programs()) == 2, what="two programs")


def test_a_reload_keeps_nginx_s_old_worker_for_a_stream_s_life(start_front):
    front = start_front(Nginx, stream_life=2)
    old = set(front.workers())
    with front.stream("room") as stream:
        front.reload()
        assert old < set(front.workers()), "it still serves the stream"
        assert front.post("/room", b"by the new one").status == 201
        assert stream.next().data == "by the new one"
        assert stream.rest() == []
    wait_until(lambda: not old & set(front.workers()),
               what="the end of the old worker")


def test_with_kept_connections_a_reader_s_going_is_still_noticed(
        start_front):
    """As README.md has it for those who publish often."""
    class Keeping(Nginx):
        def fills(self):
            name, path = "nginx/fastcgi.conf", self.earshot_socket
            self.http = f"upstream earshot {{ server unix:{path}; " \
                "keepalive 32; }\n"
            return [*super().fills(),
                    (name, f"fastcgi_pass unix:{path}", "fastcgi_pass earshot"),
                    (name, "fastcgi_keep_conn off", "fastcgi_keep_conn on")]
    front = start_front(Keeping, heartbeat=3600)
    assert [front.post("/room", b"x").status for _ in range(5)] == [201] * 5
    with front.stream("room") as stream:
        assert front.post("/room", b"x").status == 201
        assert stream.next().data == "x"
    wait_until(lambda: front.get("/room").json["subscribers"]["sse"] == 0)


# Compression

def compressed_and_at_once(front):
    """A page is compressed, so it is on; a stream is not, and not held."""
    (front.pages / "page.html").write_text("x" * 9000)
    page = web.call("GET", front.site + "/page.html", TAKES_GZIP)
    assert page.headers.get("content-encoding") == "gzip", page
    with front.stream("room", headers=TAKES_GZIP) as stream:
        assert "content-encoding" not in stream.head.headers
        for i in range(5):
            front.post("/room", str(i))
            assert stream.next(timeout=5).data == str(i)


def test_nginx_s_gzip_holds_no_stream_back(start_front):
    compressed_and_at_once(start_front(Nginx, {
        "http": "    gzip_types *;\n    gzip_proxied any;\n"
                "    gzip_min_length 0;\n"}))


def test_lighttpd_s_mod_deflate_holds_no_stream_back(start_front):
    compressed_and_at_once(start_front(LighttpdSocket, {"lines": (
        'server.modules += ("mod_deflate")\n'
        'deflate.mimetypes = ("")\n'
        'deflate.allowed-encodings = ("gzip")\n')}))


# Limits for one address

def held_up_to(front, most):
    """Streams are taken up to the limit, and again when they have gone; the
    rest of the site is not counted."""
    held = []
    try:
        for _ in range(most):
            held.append(front.stream("room"))
        assert front.get("/room/poll").status == 429
        with front.socket(opened=False) as refused:
            assert refused.head.status == 429
        assert web.call("GET", front.site + "/none").status == 404
    finally:
        for stream in held:
            stream.close()
    wait_until(lambda: front.get("/room/poll").status == 200)


def test_nginx_limits_what_one_address_holds(start_front):
    held_up_to(start_front(Nginx, {
        "http": "include earshot/limits.conf;\n"}), 50)


def test_lighttpd_limits_what_one_address_holds(start_front, directory):
    class Limited(LighttpdSocket):
        def fills(self):
            path = directory / "limits.lua"
            path.write_text((DEPLOY / "lighttpd/limits.lua").read_text())
            return [*super().fills(), (
                "lighttpd/limits.conf", "/etc/lighttpd/earshot-limits.lua",
                path)]

        def filled(self):
            self.files = ("lighttpd/limits.conf", *self.files[-2:])
            return super().filled()
    held_up_to(start_front(Limited), 50)


def test_nginx_limits_how_often_one_address_publishes(start_front):
    class Rarely(Nginx):
        def fills(self):
            # One a minute for ten a second, so that no wait matters.
            return [*super().fills(),
                    ("nginx/limits.conf", "rate=10r/s", "rate=1r/m")]
    front = start_front(Rarely, {"http": "include earshot/limits.conf;\n"})
    answers = [front.post("/room", b"x").status for _ in range(23)]
    assert answers == [201] * 21 + [429] * 2
    assert front.get("/room/poll").status == 200, "readers are not counted"


# What the comments warn of

def test_debian_s_fastcgi_params_believe_any_name(start_front, directory):
    """Why deploy/nginx has a list of its own: with Debian's the name that a
    client says is taken for one that has been authenticated, and a page at a
    port of its own is not known as the site's."""
    front = start_front(Nginx, {"server": f"""
        location /theirs/ {{
            include /etc/nginx/fastcgi_params;
            fastcgi_split_path_info ^(/theirs)(/.*)$;
            fastcgi_param PATH_INFO $fastcgi_path_info;
            fastcgi_pass unix:{directory}/earshot.socket;
        }}"""}, publish="user")
    theirs = front.site + "/theirs/room"
    name = {"Authorization": "Basic Ym9iOng="}      # bob:x
    assert web.call("POST", theirs, name, b"x").status == 201
    own = {"Origin": front.site}
    assert web.call("GET", theirs, own).json["code"] == "origin"
    assert front.post("/room", b"x", name).status == 403
    assert front.get("/room", own).status == 200
