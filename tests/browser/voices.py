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


class Talker(threading.Thread):
    """Says 1, 2, 3… by curl, each once, whatever becomes of the server."""

    def __init__(self, site, count):
        super().__init__(daemon=True)
        self.site = site
        self.said = [f"curl {number}" for number in range(1, count + 1)]
        self.ids = []
        self.refused = 0
        self.ended = threading.Event()

    def run(self):
        for text in self.said:
            while not self.ended.is_set():
                message = curl(self.site, text, f"talker-{text[5:]}",
                               "?from=curl")
                if message:
                    self.ids.append(message)
                    break
                self.refused += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
