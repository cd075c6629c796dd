"""A Python program run as root or as an ordinary user, where both can reach Python and a kit.

It runs in a mount namespace of its own: Python is shown there even when it lies in a private home,
and a copy of the kit may lie wherever a test wants it, without a trace on this machine.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from common.homework import ROOT
from tests.helpers.container import TOOLS, missing

NOBODY = 65534
PARTS = (
    "pyproject.toml",
    "requirements.txt",
    "common",
    "hw1",
    "autograder",
    "staff/__init__.py",
    "staff/grading/__init__.py",
    "staff/grading/permissions.py",
    "staff/solutions/hw1",
)

__all__ = ["missing", "run"]


def _show_python() -> str:
    """Lines of shell that make the interpreter's folder passable, which may lie in a closed home."""
    base = Path(sys.base_prefix)
    closed = next((p for p in reversed(base.parents) if not p.stat().st_mode & 0o001), None)
    if closed is None:
        return ""
    return (
        f"mount --bind {base} /mnt\nmount -t tmpfs -o mode=755 x {closed}\n"
        f"mkdir -p {base}\nmount --bind /mnt {base}\n"
    )


def run(
    program: str,
    kit: str,
    user: int,
    parts: tuple[str, ...] = (),
    empty: tuple[str, ...] = (),
    **arguments: object,
) -> dict:
    """Run a program; return what it prints as JSON.

    Args:
        program: Python; it gets the arguments as JSON, and runs in the kit's folder.
        kit: where to put a copy of the kit; the folder around it seems empty otherwise.
        user: who runs the program and owns that copy.
        parts: files and folders to copy beside PARTS.
        empty: folders of this machine that seem empty, and are the user's.
    """
    folder = os.path.dirname(kit)
    script = "set -e\nmount --make-rprivate /\n" + _show_python()
    script += f"mount -t tmpfs -o mode=755 x {shlex.quote(folder)}\n"
    for place in empty:
        script += f"mount -t tmpfs -o mode=1777 x {place}\nchown {user}:{user} {place}\n"
    for part in (*PARTS, *parts):  # with its times: what Python has compiled then stays valid
        place = shlex.quote(os.path.dirname(f"{kit}/{part}"))
        script += f"mkdir -p {place}\ncp -r --preserve=timestamps {shlex.quote(str(ROOT / part))} {place}\n"
    script += f"chown -R {user}:{user} {kit}\ncd {kit}\nexport PYTHONPATH={kit}\n"
    ids = f"--reuid={user} --regid={user} --clear-groups" if user else "--clear-groups"
    given = shlex.quote(json.dumps({"kit": kit, **arguments}))
    script += f"exec setpriv {ids} {sys.executable} -c {shlex.quote(program)} {given}\n"
    done = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-c", script],
        env=TOOLS,
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
