"""`python -m staff viva hw2 ID`: ten minutes about a student's own code and runs, with the answers."""

from __future__ import annotations

import argparse
import csv
import io
import math
import random
import secrets
import tempfile
from pathlib import Path

from autograder.explain import holes, of_runs
from autograder.explain.command import LETTERS, make_questions
from autograder.explain.question import Question
from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from staff import command
from staff.course import policy
from staff.course.csv_cell import cell
from staff.course.findings import nearest
from staff.course.private import require_private
from staff.course.roster import same
from staff.course.viva import MOST, file_of
from staff.grading.grade import prepare
from staff.grading.hand_ins import HandIn, HandIns
from staff.grading.unpack import Refused, accept

EXAMPLES = """
examples:
  python -m staff viva hw2 --sample submissions          draw who is asked; begins hw2-viva.csv
  python -m staff viva hw2 ada --folder submissions      the sheet for one of them
  python -m staff viva hw2 ada --folder submissions -o ada.md
Each question is worth 2 points of 10. The gradebook reads hw2-viva.csv; course.toml [viva] says how many
are asked and what it counts. Students practise with: python -m autograder explain hw2
"""
RUBRIC = """Two minutes a question, two points each.
2: the right answer, and the reason (after "a good explanation").
1: the right answer without the reason, or the reason after one hint from you.
0: neither. Let the student look at the code, not run it."""


def main(argv: list[str]) -> int:
    """Make a sheet, or draw a sample; return the exit code."""
    options = command.parser(
        "viva", "Questions about a student's own work, with answers.", EXAMPLES
    )
    command.add_shared(options, "homework", "--again")
    options.add_argument("student", nargs="?", help="whose submission (or its name)")
    options.add_argument(
        "--folder",
        type=Path,
        default=Path("submissions"),
        metavar="DIR",
        help="of submissions (submissions)",
    )
    options.add_argument(
        "--sample", type=Path, metavar="DIR", help="draw students from this folder of submissions"
    )
    options.add_argument("--seed", type=int, help="of the draw; a secret one if none is named")
    options.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write them here, not to the terminal"
    )
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.homework)
    if chosen.sample is not None:
        return _draw(chosen, homework)
    if chosen.student is None:
        raise KitError("name a student, or draw some with --sample DIR")
    text = sheet(homework, _find(chosen.student, _hand_ins(chosen.folder, homework)), chosen.again)
    if chosen.output is None:
        print(text)
    else:
        require_private(chosen.output)
        write_text(chosen.output, text)
        print(chosen.output)
    return 0


def _hand_ins(folder: Path, homework: Homework) -> HandIns:
    with tempfile.TemporaryDirectory(prefix="viva-") as work:
        return prepare(folder, homework, Path(work))[0]


def _find(name: str, hand_ins: HandIns) -> HandIn:
    """The upload of a student, or of this name.

    Raises:
        KitError: when there is none.
    """
    for one in hand_ins.kept:
        if same(name) in map(same, (one.job.ident, Path(one.job.source).name, *one.students)):
            return one
    known = [student for one in hand_ins.kept for student in one.students]
    raise KitError(f"no submission of {name!r} that counts{nearest(name, known)}")


def sheet(homework: Homework, one: HandIn, again: int = 0) -> str:
    """The questions about one submission, with answers and rubric, as Markdown.

    Raises:
        KitError: when it cannot be read, or holds nothing to ask about.
    """
    with tempfile.TemporaryDirectory(prefix="viva-", ignore_cleanup_errors=True) as work:
        try:
            folder = accept(Path(one.job.source), Path(work), homework).folder
        except Refused as error:
            raise KitError(f"{one.job.ident}: {error}") from None
        runs = of_runs.find(folder / "runs")
        found = make_questions(homework, folder, None, runs, again)
        code = {hole.problem: hole for hole in holes.find(homework, folder)}
    head = f"# {homework.name} viva: {', '.join(one.students)}\n\n{RUBRIC}\n"
    asked = [_asked(number, question) for number, question in enumerate(found, 1)]
    about = dict.fromkeys(question.about for question in found if question.about in code)
    shown = [
        f"## {code[problem].file}, `{code[problem].name}` (problem {problem})\n\n```\n"
        f"{code[problem].excerpt()}\n```\n"
        for problem in about
    ]
    score = f"**Sum: ___ of {MOST:g}** ({file_of(homework.name)})\n"
    return "\n".join([head, *asked, score, *shown])


def _asked(number: int, question: Question) -> str:
    """One question of the sheet."""
    first, *rest = question.text.splitlines()
    rows = [f"## {number}. ___ of 2 ({question.kind})", "", first, *rest, ""]
    rows += [f"- {letter}) {one}" for letter, one in zip(LETTERS, question.choices)]
    rows += ["", f"Answer: **{question.answer}**", f"A good explanation {question.why}.", ""]
    return "\n".join(rows)


def _draw(chosen: argparse.Namespace, homework: Homework) -> int:
    """Draw the sample, and begin the table of scores."""
    output = chosen.output or Path(file_of(homework.name))
    require_private(output)
    if output.exists():
        raise KitError(f"{output} is there already; scores in it would be lost. Choose another -o")
    seed = secrets.randbelow(10**6) if chosen.seed is None else chosen.seed
    kept = _hand_ins(chosen.sample, homework).kept
    students = sorted({student for one in kept for student in one.students})
    count = math.ceil(policy.load().viva.sample * len(students))
    drawn = sorted(random.Random(seed).sample(students, count))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "score", "reason"])
    writer.writerows([cell(student), "", ""] for student in drawn)
    write_text(output, text.getvalue())
    print(f"{output}: {count} of {len(students)} students (seed {seed}): {', '.join(drawn)}")
    return 0
