"""earshot beside publishers: what it copies and removes costs nobody a
message."""

import json
import os
import signal
import sqlite3
import subprocess
import threading

import pytest

from admin import Admin
from earshot import Earshot
from wait import wait_until


class Publishers:
    """Threads that publish numbers to channels until they are stopped."""

    def __init__(self, earshot, channels):
        self.earshot = earshot
        self.stored = {channel: [] for channel in channels}
        self.failed = []
        self.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(channel,))
                        for channel in channels]
        for thread in self.threads:
            thread.start()

    def run(self, channel):
        stored = self.stored[channel]
        try:
            while not self.stopping:
                stored.append(self.earshot.publish(channel,
                                                   f"{len(stored)}"))
        except Exception as error:  # told by stop(), on the test's thread
            self.failed.append(error)

    def more(self, count):
        """Waits until each has stored so many more."""
        wanted = {channel: len(ids) + count
                  for channel, ids in self.stored.items()}
        wait_until(lambda: self.failed or all(
            len(self.stored[channel]) >= number
            for channel, number in wanted.items()), timeout=30)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        assert not self.failed, self.failed
        return {channel: [f"{i}" for i in range(len(ids))]
                for channel, ids in self.stored.items()}


@pytest.fixture
def admin(directory, queue, start):
    admin = Admin(directory, queue)
    admin.earshot = start()
    yield admin
    admin.close()


@pytest.fixture
def busy(admin):
    admin.publishers = Publishers(admin.earshot, ["kept", "pruned"])
    yield admin
    admin.publishers.stop()


def contents(path, channel):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        [[verdict]] = db.execute("PRAGMA integrity_check")
        assert verdict == "ok"
        rows = [row for row, in db.execute(
            "SELECT data FROM message WHERE channel = ? ORDER BY id",
            (channel,))]
    db.close()
    return rows


def test_pruning_under_load_removes_only_what_it_says(busy):
    publishers = busy.publishers
    kept = busy.tail("kept", "--after", "earliest")
    reader = busy.tail("pruned", "--after", "earliest", "--json")
    removed = 0
    for _ in range(8):
        publishers.more(20)
        said = busy.text("prune", "--channel", "pruned", "--keep", "5")
        removed += int(said.splitlines()[-1].split()[0])
    publishers.more(20)
    wanted = publishers.stop()
    assert busy.earshot.data("kept") == wanted["kept"]
    left = busy.earshot.data("pruned")
    assert removed >= 100
    assert left == wanted["pruned"][removed:]
    assert kept.wait_lines(len(wanted["kept"])) == wanted["kept"]
    wait_until(lambda: reader.lines and json.loads(
        reader.lines[-1])["data"] == left[-1])
    got = [int(json.loads(line)["data"]) for line in reader.lines]
    assert got == sorted(set(got)), "none twice, none out of order"
    assert (len(got) == len(wanted["pruned"])) != (
        "lost" in reader.complaint), "what is missing was told"
    assert "wrong" not in busy.text("check")


def test_a_backup_under_load_is_one_moment_and_a_queue_of_its_own(
        busy, directory, started):
    publishers = busy.publishers
    copy = directory / "copy" / "earshot.db"
    copy.parent.mkdir()
    publishers.more(50)
    for _ in range(5):
        seen = {channel: len(ids)
                for channel, ids in publishers.stored.items()}
        busy.run("backup", copy, "--force")
        publishers.more(10)
        for channel, count in seen.items():
            rows = contents(copy, channel)
            assert rows == [f"{i}" for i in range(len(rows))]
            assert len(rows) >= count, "all that was there when it began"
    wanted = publishers.stop()
    assert busy.earshot.data("kept") == wanted["kept"]
    assert [path.name for path in copy.parent.iterdir()] == ["earshot.db"]
    # Used as a queue: another epoch, the same messages.
    other = Earshot(directory, queue=copy)
    started.append(other.start())
    page = other.poll("kept", publishers.stored["kept"][0])
    assert page["lost"] is True
    assert [m["data"] for m in page["messages"]][:3] == ["0", "1", "2"]


def test_a_backup_put_over_the_queue_gives_no_id_twice(admin):
    """By cp, which keeps the file's inode."""
    admin.earshot.publish("room", "before")
    admin.run("backup", "copy.db")
    late = admin.earshot.publish("room", "not in the copy")
    admin.earshot.stop()
    with open(admin.directory / "copy.db", "rb") as copy, \
            open(admin.queue, "r+b") as file:
        file.truncate()
        file.write(copy.read())
    admin.earshot.start()
    page = admin.earshot.poll("room", late)
    assert page["lost"] is True
    new = admin.earshot.publish("room", "after")
    assert new.split("-")[1] != late.split("-")[1]
    assert admin.earshot.data("room") == ["before", "after"]


def test_a_backup_replaces_nothing_that_it_should_not(admin):
    admin.earshot.publish("room", "x")
    (admin.directory / "taken").write_text("mine")
    for name, arguments, says in [
            ("taken", [], "--force"),
            (admin.queue, ["--force"], "queue itself"),
            (admin.directory, ["--force"], "no plain file"),
            ("no/such/folder", [], "cannot be made")]:
        admin.run("backup", name, *arguments, code=1)
        assert says in admin.complaint
    assert (admin.directory / "taken").read_text() == "mine"
    os.link(admin.queue, admin.directory / "hard-link")
    admin.run("backup", "hard-link", "--force", code=1)
    admin.run("backup", "taken", "--force")
    assert contents(admin.directory / "taken", "room") == ["x"]
    admin.queue, used = admin.directory / "taken", admin.queue
    admin.run("backup", used, "--force", code=1)
    assert "in use" in admin.complaint
    assert not list(admin.directory.glob("*-part-*"))


def test_an_interrupted_backup_leaves_nothing(admin):
    def interrupt():    # it finds the signal waiting
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        os.kill(os.getpid(), signal.SIGINT)
    admin.earshot.publish("room", "x")
    done = subprocess.run(
        admin.command("backup", "copy"), preexec_fn=interrupt, check=False,
        cwd=admin.directory, env=admin.environment(), capture_output=True)
    assert done.returncode == 1 and b"interrupted" in done.stderr
    assert not list(admin.directory.glob("copy*"))


def test_what_a_killed_backup_left_does_not_stop_the_next(admin):
    """In a container its process has the same number again."""
    def leave_part():
        (admin.directory / f"copy-part-{os.getpid()}").write_text("half")
    admin.earshot.publish("room", "x")
    subprocess.run(
        admin.command("backup", "copy"), preexec_fn=leave_part, check=True,
        cwd=admin.directory, env=admin.environment(), capture_output=True)
    assert contents(admin.directory / "copy", "room") == ["x"]
    assert (admin.directory / "copy").stat().st_mode & 0o777 == 0o660


def test_a_backup_is_synced_with_its_name(admin, monkeypatch):
    # A leak is not looked for under ptrace, where LeakSanitizer cannot work.
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    admin.earshot.publish("room", "x")
    trace = admin.directory / "trace"
    subprocess.run(
        ["strace", "-y", "-o", trace, "-e", "trace=fsync,rename,renameat2",
         *admin.command("backup", "copy")], check=True, cwd=admin.directory,
        env=admin.environment(), capture_output=True)
    *_, data, renamed, name = [line for line in
                               trace.read_text().splitlines() if "(" in line]
    assert data.startswith("fsync(") and "/copy-part-" in data
    assert renamed.startswith("rename") and '"copy"' in renamed
    assert name.startswith("fsync(") and f"<{admin.directory}>" in name


def test_publishing_to_the_file_beside_the_program_has_one_order(busy):
    tail = busy.tail("kept,pruned,own", "--after", "earliest", "--json")
    own = [busy.text("publish", "own", f"{i}") for i in range(20)]
    wanted = busy.publishers.stop()
    assert [m["id"] for m in busy.earshot.messages("own")] == own
    count = sum(map(len, wanted.values())) + len(own)
    ids = [int(json.loads(line)["id"].split("-")[0])
           for line in tail.wait_lines(count)]
    assert ids == list(range(1, count + 1))
