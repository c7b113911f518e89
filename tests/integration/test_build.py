"""The list of packages, what installs them, and what configure says."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import npm
import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
INSTALLER = SOURCE / "deploy/install-packages"


def listed(*sections):
    done = subprocess.run([INSTALLER, "--list", *sections], text=True,
                          capture_output=True, check=True)
    return done.stdout.split()


@pytest.fixture
def tools(directory):
    """A directory of commands that come before the system's."""
    path = directory / "tools"
    path.mkdir()

    def tool(name, script):
        (path / name).write_text("#!/bin/sh\n" + script)
        (path / name).chmod(0o755)
    tool.env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    return tool


@pytest.fixture
def installer(directory):
    """The installer beside a list with a package that nobody has."""
    (directory / "deploy").mkdir()
    copy = directory / "deploy/install-packages"
    shutil.copy(INSTALLER, copy)
    (directory / "packages").write_text(
        "[run]\nlibc6   # everybody has it\nno-such-thing  # nobody\n"
        "[test]\nnot-asked-for\n")
    return copy


def test_every_listed_package_is_known_to_debian():
    names = listed("build", "run", "test", "deb")
    assert len(names) == len(set(names)) > 20
    done = subprocess.run(["apt-cache", "policy", *names], text=True,
                          capture_output=True, check=True)
    known = dict(re.findall(r"^(\S+?):\n.*\n  Candidate: (.*)$",
                            done.stdout, re.M))
    assert [name for name in names
            if known.get(name, "(none)") == "(none)"] == []


def test_every_listed_package_says_why():
    for line in (SOURCE / "packages").read_text().splitlines():
        if line and line[0] not in "#[":
            assert re.fullmatch(r"\S+ +# \S.*", line), line


def test_the_sections_are_listed_apart():
    assert "lighttpd" in listed("run")
    assert "gcc" not in listed("run")
    assert listed("build", "run") == listed("build") + listed("run")
    assert listed("nothing") == []


def test_what_is_taken_from_npm_is_exact_and_names_no_host():
    wanted = json.loads((SOURCE / "tests/npm/package.json").read_text())
    text = (SOURCE / "tests/npm/package-lock.json").read_text()
    locked = json.loads(text)["packages"]
    for name, version in wanted["dependencies"].items():
        entry = locked[f"node_modules/{name}"]
        assert entry["version"] == version
    for name, entry in locked.items():
        assert name == "" or entry["integrity"].startswith("sha512-")
    assert "http" not in text and "resolved" not in text


def test_what_is_taken_from_npm_is_installed_once():
    folder = npm.node_modules()
    wanted = json.loads((SOURCE / "tests/npm/package.json").read_text())
    for name, version in wanted["dependencies"].items():
        found = json.loads((folder / name / "package.json").read_text())
        assert found["version"] == version
    before = folder.stat().st_mtime_ns
    assert npm.node_modules().stat().st_mtime_ns == before


def test_what_configure_asks_for_is_listed():
    text = (SOURCE / "configure.ac").read_text()
    asked = set(re.findall(r"\blib[a-z0-9]+-dev\b", text))
    assert len(asked) >= 6
    assert asked <= set(listed("build", "test"))


def test_only_the_installer_calls_apt():
    for name in ("demo", "check", ".ci/run"):
        assert "apt" not in re.findall(r"\w+", (SOURCE / name).read_text())


def test_configure_names_all_missing_libraries_by_their_packages(directory):
    (directory / "empty").mkdir()
    done = subprocess.run(
        [SOURCE / "configure"], cwd=directory, text=True,
        capture_output=True, check=False,
        env={**os.environ, "PKG_CONFIG_LIBDIR": str(directory / "empty")})
    assert done.returncode != 0
    assert ("apt-get install libsqlite3-dev libevent-dev libcjson-dev "
            "libssl-dev") in done.stderr


def test_nothing_is_done_when_nothing_is_missing(installer, tools):
    (installer.parents[1] / "packages").write_text("[run]\nlibc6\n")
    tools("apt-get", "echo called; exit 1\n")
    done = subprocess.run([installer, "run"], env=tools.env, text=True,
                          capture_output=True, check=True)
    assert done.stdout + done.stderr == ""


def test_who_may_not_install_is_told_the_one_line(installer, tools):
    tools("id", "echo 1000\n")
    tools("sudo", "exit 1\n")
    tools("apt-get", "echo called; exit 1\n")
    done = subprocess.run([installer, "run"], env=tools.env, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    assert done.returncode == 1
    lines = [line.strip() for line in done.stderr.splitlines()
             if "apt-get" in line]
    assert lines == ["apt-get update && "
                     "apt-get install --no-install-recommends no-such-thing"]
    assert "called" not in done.stdout


@pytest.mark.parametrize("package, command, good, bad", [
    ("nodejs", "node", "echo true", "echo false"),
    ("nodejs", "node", "echo true", "exit 127"),
    ("npm", "npm", "echo 9.2.0", "exit 127"),
])
def test_a_node_js_from_elsewhere_is_good_enough(installer, tools, package,
                                                 command, good, bad):
    """Debian's would conflict with it."""
    (installer.parents[1] / "packages").write_text(f"[test]\n{package}\n")
    tools("dpkg-query", "echo not-installed\n")
    tools("id", "echo 1000\n")
    tools("sudo", "exit 1\n")

    def install(script):
        tools(command, script + "\n")
        done = subprocess.run([installer, "test"], env=tools.env, text=True,
                              stdin=subprocess.DEVNULL, check=False,
                              capture_output=True)
        return done.returncode, done.stdout + done.stderr
    assert install(good) == (0, "")
    code, text = install(bad)
    assert code == 1
    assert f"--no-install-recommends {package} \n" in text


@pytest.mark.parametrize("existing", [None, "#!/bin/sh\nexit 0\n"])
@pytest.mark.parametrize("outcome", [0, 1])
def test_no_service_is_started_by_installing(installer, tools, directory,
                                             existing, outcome):
    policy = directory / "policy-rc.d"
    if existing:
        policy.write_text(existing)
    tools("apt-get", f'''
        "{policy}"; echo "apt-get $*: policy $?, $DEBIAN_FRONTEND"
        exit {outcome}\n''')
    done = subprocess.run(
        [installer, "--as-root", "no-such-thing"], text=True,
        env={**tools.env, "POLICY_RC_D": str(policy)},
        capture_output=True, check=False)
    calls = done.stdout.splitlines()
    assert done.returncode == outcome
    assert all("policy 101, noninteractive" in call for call in calls)
    assert any("--no-install-recommends no-such-thing" in call
               for call in calls) == (outcome == 0)
    # As it was before.
    assert (policy.read_text() if policy.exists() else None) == existing
    assert [path.name for path in directory.glob("policy-rc.d*")] == (
        ["policy-rc.d"] if existing else [])
