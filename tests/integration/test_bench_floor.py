"""The bare SSE server, which is earshot-bench's yardstick, and the bare
reader: they must be right before anything is measured by them."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess

import pytest

from processes import alive, program, surroundings
from wait import slow, wait_until

GET = b"GET /room/sse HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body):
    return (b"POST /room HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
            % len(body) + body)


@contextlib.contextmanager
def running(directory, *options):
    server = subprocess.Popen([program("earshot-bare-sse"), *options],
                              stdout=subprocess.PIPE,
                              env=surroundings(directory))
    try:
        yield server, int(server.stdout.readline().rsplit(b":", 1)[1])
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(slow(10)) == 0
        server.stdout.close()


@pytest.fixture
def bare(directory):
    with running(directory) as (_, port):
        yield port


def connected(port):
    return socket.create_connection(("127.0.0.1", port), slow(10))


def read_until(connection, end):
    got = b""
    while not got.endswith(end):
        piece = connection.recv(65536)
        assert piece, f"ended after {got[-200:]!r}"
        got += piece
    return got


@contextlib.contextmanager
def held(port):
    with connected(port) as connection:
        connection.sendall(GET)
        assert b"text/event-stream" in read_until(connection, b": held\n\n")
        yield connection


def test_what_is_posted_reaches_all_who_are_held(bare):
    client = http.client.HTTPConnection("127.0.0.1", bare, timeout=slow(10))
    with held(bare) as one, held(bare) as two:
        for text in ("first", "second"):
            client.request("POST", "/room", text)
            answer = client.getresponse()
            assert (answer.status, answer.read()) == (201, b"{}\n")
        for reader in (one, two):
            assert read_until(reader, b"data: second\n\n") == \
                b"id: 1\ndata: first\n\nid: 2\ndata: second\n\n"
    client.close()


def test_a_request_may_come_in_pieces_and_several_in_one(bare):
    with held(bare) as reader, connected(bare) as publisher:
        for byte in post(b"slow"):
            publisher.sendall(bytes([byte]))
        read_until(publisher, b"{}\n")
        assert read_until(reader, b"\n\n") == b"id: 1\ndata: slow\n\n"
        publisher.sendall(post(b"a") + post(b"b") + post(b"c")[:-1])
        publisher.sendall(b"c")
        got = read_until(reader, b"data: c\n\n")
        assert got == b"id: 2\ndata: a\n\nid: 3\ndata: b\n\n" \
                      b"id: 4\ndata: c\n\n"


def test_a_reader_that_stalls_gets_all_of_it_later(bare):
    body = b"x" * 60000
    with held(bare) as reader, connected(bare) as publisher:
        for _ in range(200):
            publisher.sendall(post(body))
            read_until(publisher, b"{}\n")
        publisher.sendall(post(b"end"))
        got = read_until(reader, b"data: end\n\n")
    assert got.count(body) == 200


def test_what_is_neither_is_not_found(bare):
    client = http.client.HTTPConnection("127.0.0.1", bare, timeout=slow(10))
    client.request("GET", "/room")
    assert client.getresponse().status == 404
    client.close()


def test_it_ends_with_its_parent(directory):
    with subprocess.Popen(
            ["sh", "-c", '"$0" --with-parent & echo $!; read line',
             program("earshot-bare-sse")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=surroundings(directory)) as shell:
        lines = {shell.stdout.readline().strip() for _ in range(2)}
        pid = int(next(line for line in lines if line.isdigit()))
        assert alive(pid)
        os.kill(shell.pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), what="its end")


def test_the_bare_reader_counts_what_comes(directory, bare):
    reader = subprocess.run(
        [program("tests/support/bare-reader"), str(bare), "20", "50", "1"],
        capture_output=True, check=True, timeout=slow(60),
        env=surroundings(directory))
    told = json.loads(reader.stdout)
    # 50 messages to 20 of them; on a slow machine some come too late.
    assert 0 < told["deliveries"] <= 20 * 52
    assert told["cpu_us_per_delivery"] > 0
    assert 0 < told["p50_us"] <= told["p99_us"]
