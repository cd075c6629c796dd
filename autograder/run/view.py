"""The parts of a machine's file system that a check may see.

Python, the system's libraries and a few settings; never the kit, wherever it lies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/opt", "/nix", "/proc", "/sys")
SETTINGS = (  # not the keys and passwords that lie beside them
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/fonts",
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_OF_AN_ENVIRONMENT = ("bin", "include", "lib", "lib64", "pyvenv.cfg", "share")


def python_folders(hidden: Iterable[str]) -> list[str]:
    """Return the real paths of Python, its library and the installed packages.

    Args:
        hidden: real paths that are not shown; an environment that lies in one is.
    """
    prefixes = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    environments = []
    for prefix in prefixes:  # one may have been made in the kit's own folder
        parts = [os.path.join(prefix, name) for name in _OF_AN_ENVIRONMENT]
        environments += parts if prefix in hidden else [prefix]
    found = set(filter(os.path.exists, environments))
    for path in (*sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(":")):
        real = os.path.realpath(path)
        if os.path.isdir(path) and (within(real, environments) or not within(real, hidden)):
            found.add(real)
    return [path for path in sorted(found) if not within(os.path.dirname(path), found)]


def without(paths: Iterable[str], hidden: Iterable[str]) -> list[str]:
    """The folders and files to show in place of `paths`, as real paths: nothing of `hidden`.

    A folder that holds something hidden is replaced by what else it holds.

    Args:
        paths: what lies inside something hidden and is named here by itself is shown.
    """
    found = []
    for path in map(os.path.realpath, paths):
        inside = [place for place in hidden if within(place, [path])]
        if not inside:
            found.append(path)
        elif path not in inside and os.path.isdir(path):
            entries = sorted(e.path for e in os.scandir(path) if not e.is_symlink())
            found += without(entries, inside)
    return found


def within(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of these or lies in one."""
    return any(path == f or path.startswith(f.rstrip("/") + "/") for f in folders)
