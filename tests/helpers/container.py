"""A tree laid out like Gradescope's container: `/autograder`, an environment, a small system.

The tree is the root of the file system (`chroot`) in namespaces of mounts and processes, so that
every path is the real one and nothing of this machine is in reach but `/usr` and Python.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

# What a container's root may do where nobody has asked for more: no mounts, no namespaces.
FEW_RIGHTS = (
    "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,"
    "sys_chroot,mknod,audit_write,setfcap"
)
PATH = "/opt/system:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Of this machine: root's tools, which are not on everybody's path.
TOOLS = os.environ | {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}

# The system's Python: its environments are copies of itself, and its pip writes down what it is
# asked for, as there is no network here.
SYSTEM_PYTHON = """#!/bin/sh
case "$*" in
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip "*) echo "$*" >> /autograder/pip.log ;;
*) exec /opt/environment/bin/python "$@" ;;
esac
"""

BUILD = """
set -e
mount -t tmpfs -o mode=755 tree {tree}
cd {tree}
mkdir -p usr proc sys dev/shm etc tmp opt/system opt/environment opt/grader autograder .{base}
for name in bin sbin lib lib64; do
  if [ -L /$name ]; then ln -s "$(readlink /$name)" $name
  elif [ -d /$name ]; then mkdir $name; mount --rbind /$name $name; fi
done
for name in passwd group ld.so.cache nsswitch.conf; do
  [ ! -e /etc/$name ] || cp /etc/$name etc/$name
done
for name in null zero full random urandom; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mount -t tmpfs -o mode=1777 shm dev/shm
chmod 1777 tmp
mount --rbind /usr usr
mount -t sysfs -o ro sys sys
mount -t proc proc proc
mount --bind {base} .{base}
mount --bind {environment} opt/environment
mount -o remount,bind,ro opt/environment
mount --bind {autograder} autograder
mount --bind {grader} opt/grader
cp {python} opt/system/python3.13
exec {rights} chroot . /usr/bin/env -i PATH={path} {settings} /bin/sh -c {command}
"""

AND_WHAT_IS_LEFT = """
code=$?
cat /proc/[0-9]*/status 2> /dev/null | grep -E '^(Name|Uid):' > /autograder/left
exit $code
"""


def missing() -> str:
    """Why no such tree can be made here; empty when it can."""
    tools = ("unshare", "chroot", "mount", "setpriv")
    if sys.platform != "linux" or os.getuid() != 0:
        return "needs root on Linux"
    if lacking := [tool for tool in tools if shutil.which(tool, path=TOOLS["PATH"]) is None]:
        return f"needs {', '.join(lacking)}"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "x", "/mnt"],
        env=TOOLS,
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip()


@dataclass
class Finished:
    """The end of one run of the autograder: its exit code, output, processes left, and results."""

    code: int
    said: str
    left: dict[str, int]  # the processes that still ran: name → user
    result: dict


class Container:
    """`/autograder` lies in `folder`; every run has a fresh tree and namespaces around it."""

    def __init__(self, folder: Path, archive: Path) -> None:
        self.folder, self.autograder = folder, folder / "autograder"
        (folder / "tree").mkdir(parents=True)
        (folder / "grader").mkdir()
        (folder / "python").write_text(SYSTEM_PYTHON)
        (folder / "python").chmod(0o755)
        source = self.autograder / "source"
        with zipfile.ZipFile(archive) as files:
            for info in files.infolist():
                path = source / info.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files.read(info))
                path.chmod(info.external_attr >> 16 & 0o777)
        shutil.copy2(source / "run_autograder", self.autograder / "run_autograder")

    def start(self, command: str, rights: str = "", **settings: str) -> subprocess.Popen:
        """Run a line of shell in the tree, as root."""
        limited = [
            "setpriv",
            "--inh-caps=-all",
            f"--bounding-set=-all,+{rights.replace(',', ',+')}",
        ]
        script = BUILD.format(
            tree=self.folder / "tree",
            base=sys.base_prefix,
            environment=sys.prefix,
            autograder=self.autograder,
            grader=self.folder / "grader",
            python=self.folder / "python",
            path=PATH,
            rights=shlex.join(limited) if rights else "",
            settings=shlex.join(f"{name}={value}" for name, value in settings.items()),
            command=shlex.quote(command),
        )
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return subprocess.Popen(
            [*namespaces, "/bin/sh", "-c", script],
            env=TOOLS,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def call(self, command: str, **settings: str) -> str:
        """Run a line of shell, which must succeed; return what it prints."""
        process = self.start(command, **settings)
        said, _ = process.communicate(timeout=400)
        assert process.returncode == 0, said
        return said

    def upload(self, fill, metadata: object) -> None:
        """Put a submission where Gradescope puts it."""
        for name in ("submission", "results"):
            shutil.rmtree(self.autograder / name, ignore_errors=True)
            (self.autograder / name).mkdir()
        (self.autograder / "left").unlink(missing_ok=True)
        fill(self.autograder / "submission")
        (self.autograder / "submission_metadata.json").write_text(json.dumps(metadata))

    def grade(self, rights: str = "", seconds: float = 600) -> subprocess.Popen:
        """Begin the autograder as the harness does: as root, in /autograder."""
        command = "cd /autograder && ./run_autograder" + AND_WHAT_IS_LEFT
        return self.start(command, rights, TIMEOUT_SECONDS=str(seconds))

    def finish(self, process: subprocess.Popen) -> Finished:
        """Wait for the autograder."""
        said, _ = process.communicate(timeout=400)
        result = json.loads((self.autograder / "results" / "results.json").read_text())
        words = [line.split() for line in (self.autograder / "left").read_text().splitlines()]
        left = {name[1]: int(user[1]) for name, user in zip(words[::2], words[1::2])}
        return Finished(process.returncode, said, left, result)
