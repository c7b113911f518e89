"""earshot on a queue's file: publish, channels, prune, check, migrate,
stats."""

import concurrent.futures
import contextlib
import fcntl
import os
import re
import shutil
import socket
import sqlite3

import pytest

from admin import Admin
from earshot import sqlite3_shell
from test_disk import mounted, small  # noqa: F401
from wait import wait_until


@pytest.fixture
def admin(directory, queue):
    admin = Admin(directory, queue)
    yield admin
    admin.close()


@pytest.fixture
def made(admin, earshot):
    """A tool whose queue a program has made, and still uses."""
    admin.earshot = earshot
    return admin


@pytest.fixture
def alone(made):
    """The same when the program has ended."""
    made.earshot.stop()
    os.chmod(made.queue.parent, 0o2770)
    return made


# Publishing

def test_a_message_that_it_publishes_is_heard_at_once(made):
    with made.earshot.stream("room", "format=json") as stream:
        id = made.text("publish", "room", "hi", "--event", "é x", "--from",
                       "me", "--type", "json")
        event = stream.next()
        assert event.id == id
        message = made.earshot.messages("room")[0]
    assert (message["data"], message["event"], message["from"],
            message["type"], message["id"]) == \
        ("hi", "é x", "me", "json", id)


@pytest.mark.parametrize("data", [b"", b"a\0b", "é\n\r\n".encode(),
                                  b"x" * 65536])
def test_bytes_that_are_text_are_kept_as_they_are(made, data):
    made.run("publish", "room", "-", data=data)
    assert made.earshot.data("room") == [data.decode()]


def test_other_bytes_want_to_be_called_binary(made):
    for type in ("text", "json"):
        made.run("publish", "room", "--type", type, data=b"\xff", code=1)
        assert "--type binary" in made.complaint
    made.run("publish", "room", "--type", "binary", data=b"\xff\0")
    assert made.earshot.data("room") == ["/wA="]


@pytest.mark.parametrize("arguments, says", [
    (["a b", "x"], "no name of one channel"),
    (["a,b", "x"], "exactly one"),
    (["room", "x", "--event", "earshot.x"], "name of an event"),
    (["room", "x", "--from", "a b"], '"from"'),
    (["room", "x", "--key", "a b"], "key"),
    (["room", "x", "--message-max", "0"], "--message-max"),
    (["room", "x", "y"], '"y"'),
    ([], "usage: earshot publish CHANNEL"),
])
def test_what_is_wrong_is_said_and_nothing_is_stored(made, arguments, says):
    code = 2 if says in ("--message-max", '"y"') or not arguments else 1
    made.run("publish", *arguments, code=code)
    assert says in made.complaint
    assert made.earshot.data("room") == []


def test_a_message_is_as_large_as_the_programs_take_it(made):
    made.run("publish", "room", data=b"x" * 65537, code=1)
    assert "65536 bytes" in made.complaint
    made.run("publish", "room", data=b"x" * 65537,
             EARSHOT_MESSAGE_MAX="65537")


def test_data_that_looks_like_an_option_stands_behind_two_dashes(made):
    made.run("publish", "room", "--", "--json")
    assert made.earshot.data("room") == ["--json"]


def test_the_same_key_stores_nothing_twice(made):
    ids = {made.text("publish", "room", "x", "--key", "k")
           for _ in range(3)}
    ids.add(made.earshot.publish("room", "x", {
        "Idempotency-Key": "k", "Content-Type": "text/plain"}))
    assert len(ids) == 1, "over HTTP too"
    made.run("publish", "room", "y", "--key", "k", code=1)
    assert "another message" in made.complaint
    made.run("publish", "room", "y", "--key", "", code=2)
    assert "--key is empty" in made.complaint


def test_a_queue_that_is_held_may_be_tried_again(made):
    with open(f"{made.queue}-lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made.run("publish", "room", "x", "--commit-timeout", "0.2", code=3)
        assert "locked" in made.complaint
        others = [Admin(made.directory, made.queue) for _ in range(2)]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda other, command: other.run(command, code=3),
                          others, ("prune", "migrate")))
        assert all("locked" in other.complaint for other in others)
    made.run("publish", "room", "y")
    assert made.earshot.data("room") == ["y"], "what was refused stays out"


def test_no_command_makes_a_queue(admin, directory):
    admin.queue = directory / "no" / "such.db"
    for command in (["publish", "room", "x"], ["tail", "room"], ["channels"],
                    ["prune"], ["check"], ["backup", "x"], ["migrate"],
                    ["stats"]):
        admin.run(*command, code=1)
        assert "there is no such queue" in admin.complaint
    assert not (directory / "no").exists()


def test_a_queue_must_be_named(admin, directory):
    admin.queue = ""
    admin.run("channels", code=2)
    admin.environment = lambda: {"PATH": os.environ["PATH"]}
    admin.run("channels", code=1)
    assert "--queue PATH" in admin.complaint


# Channels, figures

def test_channels_are_listed_with_who_follows(made):
    first = made.earshot.publish("b", "xx")
    last = made.earshot.publish("b", "é")
    made.earshot.publish("a", "y")
    with made.earshot.stream("b"), made.earshot.stream("empty"):
        def listed():
            rows = {row["channel"]: row for row in made.json("channels")}
            assert {"b", "empty"} < set(rows)
            assert rows["b"]["subscribers"]["sse"] == 1
            assert rows["empty"]["subscribers"]["sse"] == 1
            return rows
        rows = wait_until(listed, what="the subscribers' presence")
    assert list(rows) == ["a", "b", "empty"]
    assert rows["b"]["messages"] == 2
    assert (rows["b"]["first"], rows["b"]["last"]) == (first, last)
    assert rows["b"]["size_bytes"] == 4
    assert rows["b"]["newest"] == made.earshot.messages("b")[1]["time"]
    lines = made.text("channels").splitlines()
    assert lines[0].split() == ["CHANNEL", "KEPT", "FIRST", "LAST", "NEWEST",
                                "SIZE", "POLL", "SSE", "WS"]
    assert [line.split()[:2] for line in lines[1:]][:2] == [
        ["a", "1"], ["b", "2"]]


def test_stats_count_what_is_there(made):
    for i in range(3):
        id = made.earshot.publish("room", f"{i}")
    sqlite3_shell(made.queue, "INSERT INTO message(channel, data, time) "
                  "VALUES('old', 'x', 1000)")
    [figures] = made.json("stats")
    assert figures["messages"] == 4 and figures["channels"] == 2
    assert int(figures["head"].split("-")[0]) == int(id.split("-")[0]) + 1
    assert figures["size_bytes"] > 0 and figures["version"] == 1
    assert "messages kept      4 in 2 channels" in made.text("stats")


def test_stats_know_the_programs_and_what_they_have_done(made, start_ws):
    ws = start_ws()
    made.earshot.publish("room", "x")

    def told():
        [figures] = made.json("stats")
        assert figures["published"] == figures["delivered"] == 1
        assert figures["subscribers"] == {"poll": 0, "sse": 1, "ws": 0}
        assert {(row["process"], row["program"], row["subscribers"])
                for row in figures["processes"]} == {
            (f"{made.earshot.pid}", "earshot.fcgi", 1),
            (f"{ws.pid}", "earshot-ws", 0)}
        assert 0 < figures["commit_ms"]["0.5"] <= figures["commit_ms"]["0.99"]
        return True
    with made.earshot.stream("room", "after=earliest") as stream:
        assert stream.next().data == "x"
        wait_until(told, what="the programs' figures")
    assert re.search(r"^processes +2$", made.text("stats"), re.M)
    made.earshot.stop()
    ws.stop()
    [figures] = made.json("stats")
    assert figures["processes"] == [] and figures["published"] == 1


# Pruning

def fill(made, channel="room", count=10):
    return [made.earshot.publish(channel, f"{i}") for i in range(count)]


def test_prune_without_a_word_keeps_to_the_limits(made):
    fill(made, "a", 10)
    fill(made, "b", 3)
    assert made.text("prune") == "0 messages of 0 channels removed"
    said = made.text("prune", EARSHOT_KEEP_MESSAGES="4")
    assert said == "a: 6 removed\n6 messages of 1 channels removed"
    assert made.earshot.data("a") == ["6", "7", "8", "9"]
    assert made.earshot.data("b") == ["0", "1", "2"]
    made.run("prune", "--keep-channels", "1")
    assert made.earshot.data("a") == [], "the longest unused goes first"
    assert len(made.earshot.data("b")) == 3
    assert made.text("check").endswith("is sound") or \
        "wrong" not in made.text("check")


def test_prune_by_age_goes_by_the_clock_on_the_wall(made):
    fill(made, count=2)
    sqlite3_shell(made.queue,
                  "DELETE FROM message; INSERT INTO message(channel, data, "
                  "time) VALUES('room', 'old', 1000), ('room', 'new', "
                  "strftime('%s') * 1000)")
    made.run("prune", "--keep-age", "3600")
    assert made.earshot.data("room") == ["new"]


def test_prune_removes_what_it_is_told_to(made):
    ids = fill(made, "a", 10)
    fill(made, "b", 5)
    assert made.text("prune", "--channel", "a", "--keep", "3") == \
        "a: 7 removed\n7 messages of 1 channels removed"
    assert made.earshot.data("a") == ["7", "8", "9"]
    assert len(made.earshot.data("b")) == 5
    page = made.earshot.poll("a", ids[2])
    assert page["lost"] is True, "who had not had them is told"
    assert made.earshot.poll("a", ids[-1])["lost"] is False
    made.run("prune", "--keep", "1")
    assert made.earshot.data("a") == ["9"]
    assert made.earshot.data("b") == ["4"]
    made.run("prune", "--before", "1h")
    assert made.earshot.data("a") == ["9"]
    made.run("prune", "--before", "0s", "--keep", "1")
    assert made.earshot.data("a") == ["9"]
    made.run("prune", "--channel", "b", "--keep", "0")
    assert made.earshot.data("b") == []


def test_prune_ends_where_no_message_is_left_to_be_removed(made):
    """Keys are kept for their time, however much they are."""
    fill(made, "a", 2)
    sqlite3_shell(made.queue, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                  "SELECT i + 1 FROM n WHERE i < 8000) INSERT INTO publish_key "
                  "SELECT 'a', printf('%0200d', i), x'00', 1, 1, "
                  "strftime('%s') * 1000 FROM n")
    said = made.text("prune", "--keep-bytes", f"{1 << 20}")
    assert said.startswith("a: 2 removed")
    [figures] = made.json("stats")
    assert figures["keys"] == 8000 and figures["size_bytes"] > 1 << 20


@pytest.mark.parametrize("arguments, says", [
    (["--channel", "a"], "--before TIME or --keep N"),
    (["--channel", "a b", "--keep", "1"], "no name of a channel"),
    (["--before", "yesterday"], "2024-05-31"),
    (["--keep", "-1"], "--keep"),
    (["--keep-messages", "none"], "--keep-messages"),
    (["--channel", "", "--keep", "0"], "--channel is empty"),
    (["--channel", "a", "--keep", "0", "--before="], "--before is empty"),
    (["--keep", ""], "--keep is empty"),
])
def test_prune_that_is_not_understood_removes_nothing(made, arguments, says):
    fill(made, "a", 2)
    made.run("prune", *arguments, code=2)
    assert says in made.complaint
    assert len(made.earshot.data("a")) == 2


# Checking

def findings(admin, code):
    return {(row["weight"], row["sentence"]) for row in
            admin.json("check", code=code)}


def test_a_good_queue_is_sound(alone):
    assert findings(alone, 0) == set()
    assert alone.text("check") == f"{alone.queue} is sound"


@pytest.mark.parametrize("breaks, says", [
    (lambda q: os.chmod(q, 0o666), "everybody may write"),
    (lambda q: os.chmod(q, 0o664), "everybody may read"),
    (lambda q: os.chmod(q, 0o600), "the group may not"),
    (lambda q: os.chown(q, -1, 1), "belongs to the group"),
    (lambda q: os.chmod(q.parent, 0o777), "everybody may write in"),
    (lambda q: sqlite3_shell(q, "PRAGMA journal_mode = DELETE"),
     "not in WAL mode"),
    (lambda q: sqlite3_shell(q, "PRAGMA user_version = 99"), "newer Earshot"),
    (lambda q: sqlite3_shell(q, "PRAGMA application_id = 7"),
     "not an Earshot queue"),
    (lambda q: sqlite3_shell(q, "UPDATE channel SET kept = 9"),
     "do not hold what was counted"),
    (lambda q: sqlite3_shell(q, "UPDATE sqlite_sequence SET seq = 1"),
     "given twice"),
    (lambda q: os.truncate(q, os.path.getsize(q) // 2), "cannot be read"),
    (lambda q: damage_page(q), "damaged"),
    (lambda q: os.truncate(f"{q}-wal", 65 << 20), "65 MiB"),
])
def test_what_is_wrong_is_found(made, breaks, says):
    for i in range(200):
        made.earshot.publish(f"room-{i % 3}", "x" * 200)
    made.earshot.stop()
    os.chmod(made.queue.parent, 0o2770)
    if "MiB" in says:
        open(f"{made.queue}-wal", "wb").close()
        os.chmod(f"{made.queue}-wal", 0o660)
    breaks(made.queue)
    before = made.queue.read_bytes()
    found = findings(made, 1)
    assert any(weight == "wrong" and says in sentence
               for weight, sentence in found), found
    assert made.queue.read_bytes() == before, "it only looks"


@pytest.mark.parametrize("breaks", [
    "UPDATE channel SET kept = 9",
    "DELETE FROM channel",
    "UPDATE sqlite_sequence SET seq = 1"])
def test_the_line_that_mends_it_does(alone, breaks):
    alone.run("publish", "room", "one")
    alone.run("publish", "other", "two")
    sqlite3_shell(alone.queue, breaks)
    [(_, sentence)] = findings(alone, 1)
    [line] = re.findall("(?:UPDATE|INSERT).*", sentence)
    sqlite3_shell(alone.queue, line)
    assert findings(alone, 0) == set()
    alone.run("prune", "--keep", "0")
    assert [row["messages"] for row in alone.json("channels")] == [0, 0]


def damage_page(path):
    """Scribbles over the beginning of a leaf of an index."""
    root = int(sqlite3_shell(path, "SELECT rootpage FROM sqlite_schema WHERE "
                             "name = 'message_channel'"))
    size = int(sqlite3_shell(path, "PRAGMA page_size"))
    with open(path, "r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\x0a" + b"\xff" * 40)


def test_a_directory_without_a_common_group_is_worth_a_note(alone):
    os.chmod(alone.queue.parent, 0o755)
    [(weight, sentence)] = findings(alone, 0)
    assert weight == "note" and "chmod 2770" in sentence


def test_a_presence_of_a_killed_process_is_worth_a_note(made):
    stream = made.earshot.stream("room")
    wait_until(lambda: list(made.queue.parent.glob("*-presence/[0-9]*")),
               what="its presence")
    made.earshot.kill()
    stream.close()
    before = sorted(made.queue.parent.rglob("*"))
    assert any(weight == "note" and "were killed" in sentence
               for weight, sentence in findings(made, 0))
    assert sorted(made.queue.parent.rglob("*")) == before, "it only looks"


def test_what_is_no_queue_is_left_as_it_is(admin, directory):
    for content in (b"", b"text", b"SQLite format 3\0" + b"\0" * 200):
        admin.queue = directory / "other"
        admin.queue.write_bytes(content)
        for command in (["publish", "room", "x"], ["tail", "room"],
                        ["channels"], ["prune"], ["backup", "copy"],
                        ["migrate"], ["stats"], ["check"]):
            admin.run(*command, code=1)
        assert admin.queue.read_bytes() == content
        assert {path.name for path in directory.iterdir()} <= {"other",
                                                               "queue"}


def test_tmpfs_is_worth_a_note(admin, alone):
    shutil.copytree(alone.queue.parent, f"/dev/shm/{os.getpid()}-queue")
    try:
        admin.queue = f"/dev/shm/{os.getpid()}-queue/earshot.db"
        assert any("in memory (tmpfs)" in sentence
                   for _, sentence in findings(admin, 0))
    finally:
        shutil.rmtree(f"/dev/shm/{os.getpid()}-queue")


def test_a_disk_that_is_full_is_told(directory, small, start):
    (directory / "large").mkdir()
    made = Admin(directory, directory / "large" / "earshot.db")
    made.earshot = start(queue=made.queue)
    for i in range(100):
        made.earshot.publish("room", "x" * 60000)
    copy = small / "copy.db"
    made.run("backup", copy, code=1)
    assert "the disk is full" in made.complaint
    assert list(small.iterdir()) == [], "nothing half is left"
    made.queue = directory / "large" / "less.db"
    start(queue=made.queue)
    made.run("backup", copy)
    with contextlib.suppress(OSError), open(small / "rest", "wb") as rest:
        while rest.write(bytes(4096)):
            rest.flush()
    made.queue = copy
    assert any(weight == "wrong" and "is full (0 MiB left)" in sentence
               for weight, sentence in findings(made, 1))


# Migrating

def test_a_queue_of_this_version_needs_no_migration(alone):
    assert "version 1 already" in alone.text("migrate")


def test_an_older_one_is_brought_forward(admin, queue):
    """Version 0 is a file that has its name and nothing else."""
    with sqlite3.connect(queue) as db:
        db.execute("PRAGMA application_id = 1164014195")
        db.execute("VACUUM")
    db.close()
    admin.run("channels", code=1)
    assert "run earshot migrate" in admin.complaint
    assert admin.text("migrate").endswith("from version 0 to 1")
    admin.run("publish", "room", "x")
    assert [row["messages"] for row in admin.json("channels")] == [1]


def test_a_newer_one_is_refused_by_every_command(alone):
    sqlite3_shell(alone.queue, "PRAGMA user_version = 2")
    before = alone.queue.read_bytes()
    for command in (["publish", "room", "x"], ["tail", "room"], ["channels"],
                    ["prune"], ["check"], ["backup", "x"], ["migrate"],
                    ["stats"]):
        said = alone.run(*command, code=1).decode() + alone.complaint
        assert "newer" in said, command
    assert alone.queue.read_bytes() == before


def test_without_a_command_it_says_which_there_are(admin):
    admin.run(code=2)
    admin.run("fly", code=2)
    assert '"fly"' in admin.complaint and "--help" in admin.complaint
    assert admin.text("--version").startswith("earshot ")
    assert socket.gethostname() not in admin.text("--help")
