"""The Debian package: built from a release, installed, used under Debian's
own Apache and lighttpd, upgraded, removed and purged.

All in order, in one view of this machine: each test goes on where the one
before it has stopped.
"""

import os
import pathlib
import re
import subprocess
import tempfile

import pytest

import processes
import sse
import web
from earshot import free_port
from machine import Machine
from wait import slow, wait_until
from websocket import WebSocket

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QUEUE = "/var/lib/earshot/earshot.db"

pytestmark = pytest.mark.xdist_group("package")


@pytest.fixture(scope="module")
def package():
    """The package, made by `make deb`."""
    made = subprocess.run(
        ["make", "-C", str(processes.build()), "deb"], text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=slow(600),
        env={**os.environ, "DEB_BUILD_OPTIONS": "noautodbgsym"})
    assert made.returncode == 0, made.stdout[-8000:]
    found = list((processes.build() / "deb").glob("earshot_*.deb"))
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def machine():
    """A view of this machine in which no package starts a service."""
    with tempfile.TemporaryDirectory(prefix="earshot-") as name:
        machine = Machine(name).start()
        try:
            machine.run("printf '#!/bin/sh\\nexit 101\\n' "
                        ">/usr/sbin/policy-rc.d && "
                        "chmod 755 /usr/sbin/policy-rc.d")
            # Else every dpkg goes through all manuals of the machine.
            machine.run("rm -f /var/lib/man-db/auto-update")
            yield machine
        finally:
            machine.stop()
        processes.clean_up(name)


@pytest.fixture(scope="module")
def installed(package, machine):
    """The view with the package in it, as dpkg has left it."""
    machine.bring(package, "/tmp/earshot.deb")
    machine.said = machine.run("dpkg --force-unsafe-io -i /tmp/earshot.deb")
    return machine


def dpkg_status(machine):
    return machine.run("dpkg-query -W -f '${db:Status-Abbrev}' earshot "
                       "2>/dev/null || true").strip()


# The package

def test_the_package_has_the_version_of_the_release(package):
    version = re.search(r"^AC_INIT\(\[earshot\], \[(.*?)\]\)",
                        (SOURCE / "configure.ac").read_text(), re.M)[1]
    assert package.name.startswith(f"earshot_{version}-1_")


def test_lintian_has_nothing_to_say(package):
    said = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning",
         str(package)], text=True, capture_output=True, check=False,
        timeout=slow(120), env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert (said.stdout, said.returncode) == ("", 0), said.stderr


def test_nothing_in_it_names_another_prefix(package, tmp_path):
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path)],
                   check=True)
    wrong = [(str(path), line)
             for folder in ("etc", "lib", "usr/share/doc")
             for path in (tmp_path / folder).rglob("*")
             if path.is_file() and path.suffix != ".gz"
             for line in path.read_text("utf-8").splitlines()
             if "/usr/local" in line]
    assert wrong == []


def test_the_manual_is_in_it(package):
    """Where systems of no manuals install it, dpkg leaves them out."""
    listed = subprocess.run(["dpkg-deb", "-c", str(package)], text=True,
                            check=True, capture_output=True).stdout
    for page in ("earshot.1", "earshot-bench.1", "earshot.5",
                 "earshot.fcgi.8", "earshot-ws.8"):
        assert f"/usr/share/man/man{page[-1]}/{page}.gz\n" in listed


# Installing

def test_it_is_installed_and_no_service_was_started(installed):
    assert dpkg_status(installed) == "ii"
    installed.run("test ! -e /run/earshot")
    for name in ("earshot.fcgi", "earshot-ws", "lighttpd", "apache2"):
        assert installed.runs(name) == "0"


def test_the_queue_s_directory_is_for_its_group(installed):
    assert installed.run("stat -c '%a %U %G' /var/lib/earshot").split() == \
        ["2770", "earshot", "earshot"]
    assert installed.run("id -un earshot; id -gn earshot").split() == \
        ["earshot", "earshot"]


def test_the_units_are_where_systemd_looks_and_enabled(installed):
    for name in ("earshot", "earshot-ws"):
        installed.run(f"test -L /etc/systemd/system/sockets.target.wants/"
                      f"{name}.socket")
        installed.run(f"test -L /etc/systemd/system/multi-user.target.wants/"
                      f"{name}.service")
    said = installed.run("systemd-analyze verify --man=no "
                         "earshot.service earshot-ws.service "
                         "earshot.socket earshot-ws.socket 2>&1")
    assert "earshot" not in said


def test_no_web_server_is_changed_before_one_asks_for_it(installed):
    for path in ("/etc/apache2/conf-enabled/earshot.conf",
                 "/etc/lighttpd/conf-enabled/50-earshot.conf"):
        installed.run(f"test ! -e {path}")


# The init script

SERVICE = "/etc/init.d/earshot"


@pytest.fixture(scope="module")
def running(installed):
    """The services, started by the init script, with one option set."""
    installed.run("sed -i 's/^#EARSHOT_PUBLISH=.*/EARSHOT_PUBLISH=local/' "
                  "/etc/default/earshot")
    installed.run(f"{SERVICE} start")
    return installed


def users(machine, name):
    return machine.run(f"ps -o user= -C {name}").split()


def test_the_init_script_tells_of_what_is_stopped(installed):
    assert installed.run(f"{SERVICE} status", check=False)[0] == 3
    installed.run(f"{SERVICE} stop")
    assert installed.run(f"{SERVICE} nonsense", check=False)[0] == 2


def test_the_init_script_starts_both_as_their_user(running):
    running.run(f"{SERVICE} status")
    for name in ("earshot.fcgi", "earshot-ws"):
        assert users(running, name) == ["earshot"]
    for name in ("earshot", "ws"):
        assert running.run(
            f"stat -c '%a %U %G' /run/earshot/{name}.socket").split() == \
            ["660", "earshot", "www-data"]


def test_only_the_web_server_reaches_the_sockets(running):
    def connects(user):
        return running.run(
            f"setpriv --reuid {user} --regid {user} --clear-groups python3 "
            "-c 'import socket; socket.socket(socket.AF_UNIX).connect("
            "\"/run/earshot/earshot.socket\")'", check=False)[0] == 0
    assert connects("www-data")
    assert not connects("nobody --regid nogroup")


def test_starting_twice_leaves_one_of_each(running):
    before = running.run("pgrep -x earshot.fcgi; pgrep -x earshot-ws")
    running.run(f"{SERVICE} start")
    assert running.run("pgrep -x earshot.fcgi; pgrep -x earshot-ws") == before


def test_the_init_script_restarts_and_tells_of_the_dead(running):
    before = running.run("pgrep -x earshot.fcgi").split()
    running.run(f"{SERVICE} restart")
    after = running.run("pgrep -x earshot.fcgi").split()
    assert len(after) == 1 and after != before
    running.run("pkill -KILL -x earshot.fcgi")
    running.wait_for("! pgrep -x earshot.fcgi", "its end")
    assert running.run(f"{SERVICE} status", check=False)[0] == 1
    running.run(f"{SERVICE} start && {SERVICE} status && {SERVICE} reload")


def test_what_cannot_start_is_told(running):
    """A mistake in the options: the script says so, and fails."""
    running.run(f"{SERVICE} stop")
    running.run("echo EARSHOT_WAIT_MAX=nonsense >>/etc/default/earshot")
    code, said = running.run(f"{SERVICE} start", check=False)
    running.run("sed -i '$d' /etc/default/earshot")
    assert code == 1 and "failed" in said
    running.run(f"{SERVICE} start")


# Under web servers

def check_site(port, text):
    """Publishes and follows: by SSE, by polling, by WebSocket."""
    site = f"http://127.0.0.1:{port}/earshot"
    wait_until(lambda: web.call("GET", site + "/-/health").status == 200, 15,
               "the first answer")
    with sse.over_http(site + "/room/sse") as stream, \
            WebSocket(("127.0.0.1", port), "/earshot/room/ws",
                      host=f"127.0.0.1:{port}") as socket:
        assert web.call("POST", site + "/room", body=text).status == 201
        assert stream.next().data == text
        assert socket.next().json["data"] == text
        assert socket.publish("by WebSocket")
        assert stream.next().data == "by WebSocket"
    kept = web.call("GET", site + "/room/poll?last=2").json["messages"]
    assert [message["data"] for message in kept] == [text, "by WebSocket"]


def answers(site):
    try:
        return web.call("GET", site).status
    except OSError:
        return None


@pytest.fixture(scope="module")
def lighttpd(running):
    """Debian's lighttpd as it comes, on a port of the loopback."""
    port = free_port()
    running.run(
        f"sed -i -e 's/^server.port .*/server.port = {port}\\n"
        "server.bind = \"127.0.0.1\"/' -e '/use-ipv6/d' "
        "/etc/lighttpd/lighttpd.conf")
    running.run("lighty-enable-mod earshot")
    running.run("lighttpd -tt -f /etc/lighttpd/lighttpd.conf")
    running.run("lighttpd -f /etc/lighttpd/lighttpd.conf")
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/"), 15, "lighttpd")
    yield port
    running.run("pkill -TERM -x lighttpd")
    running.wait_for("! pgrep -x lighttpd", "lighttpd's end")


@pytest.fixture(scope="module")
def apache(running):
    """Debian's Apache as it comes, on a port of the loopback."""
    port = free_port()
    running.run(f"echo 'Listen 127.0.0.1:{port}' >/etc/apache2/ports.conf; "
                f"sed -i 's/:80>/:{port}>/' "
                "/etc/apache2/sites-available/000-default.conf; "
                "echo 'ServerName localhost' "
                ">/etc/apache2/conf-enabled/name.conf")
    running.run("a2enmod -q proxy_fcgi proxy_http headers; "
                "a2enconf -q earshot")
    running.run("apache2ctl configtest && apache2ctl start")
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/"), 15, "Apache")
    yield port
    running.run("apache2ctl stop")
    running.wait_for("! pgrep -x apache2", "Apache's end")


def test_it_serves_under_lighttpd(lighttpd):
    check_site(lighttpd, "by lighttpd")


def test_it_serves_under_apache(apache):
    check_site(apache, "by Apache")


def test_the_queue_is_one_and_for_its_group(running, lighttpd, apache):
    found = running.run(f"sqlite3 {QUEUE} 'SELECT count(*) FROM message'")
    assert found.strip() == "4"
    for line in running.run("stat -c '%a %U %G' /var/lib/earshot/*db*"
                            ).splitlines():
        assert line.endswith("earshot earshot") and line[-17:-16] != "7"


def test_an_upgrade_keeps_options_and_messages(running, apache):
    """This package again, as if it were a newer one. Services may be started
    now; by the init script, for this view has a runlevel and no systemd."""
    running.run("rm /usr/sbin/policy-rc.d /usr/sbin/runlevel; "
                "printf '#!/bin/sh\necho N 2\n' >/usr/sbin/runlevel; "
                "chmod 755 /usr/sbin/runlevel")
    options = running.run("cat /etc/default/earshot")
    before = running.run("pgrep -x earshot.fcgi")
    running.run("dpkg --force-unsafe-io -i /tmp/earshot.deb")
    assert running.run("cat /etc/default/earshot") == options
    assert running.run("pgrep -x earshot.fcgi") != before
    site = f"http://127.0.0.1:{apache}/earshot"
    kept = web.call("GET", site + "/room/poll?after=earliest").json
    assert len(kept["messages"]) == 4


# Going

def traces(machine):
    """Files of its name that have come with it."""
    return [path for path in machine.changed() if "earshot" in path]



def test_removing_it_leaves_web_servers_that_work_and_the_queue(
        running, apache, lighttpd):
    running.run("dpkg --force-unsafe-io -r earshot")
    assert dpkg_status(running) == "rc"
    for name in ("earshot.fcgi", "earshot-ws"):
        assert running.runs(name) == "0"
    running.run("test ! -e /run/earshot")
    running.run("apache2ctl configtest && apache2ctl graceful")
    running.run("lighttpd -tt -f /etc/lighttpd/lighttpd.conf")
    wait_until(lambda: answers(f"http://127.0.0.1:{apache}/earshot/room")
               == 404, 15, "Apache without Earshot")
    found = running.run(f"sqlite3 {QUEUE} 'SELECT count(*) FROM message'")
    assert found.strip() == "4"


def test_purging_it_leaves_the_queue_alone(running):
    said = running.run("dpkg --force-unsafe-io -P earshot")
    assert "/var/lib/earshot has messages" in said
    assert dpkg_status(running) in ("", "un")
    left = traces(running)
    assert f".{QUEUE}" in left
    assert [path for path in left
            if not path.startswith("./var/lib/earshot/")] == []


def test_without_messages_nothing_is_left(running):
    running.run("rm -r /var/lib/earshot")
    running.run("printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; "
                "chmod 755 /usr/sbin/policy-rc.d; dpkg --force-unsafe-io "
                "-i /tmp/earshot.deb && dpkg -P earshot")
    assert traces(running) == []
