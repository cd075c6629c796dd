"""What became of the mutants of a homework, as text and as HTML."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass

from staff.gate.mutants.judge import SURVIVED, MutantResult

COLUMNS = ("mutants", "value", "exception", "timeout", "crashed", "equivalent", "unexplained")
STYLE = (
    "body{font:15px sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse}"
    "td,th{padding:.2em .8em;text-align:right}td:first-child,th:first-child{text-align:left}"
    "tr:nth-child(even){background:#f4f4f4}.no{background:#f6d5c5}caption{text-align:left;"
    "font-size:1.2em;padding:.6em 0}code{white-space:pre-wrap}.text td,.text th{text-align:left;"
    "vertical-align:top}.text td:last-child{min-width:16em}"
)


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
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Mutants</title>",
        f"<style>{STYLE}</style>",
    ]
    for table in tables:
        parts.append(f"<table><caption>{html.escape(as_text(table).splitlines()[-1])}</caption>")
        parts.append("<tr>" + "".join(f"<th scope=col>{n}" for n in ("hole", *COLUMNS)))
        for hole, numbers in table.rows().items():
            cells = "".join(f"<td>{number}" for number in numbers)
            parts.append(f"<tr><th scope=row>{html.escape(hole)}{cells}")
        parts.append("</table><table class=text><caption>What no check notices</caption>")
        parts.append("<tr><th scope=col>problem<th scope=col>was<th scope=col>now<th>why")
        for result in [*table.unexplained, *table.equivalent]:
            texts = (result.problem, result.was, result.now)
            cells = "".join(f"<td><code>{html.escape(text)}</code>" for text in texts)
            why = html.escape(result.reason) or "<b>a gap in the checks</b>"
            parts.append(f"<tr{'' if result.reason else ' class=no'}>{cells}<td>{why}")
        parts.append("</table>")
    return "\n".join(parts) + "\n"
