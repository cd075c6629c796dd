"""How fast a class is graded, and whether every grade is right: `python -m benchmarks.grading`.

A made-up class (solutions, stubs, variants, mistakes, broken zips) goes through `staff grade`. Every
record is compared with what the submission must earn; then the arithmetic for 100,000.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from autograder import homework as homeworks
from staff import synthetic
from staff.grade import grade_folder


def main() -> int:
    """Grade a made-up class; 1 when a record is lost or wrong."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--hw", default="hw1")
    options.add_argument("--count", type=int, default=60)
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options.add_argument("--seed", type=int, default=0, help="of the made-up class")
    chosen = options.parse_args()
    homework = homeworks.load(chosen.hw)
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        root = Path(folder)
        (root / "in").mkdir()
        made = synthetic.make(root / "in", homework, chosen.count, chosen.seed)
        began, used = time.monotonic(), _cpu()
        records = grade_folder(root / "in", homework, root / "out", chosen.workers)
        seconds, cpu = time.monotonic() - began, _cpu() - used
        again = time.monotonic()
        grade_folder(root / "in", homework, root / "out", chosen.workers)
        again = time.monotonic() - again
    by_id = {record["id"]: record for record in records}
    wrong = [f"{one.ident} ({one.kind} {one.slug}) is lost" for one in made
             if one.ident not in by_id]  # fmt: skip
    wrong += [
        f"{one.ident} ({one.kind} {one.slug}) {complaint}"
        for one in made
        if one.ident in by_id and (complaint := one.complaint(by_id[one.ident], homework))
    ]
    for line in wrong:
        print(line)
    rate = len(made) / seconds
    print(
        f"{len(made)} submissions of {homework.name}, {chosen.workers} processes: {seconds:.0f} s, "
        f"{rate:.2f} a second; {cpu / len(made):.2f} CPU seconds each; peak "
        f"{max(r['memory_mb'] for r in records)} MB a process; going on when all is done: "
        f"{again:.1f} s; {len(wrong)} lost or wrong"
    )
    print(
        f"100,000 of them: {100_000 / rate / 3600:.1f} hours here; within an hour with "
        f"{100_000 / 3600 / rate * chosen.workers:.0f} such processes"
    )
    return 1 if wrong else 0


def _cpu() -> float:
    """CPU seconds of this process and of all that have ended under it."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


if __name__ == "__main__":
    raise SystemExit(main())
