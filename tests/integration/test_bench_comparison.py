"""`make bench-peers`: it measures, goes on after an interruption, and its table
says what the figures say."""

import json
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import pytest

import bench
import processes
from wait import slow, wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
BENCH_PEERS = TOP / "bench/bench-peers"
sys.path.append(str(TOP / "bench/peers"))

from comparison import comparison  # noqa: E402

PLAIN = {"complete": True, "problem": None, "lost": 0, "repeated": 0,
         "reordered": 0, "refused": 0, "durability": None, "publishes_per_s": 0,
         "server_cpu_s_per_million": 20, "server_bytes_per_connection": 2048,
         "server_cpu_s_per_million_publishes": 100, "bytes_per_message": 80,
         "latency_us": {"p50": 500, "p90": 800, "p99": 1000},
         "last_us": {"p50": 9000}, "client_busy": 0.3, "others_cpu": 0.02,
         "subscribers": 1000, "way": "lighttpd", "transport": "sse",
         "repeat": 0}


def result(scenario, target, **more):
    return {**PLAIN, "scenario": scenario, "target": target, **more}


def table_of(*runs):
    machine = {"cpu": "A processor", "cores": 1, "distribution": "Debian",
               "kernel": "Linux 6"}
    return comparison({"machine": machine, "runs": list(runs)},
                      "The disk is good.", (0, 1))


def line_of(text, *words):
    line, = [line for line in text.splitlines()
             if all(word in line for word in words)]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_repeats_are_told_by_their_median_and_range():
    text = table_of(*(
        result("latency", "Earshot", repeat=repeat,
               latency_us={"p50": p50, "p90": 700, "p99": p99})
        for repeat, (p50, p99) in enumerate(
            ((400, 900), (600, None), (500, 800)))))
    assert line_of(text, "| Earshot | lighttpd | sse |")[3:5] == \
        ["0.5 (0.4–0.6)", "–"]      # not every repeat has a p99
    assert "3 interleaved repeats" in text


def test_publishing_is_in_the_order_of_its_rate():
    text = table_of(
        result("publish", "slow", publishes_per_s=100),
        result("publish", "quick", publishes_per_s=12345,
               durability="on disk"))
    assert text.index("| quick |") < text.index("| slow |")
    assert line_of(text, "| quick |")[2:] == ["12,345", "100", "on disk"]
    assert line_of(text, "| slow |")[-1] == "no"


def test_an_aim_is_judged_by_the_medians():
    runs = [result("fanout", name, repeat=repeat,
                   server_cpu_s_per_million=cpu)
            for name, figures in (("Earshot", (20, 22, 30)),
                                  ("bare FastCGI", (20, 20, 25)))
            for repeat, cpu in enumerate(figures)]
    assert line_of(table_of(*runs), "CPU a delivery")[3:] == \
        ["1.10 (1.00–1.20)", "at most 1.1", "yes"]
    runs[1]["server_cpu_s_per_million"] = 22.2
    assert line_of(table_of(*runs), "CPU a delivery")[3:] == \
        ["1.11 (1.00–1.20)", "at most 1.1", "no"]


def many(target, ms, repeat, **more):
    """400 messages to 1,000, of which one in eighty is as late as MS say."""
    ns = ms * 1_000_000
    return result("fanout", target, repeat=repeat, messages_counted=400,
                  latency_us={"p50": 1000, "p90": 1000, "p99": None,
                              "steps": [1_000_000, 395_000,
                                        ns - 1_000_000, 5_000]}, **more)


def test_repeats_that_are_too_short_for_p99_are_taken_together():
    runs = [many(target, ms + repeat, repeat)
            for target, ms in (("Earshot", 21), ("bare FastCGI", 20))
            for repeat in range(3)]
    text = table_of(*runs)
    # One in a hundred of 1,200,000 are the 12,000 latest, of 15,000 that are
    # late: 5,000 each.
    assert line_of(text, "| Earshot | lighttpd | sse |")[7] == "21 (all)"
    assert line_of(text, "p99, 1,000", "bare FastCGI")[3:] == \
        ["1.05 (all)", "at most 1.1", "yes"]
    assert "p90, 1,000" not in text
    # With 800 only eight messages lie beyond it.
    text = table_of(*(run for run in runs if run["repeat"] < 2))
    assert line_of(text, "| Earshot | lighttpd | sse |")[7] == "–"
    assert line_of(text, "p90, 1,000", "bare FastCGI")[3] == \
        "1.00 (1.00–1.00)"


def test_a_broken_repeat_is_not_left_out_of_all():
    runs = [many("Earshot", 21, repeat, complete=repeat != 1)
            for repeat in range(3)]
    assert line_of(table_of(*runs), "| Earshot | lighttpd | sse |")[7] == "–"


def test_what_must_be_more_is_judged_the_other_way():
    runs = [result("publish", "Earshot", publishes_per_s=5000),
            result("publish", "nchan + Redis", way="direct",
                   publishes_per_s=2000)]
    assert line_of(table_of(*runs), "nchan + Redis · direct")[3:] == \
        ["2.50 (2.50–2.50)", "at least 2.5", "yes"]


def test_a_broken_run_gives_no_figures_and_is_named():
    text = table_of(result("latency", "Earshot", problem="It fell over",
                           complete=False),
                    result("latency", "bare FastCGI", lost=3))
    assert "- latency · Earshot · lighttpd · sse, repeat 1: It fell over" \
        in text
    assert "- latency · bare FastCGI · lighttpd · sse, repeat 1: 3 lost" in text
    assert line_of(text, "| Earshot | lighttpd")[3] == "–"
    assert "How Earshot stands" not in text


def test_who_stood_in_the_way_is_told():
    text = table_of(result("fanout", "Bun SSE", client_busy=0.97),
                    result("fanout", "Node SSE", others_cpu=0.4))
    assert "In 1 of 2 runs earshot-bench itself was the limit" in text
    assert "fanout · Bun SSE · lighttpd · sse" in text
    assert "In 1 of 2 runs others took more than a tenth" in text


def arguments(directory, *more):
    return [BENCH_PEERS, "--build", processes.build(), "--state",
            directory / "state", "--undisturbed", "1", "--seconds", "0.3",
            *more]


def bench_peers(directory, *more):
    return subprocess.run(
        arguments(directory, *more), capture_output=True, text=True,
        check=False, timeout=slow(120), stdin=subprocess.DEVNULL,
        env=processes.surroundings(directory))


ONE = ("--peers", "bare-sse,bare-fastcgi", "--scenarios", "latency,publish",
       "--repeats", "1")


def test_it_measures_and_prints_a_table(directory):
    done = bench_peers(directory, *ONE)
    assert done.returncode == 0, done.stderr
    assert "To be measured: 4, about" in done.stderr
    line_of(done.stdout, "| bare SSE | direct | sse |")
    line_of(done.stdout, "| bare FastCGI | lighttpd | long-poll |")
    whole = json.loads((directory / "state/results.json").read_text("utf-8"))
    assert len(whole["runs"]) == 5
    # All is there: nothing is measured again.
    again = bench_peers(directory, *ONE)
    assert again.returncode == 0 and again.stdout.splitlines()[2:] == \
        done.stdout.splitlines()[2:]
    assert "To be measured" not in again.stderr
    assert processes.of(directory) == []


def test_what_was_disturbed_is_measured_again_but_not_for_ever(directory):
    done = bench_peers(directory, "--peers", "bare-sse", "--scenarios",
                       "latency", "--repeats", "1", "--undisturbed=-1")
    assert done.returncode == 0, done.stderr
    assert "of the machine" in done.stderr
    log = (directory / "state/log").read_text("utf-8")
    assert log.count("earshot-bench latency") == 3
    whole = json.loads((directory / "state/results.json").read_text("utf-8"))
    assert len(whole["runs"]) == 1


def test_a_page_can_be_made_of_it(directory):
    done = bench_peers(directory, "--peers", "bare-sse", "--scenarios",
                       "latency", "--repeats", "2")
    assert done.returncode == 0, done.stderr
    page = directory / "report.html"
    bench.run(directory, "report", directory / "state/results.json",
              "-o", page)
    assert "bare SSE" in page.read_text("utf-8")


def test_interrupted_it_goes_on(directory):
    process = subprocess.Popen(
        arguments(directory, *ONE), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env=processes.surroundings(directory))
    first = directory / "state/bare-fastcgi.latency.0.json"
    wait_until(first.exists, 60, "the first measurement")
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=slow(30))
    assert process.returncode == 130
    assert "the same command goes on" in complaint.decode()
    wait_until(lambda: processes.of(directory) == [], 10,
               "the end of all that it had started")
    measured = first.stat().st_mtime_ns
    done = bench_peers(directory, *ONE)
    assert done.returncode == 0, done.stderr
    assert first.stat().st_mtime_ns == measured
    line_of(done.stdout, "| bare SSE | direct | sse |")


def test_the_readmes_commands_are_understood(directory):
    text = (TOP / "README.md").read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"^bench/bench-peers (.*)$", text, re.M)
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(
            [BENCH_PEERS, *shlex.split(command), "--build", processes.build(),
             "--state", directory / "state", "--table"], capture_output=True,
            text=True, check=False, timeout=slow(20))
        assert "nothing has been measured yet" in done.stderr, done.stderr
        (directory / "state/settings.json").unlink()


def test_figures_of_two_kinds_are_not_mixed(directory):
    (directory / "state").mkdir()
    (directory / "state/settings.json").write_text('{"seconds": 7}')
    done = bench_peers(directory, *ONE)
    assert done.returncode == 2 and done.stdout == ""
    assert "was measured otherwise" in done.stderr


@pytest.mark.parametrize("words, sentence", [
    (["--peers", "nowhere"], "'nowhere' is none of bare-fastcgi, earshot"),
    (["--scenarios", "dance"], "'dance' is none of latency, fanout"),
    (["--repeats", "0"], "--repeats takes 1 or more"),
])
def test_bad_options_are_told(directory, words, sentence):
    done = bench_peers(directory, *words)
    assert done.returncode == 2 and sentence in done.stderr
