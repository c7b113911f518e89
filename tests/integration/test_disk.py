"""Trouble with the disk and the queue's file: answers, no crash, recovery
by itself, nothing acknowledged lost, no id given twice."""

import os
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest

from earshot import Earshot
from test_wire import error
from wait import slow, wait_until


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True,
                   capture_output=True)


@pytest.fixture
def mounted(directory):
    """A folder to mount on; what is mounted is gone at the end."""
    path = directory / "queue"
    path.mkdir()
    yield path
    # Not os.path.ismount, which sees no folder that is bound to itself.
    with open("/proc/self/mountinfo") as file:
        points = [line.split()[4] for line in file]
    for _ in range(points.count(str(path))):
        subprocess.run(["umount", str(path)], check=True)


@pytest.fixture
def small(mounted):
    """A disk of 3 MiB."""
    mount("-t", "tmpfs", "-o", "size=3m,mode=0770", "earshot", mounted)
    return mounted


@pytest.fixture
def start_late(directory):
    """Like start. To be asked for after a mount, so that what it starts is
    stopped before the unmount."""
    def start_late(**options):
        server = Earshot(directory, **options)
        servers.append(server)
        return server.start()
    servers = []
    yield start_late
    for server in reversed(servers):
        server.stop()


def number(id):
    return int(id.split("-")[0])


def epoch(id):
    return id.split("-")[1]


def publishes(earshot, text):
    """One try: its id, or None."""
    key = text.replace(" ", "-")
    answer = earshot.post("/room", text, {"Idempotency-Key": key})
    if answer.status in (200, 201):
        return answer.json["id"]
    assert answer.status in (503, 507), answer
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json["error"]
    return None


def recovers(earshot, text="recovered", timeout=15):
    """Waits until it publishes again, by itself."""
    return wait_until(lambda: publishes(earshot, text), timeout,
                      "the recovery", 0.1)


def refused(earshot, *words):
    """The queue cannot be used: the answers, and that it stays up."""
    health = earshot.get("/-/health")
    assert (health.status, health.json["ready"]) == (503, False)
    text = health.json["error"].lower()
    assert not words or any(word in text for word in words), text
    for answer in (earshot.post("/room", "x"), earshot.get("/room/poll")):
        error(answer, 503, "queue")
        assert int(answer.headers["retry-after"]) > 0
    assert earshot.running()


# Full

def test_a_full_disk_is_507_and_recovers(small, start_late):
    earshot = start_late()
    stream = earshot.stream("room")
    stored, refusals = [], []
    for i in range(120):
        text = f"{i:04d}" + "x" * 60000
        answer = earshot.post("/room", text)
        if answer.status == 201:
            stored.append((answer.json["id"], text[:4]))
        else:
            refusals.append(error(answer, 507, "full"))
            assert int(answer.headers["retry-after"]) > 0
        if len(refusals) > 10:
            break
    assert len(stored) > 5 and len(refusals) > 10
    with earshot.stream("room", "after=earliest") as late:
        for follower in (stream, late):
            events = follower.take(len(stored))
            assert [(event.id, event.data[:4]) for event in events] == stored
    assert earshot.info("room")["messages"] == len(stored)
    earshot.status()

    mount("-o", "remount,size=30m", small)
    id = recovers(earshot)
    assert number(id) > number(stored[-1][0])
    assert [(message["id"], message["data"][:4])
            for message in earshot.messages("room")] == \
        stored + [(id, "reco")]
    assert stream.next().id == id
    stream.close()


def test_a_full_disk_at_the_start_is_told_and_recovers(small, start_late):
    filler = small / "filler"
    file = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError):
        while True:
            os.write(file, b"x" * 4096)
    os.close(file)
    earshot = start_late()
    answer = earshot.post("/room", "x")
    assert answer.status in (503, 507)
    assert int(answer.headers["retry-after"]) > 0
    filler.unlink()
    recovers(earshot)
    assert earshot.data("room") == ["recovered"]


def test_retention_keeps_a_small_disk_from_filling(mounted, start_late):
    """Far more goes through than fits: pruned and checkpointed in time."""
    mount("-t", "tmpfs", "-o", "size=40m,mode=0770", "earshot", mounted)
    earshot = start_late(keep_messages=100)
    with earshot.peer() as peer:
        for i in range(1500):
            answer = peer.request("POST", "/room", keep=True,
                                  body=f"{i:04d}" + "x" * 60000)
            assert answer.status == 201, (i, answer)

    def settled():      # while pruning goes on, a page may overtake it
        kept = [data[:4] for data in earshot.data("room")]
        assert kept == [f"{i:04d}" for i in range(1500)][-len(kept):]
        return 100 <= len(kept) <= 106
    wait_until(settled, what="pruning")


# Read-only

def test_a_read_only_disk_is_503_and_recovers(mounted, start_late):
    earshot = start_late()
    cursor = earshot.publish("room", "before")
    earshot.stop()
    mount("--bind", mounted, mounted)
    mount("-o", "remount,ro,bind", mounted)
    earshot.start()
    answer = earshot.post("/room", "x")
    error(answer, 503, "queue")
    assert int(answer.headers["retry-after"]) > 0
    assert earshot.get("/room/poll").status in (200, 503)
    mount("-o", "remount,rw,bind", mounted)
    id = recovers(earshot)
    assert number(id) > number(cursor) and epoch(id) == epoch(cursor)
    assert earshot.data("room") == ["before", "recovered"]


def test_a_follower_on_a_read_only_disk_is_served(directory, mounted,
                                                  start_late):
    """The writer sees the real folder, the reader a read-only one."""
    real = directory / "real"
    real.mkdir()
    writer = start_late(queue=real / "earshot.db")
    first = writer.publish("room", "before")
    mount("--bind", real, mounted)
    mount("-o", "remount,ro,bind", mounted)
    reader = start_late(queue=mounted / "earshot.db")
    error(reader.post("/room", "x"), 503, "queue")
    assert [message["id"] for message in reader.messages("room")] == [first]
    with reader.stream("room") as stream:
        id = writer.publish("room", "after")
        assert stream.next().id == id
    assert writer.data("room") == ["before", "after"]
    reader.stop()


# Not usable

def damaged_header(path):
    with open(path, "r+b") as file:
        file.write(b"\xff" * 100)


def damaged_root(path):
    """The schema's page, beyond the header."""
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(os.urandom(3900))


def not_a_database(path):
    path.write_text("This is a letter to my aunt.\n" * 400)


def of_another_program(path):
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE message(id INTEGER, mail TEXT)")
        db.execute("INSERT INTO message VALUES(1, 'dear aunt')")
    db.close()


def of_another_application_id(path):
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA application_id = 1234")
        db.execute("CREATE TABLE a(b)")
    db.close()


def from_a_newer_version(path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 999")
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


@pytest.mark.parametrize("spoil, words", [
    (damaged_header, ["damaged", "not a", "not an", "corrupt", "malformed"]),
    (damaged_root, ["damaged", "corrupt", "malformed"]),
    (not_a_database, ["not a", "not an", "damaged"]),
    (of_another_program, ["not a", "not an", "not earshot"]),
    (of_another_application_id, ["not a", "not an", "not earshot"]),
    (from_a_newer_version, ["newer", "version"]),
])
def test_an_unusable_file_is_refused_left_alone_and_recovered_from(
        earshot, spoil, words):
    ids = [earshot.publish("room", str(i)) for i in range(20)]
    earshot.stop()
    good = earshot.queue.with_name("good.db")
    sqlite_copy(earshot.queue, good)
    spoil(earshot.queue)
    before = earshot.queue.read_bytes()
    earshot.start()
    refused(earshot, *words)
    assert str(earshot.queue) in earshot.log
    assert earshot.queue.read_bytes() == before, "it is left as it is"

    os.replace(good, earshot.queue)
    id = recovers(earshot)
    assert number(id) > number(ids[-1])
    assert earshot.data("room") == [str(i) for i in range(20)] + \
        ["recovered"]


def sqlite_copy(source, target):
    """A consistent copy, whatever is in the -wal."""
    subprocess.run(["sqlite3", str(source), f".backup {target}"], check=True)


def test_a_newer_version_recovers_when_it_is_set_back(earshot):
    earshot.publish("room", "before")
    version = earshot.sql("PRAGMA user_version")
    earshot.stop()
    from_a_newer_version(earshot.queue)
    earshot.start()
    refused(earshot, "newer", "version")
    earshot.sql(f"PRAGMA user_version = {version}")
    recovers(earshot)
    assert earshot.data("room") == ["before", "recovered"]


def test_damage_in_the_middle_never_crashes_it(earshot):
    for i in range(200):
        earshot.publish("room", f"{i}" + "x" * 3000)
    earshot.stop()
    good = earshot.queue.with_name("good.db")
    sqlite_copy(earshot.queue, good)
    for seed in range(4):
        shutil.copy(good, earshot.queue)
        size = os.path.getsize(earshot.queue)
        with open(earshot.queue, "r+b") as file:
            for at in range(4096 * (1 + seed), size, 4096 * 5):
                file.seek(at)
                file.write(os.urandom(2000))
        earshot.start()
        for target in ("/room/poll?after=earliest", "/room/poll?last=5",
                       "/room", "/-/health"):
            assert earshot.get(target).status in (200, 503)
        assert earshot.post("/room", "x").status in (201, 503)
        assert earshot.running()
        earshot.stop()
    shutil.copy(good, earshot.queue)
    earshot.start()
    recovers(earshot)


def test_a_folder_that_cannot_be_used_is_told_and_recovered_from(
        directory, start):
    in_the_way = directory / "later"
    in_the_way.write_text("no folder")
    earshot = start(queue=in_the_way / "earshot.db", make_folder=False)
    refused(earshot)
    in_the_way.unlink()
    in_the_way.mkdir()
    recovers(earshot)


# Locked

def test_a_queue_locked_for_10_s_by_another_program(earshot):
    earshot.publish("room", "before")
    stream = earshot.stream("room")
    wait_until(lambda: earshot.info("room")["subscribers"]["sse"] == 1)
    lock = sqlite3.connect(earshot.queue, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    answers = {}

    def publish(name, after):
        time.sleep(after)
        with earshot.peer(timeout=30) as peer:
            answers[name] = peer.request("POST", "/room", body=name)
            answers[name].took = time.monotonic() - began - after
    threads = [threading.Thread(target=publish, args=pair)
               for pair in (("early", 0), ("middle", 2), ("late", 7))]
    for thread in threads:
        thread.start()
    while time.monotonic() - began < 10:
        assert earshot.data("room") == ["before"], "readers are served"
        assert earshot.info("room")["subscribers"]["sse"] == 1
        time.sleep(0.3)
    lock.rollback()
    lock.close()
    for thread in threads:
        thread.join()
    for name in ("early", "middle"):
        error(answers[name], 503, "busy")
        assert int(answers[name].headers["retry-after"]) > 0
        assert 4 < answers[name].took < slow(7)
    assert answers["late"].status == 201
    id = recovers(earshot)
    assert earshot.data("room") == ["before", "late", "recovered"], \
        "what was refused is not stored later"
    assert [event.data for event in stream.take(2)] == ["late", "recovered"]
    assert number(id) > number(answers["late"].json["id"])
    stream.close()


def test_a_long_reader_of_another_program_does_no_harm(earshot):
    """It stops checkpoints for a while, and nothing else."""
    earshot.publish("room", "before")
    reader = sqlite3.connect(earshot.queue, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM message").fetchone()
    for i in range(200):
        earshot.publish("room", "x" * 10000)
    assert earshot.info("room")["messages"] == 201
    reader.rollback()
    reader.close()
