"""The configurations in deploy/, with only paths and ports filled in."""

import hashlib
import pathlib
import re
import urllib.request

import pytest

import web
from earshot import sqlite3_shell
from lighttpd import Lighttpd
from processes import program

SOURCE = pathlib.Path(__file__).resolve().parents[2]

SITE = """\
server.modules = ()
server.document-root = "{pages}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{error_log}"
server.upload-dirs = ("{directory}")
"""


def escaped(text):
    """For str.format, which Lighttpd fills in its configurations by."""
    return text.replace("{", "{{").replace("}", "}}")


@pytest.fixture
def shipped(directory, started):
    """lighttpd with earshot.conf, and more configuration before it."""
    def shipped(more=""):
        text = (SOURCE / "deploy/lighttpd/earshot.conf").read_text()
        for old, new in (
                ("/usr/local/libexec/earshot/earshot.fcgi", program()),
                ("/var/lib/earshot/earshot.db",
                 str(directory / "queue/earshot.db")),
                ("/run/lighttpd/earshot.socket",
                 str(directory / "earshot.socket"))):
            assert text.count(old) == 1
            text = text.replace(old, new)
        server = Lighttpd(directory,
                          configuration=SITE + escaped(more + text))
        started.append(server)
        return server.start()
    return shipped


def login():
    """The configuration by which the page guards publishing."""
    page = (SOURCE / "deploy/README.md").read_text()
    block = re.search(r'^    server\.modules \+= \("mod_auth".*?^    }$',
                      page, re.M | re.S)[0]
    return re.sub(r"^    ", "", block, flags=re.M)


def test_as_shipped_readers_may_and_publishers_may_not(shipped):
    server = shipped()
    assert server.get("/room/poll").status == 200
    answer = server.post("/room", b"x")
    assert answer.status == 403
    assert answer.json["code"] == "forbidden"


def test_as_shipped_streams_arrive_at_once(shipped):
    server = shipped()
    with server.stream("room") as stream:
        sqlite3_shell(server.queue, "INSERT INTO message(channel, event, "
                      "data) VALUES('room', 'message', 'by the shell')")
        assert stream.next().data == "by the shell"


def test_as_shipped_a_page_may_begin_like_earshot_s_address(shipped):
    server = shipped()
    (server.pages / "earshot.js").write_text("a page's own")
    assert web.call("GET", server.url + "/earshot.js").body \
        == b"a page's own"


def test_the_page_s_login_lets_its_users_publish(shipped, directory):
    users = directory / "users"
    users.write_text("ann:earshot:"
                     + digest("ann", "earshot", "secret") + "\n")
    server = shipped(login().replace("/etc/lighttpd/earshot.users",
                                     str(users)) + "\n")
    assert server.post("/room", b"x").status == 401
    assert server.get("/room/poll").status == 200
    answer = digest_post(server.url + "/earshot/room", "ann", "secret")
    assert answer == 201


def digest(user, realm, password):
    return hashlib.md5(f"{user}:{realm}:{password}".encode()).hexdigest()


def digest_post(url, user, password):
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, user, password)
    opener = urllib.request.build_opener(
        urllib.request.HTTPDigestAuthHandler(passwords))
    with opener.open(url, data=b"x", timeout=10) as answer:
        return answer.status
