"""`earshot doctor` at real web servers: nothing is wrong with what deploy/
ships, and each fault is found where a configuration has exactly that one."""

import pytest

from doctor import Visit
from doctor_faults import FAULTS, IDLE, NGINX, RARE, front
from front_apache import ApacheFcgid, ApacheProxy
from front_caddy import Caddy
from front_cgi import CgiLighttpd
from front_h2o import H2o
from front_lighttpd import LighttpdSocket, LighttpdSpawned
from front_nginx import Nginx


@pytest.mark.parametrize("kind", [
    LighttpdSpawned, LighttpdSocket, Nginx, ApacheProxy, ApacheFcgid, Caddy,
    H2o, CgiLighttpd])
def test_nothing_is_wrong_with_what_is_shipped(deployed, directory, kind):
    server = deployed(kind)
    visit = Visit(directory, server.url, "--ignore", "ws-missing"
                  if "websocket" in kind.cannot else "", patience=1.5)
    assert visit.wrong == set(), visit
    assert visit.status == 0
    assert {"buffering", "headers-held", "compression", "idle-limit",
            "too-few", "host-rewritten", "log-nowhere"} <= visit.of("ok"), \
        visit
    notes = {"http1-only"}
    if kind.notices != "at once":
        notes.add("going-unnoticed")
    assert visit.of("note") <= notes, visit


@pytest.mark.parametrize("kind", [LighttpdSpawned, ApacheProxy])
def test_nothing_is_wrong_with_tls_and_http_2_as_shipped(deployed, directory,
                                                         kind):
    server = deployed(kind)
    visit = Visit(directory, server.secure_url, "--cacert",
                  str(server.certificate.certificate))
    assert visit.wrong == set(), visit
    assert {"tls", "http1-only", "buffering", "ws-missing"} <= visit.of("ok"), \
        visit


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_found_and_no_other(deployed, directory, fault):
    code, kind, line = FAULTS[fault]
    server = deployed(kind, RARE)
    visit = Visit(directory, server.url, subscribers=12)
    assert visit.wrong == {code}, visit
    assert visit.status == 1
    assert line in visit.change(code), visit


@pytest.mark.parametrize("kind, line", [
    (LighttpdSpawned, "server.max-write-idle"),
    (Nginx, "fastcgi_read_timeout"), (ApacheProxy, "timeout=")])
def test_an_idle_limit_under_the_heartbeat_is_found(deployed, directory, kind,
                                                    line):
    server = deployed(kind, IDLE)
    visit = Visit(directory, server.url, patience=4)
    assert visit.wrong == {"idle-limit"}, repr(visit)
    assert "was cut" in visit.seen("idle-limit")
    assert line in visit.change("idle-limit")


def test_tls_without_http_2_is_told(deployed, directory):
    server = deployed(front(Nginx, (
        "nginx/tls.conf", "ssl http2;", "ssl;")))
    visit = Visit(directory, server.secure_url, "--cacert",
                  str(server.certificate.certificate))
    assert visit.wrong == set(), visit
    assert "not offered" in visit.seen("http1-only")
    assert "listen 443 ssl http2;" in visit.change("http1-only")


def test_it_is_found_that_anyone_may_publish(deployed, directory):
    server = deployed(Nginx, publish="anyone")
    visit = Visit(directory, server.url)
    assert visit.wrong == {"publish-anyone", "publish-anyone-ws"}, visit
    again = Visit(directory, server.url, "--ignore",
                  "publish-anyone,publish-anyone-ws")
    assert (again.wrong, again.status) == (set(), 0), again


def test_it_is_found_that_pages_of_every_site_are_let_in(deployed, directory):
    server = deployed(Nginx, origin="*")
    visit = Visit(directory, server.url)
    assert visit.wrong == {"foreign-origin"}, visit


def test_it_is_found_that_the_log_goes_nowhere(deployed, directory):
    server = deployed(front(Nginx, start_companions=lambda self: (
        self.by_socket(log="/dev/null"), self.endpoint())))
    visit = Visit(directory, server.url)
    assert visit.wrong == {"log-nowhere"}, visit
    assert "/dev/null" in visit.seen("log-nowhere")


def test_it_is_found_that_a_made_up_name_is_believed(deployed, directory):
    server = deployed(front(Nginx, (
        NGINX, "gzip off;",
        "gzip off; fastcgi_param REMOTE_USER $remote_user;")),
        publish="user")
    visit = Visit(directory, server.url)
    assert visit.wrong == {"made-up-user"}, visit


def test_without_a_login_the_same_is_looked_at_by_reading(deployed,
                                                          directory):
    server = deployed(Nginx, publish="user", login=True)
    visit = Visit(directory, server.url)
    assert visit.wrong == set(), visit
    assert "we may not publish" in visit.seen("buffering")
    assert {"publish-anyone", "made-up-user", "going-unnoticed",
            "too-few"} <= visit.of("ok")
    # With the login's configuration /-/status is for users.
    assert {"log-nowhere", "descriptors", "ws-missing"} \
        <= visit.of("unknown")


def test_with_the_shipped_login_nothing_is_wrong(deployed, directory):
    server = deployed(Nginx, publish="user", login=True)
    visit = Visit(directory, server.url, "--user", "ann:secret")
    assert visit.wrong == set(), visit
    assert "user-not-passed" in visit.of("ok")
    assert "a message came" in visit.seen("buffering")


def test_it_is_found_that_the_user_is_not_passed_on(deployed, directory):
    server = deployed(front(Nginx, (
        "nginx/login.conf", "fastcgi_param REMOTE_USER $earshot_user;", "")),
        publish="user", login=True)
    visit = Visit(directory, server.url, "--user", "ann:secret")
    assert visit.wrong == {"user-not-passed"}, visit
