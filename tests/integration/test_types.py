"""The client's types: earshot.d.ts, by TypeScript's own compiler."""

import json
import pathlib
import re
import shutil
import subprocess

import npm

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TYPES = SOURCE / "tests/types"
CLIENT = SOURCE / "static/earshot.js"
DECLARED = SOURCE / "static/earshot.d.ts"

OPTIONS = {
    "strict": True, "noEmit": True, "target": "es2022", "module": "esnext",
    "moduleResolution": "bundler", "lib": ["es2023", "dom", "dom.iterable"],
    "types": [], "skipDefaultLibCheck": True,
}
# The client's own inside says its types where they are not plain to see.
INSIDE = {"allowJs": True, "checkJs": True, "noImplicitAny": False,
          "useUnknownInCatchVariables": False}

FINE = """\
import { earshot } from "../static/earshot.js";
// @ts-expect-error
earshot("/earshot/room").close();
"""

# What a declaration may get wrong: each has to be noticed.
SLIPS = [
    ("readonly leading: boolean", "readonly leading: number"),
    ("readonly cursor: string | undefined", "readonly cursor: string"),
    ("readonly state: State", "state: State"),
    ('"ws" | "sse"', '"sse"'),
    ("    wait?: number;\n", ""),
    ("    wait?: number;\n", "    wait?: string;\n"),
    ("    own: boolean;\n", "    own: boolean;\n    more: number;\n"),
    ("    code?: string;\n", "    code: string;\n"),
    ("    seen(id: string)", "    seen(id: number)"),
    ("{ anew: boolean }", "{ anew: string }"),
    ("    close(): void;\n", ""),
    ("    close(): void;\n", "    close(): void;\n    open(): void;\n"),
    ("Promise<string>", "Promise<number>"),
    ('use(transport: Transport | "auto")', "use(transport: Transport)"),
    ("earshot(url: string", "earshot(url: URL"),
]


def check(place, *files, **more):
    """What tsc says of each file; it is not asked for each file alone, for
    most of its time goes into reading what a browser has."""
    (place / "tsconfig.json").write_text(json.dumps({
        "compilerOptions": {**OPTIONS, **more}, "files": files}))
    done = subprocess.run(
        ["node", npm.node_modules() / "typescript/bin/tsc", "-p", place,
         "--pretty", "false"], cwd=place, capture_output=True, text=True,
        check=False)
    assert (done.returncode == 0) == (done.stdout == ""), done.stderr
    said = {name: [] for name in files}
    for line in done.stdout.splitlines():
        if not line.startswith(" "):
            said.setdefault(line.partition("(")[0], []).append(line)
    return said


def site(place):
    """A folder as a site has one: its own files beside static/."""
    (place / "static").mkdir()
    (place / "site").mkdir()
    for path in (CLIENT, DECLARED):
        shutil.copy(path, place / "static")


def test_a_site_type_checks_and_its_mistakes_are_refused(tmp_path):
    site(tmp_path)
    for name in ("consumer.ts", "mistakes.ts"):
        shutil.copy(TYPES / name, tmp_path / "site")
    (tmp_path / "site/fine.ts").write_text(FINE)
    said = check(tmp_path, "site/consumer.ts", "site/mistakes.ts",
                 "site/fine.ts")
    # A mistake that were allowed would be noticed.
    assert "Unused '@ts-expect-error'" in said.pop("site/fine.ts")[0]
    assert said == {"site/consumer.ts": [], "site/mistakes.ts": []}


def test_the_consumer_of_the_test_uses_everything():
    text = (TYPES / "consumer.ts").read_text()
    declared = re.sub(r"/\*.*?\*/", "", DECLARED.read_text(), flags=re.S)
    names = re.findall(r"^ {4}(?:readonly )?(\w+)\??[:(]", declared, re.M)
    assert {"transport", "emit", "better", "own", "code"} <= set(names)
    assert [name for name in names
            if not re.search(rf"\b{name}\b", text)] == []


def declare(place, name, text):
    (place / name).mkdir()
    (place / name / "declared.d.ts").write_text(text)
    shutil.copy(TYPES / "agreement.ts", place / name)
    return f"{name}/agreement.ts"


def test_the_declaration_says_what_the_jsdoc_says_and_that_is_kept(tmp_path):
    shutil.copy(CLIENT, tmp_path / "written.js")
    text = DECLARED.read_text()
    right = declare(tmp_path, "right", text)
    wrong = {}
    for number, (old, new) in enumerate(SLIPS):
        assert old in text
        wrong[declare(tmp_path, f"wrong{number}", text.replace(old, new))] \
            = new or f"no {old}"
    said = check(tmp_path, "written.js", right, *wrong, **INSIDE)
    assert said["written.js"] == said[right] == []
    assert [slip for name, slip in wrong.items() if not said[name]] == []
