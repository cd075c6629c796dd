"""What became of the mutants of a homework, as text and as HTML."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from common.pages.templates import render
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
