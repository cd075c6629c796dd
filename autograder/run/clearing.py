"""Folders that student code wrote to: removed whole, however deep they are and whatever their modes."""

from __future__ import annotations

import contextlib
import os
import time

PAUSE, PATIENCE = 0.05, 2.0  # seconds: a process that was killed may write for a moment more


def remove(folder: str) -> None:
    """Remove a folder whose processes have just been killed: again, until nothing writes to it."""
    until = time.monotonic() + PATIENCE
    clear(folder)
    while os.path.lexists(folder) and time.monotonic() < until:
        time.sleep(PAUSE)
        clear(folder)


def clear(folder: str) -> None:
    """Remove a folder whose contents are hostile: however deep, and whatever their modes.

    A folder's own folders are moved to the top before it is removed, so that nothing recurses.
    """
    serial, waiting = 0, [folder]
    while waiting:
        current, entries = waiting.pop(), []
        with contextlib.suppress(OSError):
            open_up(current)
            entries = list(os.scandir(current))
        for entry in entries:
            with contextlib.suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                    continue
                open_up(entry.path)  # only who may write to a folder can move it
                serial += 1
                top = os.path.join(folder, f"{serial}.cleared")
                os.rename(entry.path, top)
                waiting.append(top)
        if current != folder:
            with contextlib.suppress(OSError):
                os.rmdir(current)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def open_up(folder: str) -> None:
    """Let the owner into a folder, and never what a link there points to."""
    if not hasattr(os, "O_PATH"):
        os.chmod(folder, 0o700)
        return
    handle = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        os.chmod(f"/proc/self/fd/{handle}", 0o700)
    finally:
        os.close(handle)
