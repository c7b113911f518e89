"""earshot-bench against servers that never give what it waits for: it comes to
an end, and says why."""

import asyncio
import json

import bench
import pytest
from scripted import Scripted
from wait import slow

FEW = dict(transport="sse", subscribers=4, publishers=1, rate=50, seconds=1,
           warm_up=0.2, patience=slow(2))


class Flapping(Scripted):
    """Ends each connection after half a second."""

    async def serve(self, reader, writer):
        asyncio.get_running_loop().call_later(0.5, writer.close)
        await super().serve(reader, writer)


@pytest.fixture
def against(directory):
    """against(server, call, option=value…): the call's answer."""
    def against(server, call, expect=1, scenario="latency", **options):
        file = directory / "target.json"
        file.write_text(json.dumps(server.target()))
        words = [scenario, "--target", file]
        for name, value in {**FEW, **options}.items():
            words += ["--" + name.replace("_", "-"), value]
        return call(directory, *words, expect=expect)
    return against


@pytest.mark.parametrize("transport", ["sse", "ws", "long-poll", "poll"])
def test_a_server_that_brings_nothing_is_given_up(against, transport):
    """Although it accepts each message that it is asked about."""
    with Scripted({"rules": [{"lose": True}]}) as server:
        said = against(server, bench.complaint, transport=transport,
                       poll_interval=0.1)
    assert "never got what was published" in said


def test_one_who_hears_nothing_does_not_keep_the_others(against):
    """The first message is the question whether anybody is there at all."""
    with Scripted({"rules": [{"from": 1, "lose": True,
                              "only": [2]}]}) as server:
        run, = against(server, bench.measure)["runs"]
    assert "1 of 4 subscribers never got" in run["problem"]


def test_streams_that_come_and_go_do_not_keep_it_waiting(against):
    """What is lost is waited for, but only as long as something comes."""
    with Flapping({"rules": [{"from": 20, "every": 10,
                              "lose": True}]}) as server:
        run, = against(server, bench.measure)["runs"]
    assert run["lost"] > 0 and run["complete"]


def test_a_stream_that_ends_politely_is_not_asked_for_in_a_loop(
        against, start_lighttpd):
    """So does Earshot end it for whom it has no place: 200, and a comment."""
    site = start_lighttpd(subscribers_max=3)
    with Scripted() as server:
        server.target = lambda: {
            "name": "full", "publish": [
                {"by": "post", "way": "web", "method": "POST",
                 "url": f"http://127.0.0.1:{site.port}/earshot/{{channel}}",
                 "body": "{token}", "accept": [201]}],
            "subscribe": [
                {"transport": "sse", "way": "web",
                 "url": f"http://127.0.0.1:{site.port}"
                        "/earshot/{channel}/sse",
                 "ready": "earshot.open"}]}
        run, = against(server, bench.measure, subscribers=12)["runs"]
    assert "could subscribe" in run["problem"]
    assert site.get("/-/status").json["requests"] < 1000


def test_a_stream_that_says_its_length_ends_with_it(against):
    """Nobody closes the connection, and no chunk says that it is over."""
    with Scripted({"pieces": 20, "answers": {"sse": {
            "status": 200, "type": "text/event-stream",
            "body": ": come back later\n\n"}}}) as server:
        said = against(server, bench.complaint)
    assert said == "Nobody could subscribe"
    assert server.happened["requests sse"] > 1
