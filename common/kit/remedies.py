"""Remedies where a package cannot be imported: a limit of the shell, a disk that runs no programs."""

from __future__ import annotations

import re

_MEMORY = r"map segment|allocate memory|MemoryError|out of memory"
_DISK = "Operation not permitted"


def is_of_this_machine(error: str) -> bool:
    """Whether an import failed by the machine and not by the code."""
    return re.search(f"{_MEMORY}|{_DISK}", error) is not None


def remedy(error: str) -> str:
    """Say what to do where a package cannot be imported: set-up does not mend everything."""
    if _DISK in error:
        return "it is on a disk that may not run programs: make VENV=/a/folder/elsewhere"
    if re.search(_MEMORY, error):
        return lack_of_memory()
    return "set up with: make setup"


def lack_of_memory() -> str:
    """Say what to do where memory is short: lift this shell's limit, where it has one."""
    limit = _address_space()
    if limit is None:
        return "there is too little memory: close other programs"
    return f"this shell allows {limit / 2**30:.1f} GiB of memory: ulimit -v unlimited, or another shell"


def _address_space() -> int | None:
    """The bytes that a process may map, where there is a limit."""
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft
