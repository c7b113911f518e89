"""earshot-bench compare as its user meets it, with results that nobody
measured. That its verdicts can be believed is tested with many more, in
tests/unit/test_bench_compare.c, and with real ones by `make bench-prove`."""

import copy
import json
import random
import subprocess

import pytest

import processes
from bench import complaint, run

NO_REGRESSION, PROBLEM, REGRESSION = 0, 1, 3


@pytest.fixture(scope="module")
def made_up():
    """One run of SSE to a crowd, in a file that could have been measured."""
    results = json.loads(subprocess.run(
        [processes.program("tests/support/made-up-results"), "json"],
        check=True, capture_output=True).stdout)
    results["runs"] = [run for run in results["runs"]
                       if run["scenario"] == "fanout"
                       and run["transport"] == "sse"
                       and run["way"] == "lighttpd" and not run["lost"]][:1]
    assert results["runs"]
    return results


@pytest.fixture
def save(made_up, tmp_path):
    """save(name, …) writes repeats of that run, a little different each, the
    CPU of the server SLOWER times as much, and gives the file's path."""
    def save(name, repeats=10, slower=1.0, began=0.0, **members):
        chance = random.Random(name)
        results = copy.deepcopy(made_up)
        like, = results["runs"]
        results["runs"] = []
        for repeat in range(repeats):
            one = copy.deepcopy(like)
            one.update(repeat=repeat, began_s=1e9 + began + 100 * repeat,
                       **members)
            for side in one["sides"]:
                side["cpu_s"] *= slower * chance.gauss(1, 0.01)
            results["runs"].append(one)
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(results), encoding="utf-8")
        return path
    return save


@pytest.fixture
def compare(directory):
    """compare(argument…, expect=STATUS) gives what the command did."""
    def compare(*arguments, expect=NO_REGRESSION):
        return run(directory, "compare", *arguments, expect=expect)
    return compare


def test_one_program_against_itself_has_no_regression(save, compare):
    done = compare(save("a"), save("b", began=50))
    assert "10 pairs of repeats" in done.stdout
    assert "95 % interval" in done.stdout
    assert "No regression: none of " in done.stdout
    assert done.stderr == ""


def test_a_tenth_more_cpu_is_a_regression_unless_the_bound_allows_it(
        save, compare):
    files = save("a"), save("b", began=50, slower=1.1)
    done = compare(*files, expect=REGRESSION)
    assert "REGRESSION: 3 of " in done.stdout  # all, and two sides
    row, = (line for line in done.stdout.splitlines()
            if line.startswith("server_cpu_s_per_million "))
    assert row.endswith("WORSE")
    compare("--bound", "20", *files)


def test_a_tenth_less_cpu_is_none(save, compare):
    done = compare(save("a"), save("b", began=50, slower=0.9))
    assert "better" in done.stdout


def test_nine_repeats_are_not_enough_for_a_verdict(save, compare):
    done = compare(save("a", repeats=9), save("b", began=50, slower=2))
    assert "9 pairs of repeats" in done.stdout
    assert "No verdict" in done.stdout and "interval" not in done.stdout


def test_one_file_after_the_other_is_not_either(save, compare):
    done = compare(save("a"), save("b", began=5000, slower=2))
    assert "not in turn" in " ".join(done.stdout.split())
    assert "No verdict" in done.stdout


def test_a_lost_message_is_a_regression_by_itself(save, compare):
    done = compare(save("a", repeats=1), save("b", repeats=1, lost=3),
                   expect=REGRESSION)
    assert "lost messages: 0 in A, 3 in B" in done.stdout


def test_files_with_nothing_in_common_are_a_problem(save, directory):
    assert complaint(
        directory, "compare", save("a"), save("b", target="Another"),
        expect=PROBLEM).startswith("no measurement is in both")


def test_a_file_that_is_no_result_is_a_problem(save, directory, tmp_path):
    other = tmp_path / "other.json"
    other.write_text("[]", encoding="utf-8")
    assert str(other) in complaint(
        directory, "compare", save("a"), other, expect=PROBLEM)
