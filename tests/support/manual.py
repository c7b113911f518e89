"""Man pages in mdoc beside what their programs say of themselves."""

import pathlib
import re
import subprocess

import processes
from wait import slow

SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Manual:
    """A page, and the program's --help if it is a program's."""

    def __init__(self, path, program=None, arguments=()):
        self.path = SOURCE / path
        self.program = program
        self.arguments = arguments

    def __repr__(self):
        return self.path.name

    @property
    def text(self):
        return self.path.read_text("utf-8")

    def section(self, title, kind="Sh"):
        """The text of a section, up to the next one."""
        return re.split(rf"^\.S[{'h' if kind == 'Sh' else 'hs'}] ",
                        self.text.partition(f"\n.{kind} {title}\n")[2], 1,
                        re.M)[0]

    def help_text(self):
        return subprocess.run(
            [processes.program(self.program), *self.arguments, "--help"],
            check=True, capture_output=True, text=True,
            timeout=slow(10)).stdout

    def of_help(self):
        """Each option's default, by name."""
        return {name: default for name, _, default in self._help_rows()}

    def values_of_help(self):
        """How the value of each option is called that has one."""
        return {name: value for name, value, _ in self._help_rows() if value}

    def _help_rows(self):
        return re.findall(
            r"^  (?:-\w, )?--([a-z-]+)(?: ([^\s(]+))?[^\n(]*"
            r"(?:\(default (.*)\))?$", self.help_text(), re.M)

    def _items(self):
        """(the names and the rest of the line, the item) of each option."""
        for item in re.findall(r"^\.It (.*?)(?=^\.(?:It|El|Sh|Ss)\b)",
                               self.text, re.M | re.S):
            line = item.partition("\n")[0]
            yield re.findall(r"Fl -([a-z-]+)", line), line, item

    def of_manual(self):
        """Each option's default, by name, from the items of the page."""
        found = {}
        for names, _, item in self._items():
            default = re.search(r"^Default: (.*)\.$", item, re.M)
            for name in names:
                found[name] = default[1] if default else ""
        return found

    def values_of_manual(self):
        """As values_of_help() has them."""
        found = {}
        for names, line, _ in self._items():
            words = re.findall(r"(Cm|Ar) (\S+)", line)
            for name in names:
                if words:
                    found[name] = "|".join(
                        word if macro == "Cm" else word.upper()
                        for macro, word in words)
        return found

    def lint(self):
        """What mandoc has to complain of."""
        done = subprocess.run(
            ["mandoc", "-Tlint", "-W", "warning", str(self.path)], text=True,
            capture_output=True, check=False, timeout=slow(10))
        return done.stdout + done.stderr
