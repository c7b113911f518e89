"""The web server's own login, by the files that deploy/ ships: it guards
publishing, /-/ and WebSocket, and nobody gets past it or names himself."""

import base64
import hashlib
import re

import pytest

from front_lighttpd import LighttpdSocket, LighttpdSpawned
from front_nginx import Nginx

GUARDED = [("POST", "/room"), ("POST", "/room?event=x"), ("POST", "/a,b"),
           ("GET", "/room/ws"), ("GET", "/a,b/ws?after=earliest"),
           ("GET", "/-/status"), ("GET", "/-/metrics"), ("GET", "/-/"),
           ("POST", "/-/status"), ("HEAD", "/-/status")]
OPEN = [("GET", "/room"), ("GET", "/room/poll"), ("HEAD", "/room/sse"),
        ("OPTIONS", "/room"), ("GET", "/-/health")]
# The same address, spelled by somebody who would like to get past.
SPELLINGS = ["//-/status", "/./-/status", "/x/../-/status", "/%2d/status",
             "/-%2fstatus", "/%2D%2Fstatus", "/-/%73tatus", "/-//status",
             "/-/status?/health", "/-/health/../status", "/room%2fws",
             "//room/ws", "/room/%77s", "/-/status/x/.."]


@pytest.fixture(params=[LighttpdSpawned, LighttpdSocket, Nginx],
                ids=lambda kind: kind.name)
def kind(request):
    return request.param


@pytest.fixture
def guarded(start_front, kind):
    return start_front(kind, publish="user", login=True)


def ann(server, method, target, password="secret"):
    """What says that ann asks, in the way that the server challenges by."""
    challenge = server.call(method, target, body=body(method)) \
        .headers["www-authenticate"]
    if challenge.startswith("Basic"):
        pair = base64.b64encode(f"ann:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": digest(challenge, method,
                                    server.mount + target, password)}


def digest(challenge, method, path, password):
    """RFC 7616 3.4."""
    realm, nonce = (re.search(rf'{name}="([^"]*)"', challenge)[1]
                    for name in ("realm", "nonce"))
    response = md5(":".join((md5(f"ann:{realm}:{password}"), nonce,
                             "00000001", "abc", "auth",
                             md5(f"{method}:{path}"))))
    return (f'Digest username="ann", realm="{realm}", nonce="{nonce}", '
            f'uri="{path}", qop=auth, nc=00000001, cnonce="abc", '
            f'response="{response}", algorithm=MD5')


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def body(method):
    return b"x" if method == "POST" else None


def forged():
    """Whoever says that he is ann and does not know her password."""
    pair = base64.b64encode(b"ann:wrong").decode()
    return {"Authorization": f"Basic {pair}", "Remote-User": "ann",
            "X-Remote-User": "ann", "Forwarded": 'remote_user="ann"',
            "Remote_User": "ann"}


def test_the_login_guards_what_needs_one_and_nothing_else(guarded):
    for method, target in GUARDED:
        for headers in ({}, forged()):
            answer = guarded.call(method, target, headers, body(method))
            assert answer.status == 401, (method, target, answer)
    for method, target in OPEN:
        answer = guarded.call(method, target)
        assert answer.status in (200, 204), (method, target, answer)
    assert guarded.get("/room").json["messages"] == 0


def test_no_other_spelling_gets_past_the_login(guarded):
    for target in SPELLINGS:
        answer = guarded.get(target)
        assert answer.status in (400, 401, 404), (target, answer)
        assert b"uptime" not in answer.body, target


def test_with_the_login_one_publishes_and_administers(guarded):
    assert guarded.post("/room", b"x", ann(
        guarded, "POST", "/room")).status == 201
    answer = guarded.get("/-/status", ann(guarded, "GET", "/-/status"))
    assert answer.status == 200 and "uptime_s" in answer.json
    wrong = ann(guarded, "POST", "/room", "wrong")
    assert guarded.post("/room", b"x", wrong).status == 401


def test_with_the_login_one_publishes_by_websocket(guarded):
    headers = ann(guarded, "GET", "/room/ws")
    with guarded.socket(headers={**headers, "Origin": guarded.site}) as one:
        assert one.publish("x")
    # With a name of his own choice beside, too: the web server's counts.
    headers = {**forged(), **ann(guarded, "GET", "/room/ws")}
    with guarded.socket(headers=headers) as one:
        assert one.publish("x")


CLAIMS = ['remote_user="ann"', 'for=1.1.1.1;remote_user="ann"',
          'remote_user="ann', 'remote_user=ann;x="', 'remote_user="ann\\']


def test_without_a_login_nobody_names_himself(start_front, kind):
    """nginx's $remote_user is whatever a client has said: it must not get
    through where no password was asked for."""
    server = start_front(kind, publish="user")
    answer = server.post("/room", b"x", forged())
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    for claim in CLAIMS:
        with server.socket(headers={**forged(), "Forwarded": claim}) as one:
            one.send_json({"data": "x"})
            assert one.answer()["code"] == "forbidden", claim
