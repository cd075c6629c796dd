"""A machine of its own for a worker: no other processes, no network, and hardly any files.

As root always where the kernel lets us; as an ordinary user through a user namespace where the
system allows those. When the first process of the namespace ends, the kernel ends all others.

The worker's file system is built from nothing: what it is to see is mounted into an empty tree,
read-only, so that of everything else not even the existence can be asked for, and no mode, time or
attribute of a file can be changed. Its scratch folder alone can be written.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import struct
from pathlib import Path

import kernel
import view

_NEW_FILES, _NEW_IPC, _NEW_USER = 0x00020000, 0x08000000, 0x10000000
_NEW_PROCESSES, _NEW_NETWORK = 0x20000000, 0x40000000
_NO_SETUID, _NO_DEVICES, _NO_EXECUTION = 2, 4, 8
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_HERE, _ALL_BELOW, _READ_ONLY = -100, 0x8000, 1  # of mount_setattr
_SCRATCH = "size=256m,nr_inodes=16k,mode=711"


def enter(scratch: str, shown: list[str], hidden: list[str], needed: list[str]) -> bool:
    """Go on as process 1 of new namespaces; False, and nothing changed, where that is not allowed.

    The process that called stays outside, waits, and ends as the inner one does.

    Args:
        scratch: an empty folder; inside it is a small file system in memory.
        shown: folders and files to see, at their own paths; those that do not exist are left out.
        hidden: real paths of folders that are empty inside, but for what `shown` names in them.
        needed: folders of `shown` without which the worker cannot do its work.
    """
    trial = os.fork()
    if trial == 0:
        try:
            _enter(scratch, shown, hidden)
            for folder in needed:
                os.listdir(folder)
            os._exit(0)
        except BaseException:
            os._exit(1)
    if os.waitpid(trial, 0)[1] != 0:
        return False
    _enter(scratch, shown, hidden)
    return True


def _enter(scratch: str, shown: list[str], hidden: list[str]) -> None:
    user, group = os.getuid(), os.getgid()
    kinds = _NEW_FILES | _NEW_IPC | _NEW_PROCESSES | _NEW_NETWORK
    kernel.call("unshare", kinds | (_NEW_USER if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    inner = os.fork()
    if inner:
        os.closerange(3, 1024)  # the grader's line belongs to the inner process alone
        os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1])))
    kernel.prctl(kernel.PDEATHSIG, signal.SIGKILL)
    kernel.call("mount", None, "/", None, _RECURSIVE | _PRIVATE, None)
    root = scratch  # the new tree is put together here, where nothing is
    kernel.call("mount", "root", root, "tmpfs", _NO_SETUID | _NO_DEVICES, "size=4m,mode=755")
    _build(root, shown, hidden)
    _make_read_only(root)
    quiet = _NO_SETUID | _NO_DEVICES | _NO_EXECUTION
    kernel.call("mount", "proc", f"{root}/proc", "proc", quiet, None)
    place = root + os.path.realpath(scratch)
    kernel.call("mount", "scratch", place, "tmpfs", _NO_SETUID | _NO_DEVICES, _SCRATCH)
    os.chroot(root)
    os.chdir("/")


def _build(root: str, shown: list[str], hidden: list[str]) -> None:
    """Mount what is shown below `root`, and something empty over what is hidden in it."""
    os.mkdir(f"{root}/proc")
    places = dict.fromkeys(filter(os.path.exists, hidden), False)
    places |= {_follow(root, place): True for place in shown if os.path.exists(place)}
    above: list[str] = []  # what was mounted around the place at hand
    for place in sorted(places):  # a folder comes before what it holds
        above = [one for one in above if view.within(place, [one])]
        if places[place] == (bool(above) and places[above[-1]]):
            continue  # as it is around it
        target = root + place
        if not places[place]:
            kernel.call("mount", "hidden", target, "tmpfs", _NO_SETUID | _NO_DEVICES, "mode=755")
        else:
            _make_target(target, os.path.isdir(place))
            kernel.call("mount", place, target, None, _BIND | _RECURSIVE, None)
        above.append(place)


def _make_target(target: str, folder: bool) -> None:
    os.makedirs(target if folder else os.path.dirname(target), exist_ok=True)
    if not folder and not os.path.exists(target):
        os.close(os.open(target, os.O_CREAT | os.O_EXCL))


def _follow(root: str, path: str) -> str:
    """The real path, with every symbolic link on the way made below `root`, too."""
    at = "/"
    parts = path.strip("/").split("/")
    for index, part in enumerate(parts, 1):
        link = os.path.join(at, part)
        if os.path.islink(link):
            target = os.readlink(link)
            os.makedirs(root + at, exist_ok=True)
            if not os.path.lexists(root + link):
                os.symlink(target, root + link)
            return _follow(root, os.path.normpath(os.path.join(at, target, *parts[index:])))
        at = link
    return at


def _make_read_only(root: str) -> None:
    """Everything below `root`; Linux before 5.12 cannot, and there the files' owners alone protect."""
    wanted = struct.pack("QQQQ", _READ_ONLY, 0, 0, 0)
    with contextlib.suppress(OSError):
        kernel.call(
            "syscall", kernel.MOUNT_SETATTR, _HERE, root, _ALL_BELOW, ctypes.c_char_p(wanted), 32
        )
