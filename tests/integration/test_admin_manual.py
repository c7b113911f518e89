"""The man page of earshot says what its commands say of themselves. (That
mandoc warns of nothing, and that it is installed, is in test_manuals.py.)"""

import re

import pytest

from manual import Manual

COMMANDS = ["publish", "tail", "channels", "prune", "check", "backup",
            "migrate", "stats", "doctor"]
PAGE = Manual("fcgi/admin/earshot.1", "earshot")


class Section(Manual):
    """What the page says of one command, and of all of them."""

    def __init__(self, command):
        super().__init__("fcgi/admin/earshot.1", "earshot", [command])

    @property
    def text(self):
        common = PAGE.section("DESCRIPTION").partition("\n.Ss ")[0]
        if self.arguments == ["doctor"]:
            common = common.partition("Every command but")[0]
        return common + "\n" + PAGE.section(self.arguments[0], "Ss")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_has_every_option_and_the_same_defaults(command):
    section = Section(command)
    assert {"help", "version"} < set(section.of_help())
    assert section.of_manual() == section.of_help()


def test_both_have_every_command():
    listed = re.findall(r"^  ([a-z]+)", PAGE.help_text(), re.M)
    assert sorted(listed) == sorted(COMMANDS)
    assert re.findall(r"^\.Ss ([a-z]+)$", PAGE.text, re.M) == listed


def test_both_give_the_same_exit_statuses():
    line = PAGE.help_text().partition("Exit status:")[2]
    listed = PAGE.section("EXIT STATUS")
    assert re.findall(r"\.It (\d+)", listed) == ["0", "1", "2", "3"] == \
        re.findall(r"(?:^|; ?|;\n)\s*(\d+) ", line)
