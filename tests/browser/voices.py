"""Those who speak in the room without a browser."""

import json
import subprocess
import threading


def curl(site, text, key=None, query="", channel="room"):
    """One message by curl; gives its id, or None when it was not taken."""
    command = ["curl", "-s", "-f", "--max-time", "5", "-d", text,
               f"{site.url}/earshot/{channel}{query}"]
    if key:
        command[1:1] = ["-H", f"Idempotency-Key: {key}"]
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False)
    return json.loads(done.stdout)["id"] if done.returncode == 0 else None


def say(site, name, text, channel="room"):
    """One message as the room's page says it."""
    body = json.dumps({"name": name, "text": text}).encode()
    answer = site.post(f"/{channel}", body,
                       {"Content-Type": "application/json"})
    assert answer.status == 201, (answer.status, answer.body)
    return answer.json["id"]


def kept(site, channel="room"):
    """Every message that the room keeps, oldest first."""
    found = []
    after = "earliest"
    while True:
        page = site.get(f"/{channel}/poll?after={after}").json
        found += page["messages"]
        after = page["cursor"]
        if not page.get("more"):
            return found


def numbered(count):
    return [str(number) for number in range(1, count + 1)]


class Talker(threading.Thread):
    """Says curl 1, curl 2… by curl, each once, whatever becomes of the
    server: so many, or with a breath between two until the block is left."""

    def __init__(self, site, count=None):
        super().__init__(daemon=True)
        self.site = site
        self.count = count
        self.said = []
        self.ids = []
        self.enough = threading.Event()

    def run(self):
        while len(self.said) != self.count and not self.enough.is_set():
            number = len(self.said) + 1
            self.said.append(f"curl {number}")
            # Once in doubt, it has to be said again to know its id.
            for _ in range(500):
                message = curl(self.site, self.said[-1], f"talker-{number}",
                               "?from=curl")
                if message:
                    self.ids.append(message)
                    break
            if self.count is None:
                self.enough.wait(0.05)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, failure, *_):
        if failure or self.count is None:
            self.enough.set()
        self.join(60)
