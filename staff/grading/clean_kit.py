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
SEALED = 0o700  # what the grader itself gives to folders with answers
Seen = tuple[int, ...]


class CleanKit:
    """Watches the kit that processes grade from; after a change that is a copy of the first one.

    Attributes:
        folder: the kit in use.
    """

    def __init__(self, root: Path) -> None:
        self._root = self.folder = root
        self._contents = {path: (root / path).read_bytes() for path, _ in _entries(root)
                          if (root / path).is_file()}  # fmt: skip
        self._modes = {root / path: seen[0] for path, seen in _entries(root)}
        self._seen = dict(_entries(root))

    def changes(self) -> list[str]:
        """What differs from the first look, by name; empty nearly always."""
        now = dict(_entries(self.folder))
        names = self._seen.keys() | now.keys()
        return sorted(name for name in names if not _same(self._seen.get(name), now.get(name)))

    def renew(self) -> None:
        """Put the modes of the real kit back, and use a copy that nobody has changed."""
        for place, mode in self._modes.items():  # from the top: a folder lets its owner in again
            with contextlib.suppress(OSError):
                if stat.S_IMODE(place.lstat().st_mode) not in (stat.S_IMODE(mode), SEALED):
                    place.chmod(stat.S_IMODE(mode))
        self.close()
        self.folder = Path(tempfile.mkdtemp(prefix="clean-kit-"))
        for name, data in self._contents.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(data)
        self._seen = dict(_entries(self.folder))

    def close(self) -> None:
        """Remove the copy, if there is one."""
        if self.folder != self._root:
            remove(str(self.folder))

    @contextlib.contextmanager
    def first_to_import(self) -> Iterator[None]:
        """Let processes that are started meanwhile import the kit in use, with the same data sets."""
        if self.folder == self._root:
            yield
            return
        path, data = list(sys.path), os.environ.get("KIT_DATA")
        sys.path[:] = [str(self.folder), *(one for one in path if not _is(one, self._root))]
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


def _is(entry: str, folder: Path) -> bool:
    return os.path.realpath(entry or os.curdir) == os.path.realpath(folder)


def _entries(root: Path) -> Iterator[tuple[str, Seen]]:
    """Name and state of every file and folder that grading reads, folders before what they hold."""
    names = [*FOLDERS, *homeworks.names(root), *FILES]
    waiting = [name for name in names if os.path.lexists(root / name)]
    while waiting:
        name = waiting.pop()
        status = os.lstat(root / name)
        if not stat.S_ISDIR(status.st_mode):
            yield name, (status.st_mode, status.st_uid, status.st_gid, status.st_size,
                         status.st_mtime_ns, status.st_ctime_ns)  # fmt: skip
            continue
        yield name, (status.st_mode, status.st_uid, status.st_gid)  # caches are made in folders
        with contextlib.suppress(OSError):  # closed: its mode says so
            waiting += [f"{name}/{one}" for one in os.listdir(root / name) if one not in LEFT_OUT]


def _same(before: Seen | None, now: Seen | None) -> bool:
    """Whether a file is as it was; a folder may have been sealed by the grader itself."""
    if before is None or now is None or before[1:] != now[1:]:
        return False
    return before[0] == now[0] or (len(now) == 3 and stat.S_IMODE(now[0]) == SEALED)
