"""The kinds of notes that a grade comes with, and who reads which."""

from __future__ import annotations

from collections.abc import Iterable

STUDENT, STAFF = "student", "staff"  # audiences
NOT_MEASURED = "not measured"  # a trained run whose data are not on this machine: staff must act
CHANGED = "changed file"  # one that is not as `submit` packed it
CONTRADICTION = "contradiction"  # two things that were handed in do not fit each other
RECEIPT_BROKEN = "receipt"  # a run whose files are not those of its receipt, or that has none
SHARED_RUN = "shared run"  # one run that two students handed in


def of_kind(notes: Iterable[dict], kind: str) -> list[str]:
    """The texts of the notes of one kind."""
    return [note["text"] for note in notes if note["kind"] == kind]


def for_students(notes: Iterable[dict]) -> list[str]:
    """The texts that a submission's author may read."""
    return [note["text"] for note in notes if note["audience"] == STUDENT]
