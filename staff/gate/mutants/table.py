"""The results of a homework's mutants, as text and as HTML."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import track

from common.files import write_text
from common.homework import Homework
from common.pages.templates import render
from staff.gate.mutants import judge
from staff.gate.mutants.judge import SURVIVED, MutantResult

COLUMNS = ("mutants", "value", "exception", "timeout", "crashed", "equivalent", "unexplained")
PAGE = "staff/gate/mutants/table.html"


@dataclass
class Table:
    """Everything that was found for one homework."""

    homework: str
    results: list[MutantResult]
    stale: list[str]  # reasons that explain no survivor
    seconds: float

    @property
    def unexplained(self) -> list[MutantResult]:
        return [
            result for result in self.results if result.end == SURVIVED and not result.explained
        ]

    @property
    def equivalent(self) -> list[MutantResult]:
        return [result for result in self.results if result.explained]

    @property
    def passed(self) -> bool:
        return not self.unexplained and not self.stale

    def rows(self) -> dict[str, list[int]]:
        """Hole → numbers for COLUMNS."""
        found: dict[str, Counter] = {}
        for result in self.results:
            end = result.end
            if end == SURVIVED:
                end = "equivalent" if result.explained else "unexplained"
            found.setdefault(f"{result.problem} {result.hole}", Counter()).update(["mutants", end])
        return {hole: [counts[name] for name in COLUMNS] for hole, counts in found.items()}


def make(
    homework: Homework, problem: str | None, record: Path | None, known: dict[str, dict]
) -> Table:
    """Judge one homework's mutants behind a progress bar.

    Args:
        problem: whose hole is changed; None means all of them.
        record: where every result is kept as soon as it is known.
        known: mutant → its result of earlier runs; new ones are added.
    """
    if problem:
        homework.problem(problem)
    began, saved = time.monotonic(), time.monotonic()

    def save() -> None:
        if record is not None:
            write_text(record, json.dumps(known, indent=0) + "\n")

    total = sum(1 for _ in judge.plan_mutants(homework, problem))
    bar: Any = iter(track(range(total), f"{homework.name}: mutants", transient=True))

    def keep(name: str, result: judge.MutantResult) -> None:
        nonlocal saved
        next(bar, None)
        known[name] = judge.as_record(result)
        if time.monotonic() - saved > 10:
            save()
            saved = time.monotonic()

    try:
        results = judge.judge_all(homework, problem, known, keep)
    finally:
        bar.close()
        save()
    stale = [] if problem else judge.stale(homework, results)
    return Table(homework.name, results, stale, time.monotonic() - began)


def as_text(table: Table) -> str:
    """The table of one homework, with what no check notices."""
    rows = table.rows()
    total = [sum(column) for column in zip(*rows.values())] if rows else [0] * len(COLUMNS)
    width = max([len(hole) for hole in rows] + [10])
    lines = [f"{table.homework:{width}}  " + "  ".join(f"{name:>11}" for name in COLUMNS)]
    for hole, numbers in [*rows.items(), ("all", total)]:
        lines.append(f"{hole:{width}}  " + "  ".join(f"{number:11}" for number in numbers))
    for result in table.unexplained:
        lines.append(f"  {result.problem} survives: {result.was}\n{'':{12}}now: {result.now}")
    lines += [f"  explains no survivor: {one}" for one in table.stale]
    share = total[-1] / total[0] if total[0] else 0.0
    lines.append(
        f"{table.homework}: {'passed' if table.passed else 'NOT PASSED'}: {total[0]} mutants, "
        f"{sum(total[1:5])} caught, {total[5]} are the same function, {total[6]} ({share:.1%}) "
        f"survive; {table.seconds:.0f} s"
    )
    return "\n".join(lines)


def as_html(tables: list[Table]) -> str:
    """Numbers by hole, then every survivor with its reason."""
    shown = [
        (as_text(table).splitlines()[-1], table, [*table.unexplained, *table.equivalent])
        for table in tables
    ]
    return render(PAGE, columns=COLUMNS, tables=shown)
