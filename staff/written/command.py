"""`python -m staff written hw2 FOLDER`: pages to grade written answers on, and what comes of them."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from staff.command import add_shared, parser
from staff.course.private import require_private
from staff.grading.hand_ins import HandIns
from staff.written import answers, grades, made_up, pages, rubric

EXAMPLES = """
examples:
  python -m staff written hw2 submissions           make one page a question in written/hw2/
  open written/hw2/hw2-3q.html, type your name, grade by keys, save the file (Ctrl+S) into a folder
  python -m staff written hw2 --collect graded/*.json      written/hw2-written.csv for the gradebook
  python -m staff written hw2 --agreement graded/*.json    Cohen's kappa of two graders, by question
  python -m staff written hw2 --made-up practice    a made-up class to practise on

exit code: 0 done; 1 answers are open, a submission cannot be read, or a rubric is below 0.8; 2 cannot
"""


def main(argv: list[str]) -> int:
    """Run the command; return the exit code."""
    options = parser("written", "Grade written answers: rubrics by keys, offline.", EXAMPLES)
    add_shared(options, "homework")
    options.add_argument("folder", nargs="?", type=Path, help="of submissions")
    options.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="where pages go (written/hwN), or the table (written/hwN-written.csv)",
    )
    options.add_argument(
        "--question", action="append", metavar="ID", help="only this one; may be repeated"
    )
    options.add_argument(
        "--pages",
        type=Path,
        metavar="DIR",
        help="where the pages are that files belong to (written/hwN)",
    )
    options.add_argument(
        "--collect", nargs="+", type=Path, metavar="FILE", help="files that graders saved"
    )
    options.add_argument(
        "--agreement", nargs="+", type=Path, metavar="FILE", help="files of two graders"
    )
    options.add_argument(
        "--made-up", type=Path, metavar="DIR", help="write forty made-up submissions"
    )
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.homework)
    rubrics = _chosen(rubric.load(homework), chosen.question, homework)
    if chosen.made_up is not None:
        return _make_up(chosen.made_up, homework)
    if chosen.agreement:
        return _agreement(chosen.agreement, homework, rubrics)
    if chosen.collect:
        return _collect(chosen, homework, rubrics)
    if chosen.folder is None:
        raise KitError("name a folder of submissions, or --collect, --agreement or --made-up")
    return _pages(chosen, homework, rubrics)


def _chosen(
    rubrics: dict[str, rubric.Rubric], only: list[str] | None, homework: Homework
) -> dict[str, rubric.Rubric]:
    for question in only or ():
        if question not in rubrics:
            raise KitError(
                f"{homework.name} has no question {question!r}; there is {', '.join(rubrics)}"
            )
    return {question: one for question, one in rubrics.items() if not only or question in only}


def _pages(
    chosen: argparse.Namespace, homework: Homework, rubrics: dict[str, rubric.Rubric]
) -> int:
    folder = chosen.output or Path("written") / homework.name
    require_private(folder)
    with tempfile.TemporaryDirectory(prefix="written-") as work:
        papers, hand_ins = answers.read(chosen.folder, homework, Path(work))
        made = pages.write(folder, homework, rubrics, papers)
    refused = [paper for paper in papers if paper.refused]
    for path in made:
        print(path)
    print(
        f"{len(papers) - len(refused)} submissions; {folder / pages.KEY_FILE} says whose they are: "
        "give graders the pages, and keep that file"
    )
    for paper in refused:
        print(f"not on the pages: {paper.ident}: {paper.refused}")
    _say_left_out(hand_ins)
    return 1 if refused or hand_ins.undecided else 0


def _say_left_out(hand_ins: HandIns) -> None:
    """Say which uploads are not on the pages, and why."""
    for older, newer in hand_ins.superseded.items():
        print(f"not on the pages: {older}: {newer} is the later upload")
    for who, uploads in hand_ins.undecided:
        names = ", ".join(Path(one.job.source).name for one in uploads)
        print(f"not on the pages: {who}: keep one of {names}, or give times in times.csv")
    for name in hand_ins.ignored:
        print(f"not on the pages: {name}: no upload that can be read")
    for who, near in hand_ins.unmatched.items():
        print(f"note: {who} is not in the roster ({near})")


def _collect(
    chosen: argparse.Namespace, homework: Homework, rubrics: dict[str, rubric.Rubric]
) -> int:
    folder = chosen.pages or Path("written") / homework.name
    if not (folder / pages.KEY_FILE).is_file():
        raise KitError(
            f"{folder} holds no {pages.KEY_FILE}; name the folder of the pages with --pages"
        )
    sheets = [grades.load_sheet(path, homework, rubrics) for path in chosen.collect]
    key = pages.load_key(folder)
    found = grades.collect(sheets, rubrics, key)
    for note in found.notes:
        print(f"note: {note}")
    _say_minutes(sheets)
    if found.open:
        for line in found.open:
            print(f"open: {line}")
        print("nothing was written: grade what is open, or name questions with --question")
        return 1
    output = chosen.output or folder.parent / f"{homework.name}-written.csv"
    require_private(output)
    write_text(output, grades.as_csv(found, rubrics, key.refused, not chosen.question))
    print(f"{output}: {len(found.rows)} students")
    for student, why in key.refused.items():
        print(
            f"open: {student}: the submission could not be read ({why}); give its row a score, and graded"
        )
    return 1 if key.refused else 0


def _say_minutes(sheets: list[grades.Sheet]) -> None:
    for sheet in sheets:
        seconds = [one.seconds for one in sheet.done.values() if one.seconds]
        if seconds:
            print(
                f"{sheet.question}, {sheet.grader}: {len(sheet.done)} answers, median "
                f"{statistics.median(seconds) / 60:.1f} minutes"
            )


def _agreement(paths: list[Path], homework: Homework, rubrics: dict[str, rubric.Rubric]) -> int:
    sheets = [grades.load_sheet(path, homework, rubrics) for path in paths]
    found = grades.agree(sheets, rubrics)
    if not found:
        raise KitError("no two graders graded the same answer in these files")
    for one in found:
        print(
            f"{one.question}, {' and '.join(one.graders)}, {one.answers} answers: kappa "
            f"{_kappa(one)}, {one.apart:.2f} points apart on average"
        )
        if not one.enough:
            print(
                f"  below {grades.agreement.ENOUGH}: reword the rubric; they differ most on {one.worst}"
            )
    return 0 if all(one.enough for one in found) else 1


def _kappa(one: grades.Agreement) -> str:
    if one.kappa is None:
        return "not defined (both said one and the same of all)"
    if one.interval is None:
        return f"{one.kappa:.2f}"
    return f"{one.kappa:.2f}, 95 % interval {one.interval[0]:.2f} to {one.interval[1]:.2f}"


def _make_up(folder: Path, homework: Homework) -> int:
    if folder.exists() and any(folder.iterdir()):
        raise KitError(f"{folder} is not empty; choose another folder")
    made = made_up.make(folder, homework)
    print(
        f"{folder}: {len(made)} submissions; now: python -m staff written {homework.name} {folder}"
    )
    return 0
