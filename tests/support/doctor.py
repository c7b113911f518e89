"""`earshot doctor`, run as its user does, and what it has found."""

import json
import subprocess

from processes import program, surroundings
from wait import slow


class Visit:
    """One run: its exit status, and the findings by their codes."""

    def __init__(self, directory, url, *arguments, patience=0, subscribers=4):
        done = subprocess.run(
            [program("earshot"), "doctor", url, "--format", "json",
             "--patience", str(patience), "--subscribers", str(subscribers),
             *arguments],
            capture_output=True, text=True, check=False, timeout=slow(60),
            env=surroundings(directory))
        self.status, self.errors = done.returncode, done.stderr
        self.result = json.loads(done.stdout) if done.stdout else None
        self.findings = {one["code"]: one for one in
                         (self.result or {"findings": []})["findings"]}

    def of(self, verdict):
        return {code for code, one in self.findings.items()
                if one["verdict"] == verdict and not one["ignored"]}

    @property
    def wrong(self):
        return self.of("wrong")

    def seen(self, code):
        return self.findings[code]["seen"]

    def change(self, code):
        return self.findings[code]["change"]

    def __repr__(self):
        return "\n".join(
            [f"exit {self.status}: {self.errors}"]
            + [f"{one['verdict']:8} {code}: {one['seen']}"
               for code, one in self.findings.items()])
