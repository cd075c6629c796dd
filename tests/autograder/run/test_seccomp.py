"""The sandbox's numbers of system calls, against the kernel's headers where they are installed."""

import importlib
import re
from pathlib import Path

import pytest

from common import homework as homeworks

HEADERS = {  # of each column: aarch64 has the generic numbers
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.fixture
def program(monkeypatch):
    """A module of the worker's, which know each other by their bare names."""
    monkeypatch.syspath_prepend(homeworks.ROOT / "autograder" / "run")
    return importlib.import_module


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_are_the_kernels(machine, program):
    if not HEADERS[machine].is_file():
        pytest.skip(f"{HEADERS[machine]} is not installed")
    text = HEADERS[machine].read_text()
    told = {
        name: int(number)
        for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)
    }
    seccomp, kernel, landlock = (program(name) for name in ("seccomp", "kernel", "landlock"))
    column = seccomp.ARCHITECTURES[machine][1]
    table = seccomp.DENIED | seccomp.OWN
    table |= {"clone": seccomp.CLONE, "clone3": seccomp.CLONE3}
    table |= {"ioctl": seccomp.IOCTL, "fcntl": seccomp._FCNTL}
    ours = {name: numbers[column] for name, numbers in table.items()}
    ours |= {
        "capset": kernel.CAPSET[machine],
        "mount_setattr": kernel.MOUNT_SETATTR,
        "landlock_create_ruleset": landlock.CREATE,
        "landlock_add_rule": landlock.ADD,
        "landlock_restrict_self": landlock.RESTRICT,
    }
    newest = max(told.values())  # of these headers, which may be older than a call
    ours = {name: number for name, number in ours.items() if (number or 0) <= newest}
    assert ours == {name: told.get(name) for name in ours}
