#!/usr/bin/python3
"""The README's table of web servers, out of what the matrix has found.

    table.py RESULT                    prints it (BUILD/matrix.json)
    table.py RESULT --compare README   fails where the README says otherwise
    table.py RESULT --write README     puts it there
"""

import argparse
import json
import pathlib
import sys

BEGIN = "<!-- made by `make check-matrix`, then tests/matrix/table.py -->"
END = "<!-- end of the matrix -->"


def cell(found, notes):
    """What stands in a cell; why not stands in a note below."""
    if found is None:
        return "?"
    if found["can"]:
        return found["words"] or "yes"
    if found["can"] is None:
        return found["words"]
    if found["words"] not in notes:
        notes.append(found["words"])
    return f"no ({notes.index(found['words']) + 1})"


def table(result):
    fronts = result["fronts"]
    lines = ["| | " + " | ".join(one["title"] for one in fronts) + " |",
             "|---|" + "---|" * len(fronts)]
    notes = []
    for row, words in result["rows"].items():
        cells = [cell(one["cells"].get(row), notes) for one in fronts]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    lines.append("")
    lines += [f"({number}) {note}.  " for number, note
              in enumerate(notes, 1)]
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("result", type=pathlib.Path)
    parser.add_argument("--compare", type=pathlib.Path)
    parser.add_argument("--write", type=pathlib.Path)
    words = parser.parse_args()
    new = table(json.loads(words.result.read_text()))
    readme = words.compare or words.write
    if not readme:
        sys.stdout.write(new)
        return 0
    text = readme.read_text()
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        print(f"{readme} has no place for it: {BEGIN} … {END}",
              file=sys.stderr)
        return 1
    new = f"\n\n{new}\n"
    if words.write:
        readme.write_text(before + begin + new + end + after)
        return 0
    if old == new:
        return 0
    for line in set(new.splitlines()) ^ set(old.splitlines()):
        print(("now: " if line in new else "README: ") + line,
              file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
