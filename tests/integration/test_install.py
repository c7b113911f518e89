"""What `make install` puts where, and that `make uninstall` takes it away.

Nothing is built for it: places are given to make as they are to configure.
"""

import os
import pathlib
import re
import stat
import subprocess

import pytest

import processes
from wait import slow

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PLACES = {"prefix": "/opt/e", "libexecdir": "/opt/e/lib/programs",
          "datadir": "/srv/data", "datarootdir": "/opt/e/share",
          "sysconfdir": "/etc/opt"}


def make(target, destination):
    done = subprocess.run(
        ["make", "-s", "-C", str(processes.build()), target,
         f"DESTDIR={destination}",
         *(f"{name}={path}" for name, path in PLACES.items())],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False, timeout=slow(120),
        env={name: value for name, value in os.environ.items()
             if name != "MAKEFLAGS"})
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Where it is installed, below other places than it was built for."""
    root = tmp_path_factory.mktemp("installed")
    make("install", root)
    return root


def files(root):
    return sorted("/" + str(path.relative_to(root))
                  for path in root.rglob("*") if not path.is_dir())


def test_each_thing_is_in_its_place(root):
    found = files(root)
    for path in ("/opt/e/bin/earshot", "/opt/e/bin/earshot-bench",
                 "/opt/e/lib/programs/earshot/earshot.fcgi",
                 "/opt/e/lib/programs/earshot/earshot-ws",
                 "/srv/data/earshot/static/earshot.js",
                 "/opt/e/share/man/man8/earshot.fcgi.8",
                 "/opt/e/share/man/man5/earshot.5",
                 "/opt/e/lib/systemd/system/earshot.socket",
                 "/opt/e/lib/systemd/system/earshot-ws.service",
                 "/opt/e/lib/sysusers.d/earshot.conf",
                 "/opt/e/share/doc/earshot/README.md",
                 "/opt/e/share/doc/earshot/deploy/default/earshot",
                 "/opt/e/share/doc/earshot/deploy/init/earshot",
                 "/opt/e/share/doc/earshot/deploy/examples/ticker"):
        assert path in found
    for path in found:
        assert path.startswith(("/opt/e/", "/srv/data/earshot/")), path


def test_every_configuration_of_deploy_is_installed(root):
    """Also one that somebody has just written."""
    listed = subprocess.run(
        ["find", "deploy", "-mindepth", "2", "-type", "f"], cwd=SOURCE,
        text=True, check=True, capture_output=True).stdout.split()
    found = {path.rpartition("/deploy/")[2] for path in files(root)}
    elsewhere = ("deploy/systemd/", "deploy/sysusers.d/", "deploy/debian/")
    missing = [path for path in listed if not path.startswith(elsewhere)
               and path[len("deploy/"):] not in found]
    assert missing == []


def test_what_is_installed_names_what_is_installed(root):
    """Every path of the programs, the pages and the options is the real one,
    and is there."""
    for folder in ("opt/e/share/doc", "opt/e/share/man", "opt/e/lib/systemd"):
        for path in (root / folder).rglob("*"):
            if path.is_dir():
                continue
            text = path.read_text("utf-8")
            assert "/usr/local" not in text, path
            for named in re.findall(
                    r"/(?:opt/e|srv/data)/[A-Za-z0-9_./-]*[A-Za-z0-9]", text):
                assert (root / named[1:]).exists(), f"{path}: {named}"
    unit = (root / "opt/e/lib/systemd/system/earshot.service").read_text()
    assert "\nExecStart=/opt/e/lib/programs/earshot/earshot.fcgi\n" in unit
    assert "\nEnvironmentFile=-/etc/opt/default/earshot\n" in unit


def test_programs_run_and_texts_do_not(root):
    for path in files(root):
        mode = (root / path[1:]).stat().st_mode
        runs = path.startswith(("/opt/e/bin/", "/opt/e/lib/programs/"))
        if runs:
            assert stat.S_IMODE(mode) == 0o755, path
        elif path.endswith((".conf", ".md", ".service", ".socket", ".html")):
            assert stat.S_IMODE(mode) == 0o644, path
    said = subprocess.run(
        [root / "opt/e/lib/programs/earshot/earshot.fcgi", "--version"],
        text=True, capture_output=True, check=True).stdout
    assert said.startswith("earshot.fcgi ")


def test_uninstalling_leaves_nothing(directory):
    make("install", directory)
    assert len(files(directory)) > 100
    (directory / "opt/e/share/doc/earshot/own.txt").write_text("my own")
    make("uninstall", directory)
    assert files(directory) == ["/opt/e/share/doc/earshot/own.txt"]
    left = [path for path in directory.rglob("*earshot*") if path.is_dir()]
    assert left == [directory / "opt/e/share/doc/earshot"]
