"""Two hundred long-polls at once by plain CGI: more processes than Linux
gives inotify instances to one user."""

import os
import pathlib

import pytest

import web
from behaviours import publish, subscribers
from front import Times
from front_cgi import CgiApache, CgiLighttpd
from processes import of
from wait import wait_until

COUNT = 200


def watching(directory):
    """How many of its programs have an inotify instance."""
    found = 0
    for pid in of(directory, "earshot.fcgi"):
        try:
            found += any(
                os.readlink(f"/proc/{pid}/fd/{entry}") == "anon_inode:inotify"
                for entry in os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("kind", [
    pytest.param(kind, id=kind.name, marks=pytest.mark.xdist_group(kind.name))
    for kind in (CgiLighttpd, CgiApache)])
def test_two_hundred_long_polls_are_answered_by_one_message(
        kind, directory, started):
    front = kind(directory, Times(wait=60, heartbeat=1))
    started.append(front)
    front.start()
    cursor = front.get("/room/poll").json["cursor"]
    held = [web.Asked("GET", f"{front.url}/room/poll?wait=60&after={cursor}",
                      timeout=60) for _ in range(COUNT)]
    wait_until(lambda: subscribers(front)["poll"] == COUNT, 40,
               f"{COUNT} long-polls", 0.25)
    limit = int(pathlib.Path(
        "/proc/sys/fs/inotify/max_user_instances").read_text())
    if limit < COUNT:
        assert watching(directory) < COUNT, "some have the fallback"
    publish(front, "for all")
    for one in held:
        page = one.answer().whole().json
        assert [got["data"] for got in page["messages"]] == ["for all"]
        one.close()
    wait_until(lambda: subscribers(front)["poll"] == 0, 20,
               "the end of all polls", 0.25)
