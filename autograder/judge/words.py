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

    def as_json(self) -> dict:
        """The contract's fields."""
        return asdict(self)
