"""A WebSocket's life: heartbeats, silence, its end, and coming back."""

import signal
import threading
import time

import pytest

from wait import FACTOR, holds_for, slow, wait_until
from websocket import (CLOSE, PONG, TEXT, Connection, frame, head,
                       request_bytes)

AWAY, RESTART, LATER = 1001, 1012, 1013


def test_an_idle_one_is_pinged_and_kept_while_it_answers(start_ws):
    ws = start_ws(heartbeat=0.2)
    with ws.socket() as socket:
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            got = socket.read_frame()
            assert got.opcode == 9, got
            socket.pings.append(got.payload)
            socket.send_frame(PONG, got.payload)
        assert 6 <= len(socket.pings) <= 20 * FACTOR
        assert socket.publish("still here")


def test_pings_are_jittered(start_ws):
    ws = start_ws(heartbeat=1)
    sockets = [ws.socket() for _ in range(12)]
    firsts = []

    def wait(socket):
        began = time.monotonic()
        assert socket.read_frame().opcode == 9
        firsts.append(time.monotonic() - began)
    threads = [threading.Thread(target=wait, args=(socket,))
               for socket in sockets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(slow(10))
    assert len(firsts) == 12
    assert min(firsts) > 0.5 and max(firsts) < slow(2)
    assert max(firsts) - min(firsts) > 0.05
    for socket in sockets:
        socket.drop()


def test_a_silent_peer_is_closed_after_two_heartbeats(start_ws):
    """It is there, its kernel takes what it is sent, and it says nothing:
    a phone out of reach."""
    ws = start_ws(heartbeat=0.4)
    began = time.monotonic()
    with ws.socket(answers=False) as silent, ws.socket():
        while silent.next(timeout=10) is not None:
            if silent.got_close:
                break
        taken = time.monotonic() - began
        assert 0.6 < taken < slow(4), taken
        if silent.got_close:
            assert silent.got_close.code in (1001, 1008, 1011), \
                silent.got_close
            assert silent.got_close.reason
            silent.wait_ended(5)
        wait_until(lambda: ws.held() <= 1)


@pytest.mark.parametrize("sent", [
    frame(PONG, b"unasked"), frame(9, b"a ping of its own"),
    frame(TEXT, '{"data":"x"}'), frame(TEXT, b"", fin=False)])
def test_who_says_anything_at_all_is_not_silent(start_ws, sent):
    """5.5.3: a Pong that nobody asked for is a heartbeat of one side."""
    ws = start_ws(heartbeat=0.4)
    with ws.socket(answers=False) as socket:
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            socket.send(sent)
            if sent == frame(TEXT, b"", fin=False):
                sent = frame(0, b"", fin=False)
            time.sleep(0.1)
        assert ws.held() == 1
        while not socket.quiet(0):
            assert socket.read_frame().opcode != CLOSE


def test_a_busy_reader_needs_no_pings(start, start_ws):
    """What he takes does not show that he is there: he must answer."""
    earshot, ws = start(), start_ws(heartbeat=0.4)
    with ws.socket(answers=True) as socket:
        began = time.monotonic()
        while time.monotonic() - began < 2:
            earshot.publish("room", "x")
            socket.take(1)
            time.sleep(0.02)
        assert socket.got_close is None


def test_a_dead_reader_on_a_busy_channel_is_noticed(start, start_ws):
    """Messages that its kernel takes are no sign of its life."""
    earshot, ws = start(), start_ws(heartbeat=0.4)
    with ws.socket(answers=False):
        wait_until(lambda: ws.held() == 1)

        def gone():
            earshot.publish("room", "x")
            return ws.held() == 0
        wait_until(gone, 6, "the dead one's being noticed", every=0.05)


@pytest.mark.parametrize("begun", [
    frame(TEXT, b'{"data":"', fin=False),
    head(TEXT, 60000) + b"x" * 50000,
    frame(TEXT, b"", fin=False) + frame(0, b"x" * 1000, fin=False),
])
def test_a_message_that_does_not_come_to_its_end_ends_it(start_ws, begun):
    """What has come of it is kept for it: not for as long as it likes. It
    says that it is there meanwhile, so it is not silent."""
    ws = start_ws(request_timeout=1, heartbeat=1)
    with ws.socket() as socket:
        socket.send(begun)
        began = time.monotonic()
        while socket.got_close is None:
            assert time.monotonic() - began < slow(6), "it is still kept"
            if begun[0] & 15 == TEXT and not begun[0] & 0x80:
                socket.send_frame(PONG)     # between fragments
            if not socket.quiet(0.1):
                assert socket.next(), "a reason would be kind"
        assert socket.got_close.code == 1008
        assert socket.got_close.reason
    wait_until(lambda: ws.held() == 0)


# Ends by the server

def test_stopping_tells_everyone_and_loses_nothing(start, start_ws):
    earshot, ws = start(), start_ws()
    sockets = [ws.socket() for _ in range(20)]
    for socket in sockets[:10]:
        for i in range(10):
            socket.send_json({"data": f"{i}"})
    began = time.monotonic()
    ws.signal(signal.SIGTERM)
    acknowledged = []
    for socket in sockets:
        while (got := socket.next()).opcode == TEXT:
            if got.json["event"] == "earshot.published":
                acknowledged.append(got.json["id"])
        assert got.code == AWAY, got
        assert got.reason
        socket.wait_close()
    assert ws.wait(5) == 0
    assert time.monotonic() - began < slow(5)
    stored = [m["id"] for m in earshot.messages("room")]
    assert set(acknowledged) <= set(stored)
    assert len(acknowledged) == len(set(acknowledged))


def test_what_was_sent_before_the_stop_is_stored_or_not_acknowledged(
        start, start_ws):
    """And what is acknowledged before it is told to followers."""
    earshot, ws = start(), start_ws()
    with ws.socket() as socket:
        id = socket.publish("x")
        ws.signal(signal.SIGTERM)
        assert socket.take(1)[0]["id"] == id
        assert socket.wait_close().code == AWAY
    assert ws.wait(5) == 0
    assert [m["id"] for m in earshot.messages("room")] == [id]


def test_stopping_does_not_wait_for_who_does_not_answer(start_ws):
    ws = start_ws()
    sockets = [ws.socket(answers=False) for _ in range(5)]
    half = Connection(ws.address)
    half.send(request_bytes("/earshot/room/ws")[:50])
    mute = Connection(ws.address)
    ws.signal(signal.SIGTERM)
    assert ws.wait(6) == 0
    for socket in sockets:
        assert socket.next().code == AWAY
    for one in sockets + [half, mute]:
        one.drop()


def test_a_second_signal_ends_at_once(start_ws):
    ws = start_ws()
    ws.expected = (0, 1, 143, -15)
    with ws.socket(answers=False), ws.socket(answers=False):
        ws.signal(signal.SIGTERM)
        time.sleep(0.1)
        if ws.running():
            ws.signal(signal.SIGTERM)
        began = time.monotonic()
        assert ws.wait(5) in ws.expected
        assert time.monotonic() - began < slow(1)


def test_a_life_ends_with_restart_and_its_client_comes_back(start,
                                                           start_ws):
    earshot, ws = start(), start_ws(stream_life=0.5)
    ids, seen, ends, cursor = [], [], 0, ""
    while ends < 4:
        query = f"after={cursor}" if cursor else ""
        with ws.socket(query=query) as socket:
            assert socket.opening["event"] == "earshot.open"
            cursor = cursor or socket.cursor
            while True:
                ids.append(earshot.publish("room", "x"))
                got = socket.next()
                if got.opcode == 8:
                    assert got.code == RESTART and got.reason
                    socket.wait_close()
                    ends += 1
                    break
                seen.append(got.json["id"])
                cursor = seen[-1]
                time.sleep(0.01)
    with ws.socket(query=f"after={cursor}") as socket:
        seen += [m["id"] for m in socket.take(len(ids) - len(seen))]
    assert seen == ids


def test_lives_are_jittered(start_ws):
    ws = start_ws(stream_life=2)
    began = time.monotonic()
    sockets = [ws.socket() for _ in range(12)]
    ends = {}

    def read(at):
        assert sockets[at].wait_close(20).code == RESTART
        ends[at] = time.monotonic() - began
    threads = [threading.Thread(target=read, args=(at,)) for at in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(ends.values()) >= 1.5, "a fifth less, at most"
    assert max(ends.values()) <= slow(3.5), "a fifth more, at most"
    assert max(ends.values()) - min(ends.values()) > 0.05


def test_full_is_told_and_passes(start_ws):
    """Either before the handshake, 503, or after it, 1013 (7.4.1)."""
    ws = start_ws(subscribers_max=3)
    sockets = [ws.socket() for _ in range(3)]
    with ws.socket(opened=False) as one:
        if one.head.status == 101:
            got = one.next()
            assert got.code == LATER and got.reason
        else:
            assert one.head.status == 503
            assert int(one.head.headers["retry-after"]) > 0
            assert one.head.json["code"] == "busy"
    assert sockets[0].publish("goes on")
    sockets.pop().close()
    wait_until(lambda: ws.held() == 2)
    with ws.socket() as one:
        assert one.opening["event"] == "earshot.open"
    for socket in sockets:
        socket.drop()


# Ends by kill -9

def test_a_killed_one_comes_back_and_its_clients_resume(start, start_ws):
    earshot, ws = start(), start_ws()
    seen, acknowledged = [], []
    cursor = earshot.poll("room")["cursor"]
    for round in range(4):
        with ws.socket(query=f"after={cursor}") as socket:
            assert socket.opening["event"] == "earshot.open"
            for i in range(40):
                acknowledged.append(
                    socket.publish(f"{round}-{i}", key=f"{round}-{i}"))
            # Under way as it is killed: stored or not, told or not.
            for i in range(40, 60):
                socket.send_json({"data": f"{round}-{i}",
                                  "key": f"{round}-{i}"})
            seen += [m["id"] for m in socket.take(20)]
            cursor = seen[-1]
            ws.kill()
            socket.wait_ended()
        earshot.publish("room", f"meanwhile {round}")
        ws.start()
        with ws.socket() as socket:
            # Again, each by its key: those that were stored are repeats.
            for i in range(40, 60):
                acknowledged.append(
                    socket.publish(f"{round}-{i}", key=f"{round}-{i}"))
    stored = earshot.messages("room")
    with ws.socket(query=f"after={cursor}") as socket:
        seen += [m["id"] for m in socket.take(len(stored) - len(seen))]
        assert socket.quiet(0.2)
    assert seen == [m["id"] for m in stored]
    assert set(acknowledged) <= set(seen)
    data = [m["data"] for m in stored]
    assert len(data) == len(set(data)) == 4 * 61


# A queue in trouble

def test_a_queue_that_cannot_be_used_is_told_and_heals(start_ws, directory):
    ws = start_ws()
    with ws.socket() as socket:
        socket.publish("before")
    ws.stop()
    good = ws.queue.read_bytes()
    for name in ws.queue.parent.glob("earshot.db-*"):
        if name.is_file():
            name.unlink()
    ws.queue.write_bytes(b"this is no queue at all" * 1000)
    ws.start()
    assert ws.get("/-/health").status == 503
    answer = ws.refused()
    assert answer.status == 503
    assert answer.json["code"] == "queue"
    assert int(answer.headers["retry-after"]) > 0
    ws.queue.unlink()
    ws.queue.write_bytes(good)
    wait_until(lambda: ws.get("/-/health").status == 200, 15)
    with ws.socket() as socket:
        assert socket.publish("after")


def test_the_log_tells_of_comings_and_goings_and_of_no_data(start_ws):
    ws = start_ws(log_level="debug")
    with ws.socket(query="from=ann") as socket:
        socket.publish("a secret")
        socket.take(1)
        socket.close()
    wait_until(lambda: ws.held() == 0)
    wait_until(lambda: "ws left" in ws.log)
    assert "ws came" in ws.log
    assert "publish stored" in ws.log
    assert "a secret" not in ws.log


def test_a_log_file_is_reopened_on_sighup(start_ws, directory):
    path = directory / "own.log"
    ws = start_ws(log=path)
    wait_until(lambda: path.exists() and path.read_text())
    path.rename(directory / "old.log")
    ws.signal(signal.SIGHUP)
    wait_until(path.exists)
    with ws.socket():
        wait_until(lambda: "ws came" in path.read_text())


def test_nothing_is_done_between_heartbeats(start_ws):
    ws = start_ws(heartbeat=3600)
    with ws.socket() as socket:
        holds_for(lambda: socket.quiet(0), 0.5)
