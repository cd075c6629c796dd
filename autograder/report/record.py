"""The one result record; console, JSON and every other report are renderings of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace

from autograder.judge.comparing import Pair
from autograder.judge.drawn import DrawnTask
from autograder.judge.words import Line
from autograder.run.notes import STUDENT, Note
from common.homework import Homework

WORDS = {  # status → what a student reads
    "passed": "passed",
    "failed": "not yet",
    "error": "cannot be judged",
    "timeout": "too slow, stopped",
    "crashed": "crashed",
    "not_run": "not run",
}
JSON_FIELDS = (
    "id", "problem", "title", "points", "max_points", "status", "seconds", "message", "mistake",
    "causes", "what", "idea", "hole", "aside", "drawn",
)  # fmt: skip


# What a row says aside, where given code was put back:
PASSES_AS_CHANGED = (
    "It passes with your changes of the given code; the course grader uses the kit's, as here."
)
RUNS_AS_CHANGED = (
    "It does not raise this with your changes of the given code; the course grader uses the "
    "kit's, as here."
)

MOST_TEXT = 5000  # characters of a part of a message


def plain(text: str) -> str:
    """Text that no report can mistake for a command: a student's code had a hand in it."""
    if len(text) > MOST_TEXT:
        text = text[:MOST_TEXT] + " …"
    return "".join(c for c in text if c == "\n" or c.isprintable())


@dataclass
class CheckResult:
    """One planned check and what became of it.

    Attributes:
        what: what differed, or why it could not be judged.
        mistake: the slug of the recognised mistake, or None.
        causes: what is told of it, as the contract's entries.
        idea: what to look at; empty below hint level 2.
        told: what the causes say in words, at the hint level in force.
        hole: what is to be filled in, where it is still empty.
        aside: what else the verdict hangs on: given code, or another hole.
        drawn: the task that the student's code drew when it failed, in lines.
        printed: the end of what the student's code printed.
        picture: given and expected, where both can be drawn beside each other.
        task: the task that was drawn, as a picture needs it.
    """

    id: str
    problem: str
    title: str
    points: float
    max_points: float
    status: str
    seconds: float
    what: str = ""
    mistake: str | None = None
    causes: list[dict] = field(default_factory=list)
    idea: str = ""
    told: list[Line] = field(default_factory=list)
    hole: str | None = None
    aside: str = ""
    drawn: str = ""
    printed: str = ""
    picture: Pair | None = None
    task: DrawnTask | None = None

    def __post_init__(self) -> None:
        self.what, self.idea = plain(self.what), plain(self.idea)
        self.drawn = plain(self.drawn or str(self.task or ""))

    @property
    def message(self) -> str:
        """Return all that is said in words: what differed, the idea, the causes."""
        return "\n".join(filter(None, (self.what, self.idea, *map(str, self.told), self.aside)))

    def as_json(self) -> dict:
        """Plain types: the contract's fields, and the parts of the message."""
        return {name: getattr(self, name) for name in JSON_FIELDS} | {
            "told": [asdict(line) for line in self.told]
        }

    def saying(self, what: str) -> CheckResult:
        """The same row with these words in place of all that was told of it."""
        return replace(
            self,
            what=what,
            idea="",
            told=[],
            mistake=None,
            causes=[],
            hole=None,
            aside="",
            drawn="",
            task=None,
            picture=None,
        )

    @classmethod
    def from_json(cls, row: dict) -> CheckResult:
        """The result that `as_json` gave; what a picture needs is not kept."""
        names = {one.name for one in fields(cls)} - {"told"}
        told = [Line(**line) for line in row.get("told", ())]
        return cls(**{name: value for name, value in row.items() if name in names}, told=told)

    @property
    def passed(self) -> bool:
        return self.status == "passed"


@dataclass
class HomeworkResult:
    """All planned checks of one homework, or of one problem, in order.

    Attributes:
        chosen: whether problems were asked for by name: extra credit then counts.
        notes: what is said beside the rows.
    """

    homework: str
    title: str
    isolation: str
    checks: list[CheckResult] = field(default_factory=list)
    seconds: float = 0.0
    chosen: bool = False
    notes: list[Note] = field(default_factory=list)

    @property
    def score(self) -> float:
        return _whole(sum(check.points for check in self.checks))

    @property
    def max_score(self) -> float:
        return _whole(sum(check.max_points for check in self.checks))

    @property
    def complete(self) -> bool:
        """Whether every planned point asked for was earned; extra credit counts when asked for."""
        return all(check.passed for check in self._asked)

    @property
    def _asked(self) -> list[CheckResult]:
        return [check for check in self.checks if check.max_points or self.chosen]

    @property
    def told(self) -> list[str]:
        """The notes that a student reads."""
        return [note.text for note in self.notes if note.audience == STUDENT]

    def after_code(self, homework: Homework) -> str:
        """Return the next step once all code points are earned; "" before, or when only some problems were graded."""
        if not self.complete or self.chosen:
            return ""
        trained = next((one.command for one in homework.experiments if not one.optional), "")
        train = f"train ({trained}), then " if trained else ""
        return (
            f"{train}write {self.homework}/writeup.md, then hand in: "
            f"python -m autograder submit {self.homework}"
        )

    @property
    def next_step(self) -> str:
        """The command for the first problem that is not complete; empty when all are."""
        for check in self._asked:
            if not check.passed:
                return f"python -m autograder {self.homework} --problem {check.problem}"
        return ""

    def as_json(self) -> dict:
        """The contract's record: plain types only."""
        return {
            "homework": self.homework,
            "score": self.score,
            "max_score": self.max_score,
            "seconds": round(self.seconds, 3),
            "isolation": self.isolation,
            "checks": [check.as_json() for check in self.checks],
            "notes": [note.as_json() for note in self.notes if note.audience == STUDENT],
        }


def _whole(points: float) -> float:
    """Round away binary fractions; return an int where it is one."""
    points = round(points, 6)
    return int(points) if points == int(points) else points
