"""earshot publish and tail through a real lighttpd with earshot.fcgi and
earshot-ws: every transport, what cuts them off, how they end."""

import array
import fcntl
import http.server
import json
import os
import signal
import socket
import subprocess
import termios
import threading
import time

import pytest

import tls
from admin import Admin
from processes import program
from wait import slow, wait_until

WAYS = ["sse", "ws", "long-poll", "poll", "auto", "file"]


@pytest.fixture
def site(directory, queue, start, start_ws, start_lighttpd):
    """A tool, and the site whose queue it looks after."""
    site = Admin(directory, queue)
    site.earshot, site.ws = start(heartbeat=1), start_ws(heartbeat=1)
    site.web = start_lighttpd(sockets=[site.earshot.address],
                              ws=site.ws.address)
    site.url = site.web.url + "/earshot"
    yield site
    site.close()


def follow(site, way, channels="room", *more):
    where = [] if way == "file" else ["--url", site.url, "--transport", way]
    return site.tail(channels, *where, *more)


# Publishing

def test_the_url_takes_what_the_file_takes(site):
    where = ["--url", site.url]
    ids = [site.text("publish", "room", "hi", "--event", "é &x", "--from",
                     "me", "--type", "json", "--key", "k", *where)
           for _ in range(2)]
    assert ids[0] == ids[1], "the key goes along"
    site.run("publish", "room", *where, data=b"a\0b\n")
    site.run("publish", "room", "--type", "binary", *where, data=b"\xff\0")
    messages = site.earshot.messages("room")
    assert [m["data"] for m in messages] == ["hi", "a\0b\n", "/wA="]
    assert [m["type"] for m in messages] == ["json", "text", "binary"]
    assert messages[0]["id"] == ids[0]
    assert (messages[0]["event"], messages[0]["from"]) == ("é &x", "me")


def test_a_refusal_is_told_in_the_servers_words(site):
    where = ["--url", site.url]
    for arguments, data, says in [
            (["room"], b"\xff", "not UTF-8"),
            (["room"], b"x" * 70000, "65536 bytes"),
            (["room", "x", "--event", "e" * 129], b"", "event")]:
        site.run("publish", *arguments, *where, data=data, code=1)
        assert says in site.complaint
    site.run("publish", "room", "x", "--url", site.web.url + "/no", code=1)
    assert "is it mounted" in site.complaint
    site.earshot.stop()
    site.run("publish", "room", "x", *where, code=3)
    assert "status 50" in site.complaint
    site.web.stop()
    site.run("publish", "room", "x", *where, code=3)
    assert "it was not sent" in site.complaint
    site.run("publish", "room", "x", "--url", "http://no.such.invalid/", code=1)


# Following

@pytest.mark.parametrize("way", WAYS)
def test_every_way_prints_the_same(site, way):
    data = ["first", "", "ü\u2028 \" \\ \x7f", "x" * 65536]
    for text in data:
        site.earshot.publish("room", text)
    site.earshot.publish("room", b"\xff\0\n", {
        "Content-Type": "application/octet-stream"})
    tail = follow(site, way, "room", "--after", "earliest")
    whole = "\n".join(data).encode() + b"\n\xff\0\n\n"
    wait_until(lambda: tail.out_path.read_bytes() == whole,
               what=f"all of it: {tail.out_path.read_bytes()[:99]!r}")
    tail.kill()
    rows = follow(site, way, "room,other", "--json", "--last", "2")
    rows.wait_lines(2)
    id = site.earshot.publish("other", "now")
    lines = rows.wait_lines(3)
    assert [json.loads(line) for line in lines] == \
        site.earshot.messages("room,other")[-3:]
    after = follow(site, way, "room,other", "--after",
                   json.loads(lines[1])["id"], "--json")
    assert json.loads(after.wait_lines(1)[0])["id"] == id
    for other in (rows, after):
        assert other.interrupt() == 0
        assert other.complaint == ""


def test_who_follows_without_a_cursor_begins_now(site):
    tails = [follow(site, way) for way in WAYS]
    numbers = iter(range(10 ** 6))
    site.earshot.publish("room", "before")

    def all_have_begun():
        site.earshot.publish("room", f"{next(numbers)}")
        assert all(tail.lines for tail in tails)
        return True
    wait_until(all_have_begun, every=0.05)
    site.earshot.publish("room", "last")
    for tail in tails:
        wait_until(lambda: tail.lines[-1] == "last")
        first = tail.lines[0]
        kept = site.earshot.data("room")
        assert tail.lines == kept[kept.index(first):]


def test_loss_is_told_and_it_goes_on(site):
    ids = [site.earshot.publish("room", f"{i}") for i in range(10)]
    site.run("prune", "--channel", "room", "--keep", "2")
    for way in WAYS:
        tail = follow(site, way, "room", "--after", ids[3])
        assert tail.wait_lines(2) == ["8", "9"]
        assert tail.complaint.count("lost") == 1, way
        tail = follow(site, way, "room", "--after", "12-elsewhere")
        assert tail.wait_lines(2) == ["8", "9"]
        assert tail.complaint.count("lost") == 1, way


def test_a_kill_of_the_servers_loses_and_repeats_nothing(site):
    """Every program is killed and started anew, while messages come."""
    tails = {way: follow(site, way, "room", "--after", "earliest")
             for way in WAYS}
    stored, over = [], threading.Event()

    def publish():
        while not over.is_set():
            stored.append(site.text("publish", "room", f"{len(stored)}"))
    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for tail in tails.values():
            tail.wait_lines(5)
        for _ in range(2):
            for server in (site.earshot, site.ws):
                server.kill()
            before = len(stored)
            wait_until(lambda: len(stored) > before + 5)
            for server in (site.earshot, site.ws):
                server.start()
            wait_until(lambda: len(stored) > before + 10)
    finally:
        over.set()
        publisher.join()
    for way, tail in tails.items():
        lines = tail.wait_lines(len(stored), timeout=30)
        assert lines == [f"{i}" for i in range(len(stored))], way
        if way not in ("file", "poll"):    # between two polls it is back
            assert "trying again" in tail.complaint, way
        assert tail.interrupt(signal.SIGTERM) == 0


def test_a_file_that_is_replaced_is_followed_on(site):
    site.earshot.publish("room", "one")
    site.run("backup", "copy.db")
    tail = follow(site, "file")
    ready = iter(range(10 ** 6))
    wait_until(lambda: site.earshot.publish("room", f"{next(ready)}")
               and tail.lines, every=0.05)
    os.replace(site.directory / "copy.db", site.queue)
    wait_until(lambda: tail.lines[-1] == "one", what="what is in the copy")
    assert tail.complaint.count("lost") == 1
    site.run("publish", "room", "two")
    wait_until(lambda: tail.lines[-1] == "two")


def test_a_tail_makes_no_queue_where_the_old_one_was_removed(site):
    tail = follow(site, "file")
    ready = iter(range(10 ** 6))
    wait_until(lambda: site.earshot.publish("room", f"{next(ready)}")
               and tail.lines, every=0.05)
    for server in (site.earshot, site.ws):
        server.stop()
    site.queue.unlink()
    wait_until(lambda: "trying again" in tail.complaint)
    time.sleep(1)   # it has tried several times
    assert not site.queue.exists()
    site.earshot.start()
    site.earshot.publish("room", "anew")
    wait_until(lambda: tail.lines[-1] == "anew")
    assert tail.complaint.count("lost") == 1


def test_a_stream_that_ends_is_come_back_to_in_silence(site):
    site.earshot.stop()
    site.earshot.options.update(stream_life=0.3, retry=10)
    site.earshot.start()
    tail = follow(site, "sse", "room", "--after", "earliest")
    for i in range(12):
        site.earshot.publish("room", f"{i}")
        time.sleep(0.1)     # several lives
    assert tail.wait_lines(12) == [f"{i}" for i in range(12)]
    assert tail.complaint == ""


@pytest.mark.parametrize("way", WAYS)
def test_it_ends_when_nobody_reads_its_output(site, way):
    """As in `earshot tail … | head -1`, without another message."""
    site.earshot.publish("room", "one")
    where = [] if way == "file" else ["--url", site.url, "--transport", way]
    reading, writing = os.pipe()
    tail = subprocess.Popen(
        [program("earshot"), "tail", "room", "--after", "earliest", *where],
        stdout=writing, stderr=subprocess.PIPE, env=site.environment())
    os.close(writing)
    assert os.read(reading, 100) == b"one\n"
    os.close(reading)
    assert tail.wait(slow(10)) == 0
    assert tail.stderr.read() == b""
    tail.stderr.close()


@pytest.mark.parametrize("way", ["sse", "ws", "file"])
def test_it_ends_when_its_output_is_not_taken(site, way):
    """As behind a pager in which nobody goes on."""
    for _ in range(4):
        site.earshot.publish("room", "x" * 60000)
    where = [] if way == "file" else ["--url", site.url, "--transport", way]
    reading, writing = os.pipe()
    tail = subprocess.Popen(
        [program("earshot"), "tail", "room", "--after", "earliest", *where],
        stdout=writing, env=site.environment())
    os.close(writing)
    held = array.array("i", [0])

    def is_full():
        fcntl.ioctl(reading, termios.FIONREAD, held)
        return held[0] > 60000
    wait_until(is_full)
    tail.terminate()
    assert tail.wait(slow(10)) == 0
    os.close(reading)


def test_what_it_was_started_to_ignore_does_not_end_it(site):
    """As after nohup."""
    site.earshot.publish("room", "one")
    script = 'trap "" HUP; exec "$@"'
    command = ["sh", "-c", script, "sh", *site.command(
        "tail", "room", "--after", "earliest")]
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          env=site.environment()) as tail:
        assert tail.stdout.readline() == b"one\n"
        tail.send_signal(signal.SIGHUP)
        site.earshot.publish("room", "two")
        assert tail.stdout.readline() == b"two\n"
        tail.terminate()
        assert tail.wait(slow(10)) == 0


def test_what_cannot_come_right_ends_it(site):
    for arguments, says, code in [
            (["a b", "--url", site.url], "no name of a channel", 2),
            (["room", "--after", "x", "--last", "1"], "one of them", 2),
            (["room", "--last", "x"], "whole number", 2),
            (["room", "--url", "ftp://example.org/"], "rotocol", 1),
            (["room", "--url", site.web.url + "/no"], "mounted", 1),
            (["room", "--url", site.web.url + "/no", "--transport", "ws"],
             "404", 1)]:
        site.run("tail", *arguments, code=code)
        assert says in site.complaint


def test_it_waits_for_a_server_that_is_away(site):
    site.web.stop()
    tail = follow(site, "auto", "room", "--after", "earliest")
    wait_until(lambda: "trying again" in tail.complaint)
    assert tail.interrupt() == 0


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers every request at once, with the server's .body."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.came.append(time.monotonic())
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def answers():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.came, server.status, server.body = [], 200, b""
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def alone(directory, queue):
    alone = Admin(directory, queue)
    yield alone
    alone.close()


@pytest.mark.parametrize("way, more", [("long-poll", ""),
                                       ("poll", ',"more":true')])
def test_answers_without_a_message_are_not_asked_for_without_a_pause(
        alone, answers, way, more):
    """As of a program with --wait-max 0."""
    answers.body = ('{"messages":[],"cursor":"1-k3f9x2ab","lost":false%s}'
                    % more).encode()
    alone.tail("room", "--url", answers.url, "--transport", way)
    wait_until(lambda: len(answers.came) >= 3)
    assert answers.came[2] - answers.came[0] > 1.5


def test_what_a_server_says_does_not_steer_the_terminal(alone, answers):
    answers.status = 400
    answers.body = b'{"error":"\\u001b[2J\\u009b2J\\u007f\\nt\xc3\xa4"}'
    where = ["--url", answers.url]
    for command in (["publish", "room", "x"],
                    ["tail", "room", "--transport", "poll"]):
        alone.run(*command, *where, code=1)
        assert alone.complaint == (f"earshot {command[0]}: "
                                   "?[2J?2J??t\u00e4 (status 400)\n")
    answers.status, answers.body = 201, b'{"id":"\x1b[2J"}'
    alone.run("publish", "room", "x", *where, code=1)
    assert "no id" in alone.complaint


def test_a_complaint_keeps_the_password_of_a_url_to_itself(alone):
    with socket.socket() as closed:     # a port where nobody listens
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        alone.run("publish", "room", "x", "--url",
                  f"http://ann:secret@127.0.0.1:{port}/earshot", code=3)
    assert f"http://127.0.0.1:{port}/earshot: " in alone.complaint
    assert "ann" not in alone.complaint and "secret" not in alone.complaint


def test_auto_polls_where_streams_are_no_streams(site, start_lighttpd):
    """A web server that holds answers back until they are whole."""
    site.earshot.publish("room", "one")
    text = site.web.configuration.replace("stream-response-body = 2",
                                          "stream-response-body = 0")
    assert text != site.web.configuration
    site.web.stop()
    web = start_lighttpd(sockets=[site.earshot.address], configuration=text)
    site.url = web.url + "/earshot"
    tail = follow(site, "auto", "room", "--after", "earliest")
    assert tail.wait_lines(1, timeout=30) == ["one"]


LOGIN = """
auth.backend = "htpasswd"
auth.backend.htpasswd.userfile = "{}"
auth.require = ("/earshot/room" => ("method" => "basic", "realm" => "x",
                                    "require" => "valid-user"))
"""


def test_a_login_comes_from_the_url_or_from_netrc(site, directory,
                                                  start_lighttpd):
    users = directory / "users"
    users.write_text("ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")  # secret
    text = site.web.configuration.replace(
        "server.modules = (",
        'server.modules = ("mod_auth", "mod_authn_file", ')
    web = start_lighttpd(sockets=[site.earshot.address], ws=site.ws.address,
                         configuration=text, more=LOGIN.format(users))
    url = web.url + "/earshot"
    for command in (["publish", "room", "x"], ["tail", "room"]):
        site.run(*command, "--url", url, code=1)
        assert "~/.netrc" in site.complaint
    (directory / ".netrc").write_text(
        "machine 127.0.0.1 login ann password secret\n")
    site.run("publish", "room", "one", "--url", url, HOME=directory)
    with_name = url.replace("//", "//ann:secret@")
    site.run("publish", "room", "two", "--url", with_name)
    for way in WAYS[:5]:
        tail = site.tail("room", "--url", with_name, "--transport", way,
                         "--after", "earliest")
        assert tail.wait_lines(2) == ["one", "two"]


def test_by_tls_too(site, directory, start_lighttpd):
    own = tls.Tls(directory)
    site.earshot.publish("room", "one")
    site.web.stop()
    start_lighttpd(sockets=[site.earshot.address], ws=site.ws.address,
                   more=own.configuration)
    site.url = f"https://localhost:{own.port}/earshot"
    site.run("publish", "room", "two", "--url", site.url, code=1)
    assert "certificate" in site.complaint
    site.run("tail", "room", "--url", site.url, code=1)
    assert "certificate" in site.complaint
    site.run("publish", "room", "two", "--url", site.url, "--insecure")
    for way in WAYS:
        tail = follow(site, way, "room", "--after", "earliest",
                      *([] if way == "file" else ["--insecure"]))
        assert tail.wait_lines(2) == ["one", "two"]
