"""How much memory grading takes, from /proc; 0 where there is none."""

from __future__ import annotations

import os
from pathlib import Path


def of_this_process_and_its_children() -> int:
    """Peak resident megabytes of this process, and of each process it started, summed."""
    total = _peak(os.getpid())
    for tasks in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        try:
            total += sum(_peak(int(pid)) for pid in tasks.read_text().split())
        except OSError:
            continue
    return round(total / 1024)


def _peak(pid: int) -> int:
    """Kilobytes; shared pages count in every process that maps them."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
