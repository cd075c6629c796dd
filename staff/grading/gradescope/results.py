"""A record as Gradescope's results.json: every planned row, within every limit, as plain text."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.run.notes import NOT_MEASURED, for_students, of_kind
from common.files import write_text
from common.homework import Homework
from staff.course.lateness import late_days
from staff.grading import diagnosis

TEXT_CAP = 8_000  # characters of one text; Gradescope cuts at 100,000
ROWS_CAP = 60_000  # of all rows' texts together: the raw file must stay whole, too
UNFINISHED = "not judged: grading stopped before it"


def render(
    record: dict,
    homework: Homework,
    checks: list,
    metadata: dict,
    grace_minutes: float = 0.0,
) -> dict:
    """Return the results as Gradescope shows them.

    Args:
        record: of `staff.grading.session`; rows that are missing in it are shown as not judged.
        checks: the planned checks: the rows and the maximum never change.
        metadata: submission_metadata.json, of which any part may be missing.
        grace_minutes: of the course, after a due date.
    """
    found = {check["id"]: check for check in record["checks"]}
    planned = [(c.id, c.problem, c.title, c.points) for c in checks]
    runs = next((p.id for p in homework.problems if p.kind == "run"), "")
    planned += [
        (f"run::{one.name}", runs, f"Trained run {one.name} on fresh tasks", one.points)
        for one in (homework.measured if runs else ())
    ]
    planned += [
        (row.id, row.problem, row.title, 0) for row in diagnosis.planned_rows(homework)
    ]  # their points are given with those of the written half
    share = min(TEXT_CAP, ROWS_CAP // max(1, len(planned)))
    numbers: dict[str, int] = {}
    rows = []
    for ident, problem, title, most in planned:
        numbers[problem] = numbers.get(problem, 0) + 1
        check = found.get(ident)
        row = _row(
            f"{problem}.{numbers[problem]}",
            clean(title, 200),
            most,
            check,
            share,
            record["reason"] or UNFINISHED,
        )
        if homework.problem(problem).kind == "extra" and row["status"] == "failed":
            del row["status"]  # a row without one only informs: no extra credit is no failure
        rows.append(row)
    return {
        "score": float(record["score"] + record["extra"]),
        "execution_time": max(0, round(record["seconds"])),
        "output": clean("\n".join(_head(record, homework, metadata, grace_minutes)), TEXT_CAP),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": rows,
        "leaderboard": _leaderboard(record),
        "extra_data": {"not_measured": not_measured(record)},
    }


def _row(
    number: str, title: str, most: float, check: dict | None, cap: int, otherwise: str
) -> dict:
    row: dict[str, Any] = {
        "name": title,
        "name_format": "text",
        "number": number,
        "output_format": "text",
        "visibility": "visible",
        "status": "failed",
        "output": clean(otherwise, cap),
    }
    earned = 0.0
    if check is not None:
        earned = float(check["points"])
        row["status"] = "passed" if check["status"] == "passed" else "failed"
        row["output"] = clean(check["message"], cap)
    if most:  # an extra check earns through its problem, in the total
        row |= {"score": earned, "max_score": float(most)}
    return row


def _head(record: dict, homework: Homework, metadata: dict, grace_minutes: float) -> list[str]:
    lines = [f"{homework.name}: {homework.title}"]
    if record["status"] == "refused":
        lines.append(f"This submission cannot be graded: {record['reason']}")
    elif record["status"] == "failed" and record["reason"]:
        lines.append(record["reason"])
    else:
        lines.append(
            f"{record['score']:g} of {record['max_score']:g} points for code"
            + (f", {record['extra']:g} extra" if record["extra"] else "")
        )
    lines += [f"note: {told}" for told in for_students(record["notes"])]
    days = days_late(metadata, grace_minutes)
    if days:
        lines.append(
            f"Handed in {days} day{'s' if days > 1 else ''} after the due date. Late days "
            "are counted when grades are made; nothing is taken off here."
        )
    lines.append("Plots and written answers are graded by people.")
    return lines


def days_late(metadata: dict, grace_minutes: float) -> int:
    """Days between the due date and the upload, by the platform's times and not by this machine's clock.

    A regrade runs much later, and must say the same.
    """
    try:
        sent = datetime.fromisoformat(metadata["created_at"])
        due = datetime.fromisoformat(metadata["assignment"]["due_date"])
        return late_days(sent, due, grace_minutes)
    except (KeyError, TypeError, ValueError):
        return 0


def not_measured(record: dict) -> list[str]:
    """Return the trained runs that staff must measure elsewhere: their data are not in the image."""
    return of_kind(record["notes"], NOT_MEASURED)


def _leaderboard(record: dict) -> list[dict]:
    rows = [
        {"name": f"accuracy {name}", "value": float(value), "order": "desc"}
        for name, value in sorted(record["accuracy"].items())
    ]
    return [
        {"name": "points", "value": float(record["score"] + record["extra"]), "order": "desc"},
        *rows,
    ]


def clean(text: object, cap: int) -> str:
    """Text without control characters, at most `cap` characters: the middle is left out."""
    plain = "".join(
        c if c == "\n" or c.isprintable() else "\ufffd" for c in str(text).replace("\r\n", "\n")
    )
    plain = plain.encode("utf-8", "replace").decode()
    if len(plain) <= cap:
        return plain
    half = (cap - 20) // 2
    return f"{plain[:half]}\n[…]\n{plain[-half:]}"


def write(path: Path, result: dict) -> None:
    """Write results.json whole or not at all."""
    write_text(path, json.dumps(result, allow_nan=False))
