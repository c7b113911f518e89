"""/-/ and its stream /-/sse: figures for people, an event a second."""

import re
import urllib.parse

import pytest

import sse
from earshot import free_port
from earshot_ws import MOUNT
from prometheus import scrape
from wait import holds_for, wait_until

PARTS = {"/-/": "text/html; charset=utf-8",
         "/-/page.css": "text/css; charset=utf-8",
         "/-/page.js": "text/javascript; charset=utf-8"}


@pytest.fixture(params=["earshot.fcgi", "earshot-ws"])
def start_either(request, start, start_ws):
    if request.param == "earshot.fcgi":
        return start
    return lambda **options: start_ws(listen=f"127.0.0.1:{free_port()}",
                                      **options)


def watch(server):
    if server.name == "earshot-ws":
        host, port = server.address
        return sse.over_http(f"http://{host}:{port}{MOUNT}/-/sse",
                             opened=False)
    return sse.over_peer(server.address, "/-/sse", opened=False)


def watchers(server):
    return scrape(server).get("earshot_watchers")


def test_an_event_a_second_tells_of_all(start_either, start):
    server, other = start_either(), start()
    other.publish("room", b"x")
    follower = other.stream("room")
    with watch(server) as stream:
        assert stream.head.headers["content-type"] == "text/event-stream"
        assert "no-cache" in stream.head.headers["cache-control"]
        assert stream.parser.retry is not None or stream.next()
        looks = [event.json for event in stream.take(3)]
        assert all(700 < b["time"] - a["time"] < 5000
                   for a, b in zip(looks, looks[1:]))
        # What another process has is a second old at most.
        wait_until(lambda: stream.next().json["totals"]["published"] == 1)
        wait_until(lambda: stream.next().json["totals"]["subscribers"]["sse"]
                   == 1)
        look = stream.next().json
        assert {one["id"] for one in look["processes"]} == {
            str(server.pid), str(other.pid)}
        assert [one["own"] for one in look["processes"]
                if one["id"] == str(server.pid)] == [1]
        assert look["channels"] == [
            {"name": "room", "subscribers": [0, 1, 0]}]
        assert look["queue"]["head"] == look["queue"]["messages"] == 1
        assert look["queue"]["trouble"] is None
        assert look["totals"]["watchers"] == 1
        assert look["totals"]["subscribers"]["sse"] == 1, \
            "who watches is no subscriber"
    wait_until(lambda: watchers(server) == 0, 5, "its going")
    follower.close()


def test_it_counts_against_the_limit_of_subscribers(start_either):
    server = start_either(subscribers_max=1)
    with watch(server) as stream:
        stream.next()
        with watch(server) as refused:
            assert refused.head.status == 200
            assert refused.rest() == []
            assert b"--subscribers-max" in refused.raw
            assert refused.parser.retry is not None
    wait_until(lambda: watchers(server) == 0, 5, "its going")
    with watch(server) as stream:
        assert stream.next()
    assert scrape(server).get("earshot_subscribers_refused_total") == 1


def test_it_ends_when_its_life_is_over_and_when_the_program_stops(
        start_either):
    server = start_either(stream_life=1.5)
    with watch(server) as stream:
        assert 1 <= len(stream.rest()) <= 4
        assert stream.parser.retry is not None
    stream = watch(server)
    stream.next()
    server.stop()
    stream.rest()
    stream.close()


def test_head_is_not_held(start_either):
    server = start_either()
    head = server.call("HEAD", "/-/sse")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-type"] == "text/event-stream"
    assert watchers(server) == 0


def test_nothing_is_done_while_nobody_looks(earshot):
    with watch(earshot) as stream:
        stream.next()
    wait_until(lambda: watchers(earshot) == 0, 5, "its going")

    def switches():
        text = open(f"/proc/{earshot.pid}/status").read()
        return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", text)[1])

    # Its last figures are still to be told; then nothing wakes the loop.
    wait_until(lambda: rests(switches), 10, "rest")


def rests(switches):
    before = switches()
    try:
        holds_for(lambda: switches() == before, 1.5, "no wake")
    except AssertionError:
        return False
    return True


def test_the_page_and_its_parts_are_there_wherever_it_is_mounted(
        start_either):
    server = start_either()
    for target, kind in PARTS.items():
        answer = server.get(target)
        assert answer.status == 200 and answer.headers["content-type"] == kind
        assert len(answer.body) > 1000
        assert answer.headers["x-content-type-options"] == "nosniff"
        head = server.call("HEAD", target)
        assert head.body == b"" and head.headers["content-length"] == \
            str(len(answer.body))
        assert server.call("POST", target, body=b"x").status == 405
    assert server.get("/-/page.html").status == 404
    assert server.get("/-/../fcgi/page.c").status == 404


def test_the_page_asks_nobody_else_and_needs_no_inline_code(one_earshot):
    page = one_earshot.get("/-/").body.decode("utf-8")
    assert "{{" not in page and "}}" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    for link in re.findall(r'\b(?:href|src)="([^"]+)"', page):
        parts = urllib.parse.urlsplit(link)
        assert parts.scheme in ("", "data") and not parts.netloc
        assert not parts.path.startswith("/"), "it may be mounted anywhere"
    assert "default-src 'none'" in page


def test_without_a_script_the_page_has_the_figures(earshot):
    stream = earshot.stream("room")
    for i in range(7):
        earshot.publish("room", b"x")
    stream.take(7)
    page = earshot.get("/-/").body.decode("utf-8")

    def figure(name):
        return re.search(rf'data-figure="{name}">([^<]*)<', page)[1]

    assert figure("published") == "7"
    assert figure("delivered") == "7"
    assert figure("subscribers") == figure("sse") == "1"
    assert figure("messages") == figure("head") == "7"
    assert figure("processes") == "1"
    assert re.fullmatch(r"[\d.]+ m?s", figure("commit-p50"))
    assert re.fullmatch(r"[\d.]+ m?s", figure("delivery-p99"))
    assert re.fullmatch(r"[\d.]+ [KM]iB", figure("size"))
    assert re.fullmatch(r"\d+ (s|min)", figure("oldest"))
    stream.close()


def test_many_watchers_share_what_is_made(earshot):
    streams = [watch(earshot) for _ in range(50)]
    for stream in streams:
        assert stream.next().json["totals"]["watchers"] >= 1
    last = {stream.take(2)[-1].json["time"] for stream in streams}
    assert len(last) <= 10, "the same events, and not one for each"
    for stream in streams:
        stream.close()
