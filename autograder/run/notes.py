"""Notes beside the verdicts: every kind, and who reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

STUDENT, STAFF = "student", "staff"  # audiences

# Of the files that are judged:
MISSING = "missing file"
LEFT_OUT = "left out"  # what an upload held and nobody took
RENAMED = "renamed"  # taken under another name
AMBIGUOUS = "ambiguous"  # of two names that could be meant, which one counts, or that none does
DECODED = "decoded"  # another encoding, other line ends, signs that no program holds
MOVED = "moved"  # a statement that Python wants elsewhere
CONFLICT = "merge conflict"
NOTEBOOK = "notebook"
NOT_READABLE = "not readable"
TWICE = "defined twice"
SPLIT = "split"  # judged piece by piece, since the whole cannot be imported
PUT_BACK = "put back"  # given code that was changed
HELPER = "helper taken"
HELPER_REFUSED = "helper refused"
UNKNOWN_IMPORT = "unknown import"
NEWER_SYNTAX = "newer syntax"
ADVICE = "advice"  # on what the handout asks for and no points hang on
OF_FILES = (
    MISSING, RENAMED, AMBIGUOUS, DECODED, MOVED, CONFLICT, NOTEBOOK, NOT_READABLE, TWICE, SPLIT,
    PUT_BACK, HELPER, HELPER_REFUSED, UNKNOWN_IMPORT, NEWER_SYNTAX,
)  # fmt: skip

# Of a grade:
NOT_MEASURED = "not measured"  # a trained run whose data are not on this machine: staff must act
CHANGED = "changed file"  # one that is not as `submit` packed it
NO_NETWORK = "no network"  # a run's checkpoint that does not hold exactly its network's parameters
OPEN_EXAM = "open exam"  # the images of a run's exam could be read by its code
LOW_THRESHOLD = "low threshold"  # an accuracy that earns a run's points, and that chance reaches
READS_FILES = "reads files"  # code of a trained network that could look a task up
CONTRADICTION = "contradiction"  # two things that were handed in do not fit each other
RECEIPT_BROKEN = "receipt"  # a run whose files are not those of its receipt, or that has none
SHARED_RUN = "shared run"  # one run that two students handed in
KIT_CHANGED = "kit changed"  # while somebody on that machine was graded: it goes on from a copy
UNEXPLAINED = "unexplained"  # outputs that the search for causes could not follow


@dataclass(frozen=True)
class Note:
    """Something that is said beside the rows, and to whom.

    Attributes:
        kind: what it is about; code decides by it, never by the text.
        audience: "student" for what everybody may read, "staff" for what students never see.
    """

    kind: str
    audience: str
    text: str

    def as_json(self) -> dict:
        """Plain types, for a record that is kept."""
        return asdict(self)


Tell = Callable[[Note], None]  # takes the notes of what is being done


def of_kind(notes: Iterable[dict], kind: str) -> list[str]:
    """The texts of the notes of one kind."""
    return [note["text"] for note in notes if note["kind"] == kind]


def for_students(notes: Iterable[dict]) -> list[str]:
    """The texts that a submission's author may read."""
    return [note["text"] for note in notes if note["audience"] == STUDENT]
