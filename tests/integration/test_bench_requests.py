"""A server that earshot-bench has never heard of, measured by options alone:
--publish, --subscribe, and what stands behind them."""

import http.server
import json
import queue
import threading

import pytest

from bench import SMALL, complaint, measure, run
from scripted import Scripted


class Foreign(http.server.BaseHTTPRequestHandler):
    """A chat such as anyone writes: it takes JSON only, from who is let in."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 403
        if (self.headers["Content-Type"] == "application/json"
                and self.headers["Authorization"] == "Bearer writer"
                and self.path.endswith("/send")):
            room = self.path.removesuffix("/send").removeprefix("/rooms/")
            text = json.loads(body)["message"]["text"]
            for texts, its_room in list(self.server.readers):
                if its_room == room:
                    texts.put(text)
            status = 200
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        if (self.headers["Authorization"] != "Bearer reader"
                or not self.path.startswith("/events?room=")):
            self.send_error(403)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        texts = queue.SimpleQueue()
        room = self.path.removeprefix("/events?room=")
        self.server.readers.append((texts, room))
        try:
            self.tell("welcome")
            while (text := texts.get()) is not None:
                self.tell(json.dumps({"text": text}))
        except OSError:     # the reader has gone
            pass

    def tell(self, data):
        self.wfile.write(f"data: {data}\n\n".encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def foreign():
    """Where such a server is."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    server.readers = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    for texts, _ in server.readers:
        texts.put(None)
    server.server_close()


@pytest.fixture
def scripted():
    with Scripted() as server:
        yield server


def requests_of(server):
    """All that the scripted server has, as options say it."""
    base = f"127.0.0.1:{server.port}"
    cursor = "json:cursor=query:after"
    return ["--publish", f"http://{base}/{{channel}}",
            "--subscribe", f"poll http://{base}/{{channel}}/poll",
            "--cursor", cursor,
            "--subscribe", f"long-poll http://{base}/{{channel}}/poll?wait=25",
            "--hello", f"http://{base}/{{channel}}/poll", "--cursor", cursor,
            "--subscribe", f"sse http://{base}/{{channel}}/sse",
            "--ready", "earshot.open",
            "--cursor", "sse-id=header:Last-Event-ID",
            "--subscribe", f"ws ws://{base}/{{channel}}/ws",
            "--ready", "earshot.open", "--cursor", "json:id,cursor=query:after",
            "--subscribe", f"socket.io http://{base}/socket.io/"
                           "?EIO=4&transport=websocket",
            "--hello", '42["join","{channel}"]', "--ready", "joined"]


def whole(run):
    return (run["delivered"] == run["expected"] > 0
            and not run["lost"] + run["repeated"] + run["refused"])


def test_a_foreign_server_is_measured_by_two_requests(directory, foreign):
    results = measure(
        directory, "latency", *SMALL, "--name", "Chat",
        "--publish", f"POST {foreign}/rooms/{{channel}}/send",
        "--header", "Authorization: Bearer writer",
        "--body", '{"message":{"text":"{token}"}}',
        "--subscribe", f"sse {foreign}/events?room={{channel}}",
        "--header", "Authorization: Bearer reader", "--ready", "welcome")
    found, = results["runs"]
    assert (found["target"], found["transport"], found["way"]) == \
        ("Chat", "sse", "direct")
    assert whole(found), found


def test_every_transport_can_be_said_by_options(directory, scripted):
    results = measure(directory, "latency", *SMALL, *requests_of(scripted))
    assert [found["transport"] for found in results["runs"]] == \
        ["poll", "long-poll", "sse", "ws", "socket.io"]
    for found in results["runs"]:
        assert whole(found), found
        assert found["target"] == f"127.0.0.1:{scripted.port}"
    assert all(scripted.happened["requests " + kind] for kind in
               ("publish", "poll", "sse", "ws", "socket.io"))


@pytest.mark.parametrize("transport", ["sse", "ws"])
def test_a_cursor_that_is_taken_and_given_brings_back_what_was_missed(
        directory, scripted, transport):
    scripted.script["rules"] = [{"from": 20, "to": 21, "cut": "all"}]
    found, = measure(directory, "latency", *SMALL, "--transport", transport,
                     *requests_of(scripted))["runs"]
    assert scripted.happened["cuts"] == 3
    assert whole(found), found


def test_the_printed_target_measures_the_same(directory, scripted):
    path = directory / "mine.json"
    done = run(directory, *requests_of(scripted), "--name", "Mine",
               "--print-target")
    path.write_text(done.stdout, "utf-8")
    results = measure(directory, "--target", path, "latency", *SMALL)
    assert len(results["runs"]) == 5
    assert all(found["target"] == "Mine" and whole(found)
               for found in results["runs"])


def test_what_is_wrong_with_them_is_said_before_anything_runs(
        directory, scripted):
    said = complaint(directory, *requests_of(scripted), "--cursor", "id",
                     expect=2)
    assert said.startswith('--cursor is "id"; it must be TAKE=GIVE')
    assert not scripted.happened
