"""All that ./demo starts, behind the configuration that ./demo uses: the
pages, earshot.fcgi, earshot-ws and earshot-tap."""

import pathlib

from earshot import free_port
from earshot_ws import EarshotWs
from lighttpd import Lighttpd
from processes import build, surroundings
from tap import Tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "static"


class WholeSite(Lighttpd):
    """lighttpd with everything behind it; it ends them with itself."""

    def __init__(self, directory, **options):
        super().__init__(directory, pages=PAGES, **options)
        self.run = self.directory / "run"
        self.error_log = self.directory / "lighttpd.log"
        self.endpoint = self.tap = None
        self.others = []

    def start(self):
        self.run.mkdir(exist_ok=True)
        self.queue.parent.mkdir(exist_ok=True)
        for _ in range(5):
            # Another program may take the port between asking and binding.
            self.port = free_port()
            self.spawn(["/usr/sbin/lighttpd", "-D", "-f",
                        str(ROOT / "deploy/lighttpd/demo.conf")],
                       env=self.environment(), start_new_session=True)
            if self.came_up():
                break
        else:
            raise AssertionError(f"lighttpd did not start:\n{self.errors}")
        try:
            self.start_others()
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def origins(self):
        """Whose pages may ask: ours, when they ask by way of the tap."""
        return (f"http://127.0.0.1:{self.port},"
                f"http://localhost:{self.port}")

    def environment(self):
        return surroundings(
            self.directory,
            EARSHOT_DEMO_PORT=self.port, EARSHOT_DEMO_STATIC=self.pages,
            EARSHOT_DEMO_RUN=self.run, EARSHOT_DEMO_LOG=self.directory,
            EARSHOT_DEMO_PROGRAM=build() / "earshot.fcgi",
            EARSHOT_ORIGIN=self.origins,
            **{f"EARSHOT_{name.upper()}": value
               for name, value in self.options.items()})

    def start_others(self):
        self.endpoint = EarshotWs(self.directory, socket=self.run / "ws.socket",
                                  origin=self.origins)
        self.others.append(self.endpoint.start())
        self.tap = Tap(self.directory)
        self.others.append(self.tap.start(
            self.url, control=str(self.run / "tap.socket")))

    def stop(self, timeout=8):
        while self.others:
            self.others.pop().stop()
        return super().stop(timeout)
