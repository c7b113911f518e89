"""Headless Chromium with a profile of its own, and its console."""

import json
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--lang=en", "--window-size=1200,800",
]


class Chromium:
    """A browser; used as a context, it ends with it."""

    def __init__(self, watch_network=False):
        self.watch_network = watch_network

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="earshot-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ARGUMENTS + [f"--user-data-dir={self.profile}"]:
            options.add_argument(argument)
        logs = {"browser": "ALL"}
        if self.watch_network:
            logs["performance"] = "ALL"
        options.set_capability("goog:loggingPrefs", logs)
        # Not the driver that selenium would look for elsewhere.
        self.driver = webdriver.Chrome(
            options=options, service=Service("/usr/bin/chromedriver"))
        return self

    def __exit__(self, *_):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def run(self, script, *arguments):
        """Runs JavaScript in the page, and gives what it returns."""
        return self.driver.execute_script(script, *arguments)

    def console(self):
        """What has been written there since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Every address asked for since the last time, WebSockets and frames
        included, when it watches the network."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            details = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(details["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                found.append(details["url"])
        return found

    def emulate(self, command, **parameters):
        self.driver.execute_cdp_cmd(f"Emulation.{command}", parameters)

    def size(self, width, height):
        self.emulate("setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=width < 600)

    def usual_size(self):
        self.emulate("clearDeviceMetricsOverride")

    def prefer(self, scheme):
        """The colour scheme: light, dark, or "" for the usual one."""
        self.emulate("setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])

    def go_offline(self, offline):
        """Cuts the browser's network, or gives it back."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
            "offline": offline, "latency": 0,
            "downloadThroughput": -1, "uploadThroughput": -1})
