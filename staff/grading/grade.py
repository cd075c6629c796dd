"""`python -m staff grade FOLDER --hw hw1`: a whole class, resumable, one bad zip costs itself only.

Every record is written whole, the moment it is there; what is already recorded for the same bytes
and the same grader is not graded again. So the command can be killed at any moment: typed again, it
goes on, and ends with the same table.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import time
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import PUBLIC_SEED, Homework
from staff import command
from staff.grading import class_page, submissions
from staff.grading.csv_cell import cell
from staff.grading.jobs import Order, secret_seeds

TABLE, PAGE = "table.csv", "overview.html"
EPILOG = """
examples:
  python -m staff grade submissions --hw hw1
  python -m staff grade export --hw hw1 --workers 8 --out grades/hw1
  python -m staff grade submissions --hw hw1 --scheduler tcp://HOST:8786    on many machines
FOLDER holds zips, folders, or a Gradescope export with its submission_metadata.yml. OUT gets
students/ID.json, table.csv (the gradebook reads it as hw1-code.csv) and class_page.html.
"""


def main(argv: list[str]) -> int:
    """Grade a folder; 0 when every submission has a grade or a reason, 1 when staff must look."""
    options = command.parser("grade", "Grade a folder of submissions.", EPILOG)
    add = options.add_argument
    add("folder", type=Path)
    add("--hw", required=True, metavar="hwN")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (cores)")
    add("--scheduler", metavar="ADDRESS", help="a Dask scheduler, in place of --workers")
    add("--out", type=Path, metavar="DIR", help="FOLDER-grades-hwN")
    add("--seed", type=int, help="one recorded seed, in place of a secret one for each")
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.hw)
    if chosen.workers < 1:
        raise KitError("--workers must be at least 1")
    out = chosen.out or chosen.folder.with_name(f"{chosen.folder.name}-grades-{homework.name}")
    if chosen.seed is None and not secret_seeds(homework):
        print(f"note: no secret seed is recorded for {homework.name}; the public one is used. "
              f"Record some with: python -m staff answers {homework.name} --seed N",
              file=sys.stderr)  # fmt: skip
    try:
        records = grade_folder(
            chosen.folder, homework, out, chosen.workers, chosen.seed, chosen.scheduler
        )
    except KeyboardInterrupt:
        print(f"\nstopped; what is finished is in {out}. The same command goes on.",
              file=sys.stderr)  # fmt: skip
        return 130
    unfinished = [r["id"] for r in records if r["status"] == "failed"]
    alarms = sorted({n for r in records for n in r["notes"] if "NOT MEASURED" in n})
    for alarm in alarms:
        print(f"note: {alarm}", file=sys.stderr)
    print(f"{out / TABLE}: {len(records)} submissions, "
          f"{sum(r['status'] == 'refused' for r in records)} refused, {len(unfinished)} for staff "
          f"to look at{': ' if unfinished else ''}{', '.join(unfinished[:5])}")  # fmt: skip
    return 1 if unfinished or alarms else 0


def grade_folder(
    folder: Path,
    homework: Homework,
    out: Path,
    workers: int,
    seed: int | None = None,
    scheduler: str | None = None,
) -> list[dict]:
    """Grade what has no record yet; every record, in the order of the submissions' names.

    Raises:
        KitError: when a record of answers is missing, damaged or of other checks: that is said
            once, and not by every submission.
    """
    _require_answers(homework, seed)
    orders = [
        submissions.fingerprint(order, homework)
        for order in submissions.find(folder, homework, seed)
    ]
    store = Store(out)
    todo = [order for order in orders if not _final(store.find(order))]
    with Progress(len(orders), len(orders) - len(todo)) as progress:

        def keep(record: dict) -> None:
            store.keep(record)
            progress.advance(record)

        if scheduler is not None:
            from staff.grading import cluster

            cluster.run(todo, scheduler, keep)
        else:
            from staff.grading import pool

            pool.run(todo, workers, limit(homework), keep)
    records = [record for order in orders if (record := store.find(order)) is not None]
    write_text(out / TABLE, table(records, homework))
    write_text(out / PAGE, class_page.page(records, homework))
    return records


def _require_answers(homework: Homework, seed: int | None) -> None:
    from autograder.judge.answers import Answers

    seeds = secret_seeds(homework) or [PUBLIC_SEED]
    for used in seeds if seed is None else [seed]:
        Answers.load(homework, used)


def _final(record: dict | None) -> bool:
    """Whether a record stands: what failed for reasons of the grader's is tried again."""
    if record is None or record["status"] == "failed":
        return False
    return not any("NOT MEASURED" in note for note in record["notes"])


def limit(homework: Homework) -> float:
    """Seconds for one submission if every check and run took all it may, and more."""
    from autograder import engine
    from staff.grading import trained

    checks = len(engine.plan(homework)) * homework.time_limit
    return 60 + checks + len(homework.experiments) * trained.SECONDS


class Store:
    """Records on disk, one file each, whole or absent."""

    def __init__(self, out: Path) -> None:
        self.folder = out / submissions.RECORDS
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KitError(f"cannot make {self.folder}: {error.strerror}") from None
        for half in [*self.folder.glob(".*"), *out.glob(f".{TABLE}.*"), *out.glob(f".{PAGE}.*")]:
            half.unlink()  # what a killed run was writing

    def keep(self, record: dict) -> None:
        text = json.dumps(record, indent=1, allow_nan=False, sort_keys=True)
        write_text(self.folder / f"{record['id']}.json", text + "\n")

    def find(self, order: Order) -> dict | None:
        """The record of exactly this submission by exactly this grader."""
        try:
            record = json.loads((self.folder / f"{order.ident}.json").read_text(encoding="utf-8"))
            same = record["fingerprint"] == order.fingerprint
            return record if same else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def table(records: list[dict], homework: Homework) -> str:
    """One line a student; nothing in it depends on when or where it was graded."""
    problems = [p.id for p in homework.problems if p.kind in ("code", "run", "extra")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "submission", "status", "score", "max_score", "extra", "diagnosis",
                     "submitted", *problems, "mistakes", "reason", "notes"])  # fmt: skip
    for record in records:
        mistakes = sorted({c["mistake"] for c in record["checks"] if c["mistake"]})
        for student in record["students"]:
            writer.writerow(
                [cell(student), record["id"], record["status"], record["score"],
                 record["max_score"], record["extra"], record["diagnosis"], record["submitted"],
                 *(record["problems"].get(problem, 0) for problem in problems),
                 " ".join(mistakes), cell(record["reason"]), cell("; ".join(record["notes"]))]
            )  # fmt: skip
    return text.getvalue()


class Progress:
    """How far it is and how long it will take: a bar on a terminal, else a line now and then."""

    EVERY = 10.0  # seconds between lines

    def __init__(self, total: int, done: int) -> None:
        self.total, self.done, self.before = total, done, done
        self.began = self.said = time.monotonic()

    def __enter__(self) -> Progress:
        from rich.progress import Progress as Bar

        self.bar = Bar(disable=not sys.stdout.isatty())
        self.bar.start()
        self.task = self.bar.add_task("grading", total=self.total, completed=self.done)
        if self.done:
            print(f"{self.done} of {self.total} are graded already")
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def advance(self, record: dict) -> None:
        self.done += 1
        self.bar.update(self.task, completed=self.done, description=record["id"][:20])
        now = time.monotonic()
        if not sys.stdout.isatty() and (now - self.said > self.EVERY or self.done == self.total):
            self.said = now
            rate = (self.done - self.before) / (now - self.began)
            left = (self.total - self.done) / rate
            print(f"{self.done}/{self.total}  {rate:.2f} a second, {left:.0f} s left", flush=True)
