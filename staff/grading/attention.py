"""What staff must do after a batch: two lists, **decide** and **worth a look**."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.run.notes import (
    CHANGED,
    CONTRADICTION,
    KIT_CHANGED,
    LOW_THRESHOLD,
    NO_NETWORK,
    NOT_MEASURED,
    OF_FILES,
    OPEN_EXAM,
    READS_FILES,
    RECEIPT_BROKEN,
    SHARED_RUN,
    UNEXPLAINED,
)
from staff.grading.hand_ins import HandIns

PERFECT = 1.0
FEW = 3  # students of whom one and the same thing is said in a line for each
WORTH_A_LOOK = (
    KIT_CHANGED,
    SHARED_RUN,
    RECEIPT_BROKEN,
    CONTRADICTION,
    NO_NETWORK,
    READS_FILES,
    OPEN_EXAM,
    CHANGED,
    LOW_THRESHOLD,
    *OF_FILES,
    UNEXPLAINED,
)  # notes to see beside a grade
NOT_IN_ROSTER = "not in the roster"
KINDS = ("refused", "zero", "note", "perfect", "superseded", "similar")  # the order of the list


@dataclass(frozen=True)
class Item:
    """One line of a list: whom it concerns, its kind, and what was seen."""

    who: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.who}: {self.text}"


@dataclass
class Attention:
    """Both lists; anything to decide makes the exit code 1."""

    decide: list[Item] = field(default_factory=list)
    look: list[Item] = field(default_factory=list)


def attention(
    records: list[dict],
    hand_ins: HandIns,
    alike: Sequence[dict[str, str]] = (),
) -> Attention:
    """Both lists of a batch.

    Args:
        alike: undeclared pairs of `staff similarity`.
    """
    lists = Attention()
    for who, near in hand_ins.unmatched.items():
        lists.decide.append(Item(who, NOT_IN_ROSTER, f"{NOT_IN_ROSTER} ({near})"))
    for who, uploads in hand_ins.undecided:
        names = ", ".join(one.job.upload for one in uploads)
        lists.decide.append(
            Item(
                who,
                "choose",
                f"{len(uploads)} uploads and no times: keep one of {names}, or "
                "give their times in times.csv",
            )
        )
    for name in hand_ins.ignored:
        told = "not graded: no upload that can be read; ask for a zip, or take the file away"
        lists.decide.append(Item(name, "not graded", told))
    for record in records:
        _of_record(record, lists)
    for older, newer in hand_ins.superseded.items():
        lists.look.append(Item(older, "superseded", f"not graded: {newer} is the later upload"))
    for pair in alike:
        share = max(float(pair["share_of_one"]), float(pair["share_of_other"]))
        told = f"{share:.0%} of {pair['file']} is alike"
        lists.look.append(Item(f"{pair['one']}, {pair['other']}", "similar", told))
    lists.look.sort(key=lambda item: KINDS.index(item.kind))
    return lists


def in_lines(items: Sequence[Item]) -> list[str]:
    """A list as lines; what holds for many students is one line."""
    by_text: dict[str, list[Item]] = {}
    for item in items:
        by_text.setdefault(item.text, []).append(item)
    return [
        line
        for text, same in by_text.items()
        for line in ([f"{len(same)} students: {text}"] if len(same) > FEW else map(str, same))
    ]


def _of_record(record: dict, lists: Attention) -> None:
    who = ", ".join(record["students"])
    if record["status"] == "failed":
        lists.decide.append(Item(who, "not graded", f"not graded: {record['reason']}"))
        return
    if record["status"] == "refused":
        told = f"cannot be graded, and has no grade yet: {record['reason']}"
        lists.look.append(Item(who, "refused", told))
        return
    if not record["score"]:
        lists.look.append(Item(who, "zero", f"0 of {record['max_score']:g} points"))
    for note in record["notes"]:
        if note["kind"] == NOT_MEASURED:
            lists.decide.append(Item(who, "not measured", note["text"]))
        elif note["kind"] in WORTH_A_LOOK:
            lists.look.append(Item(who, "note", note["text"]))
    for name, accuracy in record["accuracy"].items():
        if accuracy >= PERFECT:
            lists.look.append(Item(who, "perfect", f"{name}: accuracy {accuracy:g} on fresh tasks"))
