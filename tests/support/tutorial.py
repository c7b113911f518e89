"""deploy/examples/tutorial, the server of the tutorial's example."""

import pathlib

from processes import Process
from wait import wait_until

PROGRAM = (pathlib.Path(__file__).resolve().parents[2]
           / "deploy/examples/tutorial")


class Tutorial(Process):
    """The program, following a site's channel `tutorial`."""

    name = "tutorial"

    def __init__(self, directory, site):
        super().__init__(directory)
        self.site = site
        self.log_path = self.directory / "tutorial.log"

    def start(self):
        before = self.followers()
        self.spawn([str(PROGRAM), self.site.url + self.site.mount])
        wait_until(lambda: self.followers() > before, 15,
                   "the program's stream")
        return self

    def followers(self):
        """How many follow its channel by SSE, as it does itself."""
        return self.site.get("/tutorial").json["subscribers"]["sse"]
