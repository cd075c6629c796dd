"""What the worker asks of the kernel beside its sandbox."""

import platform
import re
import subprocess
import sys

import pytest

from common import homework as homeworks

GATHER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import kernel
def large():
    return int(Path("/proc/self/smaps_rollup").read_text().split("AnonHugePages:")[1].split()[0])
kept, before = bytearray(b"x") * 2**26, large()
kernel.use_large_pages()
print(large() - before)
"""


def _linux() -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)", platform.release()) if sys.platform == "linux" else None
    return tuple(map(int, found.groups())) if found else (0, 0)


@pytest.mark.skipif(_linux() < (6, 1), reason="Linux gathers memory when asked from 6.1 on")
def test_memory_is_gathered_in_large_pages():
    folder = homeworks.ROOT / "autograder" / "run"
    ran = subprocess.run(
        [sys.executable, "-c", GATHER, str(folder)], capture_output=True, text=True, check=True
    )
    assert int(ran.stdout) > 2**15  # kB: half of what was written
