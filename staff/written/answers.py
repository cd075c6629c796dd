"""Submissions → what each student wrote to each question, however the write-up was damaged."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

from autograder.run.notes import CHANGED
from common.homework import Homework
from common.pages.source import lines_of, outside_code
from common.report.writeup import questions
from staff.grading.archives import Refused
from staff.grading.grade import prepare
from staff.grading.hand_ins import HandIn, HandIns
from staff.grading.unpack import accept

_HEADING = re.compile(
    r" {0,3}#{1,2}\s*(?:question|problem)?\s*(\d?\w?\w?)(?:\s*[·.:)(-]|\s|$)", re.IGNORECASE
)
_NAMED = re.compile(
    r"\W*(?:names?|author|student|id|e-?mail|people i worked with)\b[^:\n]{0,20}:\W*\w",
    re.IGNORECASE,
)


@dataclass
class Paper:
    """One submission's write-up.

    Attributes:
        students: whose it is; several hand in together.
        folder: where it was unpacked.
        answers: question → its lines; a question without a heading is not there.
        loose: lines that stand under no question's heading.
        notes: what a grader should know.
        refused: why it cannot be read; empty when it can.
        given: lines that the kit's own write-up holds.
    """

    students: tuple[str, ...]
    folder: Path
    answers: dict[str, list[str]] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: str = ""
    given: frozenset[str] = frozenset()

    @property
    def ident(self) -> str:
        return self.students[0]

    def is_empty(self, question: str) -> bool:
        """Whether nothing of the student's own stands under a question's heading."""
        return not self._own(self.answers.get(question, []))

    def elsewhere(self, question: str) -> list[str]:
        """The text that the student typed outside of this question: under no heading, or under another one."""
        others = [lines for ident, lines in self.answers.items() if ident != question]
        return [line for lines in (self.loose, *others) for line in self._own(lines)]

    def _own(self, lines: list[str]) -> list[str]:
        return [line for line in lines if line.strip() and line.strip() not in self.given]


def read(folder: Path, homework: Homework, work: Path) -> tuple[list[Paper], HandIns]:
    """Unpack every submission that counts and cut its write-up.

    Args:
        folder: zips, folders, or a download of a platform, with roster.csv and times.csv if there are.
        work: an empty folder to unpack into.

    Returns:
        The papers, and which uploads count: of several by one student the latest alone.

    Raises:
        KitError: when the folder holds no submission.
    """
    asked = [question.id for question in questions(homework)]
    hand_ins, _ = prepare(folder, homework, work / ".gathered")
    papers = [_paper(one, homework, asked, work) for one in hand_ins.kept]
    own = (homework.folder / "writeup.md").read_text(encoding="utf-8").splitlines()
    for paper in papers:
        paper.given = frozenset(line.strip() for line in own)
    return papers, hand_ins


def _paper(one: HandIn, homework: Homework, asked: list[str], work: Path) -> Paper:
    job = one.job
    paper = Paper(one.students, work / job.ident)
    paper.folder.mkdir(parents=True)
    try:
        unpacked = accept(Path(job.source), paper.folder, homework)
    except Refused as error:
        paper.refused = str(error)
        return paper
    except Exception as error:  # costs this paper alone
        paper.refused = f"it cannot be read ({type(error).__name__})"
        return paper
    paper.refused = unpacked.left_out.get("writeup.md", "")
    if paper.refused:
        return paper
    paper.notes += [note.text for note in unpacked.notes if note.kind == CHANGED]
    path = paper.folder / "writeup.md"
    if not path.is_file():
        paper.notes.append("no writeup.md in the submission")
        return paper
    text, note = decode(path.read_bytes())
    paper.notes += [note] if note else []
    paper.answers, paper.loose, notes = cut(text, asked)
    paper.notes += notes
    return paper


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file, and a note where it is not UTF-8."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return data.decode(name, "replace"), "the write-up is UTF-16, read as such"
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "the write-up is not UTF-8, read as Windows-1252"


def cut(text: str, asked: list[str]) -> tuple[dict[str, list[str]], list[str], list[str]]:
    """Cut a text at the headings of questions, in whatever order and form they stand.

    Returns:
        The lines of each question, the lines under no heading, and notes.
    """
    by_name = {question.lower(): question for question in asked}
    answers: dict[str, list[str]] = {}
    loose: list[str] = []
    notes: list[str] = []
    lines = lines_of(text)
    outside, into = dict(outside_code(lines)), loose
    for number, line in enumerate(lines):
        found = _HEADING.match(line) if number in outside else None
        question = by_name.get(found[1].lower()) if found else None
        if question is None:
            into.append("(a name, hidden)" if into is loose and _NAMED.match(line) else line)
        else:
            if question in answers:
                notes.append(f"two headings of {question}; both are shown together")
            into = answers.setdefault(question, [])
    if not answers:
        notes.append("no heading of a question; the whole write-up is shown at each")
    else:
        missing = [question for question in asked if question not in answers]
        notes += [f"the heading of {question} is missing" for question in missing]
    return answers, loose, notes
