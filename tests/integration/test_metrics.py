"""/-/metrics: what it says after known traffic, in one process and in many."""

import os
import re

import pytest

from prometheus import Metrics, scrape
from wait import holds_for, wait_until

TYPE = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
           0.1, 0.25, 0.5, 1, 2.5, 5, 10, float("inf")]


def check_histogram(metrics, name, **labels):
    """Its buckets grow, the last is the count. Gives the count."""
    buckets = sorted((float(dict(key)["le"]), value) for key, value
                     in metrics.all(name + "_bucket", **labels).items())
    bounds, counts = zip(*buckets)
    assert list(bounds) == BUCKETS[-len(bounds):]
    assert list(counts) == sorted(counts)
    count = metrics.get(name + "_count", **labels)
    assert counts[-1] == count
    assert (metrics.get(name + "_sum", **labels) >= 0) and (
        count or metrics.get(name + "_sum", **labels) == 0)
    return count


@pytest.fixture(params=["earshot.fcgi", "earshot-ws"])
def either(request, one_earshot, one_ws):
    return one_earshot if request.param == "earshot.fcgi" else one_ws


def test_it_is_prometheus_text_named_by_its_conventions(either):
    answer = either.get("/-/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == TYPE
    assert answer.headers["cache-control"] == "no-store"
    metrics = Metrics(answer.body.decode("utf-8"))
    for name, family in metrics.families.items():
        assert re.fullmatch(r"(earshot|process)_[a-z_]+", name)
        assert family.type in ("counter", "gauge", "histogram"), name
        told = {sample.name for sample in family.samples}
        if family.type == "counter":
            assert told <= {name + "_total"}, "a counter ends in _total"
        elif family.type == "gauge":
            assert told <= {name} and not name.endswith("_total")
        assert not re.search(r"_(ms|us|millis|kb|mb)(_|$)", name), \
            "seconds and bytes, nothing else"
    check_histogram(metrics, "earshot_commit_seconds")
    for transport in "poll", "sse", "ws":
        check_histogram(metrics, "earshot_delivery_seconds",
                        transport=transport)


def test_head_has_the_head_alone_options_the_methods_post_a_refusal(either):
    head = either.call("HEAD", "/-/metrics")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-type"] == TYPE
    assert int(head.headers["content-length"]) > 1000
    options = either.call("OPTIONS", "/-/metrics")
    assert options.status == 204
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    post = either.call("POST", "/-/metrics", body=b"x")
    assert post.status == 405
    assert post.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("target", ["/-/metrics", "/-/", "/-/page.js",
                                    "/-/page.css", "/-/sse"])
def test_who_may_not_see_status_may_see_none_of_it(one_earshot, target):
    refused = one_earshot.get(target, remote="192.0.2.1")
    assert refused.status == 403 and refused.json["code"] == "forbidden"
    foreign = one_earshot.get(target, {"Host": "here.example",
                                       "Origin": "https://evil.example"})
    assert foreign.status == 403 and foreign.json["code"] == "origin"


def test_a_user_may_where_users_may(start, start_ws):
    fcgi = start(admin="user")
    assert fcgi.get("/-/metrics").status == 403
    assert fcgi.get("/-/metrics", REMOTE_USER="ada").status == 200
    ws = start_ws(admin="user", user_header="X-User")
    assert ws.get("/-/metrics").status == 403
    assert ws.get("/-/metrics", {"X-User": "ada"}).status == 200
    assert ws.get("/-/").status == 403
    assert ws.get("/-/sse").status == 403


def test_numbers_are_right_after_known_traffic(earshot):
    streams = [earshot.stream("room") for _ in range(3)]
    other = earshot.stream("hall")
    for i in range(10):
        earshot.publish("room", b"x" * 100)
    earshot.publish("hall", b"y")
    for key in "a", "a", "b":
        earshot.post("/room", b"z", {"Idempotency-Key": key})
    assert earshot.post("/not a channel", b"x").status == 400
    for stream in streams:
        stream.take(12)
    other.take(1)
    assert len(earshot.poll("room", "earliest")["messages"]) == 12

    def with_none_who_is_just_leaving():
        metrics = scrape(earshot)
        return metrics.get("earshot_connections") == 5 and metrics
    metrics = wait_until(with_none_who_is_just_leaving, 5,
                         "four streams and this request")
    get = metrics.get
    assert get("earshot_messages_published_total") == 13
    assert get("earshot_publish_repeats_total") == 1
    assert get("earshot_messages_delivered_total", transport="sse") == 37
    assert get("earshot_messages_delivered_total", transport="poll") == 12
    assert get("earshot_messages_delivered_total", transport="ws") == 0
    assert get("earshot_subscribers", transport="sse") == 4
    assert get("earshot_subscribers", transport="poll") == 0
    assert get("earshot_subscribers_behind") == 0
    assert get("earshot_requests_total", status="4xx") == 1
    assert get("earshot_requests_total", status="5xx") == 0
    assert get("earshot_queue_messages") == 13
    assert get("earshot_queue_channels") == 2
    assert get("earshot_queue_head_id") == 13
    assert get("earshot_queue_usable") == 1
    assert 0 <= get("earshot_queue_oldest_message_age_seconds") < 60
    # What was looked up, the poll's, has no delay of the server's.
    assert check_histogram(metrics, "earshot_delivery_seconds",
                           transport="sse") == 37
    assert check_histogram(metrics, "earshot_delivery_seconds",
                           transport="poll") == 0
    assert 1 <= check_histogram(metrics, "earshot_commit_seconds") <= 14
    # And only what happened meanwhile has changed.
    later = scrape(earshot)
    assert later.get("earshot_requests_total", status="2xx") == \
        get("earshot_requests_total", status="2xx") + 1
    for stream in streams + [other]:
        stream.close()
    wait_until(lambda: scrape(earshot).sum("earshot_subscribers") == 0, 5,
               "their going")


def test_a_held_poll_is_a_subscriber_and_has_a_delay(earshot):
    with earshot.peer() as peer:
        peer.send_request("GET", "/room/poll?wait=20")
        wait_until(lambda: scrape(earshot).get(
            "earshot_subscribers", transport="poll") == 1, 5, "the poll")
        earshot.publish("room", b"news")
        assert peer.read_answer().status == 200
    metrics = scrape(earshot)
    assert metrics.get("earshot_messages_delivered_total",
                       transport="poll") == 1
    assert check_histogram(metrics, "earshot_delivery_seconds",
                           transport="poll") == 1


def test_who_reads_on_is_behind_and_who_misses_is_told(start):
    earshot = start(keep_messages=5)
    first = earshot.publish("room", b"0")
    for i in range(20):
        earshot.publish("room", str(i).encode())
    wait_until(lambda: scrape(earshot).get("earshot_messages_pruned_total")
               == 16, 10, "the pruning")
    answer = earshot.poll("room", first)
    assert answer["lost"]
    metrics = scrape(earshot)
    assert metrics.get("earshot_lost_total") == 1
    assert metrics.get("earshot_queue_messages") == 5


def test_who_is_one_too_many_is_counted(start):
    earshot = start(subscribers_max=2)
    streams = [earshot.stream("room") for _ in range(2)]
    assert earshot.get("/room/poll?wait=1").status == 503
    refused = earshot.get("/room/sse")
    assert refused.status == 200 and b"--subscribers-max" in refused.body
    metrics = scrape(earshot)
    assert metrics.get("earshot_subscribers_refused_total") == 2
    assert metrics.get("earshot_requests_total", status="5xx") == 1
    for stream in streams:
        stream.close()


def test_a_label_may_hold_anything(start, directory):
    folder = directory / 'a "quoted" \\ name\nof two lines 队'
    folder.mkdir()
    earshot = start(queue=folder / "queue.db", make_folder=False)
    (labels, value), = scrape(earshot).all("earshot_queue_info").items()
    assert dict(labels)["path"] == str(folder / "queue.db")
    assert value == 1


def test_a_path_that_is_no_text_is_told_as_far_as_it_is(start, directory):
    folder = os.fsencode(directory) + b"/bad-\xff"
    os.mkdir(folder)
    path = os.fsdecode(folder + b"/queue.db")
    earshot = start(queue=path, make_folder=False)
    (labels, _), = scrape(earshot).all("earshot_queue_info").items()
    assert dict(labels)["path"].endswith("/bad-?/queue.db")


def test_what_a_process_uses_is_what_the_kernel_says(earshot):
    metrics = scrape(earshot)
    mine = {"process": str(earshot.pid), "program": "earshot.fcgi"}
    rss = metrics.get("process_resident_memory_bytes", **mine)
    assert 0.5 < rss / (earshot.rss() or 1) < 2
    fds = len(os.listdir(f"/proc/{earshot.pid}/fd"))
    assert abs(metrics.get("process_open_fds", **mine) - fds) <= 2
    limit = re.search(r"Max open files\s+(\d+)",
                      open(f"/proc/{earshot.pid}/limits").read())
    assert metrics.get("process_max_fds", **mine) == int(limit[1])
    boot = float(re.search(r"btime (\d+)", open("/proc/stat").read())[1])
    ticks = int(open(f"/proc/{earshot.pid}/stat").read()
                .rpartition(")")[2].split()[19])
    started = boot + ticks / os.sysconf("SC_CLK_TCK")
    assert abs(metrics.get("process_start_time_seconds", **mine)
               - started) < 5
    before = metrics.get("process_cpu_seconds_total", **mine)
    for _ in range(20):
        earshot.publish("room", b"x")
    assert scrape(earshot).get("process_cpu_seconds_total", **mine) > before


def test_it_answers_while_the_queue_cannot_be_used(start, directory):
    queue = directory / "queue" / "earshot.db"
    queue.parent.mkdir()
    queue.write_bytes(b"This is no queue of anybody's. " * 100)
    earshot = start()
    metrics = scrape(earshot)
    assert metrics.get("earshot_queue_usable") == 0
    assert not metrics.all("earshot_queue_messages")
    assert earshot.get("/-/").status == 200
    assert queue.read_bytes().startswith(b"This is no queue")


def test_a_file_is_counted_whoever_wrote_it(earshot):
    earshot.publish("room", b"x")
    earshot.sql("INSERT INTO message(channel, data) "
                "VALUES ('room', 'y'), ('hall', 'z')")
    wait_until(lambda: scrape(earshot).get("earshot_queue_messages") == 3, 5,
               "what was inserted")
    assert scrape(earshot).get("earshot_messages_published_total") == 1


def test_a_time_that_is_no_time_spoils_no_sum(earshot):
    """Seconds for milliseconds, say: 56 years a delivery."""
    with earshot.stream("room") as stream:
        earshot.sql("INSERT INTO message(channel, data, time) VALUES "
                    "('room', 'x', 1700000000), ('room', 'y', 0), "
                    "('room', 'z', 9007199254740991)")
        stream.take(3)
    metrics = scrape(earshot)
    assert check_histogram(metrics, "earshot_delivery_seconds",
                           transport="sse") == 3
    assert metrics.get("earshot_delivery_seconds_sum",
                       transport="sse") <= 3 * 3600


def test_nothing_is_written_while_nothing_happens(earshot):
    scrape(earshot)
    path, = (earshot.queue.parent / "earshot.db-presence").glob("figures-*")
    wait_until(lambda: "requests.1 " in path.read_text(), 5, "its file")
    holds = path.stat().st_mtime_ns
    # The scrape's own answer is counted once it has left.
    wait_until(lambda: path.stat().st_mtime_ns != holds, 5, "the last word")
    holds = path.stat().st_mtime_ns
    holds_for(lambda: path.stat().st_mtime_ns == holds, 2.5,
              "nothing is written")
