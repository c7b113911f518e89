"""This machine in a view of its own: packages can be installed in it, servers
configured and started, and all of it is gone with the view.

It is an overlay over /, in namespaces for mounts and processes; the network is
the machine's. It takes root to make one.
"""

import os
import pathlib
import subprocess

from processes import surroundings
from wait import slow, wait_until

# Its last shell is the view's init, and reaps who has lost his parent. It ends,
# and with it every process and mount of the view, when its standard input does:
# that is the test's own end, whatever it came from.
SETUP = """\
set -e
# In a chroot / is no mount, and has nothing to be made private.
mount --make-rprivate / 2>/dev/null || true
mount -t tmpfs -o mode=755 tmpfs "$1"
cd "$1"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" \
    overlay root
cd root
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/lock
mkdir -p "$1/upper" && mkdir tmp/upper && mount --bind "$1/upper" tmp/upper
exec chroot . sh -c 'exec 3<&0; echo ready; cat <&3 >/dev/null & wait $!'
"""


class Machine:
    """The view. What it changes of the machine's files lies in CHANGES."""

    CHANGES = "/tmp/upper"

    def __init__(self, directory):
        assert os.geteuid() == 0, \
            "this test installs a package, which root alone may: run it as root"
        self.directory = pathlib.Path(directory)
        self.keeper = None

    def start(self):
        place = self.directory / "view"
        place.mkdir()
        self.keeper = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "unchanged", "--pid",
             "--fork", "--kill-child", "sh", "-c", SETUP, "sh", str(place)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=surroundings(self.directory))
        said = self.keeper.stdout.readline()
        if said != b"ready\n":
            said += self.keeper.stdout.read()
            raise AssertionError("no view of the machine can be made: "
                                 + said.decode("utf-8", "replace"))
        return self

    def stop(self):
        self.keeper.stdin.close()
        self.keeper.wait(slow(10))
        self.keeper.stdout.close()

    def command(self, *words):
        """What runs the words within, for subprocess."""
        children = pathlib.Path(f"/proc/{self.keeper.pid}/task/"
                                f"{self.keeper.pid}/children").read_text()
        return ["nsenter", "--target", children.split()[0], "--mount",
                "--pid", "--root", "--wd", "--", *words]

    def run(self, script, check=True, **more):
        """Runs a shell's script within, and gives what it said."""
        done = subprocess.run(
            self.command("sh", "-c", script), text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**surroundings(self.directory), "LC_ALL": "C.UTF-8",
                 "DEBIAN_FRONTEND": "noninteractive",
                 "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            timeout=slow(120), **more)
        if check:
            assert done.returncode == 0, \
                f"{script}\nended with {done.returncode}:\n{done.stdout}"
            return done.stdout
        return done.returncode, done.stdout

    def bring(self, path, to):
        """Copies a file of the machine's into the view."""
        with open(path, "rb") as file:
            self.run(f"cat >'{to}'", stdin=file)

    def runs(self, name):
        """How many processes of that name run within."""
        return self.run(f"pgrep -c -x '{name}' || true").strip()

    def wait_for(self, script, what):
        """Waits until the script ends well."""
        wait_until(lambda: self.run(script, check=False)[0] == 0, 15, what,
                   0.05)

    def changed(self):
        """The files that are new, or other than the machine's, as paths.
        (What was removed is marked there by a device.)"""
        return self.run(f"cd {self.CHANGES} && "
                        "find . -type f -o -type l").split()
