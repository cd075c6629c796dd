"""A view of the file system: some folders can be read, one can be written, nothing else exists.

Landlock needs no rights. It also keeps the process from tracing, signalling or talking to any
process outside, so that memory and environment of the grader stay closed to the same user.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

import kernel

CREATE, ADD, RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ, _READ_FOLDER = 1, 2, 4, 8
_TRUNCATE = 1 << 14
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
_LOOK = _EXECUTE | _READ | _READ_FOLDER
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights on files each version knows; then 16
_NO_TCP, _NO_SIGNALS_OR_SOCKETS = 3, 3  # bind and connect; abstract sockets and signals


def _version() -> int:
    return kernel.call("syscall", CREATE, None, 0, 1)


class View:
    """Rules that are collected with the rights of now, and enforced later.

    Args:
        readable: files and folders to read and execute; those that do not exist are left out.
        writable: folders (and devices) where everything is allowed.
    """

    def __init__(self, readable: list[str | int], writable: list[str | int]) -> None:
        version = _version()
        self._all = (1 << _RIGHTS.get(version, 16)) - 1
        rules = struct.pack("QQQ", self._all, _NO_TCP, _NO_SIGNALS_OR_SOCKETS)
        known = 8 if version < 4 else 16 if version < 6 else 24
        self._rules = kernel.call("syscall", CREATE, ctypes.c_char_p(rules), known, 0)
        for place in readable:
            self._allow(place, _LOOK)
        for place in writable:
            self._allow(place, self._all)

    def _allow(self, place: str | int, rights: int) -> None:
        try:
            handle = os.open(place, os.O_PATH) if isinstance(place, str) else place
        except OSError:
            return
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights & self._all, handle)
        try:
            kernel.call("syscall", ADD, self._rules, 1, ctypes.c_char_p(rule), 0)
        finally:
            if isinstance(place, str):
                os.close(handle)

    def enforce(self) -> None:
        """Restrict the calling process and its descendants to this view, for good."""
        kernel.call("syscall", RESTRICT, self._rules, 0)
        os.close(self._rules)
