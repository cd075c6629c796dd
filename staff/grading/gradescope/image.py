"""Run by setup.sh when all is installed: no build of torch that the container is too small for.

Measured while homework 1 was graded, all processes together: the CPU build peaks at 0.5 GB, under a
limit of 0.75 GB, the smallest container; a build for CUDA takes 0.7 GB (0.46 of its own, 0.24 mapped
from files), too close to that limit, and makes the image 5 GB larger.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path

CUDA_NEEDS = 1400  # megabytes: the container of 1.5 GB, not the one of 0.75 GB
LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
REMEDY = "name an index with CPU builds: python -m staff gradescope hwN --torch-index URL"


def main() -> int:
    """Look at what was installed; return 1 to stop the building of the image."""
    found = judge(*build(), memory())
    if found:
        print(found, file=sys.stderr)
    return int(found.startswith("error"))


def build() -> tuple[str, str | None]:
    """The version of torch and of CUDA, without the seconds that an import takes."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("torch")
    told = runpy.run_path(str(Path(spec.origin).with_name("version.py")))
    return told["__version__"], told["cuda"]


def judge(version: str, cuda: str | None, megabytes: int) -> str:
    """Words about a build of torch in a container of that size; empty for a CPU build."""
    if not cuda:
        return ""
    what = f"torch {version} is a build for CUDA {cuda}"
    if megabytes < CUDA_NEEDS:
        return f"error: {what}, and needs {CUDA_NEEDS} MB; here are {megabytes}; {REMEDY}"
    return f"note: {what}: 5 GB of the image are of no use here; {REMEDY}"


def memory(limits: tuple[Path, ...] = LIMITS, machine: Path = Path("/proc/meminfo")) -> int:
    """Megabytes that this container may use."""
    found = [int(machine.read_text().split("MemTotal:")[1].split()[0]) // 1024]
    for path in limits:
        if path.is_file() and (text := path.read_text().strip()).isdigit():
            found.append(int(text) // 2**20)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
