"""The queue's file removed, replaced, copied, moved, opened after another
boot: no id is given twice, and who follows is told."""

import os
import shutil
import stat

import pytest

from test_disk import epoch, number, recovers, sqlite_copy
from wait import wait_until

# Removed, replaced, copied, moved

@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm")])
def test_a_file_removed_while_running_is_noticed(earshot, suffixes):
    old = [earshot.publish("room", f"old {i}") for i in range(5)]
    stream = earshot.stream("room")
    for suffix in suffixes:
        path = f"{earshot.queue}{suffix}"
        if os.path.exists(path):
            os.unlink(path)
    id = recovers(earshot, "new")
    assert earshot.data("room") == ["new"], "acknowledged, so it is there"
    assert epoch(id) != epoch(old[0]), "no id is given twice"
    event = stream.next()
    assert event.event == "earshot.lost"
    event = stream.next()
    assert (event.id, event.data) == (id, "new")
    assert earshot.poll("room", old[-1])["lost"] is True
    stream.close()


def test_a_file_replaced_while_running_is_noticed(earshot):
    old = [earshot.publish("room", f"{i}") for i in range(5)]
    copy = earshot.queue.with_name("copy.db")
    sqlite_copy(earshot.queue, copy)
    cut_off = earshot.publish("room", "not in the copy")
    stream = earshot.stream("room")
    os.replace(copy, earshot.queue)
    id = recovers(earshot, "new")
    assert epoch(id) != epoch(old[0])
    assert earshot.data("room") == ["0", "1", "2", "3", "4", "new"]
    assert earshot.poll("room", cut_off)["lost"] is True
    events = [stream.next()]
    while events[-1].data != "new":
        events.append(stream.next())
    assert [event.event for event in events].count("earshot.lost") == 1
    stream.close()


def test_nothing_is_acknowledged_into_a_file_that_is_gone(earshot):
    """Publishers go on while the file is removed, again and again."""
    for i in range(10):
        earshot.publish("room", f"before {i}")
        os.unlink(earshot.queue)
        answer = earshot.post("/room", f"after {i}")
        if answer.status == 201:
            assert f"after {i}" in earshot.data("room")
        else:
            assert answer.status == 503
            recovers(earshot, f"again {i}")


def test_two_processes_agree_on_a_file_that_was_replaced(start):
    one, two = start(), start()
    one.publish("room", "old")
    os.unlink(one.queue)
    first = recovers(one, "from one")
    second = recovers(two, "from two")
    assert epoch(first) == epoch(second)
    assert one.data("room") == two.data("room") == ["from one", "from two"]


def test_a_copy_opened_elsewhere_has_an_epoch_of_its_own(earshot, start):
    old = [earshot.publish("room", f"{i}") for i in range(5)]
    elsewhere = earshot.directory / "elsewhere" / "earshot.db"
    elsewhere.parent.mkdir()
    sqlite_copy(earshot.queue, elsewhere)
    copy = start(queue=elsewhere)
    assert copy.data("room") == [f"{i}" for i in range(5)]
    new = copy.publish("room", "in the copy")
    also = earshot.publish("room", "in the first")
    assert epoch(new) != epoch(also) == epoch(old[0])
    assert copy.poll("room", old[-1])["lost"] is True
    assert earshot.poll("room", old[-1])["lost"] is False
    assert earshot.poll("room", new)["lost"] is True
    copy.restart()
    assert epoch(copy.publish("room", "x")) == epoch(new), "given once"


def test_a_file_moved_within_its_disk_keeps_its_epoch(earshot, start):
    cursor = earshot.publish("room", "before")
    earshot.stop()
    elsewhere = earshot.directory / "elsewhere"
    shutil.move(earshot.queue.parent, elsewhere)
    moved = start(queue=elsewhere / "earshot.db")
    assert moved.poll("room", cursor)["lost"] is False
    assert epoch(moved.publish("room", "after")) == epoch(cursor)


def test_after_another_boot_the_ids_jump(earshot):
    cursor = earshot.publish("room", "before")
    earshot.restart()
    assert number(earshot.publish("room", "same")) == number(cursor) + 1
    earshot.stop()
    earshot.sql("UPDATE state SET boot = 'another'")
    earshot.start()
    assert earshot.poll("room", cursor)["lost"] is False
    id = earshot.publish("room", "after")
    assert number(id) >= number(cursor) + 2 ** 20
    assert epoch(id) == epoch(cursor)
    page = earshot.poll("room", cursor)
    assert page["lost"] is False
    assert [message["data"] for message in page["messages"]] == \
        ["same", "after"]
    earshot.restart()
    assert number(earshot.publish("room", "x")) == number(id) + 1


def test_ids_given_before_a_power_cut_are_lost_not_given_again(earshot):
    """Under NORMAL a power cut may take ids that were delivered."""
    earshot.publish("room", "kept")
    taken = earshot.publish("room", "taken by the cut")
    earshot.stop()
    earshot.sql("UPDATE state SET boot = 'another'; "
                f"DELETE FROM message WHERE id = {number(taken)}; "
                "UPDATE sqlite_sequence SET seq = seq - 1; "
                "UPDATE channel SET pruned = 0, "
                f"last = {number(taken) - 1}")
    earshot.start()
    id = earshot.publish("room", "after")
    assert number(id) > number(taken)
    assert earshot.poll("room", taken)["messages"][0]["id"] == id


def test_a_new_epoch_is_given_when_asked_for(earshot):
    cursor = earshot.publish("room", "before")
    earshot.stop()
    earshot.options["new_epoch"] = True
    earshot.start()
    id = earshot.publish("room", "after")
    assert epoch(id) != epoch(cursor)
    assert earshot.poll("room", cursor)["lost"] is True
    assert earshot.data("room") == ["before", "after"]


def test_the_files_are_for_the_group_too(earshot):
    earshot.publish("room", "x")
    with earshot.stream("room"):
        wait_until(lambda: list(earshot.queue.parent.glob("*-presence/*")))
        for path in earshot.queue.parent.rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            if path.is_file():
                assert mode & 0o777 == 0o660, (path, oct(mode))
            else:
                assert mode & 0o070 == 0o070, (path, oct(mode))
                assert mode & 0o007 == 0, (path, oct(mode))
