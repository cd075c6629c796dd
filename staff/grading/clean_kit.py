"""The kit as it was when a batch began: a change is noticed, and grading goes on from a clean copy.

No submission can change the kit where the sandbox has its layers. This is the net below it: it sees modes,
owners, contents, times and attributes alike, by the time of the last change that the kernel keeps.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.run.clearing import remove
from common import homework as homeworks

FILES = ("pyproject.toml", "requirements.txt", "constraints.txt", "course.toml")
FOLDERS = ("autograder", "common", "staff")
LEFT_OUT = ("__pycache__", "solutions", "mistakes", "variants", "attacks", "figures")
ORIGINAL = "KIT_ORIGINAL"  # tells a process of the real kit, if it works with a copy
OWNER_ALONE = 0o700  # what the grader itself gives to folders with answers
Seen = tuple[int, ...]


class CleanKit:
    """Watches the kit that processes grade from; after a change that is a copy of the first one.

    Attributes:
        folder: the kit in use.
    """

    def __init__(self, root: Path) -> None:
        self._root = self.folder = root
        self._names = [*FOLDERS, *homeworks.names(root), *FILES]
        self._seen = self._look()
        self._modes = {name: stat.S_IMODE(seen[0]) for name, seen in self._seen.items()}
        self._contents = {
            name: (root / name).read_bytes()
            for name, seen in self._seen.items()
            if stat.S_ISREG(seen[0])
        }

    @property
    def is_copy(self) -> bool:
        """Whether the kit in use is a copy."""
        return self.folder != self._root

    def changes(self) -> list[str]:
        """Return the names of what differs from the first look: none, nearly always."""
        now = self._look()
        names = self._seen.keys() | now.keys()
        return sorted(name for name in names if not _same(self._seen.get(name), now.get(name)))

    def renew(self) -> None:
        """Put the modes of the real kit back, and use a copy that nobody has changed."""
        for name, mode in self._modes.items():  # from the top: a folder lets its owner in again
            with contextlib.suppress(OSError):
                if stat.S_IMODE((self._root / name).lstat().st_mode) not in (mode, OWNER_ALONE):
                    (self._root / name).chmod(mode)
        self.close()
        self.folder = Path(tempfile.mkdtemp(prefix="clean-kit-"))
        for name, data in self._contents.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(data)
        self._seen = self._look()

    def close(self) -> None:
        """Remove the copy, if there is one."""
        if self.is_copy:
            remove(str(self.folder))

    def _look(self) -> dict[str, Seen]:
        """Every file and folder that grading reads, folders before what they hold."""
        found: dict[str, Seen] = {}
        waiting = self._names[::-1]
        while waiting:
            name = waiting.pop()
            with contextlib.suppress(OSError):  # gone, or closed: then the mode of a folder says so
                found[name] = _state(self.folder / name)
                if stat.S_ISDIR(found[name][0]):
                    inside = os.listdir(self.folder / name)
                    waiting += [f"{name}/{one}" for one in inside if one not in LEFT_OUT]
        return found

    @contextlib.contextmanager
    def first_to_import(self) -> Iterator[None]:
        """Let processes that are started meanwhile import the kit in use, with the same data sets."""
        if not self.is_copy:
            yield
            return
        path, data = list(sys.path), os.environ.get("KIT_DATA")
        sys.path.insert(0, str(self.folder))
        os.environ[ORIGINAL] = str(self._root)
        if data is None and (self._root / "data").is_dir():
            os.environ["KIT_DATA"] = str(self._root / "data")
        try:
            yield
        finally:
            sys.path[:] = path
            del os.environ[ORIGINAL]
            if data is None:
                os.environ.pop("KIT_DATA", None)


def originals() -> tuple[Path, ...]:
    """The kit that this process was started with a copy of: student code may see nothing of it."""
    return tuple(map(Path, filter(None, [os.environ.get(ORIGINAL)])))


def _state(path: Path) -> Seen:
    """Return what tells a changed file; of a folder no times, since caches are made in it."""
    now = path.lstat()
    about = (now.st_mode, now.st_uid, now.st_gid)
    if stat.S_ISDIR(now.st_mode):
        return about
    return (*about, now.st_size, now.st_mtime_ns, now.st_ctime_ns)


def _same(before: Seen | None, now: Seen | None) -> bool:
    """Whether a file is as it was; a folder may have been closed by the grader itself."""
    if before is None or now is None or before[1:] != now[1:]:
        return False
    return before[0] == now[0] or (len(now) == 3 and stat.S_IMODE(now[0]) == OWNER_ALONE)
