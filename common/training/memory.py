"""Memory: keep large blocks instead of handing them back after every operation; count tensors.

glibc maps every block of 32 MB and more afresh, and gives it back when it is freed. Second-order
gradients of many tasks at once allocate and free such blocks at every operation, and the kernel then
clears the same pages over and over: a third of the time of a training step, or more.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

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


def peak_bytes(function: Callable[[], object]) -> int:
    """The most bytes that tensors made by a function take up at one time.

    What autograd keeps for a backward pass counts as long as it is kept. The same on every machine,
    as no memory of the process or of a library is looked at.
    """

    class Watch(TorchDispatchMode):
        """Counts storages as they come and go."""

        now = most = 0

        def __init__(self) -> None:
            super().__init__()
            self.seen: weakref.WeakSet = weakref.WeakSet()

        def __torch_dispatch__(
            self,
            operation: Callable,
            types: tuple[type, ...],
            args: tuple = (),
            kwargs: dict[str, Any] | None = None,
        ) -> Any:
            given = {
                part.untyped_storage()._cdata
                for part in tree_leaves((args, kwargs))
                if isinstance(part, torch.Tensor)
            }
            result = operation(*args, **(kwargs or {}))
            for part in tree_leaves(result):
                if isinstance(part, torch.Tensor) and part.untyped_storage()._cdata not in given:
                    self.count(part.untyped_storage())
            return result

        def count(self, storage: torch.UntypedStorage) -> None:
            if storage in self.seen:
                return
            self.seen.add(storage)
            size = storage.nbytes()
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self.free, size)

        def free(self, size: int) -> None:
            self.now -= size

    with Watch() as watch:
        function()
    return watch.most
