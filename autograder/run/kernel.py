"""Calls of the Linux kernel that Python has no name for; everything fails as `OSError`."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
from pathlib import Path

PDEATHSIG, SECCOMP, CHILD_SUBREAPER, NO_NEW_PRIVS = 1, 22, 36, 38
MOUNT_SETATTR = 442  # a number of a system call that every processor shares
_CAPABILITY_VERSION = 0x20080522
_COLLAPSE, _LARGE_PAGE = 25, 2**21
CAPSET = {"x86_64": 126, "aarch64": 91}


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """Call a function of the C library; integers go as long, texts as bytes."""
    given = [ctypes.c_ulong(a & (2**64 - 1)) if isinstance(a, int) else a for a in arguments]
    given = [a.encode() if isinstance(a, str) else a for a in given]
    function = getattr(_libc(), name)
    function.restype = ctypes.c_long if name == "syscall" else ctypes.c_int
    result = function(*given)
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


def prctl(option: int, value: object = 0, other: object = 0) -> None:
    """Set a property of the calling process."""
    call("prctl", option, value, other, 0, 0)


def drop_capabilities() -> None:
    """Give up every right above an ordinary user's, for good (root's and a namespace owner's)."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    call("syscall", CAPSET[os.uname().machine], ctypes.byref(header), (ctypes.c_uint32 * 6)())


def use_large_pages() -> None:
    """Gather the calling process's own memory in pages of 2 MB, where Linux can (from 6.1 on).

    A fork copies an entry for each page that the process has written, and its end removes them.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, file, *name = line.split()
        first, last = (int(end, 16) for end in span.split("-"))
        first, last = -(-first // _LARGE_PAGE) * _LARGE_PAGE, last // _LARGE_PAGE * _LARGE_PAGE
        if rights == "rw-p" and file == "0" and name in ([], ["[heap]"]) and first < last:
            with contextlib.suppress(OSError):
                call("madvise", first, last - first, _COLLAPSE)
