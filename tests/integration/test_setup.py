"""How the program tells of its own setup (/-/status), and what it warns of
once it knows which web server calls it."""

import os

import pytest


def test_status_tells_what_cannot_be_seen_from_outside(start):
    server = start(publish="local", origin="https://a.example", heartbeat=7,
                   subscribers_max=12)
    server.get("/-/health", SERVER_SOFTWARE="lighttpd/1.4.69")
    setup = server.status()["setup"]
    assert setup["server"] == "lighttpd/1.4.69"
    assert (setup["publish"], setup["origin"]) == ("local",
                                                   "https://a.example")
    assert (setup["heartbeat_s"], setup["subscribers_max"]) == (7, 12)
    with open(f"/proc/{server.pid}/limits") as file:
        limit = next(line.split()[3] for line in file
                     if line.startswith("Max open files"))
    assert setup["descriptors"]["limit"] == int(limit)
    assert setup["descriptors"]["open"] > 3
    assert setup["log"] == {"to": "stderr", "nowhere": None}


def test_a_log_that_goes_nowhere_is_told(start, directory):
    null = start(log="/dev/null")
    assert "/dev/null" in null.status()["setup"]["log"]["nowhere"]
    gone = start(log=directory / "gone.log")
    assert gone.status()["setup"]["log"]["nowhere"] is None
    os.unlink(directory / "gone.log")
    assert "removed" in gone.status()["setup"]["log"]["nowhere"]


def test_a_log_to_syslog_needs_a_syslog(start):
    nowhere = start(log="syslog").status()["setup"]["log"]["nowhere"]
    assert (nowhere is None) == os.path.exists("/dev/log")


@pytest.mark.parametrize("software, options, says", [
    ("h2o/2.2.5", {"wait_max": 30}, "fastcgi.timeout.io"),
    ("h2o/2.2.5", {"heartbeat": 25}, "fastcgi.timeout.io"),
    ("nginx/1.22.1", {"heartbeat": 50}, "fastcgi_read_timeout"),
    ("Apache/2.4.71 (Debian)", {"wait_max": 60}, "ProxyTimeout"),
    ("lighttpd/1.4.69", {"wait_max": 400}, "server.max-write-idle"),
])
def test_limits_that_do_not_go_with_the_options_are_warned_of_once(
        start, software, options, says):
    server = start(**options)
    assert "warn setup" not in server.log
    for _ in range(3):
        server.get("/-/health", SERVER_SOFTWARE=software,
                   SCRIPT_FILENAME="proxy:fcgi://localhost/")
    warnings = [line for line in server.log.splitlines()
                if "warn setup" in line]
    assert len(warnings) == 1
    assert says in warnings[0]


def test_apache_without_mod_proxy_fcgi_is_warned_of(start):
    by_proxy, by_fcgid = start(), start()
    by_proxy.get("/-/health", SERVER_SOFTWARE="Apache/2.4",
                 SCRIPT_FILENAME="proxy:unix:/run/x|fcgi://localhost/")
    assert "warn setup" not in by_proxy.log
    by_fcgid.get("/-/health", SERVER_SOFTWARE="Apache/2.4",
                 SCRIPT_FILENAME="/usr/libexec/earshot/earshot.fcgi")
    assert "mod_fcgid" in by_fcgid.log


def test_a_web_server_s_name_may_be_anything(start):
    server = start()
    for i in range(9):
        server.get("/-/health", SERVER_SOFTWARE=f'"\\{i}\x01' + "x" * 200)
    assert server.status()["setup"]["server"].startswith('"\\2')
