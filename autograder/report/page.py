"""The report as one self-contained HTML file: readable on a phone, by keyboard and by ear."""

from __future__ import annotations

import html
from pathlib import Path

from autograder.judge.words import Line
from autograder.report import pictures
from autograder.report.record import WORDS, CheckResult, HomeworkResult
from common.files import write_text
from common.homework import Homework

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fdfdfc; --soft: #5a5a63;
  --line: #d8d8d4; --good: #00664f; --bad: #9c3300; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --paper: #17171a; --soft: #a9a9b4;
  --line: #3a3a40; --good: #5fd3b3; --bad: #ffab7d; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 1.5rem 0 .3rem } h2 { font-size: 1.1rem; margin: 1.4rem 0 .3rem }
.score { color: var(--soft); margin: 0; overflow-wrap: anywhere }
h2 { display: flex; gap: .6rem; justify-content: space-between }
h2 .score { white-space: nowrap }
progress { width: 100%; height: .6rem; accent-color: var(--good) }
details { border-top: 1px solid var(--line); padding: .35rem 0 }
summary { cursor: pointer; display: flex; gap: .6rem; align-items: baseline }
summary::-webkit-details-marker { display: none }
summary::before { content: "▸" / ""; color: var(--soft) }
details[open] > summary::before { content: "▾" / "" }
summary:focus-visible { outline: 3px solid #0072b2; outline-offset: 2px }
summary .points { margin-left: auto; white-space: nowrap; color: var(--soft) }
.mark { font-weight: 700; min-width: 7.5rem } .passed .mark { color: var(--good) }
.not .mark { color: var(--bad) }
.what { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0 }
.mistake { border-left: 3px solid var(--bad); padding-left: .6rem }
pre { overflow-x: auto; background: color-mix(in srgb, var(--ink) 7%, transparent); padding: .5rem }
.pair { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem } figure { margin: .4rem 0 }
figcaption { color: var(--soft); max-width: 20rem } svg { max-width: 100%; height: auto }
.worst { stroke: var(--ink); stroke-width: 2 } polyline { fill: none; stroke-width: 2 }
polyline.expected { stroke: #0072b2 } polyline.given { stroke: #d55e00; stroke-dasharray: 5 3 }
@media (max-width: 30rem) { summary { flex-wrap: wrap } .mark { min-width: 0 }
  summary .title { order: 1; flex-basis: 100% } }
"""


def write(results: list[HomeworkResult], homeworks: dict[str, Homework], path: Path) -> Path:
    """Write the report whole."""
    write_text(path, render(results, homeworks))
    return path


def render(results: list[HomeworkResult], homeworks: dict[str, Homework]) -> str:
    """The page; everything that came from a student's code is escaped."""
    body = "".join(section(result, homeworks[result.homework]) for result in results)
    title = html.escape(", ".join(result.homework for result in results))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: report</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def section(result: HomeworkResult, homework: Homework) -> str:
    """One homework's part of a page."""
    parts = [
        f"<h1>{html.escape(result.homework)}: {html.escape(result.title)}</h1>",
        f'<p class="score">{result.score:g} of {result.max_score:g} points; '
        f"{result.seconds:.1f} s; isolation: {html.escape(result.isolation)}</p>",
        f'<progress max="{result.max_score:g}" value="{result.score:g}" '
        f'aria-label="points earned">{result.score:g} of {result.max_score:g}</progress>',
    ]
    if step := result.next_step:
        parts.append(f"<p>Next: <code>{html.escape(step)}</code></p>")
    for problem in homework.problems:
        rows = [row for row in result.checks if row.problem == problem.id]
        if rows:
            name = f"<span>{html.escape(problem.id)} · {html.escape(problem.title)}</span>"
            parts.append(f'<h2>{name}<span class="score">{_worth(rows)}</span></h2>')
            parts += [_check(row) for row in rows]
    return "".join(parts)


def _worth(rows: list[CheckResult]) -> str:
    most = sum(row.max_points for row in rows)
    return f"{sum(row.points for row in rows):g}/{most:g}" if most else "extra"


def _check(row: CheckResult) -> str:
    """What was checked, and inside it what differed, the idea and the recognised mistake."""
    what = f'<p class="what">{html.escape(row.what)}</p>' if row.what else ""
    inside = what or "<p>Nothing differed.</p>"
    if row.picture is not None:
        inside += pictures.pair(*row.picture)
    inside += f'<p class="what">{html.escape(row.idea)}</p>' if row.idea else ""
    inside += "".join(map(_told, row.told))
    if row.printed.strip() and not row.passed:
        inside += f"<p>It printed:</p><pre>{html.escape(row.printed.strip())}</pre>"
    kind, shown = ("passed", "") if row.passed else ("not", " open")
    return (
        f'<details class="{kind}"{shown}><summary><span class="mark">{WORDS[row.status]}</span>'
        f'<span class="title">{html.escape(row.title)}</span>'
        f'<span class="points">{_worth([row])}</span></summary>{inside}</details>'
    )


def _told(line: Line) -> str:
    text = html.escape(line.text)
    if not line.lead:
        return f'<p class="what">{text}</p>'
    return f'<p class="what mistake"><strong>{html.escape(line.lead)}:</strong> {text}</p>'
