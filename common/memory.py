"""Keep large blocks of memory instead of handing them back after every operation.

glibc maps every block of 32 MB and more afresh, and gives it back when it is freed. Second-order
gradients of many tasks at once allocate and free such blocks at every operation, and the kernel then
clears the same pages over and over: a third of the time of a training step, or more.
"""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # as <malloc.h> numbers them


def keep_large_blocks() -> bool:
    """Ask glibc to take all memory from the heap, and to keep what is freed for the next use.

    Call it before the first large tensor. It changes how fast memory comes, never a result.

    Returns:
        Whether the setting was made: False on macOS, on Windows, and with another C library.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL("libc.so.6")
        done = library.mallopt(M_MMAP_MAX, 0)
        done &= library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        return bool(done & library.mallopt(M_TOP_PAD, 2**28))
    except (OSError, AttributeError):  # musl has no mallopt, and no libc.so.6
        return False
