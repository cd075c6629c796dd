"""What is to be graded: one submission's order, and the secret seed that it gets."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from common.homework import PUBLIC_SEED, Homework
from staff.grading import diagnosis

VERSION = 4  # of the record; another one is graded anew


@dataclass(frozen=True)
class Order:
    """One submission to grade; it can be sent to another process or machine.

    Attributes:
        ident: what its record is called.
        homework: "hw1".
        source: the zip or folder on this machine.
        content: the zip's bytes, where the machine that grades does not have the file.
        fingerprint: of the content and of the grader: the same means the same record.
        students: everyone who handed it in.
        submitted: ISO time, or empty.
        seed: the seed to use, or None to choose a secret one.
        for_student: whether messages will be read by the student: then they speak of the public
            seed's inputs, and nothing of the secret ones is told but the points.
        trouble: why it cannot even be sent to be graded; empty for nearly all.
    """

    ident: str
    homework: str
    source: str
    fingerprint: str = ""
    students: tuple[str, ...] = ()
    submitted: str = ""
    seed: int | None = None
    for_student: bool = False
    content: bytes | None = field(default=None, repr=False)
    trouble: str = ""

    @property
    def upload(self) -> str:
        """What the upload is called, as text that can be written."""
        return readable(Path(self.source).name)


def readable(name: str) -> str:
    """A file's name as text, letters and their marks composed, control characters left out.

    Bytes that are not UTF-8 are read as Windows-1252, which most old archives come from.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("cp1252", "replace")
    name = "".join("?" if unicodedata.category(c) == "Cc" else c for c in name)
    return unicodedata.normalize("NFC", name)


def secret_seeds(homework: Homework) -> list[int]:
    """The seeds that only staff have recorded."""
    found = [
        re.fullmatch(r"answers-(\d+)\.npz", path.name) for path in homework.checks.glob("answers-*")
    ]
    return sorted(int(match[1]) for match in found if match)


def choose_seed(homework: Homework, content: str) -> int:
    """One of the secret seeds, the same for the same submission; the public one if there is none.

    Args:
        content: the submission's digest.
    """
    seeds = secret_seeds(homework)
    if not seeds:
        return PUBLIC_SEED
    key = f"{homework.name}:{seeds}".encode()
    number = int.from_bytes(hmac.digest(key, content.encode(), "sha256")[:8], "big")
    return seeds[number % len(seeds)]


def grader_version(homework: Homework, seed: int | None) -> str:
    """Return a checksum of all that a record depends on beside the submission."""
    from autograder.judge.record_file import digest  # takes longer to import than --help may

    table = (homework.folder / "homework.toml").read_bytes()
    seeds = secret_seeds(homework) if seed is None else [seed]
    text = (
        f"{VERSION} {digest(homework)} {seeds} {hashlib.sha256(table).hexdigest()} "
        f"{diagnosis.version(homework)}"
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
