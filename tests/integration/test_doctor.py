"""`earshot doctor`: addresses that are none of Earshot's, what only a server
of the test's own does, rights that are missing, and how it tells of it all."""

import email.utils
import http.server
import json
import re
import subprocess
import threading
import time

import pytest

from doctor import Visit
from earshot import free_port
from front import SOURCE
from processes import program, surroundings
from tls import Certificate

HEALTH = {"ready": True, "version": "0.1.0"}
OPENING = (b'retry: 2000\n\nid: 0-abc\nevent: earshot.open\n'
           b'data: {"cursor":"0-abc"}\n\n')


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers like an Earshot without a queue, as far as doctor looks."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, value, kind="application/json", **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response_only(status)
        for name, text in {"Content-Type": kind, "Date": self.server.date(),
                           "Content-Length": len(body), **headers}.items():
            self.send_header(name, str(text))
        self.end_headers()
        self.wfile.write(body)

    def parse_request(self):
        good = super().parse_request()
        if good and "YW5uOnNlY3JldA==" in self.headers.get("Authorization",
                                                          ""):
            self.server.logins.add(self.path)
        return good

    def do_GET(self):
        answers = self.server.answers
        path = self.path.partition("?")[0]
        if path in answers:
            self.answer(*answers[path])
        elif path == "/-/health":
            self.answer(200, HEALTH)
        elif path.endswith("/sse"):
            self.stream()
        elif path.endswith("/poll"):
            foreign = "invalid" in self.headers.get("Origin", "")
            self.answer(403 if foreign else 200, {"messages": []})
        elif path.endswith("/ws") or path == "/-/status":
            self.answer(404, {"error": "no", "code": "not_found"})
        else:
            self.answer(200, {"subscribers": {"sse": self.server.readers}})

    def stream(self):
        """Held back until something is published, where the test says so."""
        if self.server.holds:
            self.server.published.wait(20)
        self.server.readers += self.path.count("going")
        self.send_response_only(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(OPENING)
        if self.server.published.wait(0 if not self.server.holds else 10):
            self.wfile.write(b"data: earshot doctor asks whether\n\n")
        try:
            self.connection.recv(1)     # until the reader leaves
        except OSError:
            pass
        self.server.readers -= self.path.count("going")
        self.close_connection = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.may_publish:
            if self.server.posts:
                self.server.published.set()
            self.server.posts += 1
            self.answer(201, {"id": "1-abc"})
        else:
            self.answer(403, {"error": "no", "code": "forbidden"})


class Fake(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.date = lambda: email.utils.formatdate(usegmt=True)
        self.holds = self.may_publish = False
        self.published = threading.Event()
        self.readers = self.posts = 0
        self.logins = set()     # paths that ann:secret asked for

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def fake():
    server = Fake()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def doctor(directory, *arguments):
    return subprocess.run([program("earshot"), "doctor", *arguments],
                          capture_output=True, text=True, check=False,
                          timeout=60, env=surroundings(directory))


def test_who_cannot_be_reached_is_said_and_ends_with_2(directory):
    done = doctor(directory, f"http://127.0.0.1:{free_port()}/earshot")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be reached" in done.stderr


@pytest.mark.parametrize("arguments, says", [
    ([], "URL"),
    (["localhost/earshot"], "is no URL"),
    (["ftp://localhost/"], "is no URL"),
    (["http://localhost/", "--channel", "a,b"], "no name of a channel"),
    (["http://localhost/", "--ignore", "nonsense"], '"nonsense"'),
    (["http://localhost/", "--format", "xml"], "text|json"),
])
def test_a_command_line_that_is_wrong_ends_with_2(directory, arguments, says):
    done = doctor(directory, *arguments)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.parametrize("status, body, kind, code", [
    (200, b"<h1>Welcome</h1>", "text/html", "not-earshot"),
    (200, {"hello": 1}, "application/json", "not-earshot"),
    (404, b"no", "text/html", "not-found"),
    (404, {"error": "nothing here", "code": "not_found"},
     "application/json", "not-found"),
    (502, b"bad", "text/html", "program-away"),
    (503, b"away", "text/html", "program-away"),
])
def test_another_s_answer_is_told_for_what_it_is(directory, fake, status,
                                                  body, kind, code):
    fake.answers["/-/health"] = (status, body, kind)
    visit = Visit(directory, fake.url)
    assert (visit.wrong, visit.status) == ({code}, 1), visit


def test_a_queue_that_cannot_be_used_is_told(directory, fake):
    fake.answers["/-/health"] = (
        503, {"ready": False, "error": "the disk is full",
              "version": "0.1.0"})
    visit = Visit(directory, fake.url, "--ignore", "ws-missing")
    assert visit.wrong == {"not-ready"}, visit
    assert "the disk is full" in visit.seen("not-ready")


def test_a_login_that_is_missing_is_told(directory, fake):
    fake.answers["/-/health"] = (401, b"", "text/html")
    visit = Visit(directory, fake.url)
    assert visit.of("note") == {"login"}, visit


def test_clocks_that_differ_are_told(directory, fake):
    fake.date = lambda: email.utils.formatdate(time.time() - 3600,
                                               usegmt=True)
    visit = Visit(directory, fake.url, "--ignore", "ws-missing")
    assert visit.wrong == {"clock"}, visit
    assert "behind" in visit.seen("clock")


@pytest.mark.parametrize("health", [
    {"ready": True}, {"ready": True, "version": "0.0.9"}])
def test_an_older_earshot_is_told(directory, fake, health):
    fake.answers["/-/health"] = (200, health)
    visit = Visit(directory, fake.url, "--ignore", "ws-missing")
    assert "old" in visit.of("note"), visit
    assert visit.wrong == set(), visit


def test_what_comes_with_the_first_message_only_was_held(directory, fake):
    fake.holds = fake.may_publish = True
    visit = Visit(directory, fake.url, "--ignore", "ws-missing")
    assert visit.wrong == {"headers-held"}, visit


def test_who_may_not_publish_is_told_what_was_not_tried(directory, fake):
    visit = Visit(directory, fake.url, "--ignore", "ws-missing")
    assert (visit.wrong, visit.status) == (set(), 0), visit
    assert "we may not publish" in visit.seen("buffering")
    assert {"log-nowhere", "descriptors"} <= visit.of("unknown")


def test_a_redirect_is_told_and_followed(directory, start_lighttpd):
    server = start_lighttpd(publish="local", heartbeat=1, more="""
        server.modules += ("mod_redirect")
        $HTTP["url"] =~ "^/old/" { url.redirect = ("^/old/(.*)" =>
                                                   "/earshot/$1") }""")
    visit = Visit(directory, server.url + "/old", "--ignore", "ws-missing")
    assert visit.wrong == {"redirect"}, visit
    assert server.url + "/earshot/" in visit.seen("redirect")
    assert visit.findings["not-ready"]["verdict"] == "ok"


def test_an_address_that_lighttpd_does_not_know_is_told(directory,
                                                        start_lighttpd):
    server = start_lighttpd(heartbeat=1)
    visit = Visit(directory, server.url + "/nowhere")
    assert visit.wrong == {"not-found"}, visit
    assert "fastcgi.server" in visit.change("not-found")


def test_a_certificate_that_nobody_knows_is_told_and_no_password_after_it(
        directory, fake):
    certificate = Certificate(directory)
    fake.socket = certificate.server_context().wrap_socket(
        fake.socket, server_side=True, do_handshake_on_connect=False)
    url = f"https://localhost:{fake.server_port}"
    options = ("--user", "ann:secret", "--ignore", "ws-missing")
    visit = Visit(directory, url, *options)
    assert visit.wrong == {"tls"}, visit
    assert "without a login" in visit.seen("tls")
    assert fake.logins == set()
    known = Visit(directory, url, *options, "--cacert",
                  str(certificate.certificate))
    assert known.wrong == set(), known
    assert "tls-expires" in known.of("note")


def test_people_are_told_in_plain_words(directory, start_lighttpd):
    server = start_lighttpd(publish="anyone", heartbeat=1)
    done = doctor(directory, server.url + "/earshot", "--patience", "0")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert re.fullmatch(rf"{server.url}/earshot: Earshot \S+ behind "
                        r"lighttpd/\S+", lines[0])
    assert "WRONG  anyone may publish (publish-anyone)" in lines
    assert '           "EARSHOT_PUBLISH" => "user"' in lines
    assert max(map(len, lines)) <= 100
    assert re.fullmatch(r"\d+ wrong, \d+ to know, \d+ not known, \d+ good\.",
                        lines[-1])


def test_a_terminal_gets_no_commands_of_a_server_s(directory, fake):
    fake.answers["/-/health"] = (200, b"x", "text/\x1b[2J\xc2\x9b2J")
    done = doctor(directory, fake.url)
    assert "text/?[2J" in done.stdout
    assert not set("\x1b\x9b") & set(done.stdout)


def test_bytes_that_are_no_text_do_not_spoil_the_json(directory, fake):
    fake.answers["/-/health"] = (200, b"x", "text/\xff\xfe")
    visit = Visit(directory, fake.url)
    assert visit.wrong == {"not-earshot"}
    assert visit.seen("not-earshot").endswith("text/??")


def test_a_password_in_the_url_is_not_printed(directory, start_lighttpd):
    server = start_lighttpd(heartbeat=1)
    url = server.url.replace("//", "//ann:secret@") + "/earshot"
    done = doctor(directory, url, "--patience", "0")
    assert "secret" not in done.stdout + done.stderr


def test_messages_go_to_the_channel_that_was_named(directory, start_lighttpd):
    server = start_lighttpd(heartbeat=1)
    Visit(directory, server.url + "/earshot", "--channel", "trial")
    assert "asks again" in server.get("/trial/poll?after=earliest").body.decode()


def test_command_and_page_know_the_same_findings(directory):
    done = doctor(directory, "http://localhost/", "--ignore", "no-such")
    codes = re.search(r"there are (.*)", done.stderr)[1].split(", ")
    assert len(codes) > 20
    for name in ("words.js", "fixes.js"):
        text = (SOURCE / "static/doctor" / name).read_text("utf-8")
        assert re.findall(r'^    "([a-z0-9-]+)": \{', text, re.M) == codes
