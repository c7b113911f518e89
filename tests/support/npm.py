"""What tests take from npm: packages of exact versions (tests/npm), kept in
the build directory.

EARSHOT_NPM names another directory, for several builds to share one.
"""

import os
import pathlib
import subprocess

from processes import build
from wait import slow

INSTALL = pathlib.Path(__file__).resolve().parents[1] / "npm/install"


def cache():
    """Where what comes from npm is kept."""
    return pathlib.Path(os.environ.get("EARSHOT_NPM") or build() / "npm")


def node_modules():
    """The path of node_modules, installed first where it is missing."""
    path = cache()
    done = subprocess.run([INSTALL, path], capture_output=True, text=True,
                          check=False, timeout=slow(120))
    assert done.returncode == 0, f"npm failed:\n{done.stderr[-4000:]}"
    return path / "node_modules"

