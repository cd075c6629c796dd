"""A folder that one process at a time may write to."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_HELD: dict[Path, int] = {}  # folders of this process → what holds them


class Taken(Exception):
    """Another process holds the folder."""


def hold(folder: Path) -> None:
    """Hold a folder until `release`, or until this process ends, however it ends.

    Where the system cannot lock (some network drives), nothing is held.

    Raises:
        Taken: when another process holds it.
    """
    folder = folder.resolve()
    if folder in _HELD:
        return
    try:
        handle = _open_lock(folder)
    except OSError:
        return
    try:
        _lock(handle)
    except OSError as error:
        os.close(handle)
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            raise Taken(folder) from None
        return
    _HELD[folder] = handle


def release(folder: Path) -> None:
    """Let go of a folder that this process holds."""
    handle = _HELD.pop(folder.resolve(), None)
    if handle is not None:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _open_lock(folder: Path) -> int:
        """A file in the folder: Windows cannot open a folder itself."""
        return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _open_lock(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY)

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
