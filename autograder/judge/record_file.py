"""What is recorded of a homework's checks, in one file: written whole, read only with those checks."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autograder.run import wire
from common.errors import KitError
from common.homework import Homework


def digest(homework: Homework) -> str:
    """Return a checksum of the source of every check and probe; line endings do not count."""
    total = hashlib.sha256()
    for path in [*sorted(homework.checks.glob("*.py")), homework.checks.parent / "probing.py"]:
        total.update(path.name.encode())
        total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()


@contextlib.contextmanager
def open_record(path: Path, homework: Homework, remedy: str = "") -> Iterator[dict]:
    """The content of a record, while it is taken apart.

    Args:
        remedy: what the staff can do, as the end of an error.

    Raises:
        KitError: when it was made with other checks, cannot be read, or cannot be taken apart.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            record = wire.unpack(archive["record"].tobytes())
        if record["checks"] != digest(homework):
            raise KitError(
                f"{path.name} of {homework.name} was recorded with other checks; put "
                f"autograder/ back as it was (git checkout autograder){remedy}"
            )
        yield record
    except (OSError, ValueError, KeyError, TypeError, wire.WireError, zipfile.BadZipFile):
        raise KitError(f"{path} is damaged; fetch the kit again{remedy}") from None


def save(path: Path, homework: Homework, content: dict) -> Path:
    """Write a record; the old one stays until the new one is whole."""
    record = wire.pack({"checks": digest(homework)} | content)
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, record=np.frombuffer(record, np.uint8))
    os.replace(temporary, path)
    return path
