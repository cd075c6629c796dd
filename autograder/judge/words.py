"""What is told of a cause: the fields of one entry of `causes`."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Told:
    """One cause, relation or fact.

    `kind` is mistake, change, relation, fact or outside; `sure` says that all outputs agree and
    nothing else known does.
    """

    kind: str
    slug: str
    text: str
    sure: bool

    @property
    def level(self) -> int:
        """Return the hint level from which it is told: causes at 3, what can be seen at 2."""
        if self.kind in ("mistake", "change"):
            return 3
        return 1 if self.kind == "outside" else 2

    def as_json(self) -> dict:
        """The contract's fields."""
        return asdict(self)


RECOGNISED, LIKELY = "Recognised", "This looks like"
MOST_FACTS = 2  # beside a cause or a relation


@dataclass(frozen=True)
class Line:
    """A line for students: `lead` says how sure it is, and is empty for facts."""

    lead: str
    text: str

    def __str__(self) -> str:
        return f"{self.lead}: {self.text}" if self.lead else self.text


def words_of(told: list[Told]) -> list[Line]:
    """Return what a student reads: a sure cause stands alone."""
    outside = [Line("", one.text) for one in told if one.kind == "outside"]
    causes = [one for one in told if one.level == 3]
    if causes and causes[0].sure:
        return [*outside, Line(RECOGNISED, causes[0].text)]
    lines = [Line(LIKELY, one.text) for one in causes]
    relations = [Line("", one.text) for one in told if one.kind == "relation"]
    lines += relations[:1] if lines else relations
    facts = [Line("", one.text) for one in told if one.kind == "fact"]
    return [*outside, *lines, *facts[:MOST_FACTS]]
