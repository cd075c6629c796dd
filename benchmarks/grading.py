"""How fast a class is graded, and whether every grade is right: `python -m benchmarks.grading`.

A made-up class (solutions, stubs, variants, mistakes, attacks, broken zips) goes through `staff grade`. Every
record is compared with what the submission must earn; then the arithmetic for 100,000.
"""

from __future__ import annotations

import argparse
import math
import resource
import tempfile
import time
from pathlib import Path

from benchmarks import table
from common import homework as homeworks
from common.kit.machine import usable_cores
from staff.grading import synthetic_class
from staff.grading.grade import grade_folder

MANY = 100_000
MEASURED = (
    "The rate includes starting the processes, and a share of attacks (one in twenty, some of which "
    "run until they are stopped). MB is the peak of a grading process with its worker and all checks, "
    "where pages that they share count in each. Projections:\n"
)


def main() -> int:
    """Grade a made-up class of each homework; 1 when a record is lost or wrong."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--hw", nargs="+", default=["hw0", "hw1"], help="homeworks (hw0 hw1)")
    options.add_argument("--count", type=int, default=60, help="submissions of each (60)")
    options.add_argument("--workers", type=int, default=usable_cores(), help="processes (cores)")
    options.add_argument("--seed", type=int, default=0, help="of the made-up class")
    chosen = options.parse_args()
    head = (
        "homework",
        "submissions",
        "processes",
        "seconds",
        "a second",
        "CPU s each",
        "MB a process",
        "lost or wrong",
    )
    rows, notes, wrong = [head], [MEASURED], 0
    for name in chosen.hw:
        row, found = measure(name, chosen.count, chosen.workers, chosen.seed)
        print("\n".join(found))
        rows.append(row)
        notes.append(f"- {name}: {projection(float(row[4]), chosen.workers)}")
        wrong += len(found)
    table.write("grading", "Grading a class", rows, "\n".join(notes))
    return 1 if wrong else 0


def projection(rate: float, workers: int) -> str:
    """The arithmetic for many submissions, in words."""
    seconds = MANY / rate
    each, wanted = rate / workers, MANY / 3600
    return (
        f"{MANY:,} / {rate:.2f} a second = {seconds:,.0f} s = {seconds / 3600:.1f} h on this machine; "
        f"for one hour {MANY:,} / 3,600 s = {wanted:.1f} a second / {each:.3f} a process = "
        f"{math.ceil(wanted / each)} processes"
    )


def measure(name: str, count: int, workers: int, seed: int) -> tuple[tuple[str, ...], list[str]]:
    """A row of the table, and a line for every record that is lost or wrong."""
    homework = homeworks.load(name)
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        root = Path(folder)
        (root / "in").mkdir()
        made = synthetic_class.make(root / "in", homework, count, seed)
        began, used = time.monotonic(), _cpu()
        records = grade_folder(root / "in", homework, root / "out", workers).records
        seconds, cpu = time.monotonic() - began, _cpu() - used
    by_id = {record["id"]: record for record in records}
    wrong = [f"{one.ident} ({one.kind}) is lost" for one in made if one.ident not in by_id]
    wrong += [
        f"{one.ident} ({one.kind} {one.slug}) {complaint}"
        for one in made
        if one.ident in by_id and (complaint := one.complaint(by_id[one.ident], homework))
    ]
    rate = len(made) / seconds
    row = (
        name,
        str(count),
        str(workers),
        f"{seconds:.0f}",
        f"{rate:.2f}",
        f"{cpu / count:.2f}",
        str(max(record["memory_mb"] for record in records)),
        str(len(wrong)),
    )
    return row, wrong


def _cpu() -> float:
    """CPU seconds of this process and of all that have ended under it."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


if __name__ == "__main__":
    raise SystemExit(main())
