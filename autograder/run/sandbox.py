"""Limits for a process that runs a student's code; called in that process before anything of theirs.

What an ordinary user can have without rights. A platform without a limit goes without, and `level`
says what was reached. (Dropping to another user, namespaces and system-call filters belong here.)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

FILE_LIMIT = 64 * 2**20  # bytes one file may grow to: a flood of prints ends here
MEMORY_LIMIT = 3 * 2**30  # bytes above what the preloaded worker already maps
_PR_SET_PDEATHSIG = 1


def confine(cpu_seconds: float) -> list[str]:
    """Apply every limit this system has to the calling process.

    Args:
        cpu_seconds: processor time after which the kernel ends the process, well above the
            parent's deadline: it is the net below it.

    Returns:
        The names of the limits in force.
    """
    reached = []
    with contextlib.suppress(OSError, AttributeError):
        os.setsid()  # a group of its own, so that the parent can end it whole
        reached.append("own process group")
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            reached.append("dies with its parent")
    try:
        import resource
    except ImportError:  # Windows
        return reached
    limits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": FILE_LIMIT,
        "RLIMIT_CPU": int(cpu_seconds) + 1,
        "RLIMIT_AS": _mapped() + MEMORY_LIMIT if sys.platform == "linux" else None,
    }
    for name, value in limits.items():
        if value is None:
            continue
        with contextlib.suppress(OSError, ValueError, AttributeError):
            which = getattr(resource, name)
            _, hard = resource.getrlimit(which)
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            resource.setrlimit(which, (value, value))
            reached.append(name)
    return reached


def _mapped() -> int:
    """Bytes of address space in use: preloaded CUDA builds of torch map several GB."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
