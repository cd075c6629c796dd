"""`python -m staff grade FOLDER --hw hw1`: a whole class, resumable, one bad zip costs itself only.

Every record is written whole, the moment it is there; what is already recorded for the same bytes
and the same grader is not graded again. So the command can be killed at any moment: typed again, it
goes on, and ends with the same table.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.planning import plan
from autograder.run.notes import NOT_MEASURED, of_kind
from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import PUBLIC_SEED, Homework
from common.kit import seeds
from staff import command
from staff.course import policy
from staff.course.csv_cell import csv_text
from staff.course.findings import Findings, nearest
from staff.course.private import require_private
from staff.course.roster import read_roster, same
from staff.grading import (
    class_page,
    compare,
    downloads,
    pseudonyms,
    receipts,
    similarity,
    submissions,
)
from staff.grading.attention import Attention, attention, in_lines
from staff.grading.hand_ins import HandIn, HandIns, read_times, sort_out
from staff.grading.jobs import Job, inputs_told
from staff.grading.session import failed_record, unwritable

TABLE, PAGE, SHOWN_PAGE = "table.csv", "overview.html", "overview-pseudonyms.html"
NOT_YET = "not graded yet: run the command without --only"
SHOWN = 15  # lines of a list on the console; the page has all
EPILOG = """
examples:
  python -m staff grade submissions --hw hw1
  python -m staff grade export --hw hw1 --workers 8 --out grades/hw1
  python -m staff grade submissions --hw hw1 --scheduler tls://HOST:8786 --tls DIR   on many machines
  python -m staff grade submissions --hw hw1 --only ada                     one again
  python -m staff grade submissions --hw hw1 --out new --compare old        whose points changed
FOLDER holds zips, folders, or a download of Gradescope (with its submission_metadata.yml), Canvas or
Moodle, as a folder or zip. With roster.csv in it (or --roster) every upload is matched to a student;
with times.csv (student or upload, submitted; or a platform's export, --times) it has a time, and the
latest upload of a student counts. OUT gets students/ID.json, table.csv (the gradebook reads it as
hw1-code.csv) and overview.html. Two lists end the batch: what staff must decide (exit code 1), and
what is worth a look.
"""


def main(argv: list[str]) -> int:
    """Grade a folder; return 0 when every submission has a grade or a reason, 1 when staff must look."""
    options = command.parser("grade", "Grade a folder of submissions.", EPILOG)
    add = options.add_argument
    command.add_shared(options, "folder", "--hw", "--workers", "--sets", "--roster", "--times")
    add("--scheduler", metavar="ADDRESS", help="a Dask scheduler, in place of --workers")
    add("--tls", type=Path, metavar="DIR", help="the cluster's keys (staff cluster-keys)")
    add("--out", type=Path, metavar="DIR", help="FOLDER-grades-hwN")
    add("--seed", metavar="NAME", help="one set by its name (0: public), in place of secret ones")
    add("--written", type=Path, metavar="FILE", help="hwN-written.csv, for the page of the class")
    add("--only", action="append", metavar="ID", help="grade this student or upload again")
    add("--compare", type=Path, metavar="OLD", help="an earlier OUT: say whose points changed")
    command.add_shared(options, "--pseudonyms")
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.hw)
    if chosen.workers < 1:
        raise KitError("--workers must be at least 1")
    older = compare.load(chosen.compare) if chosen.compare else None
    out = chosen.out or default_out(chosen.folder, homework)
    require_private(out)
    for note in inputs_told(homework, chosen.seed, chosen.sets):
        print(f"note: {note}", file=sys.stderr)
    try:
        batch = grade_folder(
            chosen.folder,
            homework,
            out,
            chosen.workers,
            chosen.seed,
            chosen.scheduler,
            sets=chosen.sets,
            keys=chosen.tls,
            roster=chosen.roster,
            times=chosen.times,
            only=chosen.only or (),
            written=chosen.written,
            without_names=chosen.pseudonyms,
        )
    except KeyboardInterrupt:
        print(
            f"\nstopped; what is finished is in {out}. The same command goes on.", file=sys.stderr
        )
        return 130
    _report(batch, out)
    if older is not None:
        told = compare.changes(older, {record["id"]: record for record in batch.records})
        print(f"compared with {chosen.compare}: {len(told) or 'no'} changes")
        for line in told:
            print(f"  {line}")
    return 1 if batch.attention.decide else 0


def default_out(folder: Path, homework: Homework) -> Path:
    """Return the folder of the grades where no option names one."""
    name = folder.stem if folder.is_file() else folder.name
    return folder.with_name(f"{name}-grades-{homework.name}")


@dataclass
class Batch:
    """A class that was graded: the records, whose uploads they are, and the two lists."""

    records: list[dict]
    hand_ins: HandIns
    attention: Attention
    assumed: list[str]


def _report(batch: Batch, out: Path) -> None:
    """The two lists, and where everything is."""
    for text in batch.assumed:
        print(f"note: {text}", file=sys.stderr)
    refused = sum(record["status"] == "refused" for record in batch.records)
    print(f"{out / TABLE}: {len(batch.records)} submissions, {refused} refused")
    if not batch.hand_ins.timed:
        print("no times: late days are not counted (times.csv, or a platform's export, gives them)")
    if batch.hand_ins.without:
        print(f"nothing handed in: {len(batch.hand_ins.without)} students of the roster")
    for title, items in (
        ("decide", batch.attention.decide),
        ("worth a look", batch.attention.look),
    ):
        print(f"{title}: {len(items) or 'nothing'}")
        lines = in_lines(items)
        for line in lines[:SHOWN]:
            print(f"  {line}")
        if len(lines) > SHOWN:
            print(f"  … and {len(lines) - SHOWN} more lines, on {out / PAGE}")


def grade_folder(
    folder: Path,
    homework: Homework,
    out: Path,
    workers: int,
    seed: str | None = None,
    scheduler: str | None = None,
    *,
    sets: int = 1,
    keys: Path | None = None,
    roster: Path | None = None,
    times: Path | None = None,
    only: Sequence[str] = (),
    written: Path | None = None,
    without_names: bool = False,
) -> Batch:
    """Grade what has no record yet; the records are in the order of the submissions' names.

    Args:
        seed: the name of the inputs; None takes secret ones.
        sets: how many of them for each submission.
        keys: the folder with the cluster's keys.
        roster, times: files; those of the folder where they are there.
        only: students or uploads to grade again, and no others.
        written: the table of the written half, for the page.
        without_names: whether a page with pseudonyms is wanted, too.

    Raises:
        KitError: when a record of answers is missing, damaged or of other checks: that is said
            once, and not by every submission.
    """
    _require_answers(homework, seed)
    hand_ins, findings = prepare(folder, homework, out, seed, roster, times, sets)
    jobs = [one.job for one in hand_ins.kept]
    store = Store(out)
    if only:
        todo = [one.job for one in _chosen(hand_ins, only)]
    else:
        todo = [job for job in jobs if not is_final(store.find(job))]
    for job in todo:
        if job.trouble:
            store.keep(failed_record(job, job.trouble))
    todo = [job for job in todo if not job.trouble]
    with Progress(len(jobs), len(jobs) - len(todo)) as progress:

        def keep(record: dict) -> None:
            store.keep(record)
            progress.advance(record)

        if scheduler is not None:
            from staff.grading import cluster

            cluster.run(todo, scheduler, limit(homework, sets), keep, keys)
        else:
            from staff.grading import pool

            pool.run(todo, workers, limit(homework, sets), keep)
    records = collect(hand_ins, store)
    alike = similarity.undeclared_pairs(similarity.default_output(folder, homework))
    lists = attention(records, hand_ins, alike)
    write_text(out / TABLE, table(records, homework, hand_ins))
    write_text(out / PAGE, class_page.page(records, homework, lists, hand_ins, written))
    if without_names:
        hidden, told, handed = pseudonyms.of_class(records, lists, hand_ins, out / pseudonyms.FILE)
        write_text(out / SHOWN_PAGE, class_page.page(hidden, homework, told, handed))
    return Batch(records, hand_ins, lists, findings.warnings)


def prepare(
    folder: Path,
    homework: Homework,
    out: Path,
    seed: str | None = None,
    roster: Path | None = None,
    times: Path | None = None,
    sets: int = 1,
) -> tuple[HandIns, Findings]:
    """Find the uploads of a folder or download, each with owner and fingerprint; say what was assumed."""
    folder, findings = downloads.gather(folder, out), Findings()
    hand_ins = _sort_out(folder, homework, seed, sets, roster, times, findings)
    for one in hand_ins.kept:
        one.job = submissions.fingerprint(one.job, homework)
    return hand_ins, findings


def collect(hand_ins: HandIns, store: Store) -> list[dict]:
    """A record of every upload, with the students and times that are known now."""
    records = []
    for one in hand_ins.kept:
        record = store.find(one.job) or failed_record(one.job, NOT_YET)
        records.append(record | {"students": list(one.students), "submitted": one.submitted})
    receipts.note_shared(records)
    return records


def _sort_out(
    folder: Path,
    homework: Homework,
    seed: str | None,
    sets: int,
    roster: Path | None,
    times: Path | None,
    findings: Findings,
) -> HandIns:
    """Return all uploads with owners and times, from files that were named or lie in the folder.

    Raises:
        KitError: when a file that was named is not there, or one of them is wrong.
    """
    rules = policy.load()
    for path in (roster, times):
        if path is not None and not path.is_file():
            raise KitError(f"{path} is not there")
    roster, times = roster or folder / "roster.csv", times or folder / "times.csv"
    people = None
    if roster.is_file():
        people = read_roster(roster, findings, rules.graded + rules.left_out)
    moments = read_times(times, rules.zone, findings)
    findings.stop_on_errors()
    uploads = submissions.find(folder, homework, seed, sets)
    others = submissions.find_others(folder, homework, seed, sets)
    return sort_out(uploads, people, moments, others)


def _chosen(hand_ins: HandIns, only: Sequence[str]) -> list[HandIn]:
    """The uploads that are named by student or by upload.

    Raises:
        KitError: when a name means none.
    """
    found = []
    for text in only:
        those = [
            one
            for one in hand_ins.kept
            if same(text) in map(same, (one.job.ident, one.job.upload, *one.students))
        ]
        if not those:
            known = [student for one in hand_ins.kept for student in one.students]
            raise KitError(f"--only {text}: no such student or upload{nearest(text, known)}")
        found += those
    return found


def _require_answers(homework: Homework, seed: str | None) -> None:
    from autograder.judge.answers import Answers

    used = [seeds.find(homework, seed)] if seed is not None else seeds.recorded_sets(homework)
    for one in used or [PUBLIC_SEED]:
        Answers.load(homework, one)


def is_final(record: dict | None) -> bool:
    """Whether a record stands: what failed for reasons of the grader's is tried again."""
    if record is None or record["status"] == "failed":
        return False
    return not of_kind(record["notes"], NOT_MEASURED)


def limit(homework: Homework, sets: int = 1) -> float:
    """Seconds for one submission if every check and run took all it may, and more.

    Args:
        sets: how many sets of inputs each check is judged with.
    """
    from staff.grading import trained

    checks = sets * len(plan(homework)) * homework.time_limit
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
        """Write a record; one that cannot be written becomes a failed one."""
        try:
            text = _as_text(record)
        except (ValueError, TypeError, RecursionError) as error:
            text = _as_text(unwritable(record, error))
        write_text(self.folder / f"{record['id']}.json", text + "\n")

    def find(self, job: Job) -> dict | None:
        """The record of exactly this submission by exactly this grader."""
        try:
            record = json.loads((self.folder / f"{job.ident}.json").read_text(encoding="utf-8"))
            same = record["fingerprint"] == job.fingerprint
            return record if same else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _as_text(record: dict) -> str:
    text = json.dumps(record, indent=1, allow_nan=False, sort_keys=True, ensure_ascii=False)
    text.encode()  # half a letter cannot be written, and would end every table that names it
    return text


def table(records: list[dict], homework: Homework, hand_ins: HandIns | None = None) -> str:
    """One line a student; nothing in it depends on when or where it was graded."""
    problems = [p.id for p in homework.problems if p.kind in ("code", "run", "extra")]
    rows: list[list] = [["student", "submission", "status", "score", "max_score", "extra",
                         "diagnosis", "submitted", *problems, "mistakes", "reason", "notes"]]  # fmt: skip
    for record in records:
        mistakes = sorted({c["mistake"] for c in record["checks"] if c["mistake"]})
        points = [record["problems"].get(problem, 0) for problem in problems]
        notes = "; ".join(note["text"] for note in record["notes"])
        for student in record["students"]:
            rows.append([student, record["id"], record["status"], record["score"],
                         record["max_score"], record["extra"], record["diagnosis"],
                         record["submitted"], *points, " ".join(mistakes), record["reason"], notes])  # fmt: skip
    for owner, uploads in hand_ins.undecided if hand_ins else ():
        names = ", ".join(one.job.upload for one in uploads)
        for student in uploads[0].students:
            blank = ["", 0, "", "", "", "", *("" for _ in problems), ""]
            rows.append([student, owner, "undecided", *blank, f"uploads: {names}", ""])
    return csv_text(rows)


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
