"""Marks in an answer: numbers that its runs bear out, and statements that they do not."""

from __future__ import annotations

from dataclasses import dataclass, field

from staff.written.facts import Fact
from staff.written.numbers import Number

NOWHERE, OTHER_RUN, TINY, OTHER_STUDENT, ORDER, SIZE = (
    "nowhere",
    "another run",
    "tiny",
    "another student",
    "order",
    "size",
)


@dataclass(frozen=True)
class Mark:
    """A statement that no run supports: its place, its kind, and a text."""

    start: int
    end: int
    kind: str
    text: str


@dataclass
class Checked:
    """An answer against its runs.

    Attributes:
        marks: what is not borne out.
        borne_out: numbers of the text and the facts that they are.
        typed: how many numbers of runs were typed by hand.
    """

    marks: list[Mark] = field(default_factory=list)
    borne_out: list[tuple[Number, Fact]] = field(default_factory=list)

    @property
    def typed(self) -> int:
        return len(self.borne_out) + sum(m.kind not in (ORDER, SIZE) for m in self.marks)
