"""The limits of a student's process. Every layer is tried, and what was reached has a name.

    limits      of time, memory, files, tasks, and what is first to go when memory is short
    user        a user of its own for every check (as root), so that checks cannot touch each other
    namespaces  no process of the machine in sight, no network, a read-only file system of its own
    landlock    reads Python, the system's libraries and the homework; writes its own folder only
    seccomp     no socket, no tracing, no signal to others, no leaving the group that is killed,
                no change of any file's mode, owner, times or attributes

`Sandbox` belongs to the worker that forks and knows what this system allows; `Sandbox.confine` is called
in the process of one check, before anything of the student's. A process that does not get what the
worker was found to have ends: better no result than one from outside the sandbox.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Collection
from dataclasses import InitVar, dataclass, field
from pathlib import Path

import clearing
import kernel
import landlock
import namespaces
import seccomp
import view

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

FILE_LIMIT = 64 * 2**20  # bytes one file may grow to: a flood of prints ends here
MEMORY_LIMIT = 3 * 2**30  # bytes above what the preloaded worker already maps
OPEN_FILES = 256
TASKS = 40  # processes and threads of one check
LAYERS = ("user", "namespaces", "landlock", "seccomp", "limits")

# Numbers that systems give to no person (systemd's "dynamic users"); a worker takes one block.
_FIRST_USER, _BLOCK, _BLOCKS = 61184, 8, 542

_EVERY_CHILD = 0x40000000  # wait for children however they were made


def limit(cpu_seconds: float | None = None) -> None:
    """Limits of the calling process that every Unix has; what one lacks it goes without.

    Args:
        cpu_seconds: processor time after which the kernel ends the process, well above the
            parent's deadline: it is the net below it. None sets none.
    """
    if resource is None:
        return
    linux = sys.platform == "linux"
    values = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": FILE_LIMIT,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_CPU": None if cpu_seconds is None else int(cpu_seconds) + 1,
        "RLIMIT_AS": _mapped() + MEMORY_LIMIT if linux else None,
    }
    for name, value in values.items():
        if value is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                _lower(getattr(resource, name), value)
    if linux:
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _mapped() -> int:
    """Bytes of address space in use: preloaded CUDA builds of torch map several GB."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Slot:
    """The user and the folder that belong to one check alone."""

    user: int | None
    folder: str


@dataclass
class Sandbox:
    """What this system allows a worker: made once, before anything slow is imported.

    Args:
        scratch: an empty folder for the checks' own folders.
        without: layers not to use, to test what is left where a system has no more.
        hidden: folders that no check may see anything of, the kit's above all; they are forgotten
            before a check's process begins.
        trees: the folder that the checks' trees lie in.
    """

    scratch: str
    without: tuple[str, ...] = ()
    hidden: InitVar[tuple[str, ...]] = ()
    trees: InitVar[str] = "/tmp"
    level: list[str] = field(default_factory=list)  # names of the layers that were reached
    _users: list[int] = field(default_factory=list)
    _claim: socket.socket | None = None
    _slots: int = 0

    def __post_init__(self, hidden: tuple[str, ...], trees: str) -> None:
        hidden = tuple(map(os.path.realpath, hidden))
        self._python = view.python_folders(hidden)
        self._shown = view.without([*self._python, *view.SYSTEM, *view.SETTINGS], hidden)
        os.umask(0o022)
        os.chmod(self.scratch, 0o711)
        if self._wants("user") and os.getuid() == 0:
            self._users, self._claim = _claim_users()
        self._needed = [
            place
            for place in self._shown
            if view.within(place, self._python) and os.path.isdir(place)
        ]
        seen = [*self._python, *view.SYSTEM, *view.SETTINGS, *view.DEVICES, trees]
        inside = self._wants("namespaces") and namespaces.enter(
            self.scratch, [place for place in seen if place != "/proc"], list(hidden), self._python
        )
        if inside:
            self.level.append("namespaces")
        with contextlib.suppress(OSError):
            kernel.prctl(kernel.CHILD_SUBREAPER, 1)
        self._tasks = TASKS if os.getuid() == 0 or inside else TASKS + _tasks_of(os.getuid())
        for name in ("user", "limits", "landlock", "seccomp"):
            if self._wants(name) and self._works(name):
                self.level.append(name)
        self.level.sort(key=LAYERS.index)

    def _wants(self, layer: str) -> bool:
        return layer not in self.without

    def _works(self, layer: str) -> bool:
        """Whether a process gets this layer above those reached, and can still do its work."""
        if layer == "user" and not self._users:
            return False
        slot = self.slot()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                self._apply({*self.level, layer}, slot, 10, [])
                for folder in self._needed:
                    os.listdir(folder)
                Path(slot.folder, "x").write_text("x")
                os._exit(0)
            os._exit(1)
        status = os.waitpid(pid, 0)[1]
        self.leave(slot)
        if layer == "user" and status != 0:
            self._users = []  # no ordinary user can reach Python here: go on as root
        return status == 0

    def slot(self) -> Slot:
        """A fresh folder, and a user whom no other check has."""
        self._slots += 1
        user = self._users.pop(0) if self._users else None
        folder = os.path.join(self.scratch, f"check-{self._slots}")
        os.mkdir(folder, 0o700)
        if user is not None:
            os.chown(folder, user, user)
        return Slot(user, folder)

    def leave(self, slot: Slot) -> None:
        """Clear a slot when all its processes are gone."""
        clearing.clear(slot.folder)
        if slot.user is not None:
            self._users.append(slot.user)

    def own_handle(self, handle: int, path: str) -> int:
        """A handle of the same folder within the worker's own file system, or else `handle`.

        What the grader opened leads by `..` into the machine's file system, which can be written.
        """
        with contextlib.suppress(OSError):
            own = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            if os.path.samestat(os.fstat(own), os.fstat(handle)):
                return own
            os.close(own)
        return handle

    def confine(self, slot: Slot, cpu_seconds: float, readable: list[str | int]) -> None:
        """Apply every layer of this sandbox to the calling process.

        Args:
            readable: what the check may read beside Python: paths or open folders.

        Raises:
            OSError: when a layer cannot be had.
        """
        self._apply(set(self.level), slot, cpu_seconds, readable)

    def _apply(
        self, layers: set[str], slot: Slot, cpu_seconds: float, readable: list[str | int]
    ) -> None:
        os.setsid()  # a group of its own, to be killed as one
        if self._claim is not None:
            self._claim.close()
        rules = None
        if "limits" in layers:
            limit(cpu_seconds)
        if "landlock" in layers:  # collected while closed folders can still be opened
            rules = landlock.View([*self._shown, *readable], [slot.folder, *view.DEVICES])
        if "user" in layers:
            if slot.user is None:
                raise OSError("no user is left for this check")
            os.setgroups([])
            os.setresgid(slot.user, slot.user, slot.user)
            os.setresuid(slot.user, slot.user, slot.user)
        if "limits" in layers and os.getuid() != 0:  # root is not counted
            _lower(resource.RLIMIT_NPROC, self._tasks)
        kernel.drop_capabilities()
        kernel.prctl(kernel.PDEATHSIG, signal.SIGKILL)  # a change of user forgets it
        kernel.prctl(kernel.NO_NEW_PRIVS, 1)
        if rules is not None:
            rules.enforce()
        if "seccomp" in layers:
            seccomp.deny()
            _copy_contents_alone()


def _copy_contents_alone() -> None:
    """Let `shutil` copy files and folders where their modes and times cannot be set."""
    shutil.copymode = shutil.copystat = lambda *_, **__: None


def _claim_users() -> tuple[list[int], socket.socket | None]:
    """A block of users that no other worker of this machine holds, and the claim to keep open.

    The claim is a name in the kernel that vanishes with the process: nothing can be left behind.
    """
    for block in range(_BLOCKS):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0homework-users-{block}")
        except OSError:
            claim.close()
            continue
        first = _FIRST_USER + block * _BLOCK
        return list(range(first, first + _BLOCK)), claim
    return [], None


def _tasks_of(user: int) -> int:
    """Count the processes and threads of a user; the limit on processes counts both."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                total += len(os.listdir(process / "task"))
    return total


def end(pid: int, others: Collection[int]) -> int:
    """Kill a check and all that it started; return its exit status.

    The kernel kills a process group in one step, which no fork outruns. Whoever could leave the
    group (where system calls are not filtered) is a child of the caller once its own parent is
    gone: one generation after the other is killed, until none but `others` is left.

    Args:
        others: children that go on.
    """
    for kill in (os.killpg, os.kill):  # the group is not there yet in a process just born
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, _EVERY_CHILD)[1]
    while strays := [child for child in _children() if child not in others]:
        for stray in strays:
            os.kill(stray, signal.SIGKILL)
        for stray in strays:
            os.waitpid(stray, _EVERY_CHILD | os.WNOHANG)
    return status


def _children() -> list[int]:
    """The processes whose parent is the calling one, by birth or because theirs has died."""
    own = os.getpid()
    with contextlib.suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_text().split()]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == own:
                found.append(int(process.name))
    return found
