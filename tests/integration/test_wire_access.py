"""What goes over the wire: who may, and from which pages."""

import pytest

from test_wire import error

OWN = "localhost:8080"   # the Host that the peer sends


def headers(origin=None, **more):
    result = {name.replace("_", "-"): value for name, value in more.items()}
    if origin is not None:
        result["Origin"] = origin
    return result


@pytest.mark.parametrize("option, variables, status", [
    ("anyone", {"remote": "203.0.113.5"}, 201),
    ("user", {}, 403),
    ("user", {"REMOTE_USER": ""}, 403),
    ("user", {"REMOTE_USER": "ann", "remote": "203.0.113.5"}, 201),
    ("local", {"remote": "203.0.113.5"}, 403),
    ("local", {"remote": "203.0.113.5", "REMOTE_USER": "ann"}, 403),
    ("local", {"remote": "127.0.0.1"}, 201),
    ("local", {"remote": "127.4.5.6"}, 201),
    ("local", {"remote": "::1"}, 201),
    ("local", {"remote": "::ffff:203.0.113.5"}, 403),
    ("local", {"remote": "127.0.0.1.example.org"}, 403),
    ("local", {"remote": ""}, 403),
    ("none", {"REMOTE_USER": "ann"}, 403),
    (None, {}, 403),
    (None, {"REMOTE_USER": "ann"}, 201),
])
def test_who_may_publish(start, option, variables, status):
    earshot = start(publish=option)
    answer = earshot.call("POST", "/room", body=b"x", **variables)
    if status == 403:
        error(answer, 403, "forbidden")
        assert earshot.data("room") == []
    else:
        assert answer.status == status, answer


@pytest.mark.parametrize("option, variables, status", [
    (None, {"remote": "127.0.0.1"}, 200),
    (None, {"remote": "::1"}, 200),
    (None, {"remote": "203.0.113.5"}, 403),
    ("user", {"remote": "127.0.0.1"}, 403),
    ("user", {"remote": "203.0.113.5", "REMOTE_USER": "ann"}, 200),
    ("anyone", {"remote": "203.0.113.5"}, 200),
])
def test_who_may_see_the_status(start, option, variables, status):
    earshot = start(admin=option)
    answer = earshot.call("GET", "/-/status", **variables)
    assert answer.status == status
    if status == 403:
        error(answer, 403, "forbidden")
    assert earshot.call("GET", "/-/health", **variables).status == 200


def test_a_header_of_the_client_does_not_make_it_local_or_a_user(start):
    earshot = start(publish="local")
    answer = earshot.call("POST", "/room", {
        "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1",
        "Remote-User": "ann", "Forwarded": "for=127.0.0.1"}, b"x",
        remote="203.0.113.5")
    error(answer, 403, "forbidden")


@pytest.mark.parametrize("host, sent", [
    (OWN, {}),
    (OWN, headers(f"http://{OWN}")),
    (OWN, headers(f"https://{OWN}")),
    (OWN, headers(f"http://{OWN.upper()}")),
    ("LocalHost:8080", headers(f"http://{OWN}")),
    ("example.org", headers("http://example.org")),
    ("example.org", headers("http://example.org:80")),
    ("example.org", headers("https://example.org:443")),
    ("example.org:443", headers("https://example.org")),
    ("[::1]:8080", headers("http://[::1]:8080")),
    ("behind.proxy", headers(f"http://{OWN}",
                             Sec_Fetch_Site="same-origin")),
])
def test_our_own_site_may_follow_and_publish(earshot, host, sent):
    assert earshot.call("POST", "/room", sent, b"x",
                        HTTP_HOST=host).status == 201
    assert earshot.call("GET", "/room/poll", sent,
                        HTTP_HOST=host).status == 200


@pytest.mark.parametrize("host, sent", [
    (OWN, headers("https://evil.example")),
    (OWN, headers("null")),
    (OWN, headers("http://localhost:8081")),
    (OWN, headers("http://localhost")),
    (OWN, headers("http://localhost:8080.evil.example")),
    (OWN, headers("http://evil.example?localhost:8080")),
    (OWN, headers("http://localhost:8080@evil.example")),
    (OWN, headers("nonsense")),
    (OWN, headers("http://")),
    (None, headers("http://localhost:8080")),
    (OWN, headers("https://evil.example", Sec_Fetch_Site="cross-site")),
    (OWN, headers("https://evil.example", Sec_Fetch_Site="same-site")),
])
@pytest.mark.parametrize("method, target", [
    ("POST", "/room"), ("GET", "/room/poll"), ("GET", "/room/sse"),
    ("GET", "/room")])
def test_a_foreign_page_is_refused(one_earshot, method, target, host, sent):
    answer = one_earshot.call(method, target, sent,
                              b"x" if method == "POST" else b"",
                              HTTP_HOST=host)
    text = error(answer, 403, "origin").json["error"]
    assert "--origin" in text
    assert sent["Origin"] in text
    if host:
        assert host in text
    assert "access-control-allow-origin" not in answer.headers
    assert one_earshot.data("room") == []


LIST = "https://a.example,https://b.example:8443"


@pytest.mark.parametrize("option, origin, allowed", [
    (LIST, "https://a.example", True),
    (LIST, "https://b.example:8443", True),
    (LIST, "https://b.example", False),
    (LIST, "https://c.example", False),
    (LIST, "https://a.example.evil.example", False),
    (LIST, "null", False),
    ("*", "https://anything.example", True),
])
def test_an_allowed_foreign_origin_is_echoed(start, option, origin, allowed):
    earshot = start(origin=option)
    for method, target in (("GET", "/room/poll"), ("POST", "/room")):
        answer = earshot.call(method, target, headers(origin))
        if not allowed:
            error(answer, 403, "origin")
            continue
        assert answer.status in (200, 201)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers
    if allowed:
        with earshot.stream("room", headers=headers(origin)) as stream:
            assert stream.head.headers["access-control-allow-origin"] == \
                origin
        answer = earshot.call("GET", "/room/poll?wait=-1", headers(origin))
        assert answer.status == 400, "an error too must be readable"
        assert answer.headers["access-control-allow-origin"] == origin


def test_a_preflight_names_what_is_allowed(start):
    earshot = start(origin="https://a.example")
    answer = earshot.call("OPTIONS", "/room", headers(
        "https://a.example", Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type, idempotency-key"))
    assert answer.status in (200, 204) and answer.body == b""
    assert answer.headers["access-control-allow-origin"] == \
        "https://a.example"
    assert "Origin" in answer.headers["vary"]
    methods = answer.headers["access-control-allow-methods"].upper()
    assert {"GET", "POST"} <= {name.strip() for name in methods.split(",")}
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert {name.strip() for name in allowed.split(",")} == \
        {"content-type", "idempotency-key", "last-event-id"}
    assert "access-control-allow-credentials" not in answer.headers


def test_a_foreign_preflight_is_refused(earshot):
    answer = earshot.call("OPTIONS", "/room", headers(
        "https://evil.example", Access_Control_Request_Method="POST"))
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


def test_options_without_an_origin_tells_the_methods(earshot):
    answer = earshot.call("OPTIONS", "/room/sse")
    assert answer.status in (200, 204)
    given = {name.strip() for name in answer.headers["allow"].split(",")}
    assert given == {"GET", "HEAD", "OPTIONS"}
