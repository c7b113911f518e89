"""The README's commands are run as they stand, against a server of the
test's own."""

import json
import pathlib
import re
import subprocess

import pytest


README = pathlib.Path(__file__).parents[2] / "README.md"
DEMO = "http://127.0.0.1:8080"
WEBSOCKET = DEMO.replace("http:", "ws:")


def blocks():
    """The sh blocks that follow the comment <!-- tested -->."""
    return re.findall(r"^<!-- tested -->\n+```sh\n(.*?)^```$",
                      README.read_text("utf-8"), re.M | re.S)


def commands(block):
    """Each command of a block: a line, with its continuations."""
    text = re.sub(r"\\\n", " ", block)
    return [line for line in text.splitlines()
            if line.strip() and not line.startswith("#")]


@pytest.fixture
def run(start_lighttpd, start_ws):
    server = start_lighttpd(ws=start_ws().address)
    server.post("/room", "something to find")

    def run(command):
        assert DEMO in command or "curl" not in command, command
        return subprocess.run(
            ["bash", "-c", "set -e; " + command.replace(DEMO, server.url)
             .replace("/var/lib/earshot/earshot.db", str(server.queue))],
            capture_output=True, text=True, timeout=10, check=False,
            cwd=server.directory)
    run.server = server
    return run


def test_the_readme_has_its_tested_commands():
    found = [command for block in blocks() for command in commands(block)]
    assert sum("curl" in command for command in found) >= 5
    assert sum(WEBSOCKET in command for command in found) == 1


def test_every_command_of_the_readme_works_as_it_stands(run):
    for block in blocks():
        for command in commands(block):
            check(run, command)


def check(run, command):
    if "/sse" in command:
        check_stream(run, command)
        return
    if WEBSOCKET in command:
        check_websocket(run, command)
        return
    result = run(command)
    assert result.returncode == 0, (command, result.stderr)
    assert '"error"' not in result.stdout, (command, result.stdout)
    if "curl" in command:
        assert result.stdout.strip(), command


def check_stream(run, command):
    """It goes on until it is stopped, and has told its cursor by then."""
    server = run.server
    process = subprocess.Popen(
        ["bash", "-c", "exec " + command.replace(DEMO, server.url)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        lines = iter(process.stdout.readline, b"")
        assert any(b"earshot.open" in line for line in lines), command
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def check_websocket(run, command):
    """What the text says to type is published, and shown."""
    typed = re.search(r'`(\{"data":.*?\})`', README.read_text("utf-8"))[1]
    server = run.server
    process = subprocess.Popen(
        ["bash", "-c", "exec " + command.replace(
            WEBSOCKET, server.url.replace("http:", "ws:"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        stderr=subprocess.DEVNULL)
    try:
        lines = iter(process.stdout.readline, "")
        assert any("something to find" in line for line in lines), command
        process.stdin.write(typed + "\n")
        assert any("earshot.published" in line for line in lines), command
        process.stdin.close()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert server.get("/room/poll?last=1").json["messages"][0]["data"] == \
        json.loads(typed)["data"]


def test_everything_that_the_readme_leads_to_is_there():
    text = README.read_text("utf-8")
    linked = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    named = re.findall(r"`man ([^`]+)`|`((?:static|deploy)/[^` ]+)`", text)
    paths = linked + [path for pair in named for path in pair if path]
    assert len(paths) > 20
    for path in paths:
        assert (README.parent / path).exists(), path


def test_each_web_server_that_has_a_configuration_is_in_the_readme():
    text = README.read_text("utf-8")
    for folder in ("apache", "caddy", "cgi", "h2o", "lighttpd", "nginx"):
        assert folder in text
        assert list((README.parent / "deploy" / folder).glob("*.*")), folder
