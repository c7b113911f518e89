"""What deploy/operating.md names is there: figures, options, commands."""

import pathlib
import re
import subprocess

import pytest

from processes import program, surroundings

ROOT = pathlib.Path(__file__).parents[2]
TEXT = (ROOT / "deploy/operating.md").read_text("utf-8")


def test_every_figure_that_is_named_is_told(earshot):
    told = earshot.get("/-/metrics").body.decode()
    named = set(re.findall(r"`((?:earshot|process)_[a-z_]+)`", TEXT))
    assert len(named) > 8
    for name in named:
        assert f"# TYPE {name} " in told, name


def help_of(name, *words):
    return subprocess.run([program(name), *words, "--help"], check=True,
                          capture_output=True, text=True,
                          env=surroundings("/tmp")).stdout


def test_every_option_and_command_that_is_named_is_there():
    known = help_of("earshot.fcgi") + help_of("earshot-bench")
    commands = set(re.findall(r"(?<!-u )\bearshot ([a-z]+)\b", TEXT)) \
        - {"earshot"}
    assert {"backup", "check", "prune", "stats", "doctor"} <= commands
    for command in commands:
        known += help_of("earshot", command)
    for option in re.findall(r"(?<![-|])(--[a-z][a-z-]+)", TEXT):
        assert option in known or option == "--web", option


def test_its_own_links_lead_somewhere():
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
               for title in re.findall(r"^#+ (.*)$", TEXT, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        assert not path or (ROOT / "deploy" / path).exists(), target
        if not path:
            assert anchor in anchors, target


@pytest.mark.parametrize("command", [
    line.strip() for line in TEXT.splitlines()
    if re.match(r"    earshot (backup|prune) ", line)])
def test_a_command_that_is_shown_works(earshot, command):
    earshot.publish("room", "x")
    command = command.replace("/var/lib/earshot/earshot.db",
                              str(earshot.queue))
    command = command.replace("/var/backups", str(earshot.directory))
    command = re.sub(r"^earshot ", f"{program('earshot')} ", command)
    subprocess.run(["bash", "-c", command], check=True, capture_output=True,
                   env=surroundings(earshot.directory))
    assert earshot.data("room") == ["x"]
