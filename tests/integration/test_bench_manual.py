"""The man page of earshot-bench says what the program says of itself."""

import re

from manual import Manual

MANUAL = Manual("bench/earshot-bench.1", "earshot-bench")


def test_each_has_every_option_and_no_other():
    assert len(MANUAL.of_help()) > 25
    assert set(MANUAL.of_manual()) == set(MANUAL.of_help())


def test_both_give_the_same_defaults():
    assert MANUAL.of_manual() == MANUAL.of_help()


def test_each_has_every_scenario():
    section = MANUAL.help_text().partition("Scenarios:\n")[2].partition(
        "Options:\n")[0]
    words = re.findall(r"^  ([a-z-]+)(?: \*)?$", section, re.M)
    manual = MANUAL.section("Scenarios", "Ss")
    assert len(words) == 9
    assert re.findall(r"^\.It Cm ([a-z-]+)$", manual, re.M) == words


def test_both_give_the_same_exit_statuses():
    line = MANUAL.help_text().partition("Exit status:")[2]
    listed = MANUAL.section("EXIT STATUS")
    assert re.findall(r"\.It (\d+)", listed) == \
        re.findall(r"(?:^|; ?|;\n)\s*(\d+) ", line)
