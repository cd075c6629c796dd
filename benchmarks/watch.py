"""How long from a save to its verdict: `python -m benchmarks.watch`."""

from __future__ import annotations

import argparse
import os
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.planning import plan
from benchmarks import table
from common import homework as homeworks

QUIET, PATIENCE = 0.4, 60.0  # seconds without a word that end a verdict; longest wait for one
VERDICT = re.compile(rb" of [\d.]+ points")


def verdicts(name: str, rounds: int) -> dict[str, float]:
    """Median seconds from the save of a file, its text changed, to the score."""
    homework = homeworks.load(name)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        folder = Path(place, name)
        shutil.copytree(homeworks.ROOT / "staff" / "solutions" / name, folder)
        command = [sys.executable, "-u", "-m", "autograder", name, "--watch", "--submission", place]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=homeworks.ROOT) as process:
            try:
                _said(process)  # the first verdict, on everything
                found: dict[str, list[float]] = {}
                for _ in range(rounds):
                    for file in homework.files:
                        if (folder / file).suffix == ".py":
                            found.setdefault(file, []).append(_saved(folder / file, process))
            finally:
                process.terminate()  # Ctrl-C is not heard by a job in the background
    return {file: statistics.median(seconds) for file, seconds in found.items()}


def _saved(path: Path, process: subprocess.Popen) -> float:
    path.write_text(path.read_text(encoding="utf-8") + "\n# saved again\n", encoding="utf-8")
    began = time.perf_counter()
    return _said(process) - began


def _said(process: subprocess.Popen) -> float:
    """When the next verdict came; returns once no more is said."""
    assert process.stdout is not None
    pipe, said, came = process.stdout.fileno(), b"", 0.0
    while select.select([pipe], [], [], QUIET if came else PATIENCE)[0]:
        more = os.read(pipe, 1 << 16)
        said += more
        if not came and VERDICT.search(said):
            came = time.perf_counter()
        if not more:
            break
    if not came:
        raise SystemExit(f"no verdict in {PATIENCE:.0f} s")
    return came


def main() -> None:
    """Measure every homework and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homework", nargs="*", help="none means all")
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="how often each is measured (5)"
    )
    options = parser.parse_args()
    rows = [("homework", "file that is saved", "checks", "to the verdict, s")]
    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        for file, seconds in verdicts(name, options.rounds).items():
            holes = {p.id for p in homework.problems if p.hole and p.hole.startswith(f"{file}:")}
            checks = sum(check.problem in holes for check in plan(homework))
            rows.append((name, file, str(checks), f"{seconds:.2f}"))
    table.write(
        "watch",
        "From a save to the verdict",
        rows,
        f"Medians of {options.rounds} saves; the problems of that file are judged.",
    )


if __name__ == "__main__":
    main()
