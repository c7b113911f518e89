"""The script that prints README's table of web servers."""

import json
import pathlib
import subprocess

import pytest

import table

SCRIPT = pathlib.Path(table.__file__)
RESULT = {"rows": {"a": "does a", "b": "does b"}, "fronts": [
    {"title": "One", "cells": {"a": {"can": True, "words": None},
                               "b": {"can": False, "words": "too old"}}},
    {"title": "Two", "cells": {"a": {"can": True, "words": "at once"},
                               "b": {"can": False, "words": "too old"}}}]}
TABLE = """\
| | One | Two |
|---|---|---|
| does a | yes | at once |
| does b | no (1) | no (1) |

(1) too old.
"""


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{table.BEGIN}\n{table.END}\nafter\n")
    (tmp_path / "matrix.json").write_text(json.dumps(RESULT))
    return path


def run(readme, option):
    return subprocess.run(
        [SCRIPT, readme.parent / "matrix.json", option, readme],
        capture_output=True, text=True, check=False)


def test_a_cell_says_yes_or_how_or_why_not():
    assert table.table(RESULT) == TABLE


def test_what_is_written_is_what_is_compared(readme):
    assert run(readme, "--compare").returncode == 1
    assert run(readme, "--write").returncode == 0
    assert run(readme, "--compare").returncode == 0
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert TABLE in text
    readme.write_text(text.replace("at once", "at a heartbeat"))
    found = run(readme, "--compare")
    assert found.returncode == 1
    assert "now: | does a | yes | at once |" in found.stderr


def test_a_readme_without_the_place_is_told(readme):
    readme.write_text("nothing")
    found = run(readme, "--write")
    assert found.returncode == 1 and "has no place" in found.stderr
    assert readme.read_text() == "nothing"
