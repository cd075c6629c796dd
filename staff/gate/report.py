"""Which check catches which mistake: the gate's table, as text and as HTML."""

from __future__ import annotations

import html

from autograder.report.record import CheckResult
from staff.gate.verify import Verdict

SIGNS = {"passed": "·", "failed": "x", "error": "e", "timeout": "t", "crashed": "c", "not_run": "-"}
LEGEND = "· passed, x failed, e error, t timeout, c crashed, blank: not seen"
STYLE = (
    "body{font:15px sans-serif;margin:2em}table{border-collapse:collapse;margin-bottom:2em}"
    "td,th{padding:.2em .5em;text-align:left}td{text-align:center}"
    "td.no{background:#f6d5c5}td.other{background:#f3e6a8}"
    "th{font-weight:400}tr{background:#fff}tr:nth-child(even){background:#f4f4f4}"
    "thead th{position:sticky;top:0;background:#fff;vertical-align:bottom;z-index:1}"
    "thead span{writing-mode:vertical-rl}th[scope=row]{position:sticky;left:0;background:inherit}"
    "h2{font-size:1.2em}li{max-width:60em}"
)


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
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Mistakes and checks</title>",
        f"<style>{STYLE}</style>",
    ]
    parts.append(f"<p>{LEGEND}; a yellow one costs points of another problem. Point at one.")
    for verdict in verdicts:
        checks = _columns(verdict)
        head = "".join(f"<th scope=col><span>{html.escape(check)}</span>" for check in checks)
        title, *told = (html.escape(line.strip()) for line in as_text(verdict).splitlines())
        parts.append(f"<h2>{title}</h2><ul>{''.join(f'<li>{line}' for line in told)}</ul><table>")
        parts.append(f"<thead><tr><th scope=col>mistake<th scope=col>named{head}</thead>")
        for slug, rows in verdict.table.items():
            cells = "".join(_cell(rows.get(check), verdict.problems[slug]) for check in checks)
            named = "yes" if _named(slug, rows) else "no"
            parts.append(f"<tr><th scope=row>{html.escape(slug)}<td>{named}{cells}")
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def _columns(verdict: Verdict) -> list[str]:
    return list(dict.fromkeys(check for rows in verdict.table.values() for check in rows))


def _named(slug: str, rows: dict[str, CheckResult]) -> bool:
    return any(row.mistake == slug for row in rows.values())


def _cell(row: CheckResult | None, problem: str) -> str:
    if row is None:
        return "<td>"
    if row.passed:
        return "<td>·"
    told = html.escape(row.what or row.status, quote=True)
    kind = "no" if row.problem == problem else "other"
    return f'<td class={kind} title="{told}">{SIGNS[row.status]}'
