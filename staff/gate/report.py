"""Which check catches which mistake: the gate's table, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.report.record import CheckResult
from common.pages.templates import render
from staff.gate.verify import Verdict

SIGNS = {"passed": "·", "failed": "x", "error": "e", "timeout": "t", "crashed": "c", "not_run": "-"}
LEGEND = "· passed, x failed, e error, t timeout, c crashed, blank: not seen"
PAGE = "staff/gate/report.html"


@dataclass(frozen=True)
class Cell:
    """The verdict of a check on a mistake: a sign, the message, and whether points were lost.

    Attributes:
        kind: "caught", "elsewhere" for points of another problem, or empty.
        check: which check it was.
    """

    sign: str = ""
    kind: str = ""
    check: str = ""
    said: str = ""


def as_text(verdict: Verdict) -> str:
    """Figures, faults and notes."""
    share = verdict.named / verdict.mistakes if verdict.mistakes else 0.0
    lines = [
        f"{verdict.homework}: {'passed' if verdict.passed else 'NOT PASSED'}: {verdict.checks} "
        f"checks, {verdict.mistakes} mistakes ({share:.1%} named), {verdict.variants} variants"
    ]
    lines += [f"  fault: {fault}" for fault in verdict.faults]
    lines += [f"  note:  {note}" for note in verdict.notes]
    return "\n".join(lines)


def as_matrix(verdict: Verdict) -> str:
    """A line for each mistake: what every check that sees it made of it, and whether it was named."""
    checks = _columns(verdict)
    lines = [f"{verdict.homework}: {LEGEND}"]
    lines += [f"  {number:2}  {check}" for number, check in enumerate(checks, 1)]
    width = max((len(slug) for slug in verdict.table), default=0)
    lines.append(" " * width + "  " + " ".join(f"{n:2}" for n in range(1, len(checks) + 1)))
    for slug, rows in verdict.table.items():
        signs = " ".join(f"{SIGNS[rows[c].status] if c in rows else '':>2}" for c in checks)
        lines.append(f"{slug:{width}}  {signs}{'' if _named(slug, rows) else '   not named'}")
    return "\n".join(lines)


def as_html(verdicts: list[Verdict]) -> str:
    """Tables of mistakes by checks, one a homework."""
    tables = [
        (
            *_told(verdict),
            _columns(verdict),
            [
                (slug, _named(slug, rows), _cells(verdict, slug))
                for slug, rows in verdict.table.items()
            ],
        )
        for verdict in verdicts
    ]
    return render(PAGE, legend=LEGEND, tables=tables)


def _told(verdict: Verdict) -> tuple[str, list[str]]:
    title, *told = (line.strip() for line in as_text(verdict).splitlines())
    return title, told


def _cells(verdict: Verdict, slug: str) -> list[Cell]:
    rows = verdict.table[slug]
    return [_cell(check, rows.get(check), verdict.problems[slug]) for check in _columns(verdict)]


def _columns(verdict: Verdict) -> list[str]:
    return list(dict.fromkeys(check for rows in verdict.table.values() for check in rows))


def _named(slug: str, rows: dict[str, CheckResult]) -> bool:
    return any(row.mistake == slug for row in rows.values())


def _cell(check: str, row: CheckResult | None, problem: str) -> Cell:
    if row is None or row.passed:
        return Cell("" if row is None else SIGNS["passed"])
    kind = "caught" if row.problem == problem else "elsewhere"
    return Cell(SIGNS[row.status], kind, check, row.what or row.status)
