"""The graders' pages: one a question, offline, with all answers in random order and names hidden."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from markupsafe import Markup

from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from common.pages.markdown import to_html
from common.pages.templates import render as fill
from common.report.references import REFERENCE
from common.report.results import Results
from staff.grading import receipts
from staff.written import facts, words
from staff.written.answers import Paper
from staff.written.claims import Checker
from staff.written.marks import Checked, Mark
from staff.written.rubric import Rubric
from staff.written.scores import lines_of, version

FOLDER = Path(__file__).parent / "page"
PAGE = "staff/written/page/page.html"
KEY_FILE = "students.json"
MOST_SHOWN = 60  # headline numbers of a student's runs
LONGEST = 200_000  # characters of one answer that are shown
_DEEP = re.compile(r"(?:\s*(?:[>*+-]|\d+[.)])(?=\s|>|$)){12}")
# Where a mark, and a number that the run sets, begin and end, until the HTML is made.
_OPEN, _CLOSE, _SET, _END = "\ue000", "\ue001", "\ue002", "\ue003"


@dataclass
class Key:
    """Whose answers are on the pages; kept beside them, never in them.

    Attributes:
        salt: makes the numbers of answers, so that nobody else can compute them.
        students: who handed in together.
        refused: whose submission could not be read → why.
    """

    salt: str
    students: list[list[str]]
    refused: dict[str, str]

    @property
    def name(self) -> str:
        """A name for the browser's store that tells nothing of the salt."""
        return hashlib.sha256(f"store {self.salt}".encode()).hexdigest()[:8]

    def ident(self, question: str, student: str) -> str:
        """The number of a student's answer to a question."""
        text = f"{self.salt} {question} {student}"
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def load_key(folder: Path) -> Key:
    """The key of the pages in a folder; a new one when there is none.

    Raises:
        KitError: when it is damaged.
    """
    path = folder / KEY_FILE
    if not path.is_file():
        return Key(secrets.token_hex(16), [], {})
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Key(kept["salt"], kept["students"], kept["refused"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KitError(f"{path} cannot be read: {error}") from None


def write(
    folder: Path, homework: Homework, rubrics: dict[str, Rubric], papers: list[Paper]
) -> list[Path]:
    """Write the pages and the key.

    Returns:
        The pages.
    """
    key = load_key(folder)
    readable = [paper for paper in papers if not paper.refused]
    key.students = [list(paper.students) for paper in readable]
    unread = [paper for paper in papers if paper.refused]
    key.refused = {student: paper.refused for paper in unread for student in paper.students}
    _note_runs(readable)
    judge = checker(homework, readable)
    pages = []
    for question, rubric in rubrics.items():
        shown = [_answer(paper, rubric, homework, judge, key) for paper in readable]
        pages.append(folder / f"{homework.name}-{question}.html")
        write_text(pages[-1], render(homework, rubric, shown, key.name))
    write_text(folder / KEY_FILE, json.dumps(asdict(key), indent=1))
    return pages


def _note_runs(papers: list[Paper]) -> None:
    """Note on each paper what its runs' receipts tell, and which runs somebody else handed in, too."""
    alike = receipts.shared_runs({p.ident: receipts.identities(p.folder) for p in papers})
    for paper in papers:
        paper.notes += [note.text for note in receipts.verify(paper.folder)]
        paper.notes += [
            f"{run} is the very run that another student handed in"
            for run, _ in alike.get(paper.ident, ())
        ]


def render(homework: Homework, rubric: Rubric, answers: list[dict], store: str) -> str:
    """One page; all that students typed is escaped, and only the kit's own script may run.

    Args:
        store: names the pages that belong together, so that a page made again finds its work.
    """
    style, script = (
        (FOLDER / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    answers = sorted(answers, key=lambda answer: answer["ident"])  # no order of names remains
    return fill(
        PAGE,
        style,
        script,
        homework=homework.name,
        rubric=rubric,
        answers=answers,
        model=to_html(rubric.model, _no_picture),
        data=_data(homework, rubric, [answer["ident"] for answer in answers], store),
    )


def _data(homework: Homework, rubric: Rubric, idents: list[str], store: str) -> dict:
    """Return the part of the rubric that the script needs."""
    items = [
        {
            "id": i.id,
            "part": i.part,
            "points": i.points,
            "label": f"+{i.points:g}",
            "text": i.earns,
            "example": i.example,
        }
        for i in rubric.items
    ]
    losses = [
        {
            "id": ident,
            "part": part or "whole",
            "points": loss.points,
            "repeats": loss.repeats,
            "label": f"−{loss.points}",
            "text": loss.loses,
            "loss": True,
        }
        for ident, loss, part in lines_of(rubric)
    ]
    return {
        "homework": homework.name,
        "question": rubric.question,
        "points": rubric.points,
        "store": store,
        "rubric": version(rubric),
        "items": items,
        "losses": losses,
        "answers": idents,
    }


def checker(homework: Homework, papers: list[Paper]) -> Checker:
    """Return what holds the answers of these papers against their authors' runs."""
    everybody = {paper.ident: facts.read(paper.folder / "runs") for paper in papers}
    names = {
        fact.run for found in everybody.values() for fact in found if not fact.run.endswith(".json")
    }
    known = words.load(homework).with_runs(name for name in names if re.search(r"[-\d]", name))
    return Checker(known, everybody, facts.options(paper.folder / "runs" for paper in papers))


def _answer(paper: Paper, rubric: Rubric, homework: Homework, judge: Checker, key: Key) -> dict:
    """Return one student's answer as the page shows it."""
    notes = list(paper.notes)
    found = paper.answers.get(rubric.question)
    typed = found if found is not None else ([] if paper.answers else paper.loose)
    text = re.sub(f"[{_OPEN}-{_END}]", "\ufffd", "\n".join(typed))
    if len(text) > LONGEST:
        notes.append(f"{len(text):,} characters; the first {LONGEST:,} are shown")
        text = text[:LONGEST]
    checked = judge.check(paper.ident, text)
    empty = paper.answers and paper.is_empty(rubric.question)
    elsewhere = paper.elsewhere(rubric.question) if empty else []
    if empty or not text.strip():
        notes.append("nothing is written here")
    own = [f for f in judge.everybody[paper.ident] if f.when is None]
    html, from_runs = _html(text, checked.marks, paper, homework)
    return {
        "ident": key.ident(rubric.question, paper.ident),
        "notes": notes,
        "html": html,
        "marks": checked.marks,
        "typed": checked.typed,
        "set": from_runs,
        "unset": len(REFERENCE.findall(text)) - from_runs,
        "figures": _stated(text, checked),
        "all_figures": [
            {"address": f.address + (" (--tiny)" if f.tiny else ""), "value": _shown(f)}
            for f in own
            if "/min/" not in f.address and "/max/" not in f.address
        ][:MOST_SHOWN],
        "loose": to_html("\n".join(elsewhere)[:LONGEST], _no_picture) if elsewhere else "",
    }


def _stated(text: str, checked: Checked) -> list[dict]:
    return [
        {
            "stated": text[number.start : number.end].strip(),
            "value": _shown(fact),
            "address": fact.address,
        }
        for number, fact in checked.borne_out
    ]


def _shown(fact: facts.Fact) -> str:
    return f"{fact.value:.5g}" + (f" ± {fact.half:.2g}" if fact.half is not None else "")


def _html(text: str, marks: list[Mark], paper: Paper, homework: Homework) -> tuple[Markup, int]:
    """The answer as markup, tables filled in from the runs, with marks where they belong.

    Returns:
        The markup, and how many numbers of its sentences the runs have set.
    """
    for mark in sorted(marks, key=lambda one: -one.start):
        text = text[: mark.start] + _OPEN + text[mark.start : mark.end] + _CLOSE + text[mark.end :]
    results = Results(homework, paper.folder / "runs", around=(_SET, _END))
    filled = results.fill(tuple(map(_shallow, text.split("\n"))), wanted=False)
    html = to_html("\n".join(filled), _no_picture, level=3)
    from_runs = html.count(_SET)
    html = _tagged(html, _SET, _END, '<span class="set" title="set from the run">', "</span>")
    return _tagged(html, _OPEN, _CLOSE, "<mark>", "</mark>"), from_runs


def _shallow(line: str) -> str:
    """A line as text where it would nest deeper than Markdown is read: what was typed stays visible."""
    return f"\\{line.lstrip()}" if _DEEP.match(line) else line


def _tagged(html: Markup, begin: str, end: str, before: str, behind: str) -> Markup:
    """Signs made tags; none where one lost its other half."""
    if html.count(begin) != html.count(end):
        before = behind = ""
    return html.replace(begin, Markup(before)).replace(end, Markup(behind))


def _no_picture(alt: str, target: str) -> Markup:
    """A line in place of a picture: the zip holds none, the PDF does."""
    line = Markup('<p class="absent">{}: {} (see the PDF)</p>')
    return line.format(alt or "picture", target[:120])
