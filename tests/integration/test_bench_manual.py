"""The man page of earshot-bench says what the program says of itself."""

import pathlib
import re
import subprocess


import processes
from wait import slow

MANUAL = pathlib.Path(__file__).parents[2] / "bench" / "earshot-bench.1"


def help_text():
    return subprocess.run([processes.program("earshot-bench"), "--help"],
                          check=True, capture_output=True, text=True,
                          timeout=slow(10)).stdout


def of_help():
    """Each option's default, by name."""
    return {name: default for name, default in re.findall(
        r"^  (?:-\w, )?--([a-z-]+)[^\n(]*(?:\(default (.*)\))?$",
        help_text(), re.M)}


def of_manual():
    """The same, from the items of the manual."""
    text = MANUAL.read_text("utf-8")
    found = {}
    for item in re.findall(r"^\.It (.*?)(?=^\.(?:It|El|Sh|Ss)\b)", text,
                           re.M | re.S):
        names = re.findall(r"Fl -([a-z-]+)", item.partition("\n")[0])
        default = re.search(r"^Default: (.*)\.$", item, re.M)
        for name in names:
            found[name] = default[1] if default else ""
    return found


def test_each_has_every_option_and_no_other():
    assert len(of_help()) > 25
    assert set(of_manual()) == set(of_help())


def test_both_give_the_same_defaults():
    assert of_manual() == of_help()


def test_each_has_every_scenario():
    section = help_text().partition("Scenarios:\n")[2].partition(
        "Options:\n")[0]
    words = re.findall(r"^  ([a-z-]+)(?: \*)?$", section, re.M)
    manual = MANUAL.read_text("utf-8").partition(
        ".Ss Scenarios")[2].partition(".Ss")[0]
    assert len(words) == 9
    assert re.findall(r"^\.It Cm ([a-z-]+)$", manual, re.M) == words


def test_both_give_the_same_exit_statuses():
    line = help_text().partition("Exit status:")[2]
    listed = MANUAL.read_text("utf-8").partition(
        ".Sh EXIT STATUS")[2].partition(".Sh")[0]
    assert re.findall(r"\.It (\d+)", listed) == \
        re.findall(r"(?:^|; ?|;\n)\s*(\d+) ", line)


def test_mandoc_has_nothing_to_complain_of():
    lint = subprocess.run(["mandoc", "-Tlint", str(MANUAL)], text=True,
                          capture_output=True, check=False, timeout=slow(10))
    assert (lint.stdout + lint.stderr, lint.returncode) == ("", 0)
