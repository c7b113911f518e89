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
        before = self.log.count("following")
        self.spawn([str(PROGRAM), self.site.url + self.site.mount])
        wait_until(lambda: self.log.count("following") > before, 15,
                   "the program's stream")
        return self
