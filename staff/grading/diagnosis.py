"""The diagnosis of recorded curves, graded: causes by the recipe, evidence by the curve itself.

What a student sees before the deadline tells nothing of the causes: with the verdict of every upload
they could be found by trying.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from autograder.report.record import CheckResult
from autograder.run.notes import CONTRADICTION, STAFF, STUDENT, Note
from autograder.submit import DIAGNOSIS_FILE
from common.diagnose import curves as recorded
from common.diagnose import diagnosis
from common.diagnose.diagnosis import HOLDS
from common.errors import KitError
from common.homework import Homework

CAUSE_ALONE = 0.5  # of a run's points, for the right cause whose evidence does not hold
LATER = "the cause is graded with the written half"


@dataclass
class Graded:
    """One diagnosis, graded: a row for every drawn run."""

    rows: list[CheckResult] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def planned_rows(homework: Homework) -> list[CheckResult]:
    """The rows that every submission has, nothing earned."""
    problem = homework.diagnosis
    if problem is None:
        return []
    return [
        CheckResult(
            id=f"diagnosis::{number}",
            problem=problem.id,
            points=0,
            status="failed",
            seconds=0.0,
            title=f"Recorded run {number} of {recorded.DRAWN}: cause and evidence",
            max_points=problem.points / recorded.DRAWN,
        )
        for number in range(1, recorded.DRAWN + 1)
    ]


def grade(homework: Homework, folder: Path, manifest: dict, told_causes: bool) -> Graded:
    """Grade the diagnosis of a submission.

    Args:
        folder: its files.
        manifest: what `submit` wrote beside them: its name is compared with the diagnosis's.
        told_causes: whether points are given; else the evidence alone is judged.
    """
    graded = Graded(planned_rows(homework))
    if homework.diagnosis is None or not graded.rows:
        return graded
    path = folder / DIAGNOSIS_FILE
    if not path.is_file():
        told = f"{DIAGNOSIS_FILE} (problem {homework.diagnosis.id}) is missing"
        graded.notes.append(Note("missing file", STUDENT, told))
        for row in graded.rows:
            row.what = "nothing was handed in"
        return graded
    try:
        curves = recorded.load(homework.name, homework.root)
        given = diagnosis.read(path, curves)
    except KitError as error:
        for row in graded.rows:
            row.what = str(error).replace(str(path), DIAGNOSIS_FILE)
        return graded
    signed = str(manifest.get("name") or "")
    if signed and recorded.plain(signed) != recorded.plain(given.name):
        told = f"the diagnosis is for {given.name[:60]!r}, signed is {signed[:60]!r}"
        graded.notes.append(Note(CONTRADICTION, STAFF, told))
    answers = _answers(homework) if told_causes else None
    for row, answer, verdict in zip(graded.rows, given.answers, diagnosis.verdicts(given, curves)):
        evidence = f"evidence: {verdict.state}" + "".join(f"; {m}" for m in verdict.messages[:1])
        if answers is None:
            row.status = "passed" if verdict.state == HOLDS else "failed"
            row.what = f"run {answer.run}: {evidence}; {LATER}"
            continue
        right = answer.cause == answers[answer.run]
        share = (1.0 if verdict.state == HOLDS else CAUSE_ALONE) if right else 0.0
        row.points = row.max_points * share
        row.status = "passed" if share == 1 else "failed"
        said = "right" if right else f"{answer.cause or 'nothing'}, not {answers[answer.run]}"
        row.what = f"run {answer.run}: cause {said}; {evidence}"
    return graded


def version(homework: Homework) -> str:
    """Changes when the curves or the answers do."""
    if homework.diagnosis is None:
        return ""
    paths = (
        homework.folder / "curves.json",
        homework.root / "staff" / "authoring" / "curves" / f"{homework.name}.toml",
    )
    whole = b"".join(path.read_bytes() for path in paths if path.is_file())
    return hashlib.sha256(whole).hexdigest()


def _answers(homework: Homework) -> dict[str, str]:
    from staff.authoring.curves import recipe

    return recipe.load(homework.name, homework.root).answers
