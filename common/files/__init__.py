"""Files that are whole or absent: write beside, then rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from common.errors import KitError

_DISK_TROUBLE = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; on success it takes the place of `path`.

    Raises:
        KitError: when the folder cannot be written to or the disk is full; the old file stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix
        )
        os.close(handle)
    except OSError as error:
        raise KitError(f"cannot write {path}: {error.strerror}; choose another place") from None
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno not in _DISK_TROUBLE:
            raise
        raise KitError(f"cannot write {path}: {error.strerror}; the old file stays") from None
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_archive(path: Path, contents: dict[str, bytes], programs: Collection[str] = ()) -> None:
    """Write a zip whole; the same files in the same order give the same bytes.

    Args:
        contents: name in the archive → bytes.
        programs: names of those that may be executed.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, data in contents.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # modes are read as those of Unix
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(info, data)


def sha256(path: Path, progress: Callable[[int], None] = lambda count: None) -> str:
    """The checksum of a file, read in pieces."""
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(2**20):
            total.update(piece)
            progress(len(piece))
    return total.hexdigest()
