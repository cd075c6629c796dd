"""A job: one submission to grade, and the secret inputs that it gets."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework
from common.kit import seeds
from common.kit.seeds import Seed
from staff.grading import diagnosis

PUBLIC = str(PUBLIC_SEED)  # the name of the inputs that students have
VERSION = 5  # of the record; another one is graded anew


@dataclass(frozen=True)
class Job:
    """One submission to grade; it can be sent to another process or machine.

    Attributes:
        ident: what its record is called.
        homework: "hw1".
        source: the zip or folder on this machine.
        content: the zip's bytes, where the machine that grades does not have the file.
        fingerprint: of the content and of the grader: the same means the same record.
        students: everyone who handed it in.
        submitted: ISO time, or empty.
        seed: the name of the inputs to use, or None to choose secret ones.
        sets: how many secret sets to choose; a check counts when it passes under all.
        for_student: whether messages will be read by the student: then they speak of the public
            inputs, and nothing of the secret ones is told but the points.
        trouble: why it cannot even be sent to be graded; empty for nearly all.
    """

    ident: str
    homework: str
    source: str
    fingerprint: str = ""
    students: tuple[str, ...] = ()
    submitted: str = ""
    seed: str | None = None
    sets: int = 1
    for_student: bool = False
    content: bytes | None = field(default=None, repr=False)
    trouble: str = ""

    @property
    def upload(self) -> str:
        """Return what the upload is called, as text that can be written."""
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


def choose_seeds(homework: Homework, job: Job, content: str) -> list[Seed]:
    """The inputs that a job asks for: secret ones are the same for the same submission.

    Another set that is recorded later changes the choice of few submissions.

    Args:
        content: the submission's digest.

    Raises:
        KitError: when it names a set that is not recorded.
    """
    if job.seed is not None:
        return [seeds.find(homework, job.seed)]
    secret = seeds.recorded_sets(homework)
    ranked = sorted(secret, key=lambda one: one.words(f"submission {content}"))
    return [*ranked[: job.sets]] or [PUBLIC_SEED]


def inputs_told(homework: Homework, seed: str | None, sets: int) -> list[str]:
    """Return what staff should know of the inputs that a batch is judged with.

    Raises:
        KitError: when fewer sets are recorded than asked for, or only such as are of no use.
    """
    secret, useless = len(seeds.recorded_sets(homework)), seeds.left_over(homework)
    record = f"python -m staff answers {homework.name} --secret"
    if seed is None and useless and not secret:
        raise KitError(useless[0])
    if sets < 1 or (seed is None and sets > max(1, secret)):
        raise KitError(
            f"--sets {sets}: {secret} are recorded for {homework.name}; record more with: "
            f"{record} {max(1, sets)}"
        )
    if seed is None and not secret:
        return [
            f"no secret set is recorded for {homework.name}; the public one is used. Record one "
            f"with: {record}"
        ]
    return useless


def held_out_seed(homework: Homework, job: Job, content: str) -> Seed:
    """Return the seed of the fresh tasks for trained runs, from the term's secret and the submission."""
    secret = None if job.seed == PUBLIC else seeds.term(homework.root)
    return PUBLIC_SEED if secret is None else secret.derive(f"exam {homework.name} {content}")


def grader_version(homework: Homework, job: Job) -> str:
    """Return a checksum of all that a record depends on beside the submission."""
    from autograder.judge.record_file import digest  # takes longer to import than --help may

    table = (homework.folder / "homework.toml").read_bytes()
    inputs = [str(one) for one in seeds.recorded_sets(homework)] if job.seed is None else job.seed
    text = (
        f"{VERSION} {digest(homework)} {seeds.term(homework.root)} {inputs} {job.sets} "
        f"{hashlib.sha256(table).hexdigest()} {diagnosis.version(homework)}"
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
