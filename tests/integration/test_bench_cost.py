"""What earshot-bench finds of a server's processes, by real servers."""

import json
import os
import pathlib
import signal

import pytest

import bench
from wait import wait_until


def one_run(directory, url, *more):
    """A small run by SSE; its only result."""
    result, = bench.measure(
        directory, "fanout", "--url", url, "--transport", "sse",
        "--subscribers", "20", "--rate", "40", "--seconds", "1", "--warm-up",
        "0.2", *more)["runs"]
    assert (result["lost"], result["problem"]) == (0, None)
    return result


def sides(result):
    return {side["name"]: side for side in result["sides"]}


@pytest.fixture
def site(start, start_ws, start_lighttpd):
    """lighttpd before two programs and the reference, all started apart."""
    programs = [start(), start()]
    ws = start_ws()
    web = start_lighttpd(sockets=[one.address for one in programs],
                         ws=ws.address)
    web.earshots, web.endpoint = programs, ws
    return web


def base(web):
    return f"http://127.0.0.1:{web.port}/earshot"


def test_web_server_and_programs_are_found_and_told_apart(directory, site):
    result = one_run(directory, base(site))
    found = sides(result)
    assert found["web server"]["processes"] == 1
    assert found["program"]["processes"] == 2
    for name in ("web server", "program"):
        assert found[name]["cpu_s"] > 0
        assert found[name]["context_switches"] > 0
        assert found[name]["resident_held_bytes"] > 100000


def test_programs_that_the_web_server_started_are_its_childrens_side(
        directory, start_lighttpd):
    web = start_lighttpd(max_procs=2)
    found = sides(one_run(directory, base(web)))
    assert found["web server"]["processes"] == 1
    assert found["program"]["processes"] == 2
    assert found["program"]["cpu_s"] > 0


def test_commits_are_told_for_all_programs_together(directory, site):
    before = [one.status()["queue"]["commits"] for one in site.earshots]
    result = one_run(directory, base(site))
    after = [one.status()["queue"]["commits"] for one in site.earshots]
    assert 0 < result["commits"] <= sum(after) - sum(before)
    assert result["commits"] <= result["messages_counted"] + 20


def test_commits_count_whichever_process_tells_the_status(
        directory, start, start_lighttpd):
    """One program is published to, another one asked for its status."""
    publishing, asked = (start_lighttpd(sockets=[start().address])
                         for _ in range(2))
    target = {
        "name": "two", "status": base(asked) + "/-/status",
        "publish": [{"by": "post", "way": "lighttpd", "method": "POST",
                     "url": base(publishing) + "/{channel}",
                     "body": "{token}", "accept": [200, 201]}],
        "subscribe": [{"transport": "sse", "way": "lighttpd",
                       "url": base(publishing) + "/{channel}/sse",
                       "ready": "earshot.open"}]}
    path = directory / "target.json"
    path.write_text(json.dumps(target))
    wait_until(lambda: len(asked.get("/-/status").json["processes"]) == 2)
    result, = bench.measure(
        directory, "latency", "--target", path, "--transport", "sse",
        "--rate", "40", "--seconds", "2", "--warm-up", "1")["runs"]
    assert result["lost"] == 0
    assert 0 < result["commits"] <= 1.5 * result["messages_counted"]


def test_the_queues_disk_is_measured(directory, site):
    told = bench.measure(directory, "latency", "--url", base(site),
                         "--transport", "sse", *bench.SMALL)["machine"]
    assert pathlib.Path(told["disk_path"]) == site.queue.parent
    assert 0 < told["fdatasync_p50_us"] <= told["fdatasync_p99_us"]


def test_named_processes_keep_their_names(directory, site):
    pids = [option for i, one in enumerate(site.earshots)
            for option in ("--pid", f"number {i}={one.pid}")]
    found = sides(one_run(directory, base(site), *pids))
    assert found["number 0"]["processes"] == 1
    assert found["number 1"]["processes"] == 1
    assert "program" not in found


def test_a_reference_behind_the_web_server_is_found_once_it_is_asked(
        directory, site):
    target = {
        "name": "reference",
        "publish": [{"by": "post", "way": "lighttpd", "method": "POST",
                     "url": base(site) + "/{channel}", "body": "{token}",
                     "accept": [200, 201]}],
        "subscribe": [{"transport": "ws", "way": "lighttpd",
                       "url": base(site).replace("http", "ws")
                       + "/{channel}/ws", "ready": "earshot.open"}]}
    path = directory / "target.json"
    path.write_text(json.dumps(target))
    result, = bench.measure(
        directory, "fanout", "--target", path, "--subscribers", "20",
        "--rate", "40", "--seconds", "1", "--warm-up", "0.2")["runs"]
    found = sides(result)
    assert result["lost"] == 0
    assert found["reference"]["processes"] == 1
    assert found["reference"]["cpu_s"] > 0
    # It had been there before anybody knew of it.
    assert any("reference" in json.dumps(note) and "--pid" in json.dumps(note)
               for note in result["notes"])


def test_the_client_knows_what_it_costs_itself(directory, site):
    result = one_run(directory, base(site))
    assert result["client_cpu_s"] > 0
    assert 0 < result["client_busy"] <= 1
    assert 0 <= result["others_cpu"] <= 1
    assert result["client_cpu_s"] <= 1.2 * result["duration_s"] \
        * os.cpu_count()


def test_a_long_session_begins_with_the_clients_own_measure(
        directory, site, started):
    session = bench.Bench(
        directory, "latency", "--url", base(site), "--transport", "sse",
        "--seconds", "60", "--verbose", "--format", "json")
    session.expected = (130,)
    started.append(session)
    session.start()
    wait_until(lambda: "measuring" in session.log, timeout=60)
    session.signal(signal.SIGINT)
    assert session.wait(30) == 130
    told = json.loads(session.output)["settings"]
    assert told["calibration_cpu_us"] > 0
    assert told["calibration_deliveries_per_s"] > 10000
