"""The report as one self-contained HTML file: readable on a phone, by keyboard and by ear."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np

from autograder.homework import Homework
from autograder.report.record import WORDS, CheckResult, HomeworkResult

LARGEST_PICTURE = 16  # rows and columns that are drawn

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fdfdfc; --soft: #5a5a63;
  --line: #d8d8d4; --good: #00664f; --bad: #9c3300; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --paper: #17171a; --soft: #a9a9b4;
  --line: #3a3a40; --good: #5fd3b3; --bad: #ffab7d; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 1.5rem 0 .3rem } h2 { font-size: 1.1rem; margin: 1.4rem 0 .3rem }
.score { color: var(--soft); margin: 0 }
progress { width: 100%; height: .6rem; accent-color: var(--good) }
details { border-top: 1px solid var(--line); padding: .35rem 0 }
summary { cursor: pointer; display: flex; gap: .6rem; align-items: baseline }
summary:focus-visible { outline: 3px solid #0072b2; outline-offset: 2px }
summary .points { margin-left: auto; white-space: nowrap; color: var(--soft) }
.mark { font-weight: 700; min-width: 7.5rem } .passed .mark { color: var(--good) }
.not .mark { color: var(--bad) }
.what { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0 }
pre { overflow-x: auto; background: color-mix(in srgb, var(--ink) 7%, transparent); padding: .5rem }
figure { display: inline-block; margin: .4rem 1.2rem .4rem 0 } figcaption { color: var(--soft) }
svg { max-width: 100%; height: auto }
@media (max-width: 30rem) { summary { flex-wrap: wrap } .mark { min-width: 0 } }
"""


def write(results: list[HomeworkResult], homeworks: dict[str, Homework], path: Path) -> Path:
    """Write the report whole."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(render(results, homeworks), encoding="utf-8")
    temporary.replace(path)
    return path


def render(results: list[HomeworkResult], homeworks: dict[str, Homework]) -> str:
    """The page; everything that came from a student's code is escaped."""
    body = "".join(_homework(result, homeworks[result.homework]) for result in results)
    title = html.escape(", ".join(result.homework for result in results))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: report</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _homework(result: HomeworkResult, homework: Homework) -> str:
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
            parts.append(f"<h2>{html.escape(problem.id)} · {html.escape(problem.title)}</h2>")
            parts += [_check(row) for row in rows]
    return "".join(parts)


def _check(row: CheckResult) -> str:
    worth = f"{row.points:g}/{row.max_points:g}" if row.max_points else "extra"
    what, _, idea = row.message.partition("\n")
    inside = f'<p class="what">{html.escape(what)}</p>' if what else "<p>Nothing differed.</p>"
    if row.picture is not None:
        inside += _pair(*row.picture)
    if idea:
        inside += f'<p class="what">{html.escape(idea)}</p>'
    if row.printed.strip() and not row.passed:
        inside += f"<p>It printed:</p><pre>{html.escape(row.printed.strip())}</pre>"
    kind, shown = ("passed", "") if row.passed else ("not", " open")
    return (
        f'<details class="{kind}"{shown}><summary><span class="mark">{WORDS[row.status]}</span>'
        f"<span>{html.escape(row.title)}</span>"
        f'<span class="points">{worth}</span></summary>{inside}</details>'
    )


def _pair(seen: np.ndarray, expected: np.ndarray) -> str:
    """What was given and what was expected, side by side on one scale, where they differ most."""
    seen, expected = np.asarray(seen, np.float64), np.asarray(expected, np.float64)
    worst = np.unravel_index(int(np.argmax(np.abs(seen - expected))), seen.shape)
    lead = worst[: max(seen.ndim - 2, 0)]
    at = f" at [{', '.join(map(str, lead))}]" if lead else ""
    seen, expected = np.atleast_2d(seen[lead]), np.atleast_2d(expected[lead])
    scale = float(np.abs(expected).max(initial=0.0)) or 1.0
    return _matrix(seen, scale, "given" + at) + _matrix(expected, scale, "expected" + at)


def _matrix(values: np.ndarray, scale: float, name: str) -> str:
    grid = values[:LARGEST_PICTURE, :LARGEST_PICTURE]
    side, cells = 18, []
    for (row, column), value in np.ndenumerate(grid):
        cells.append(
            f'<rect x="{column * side}" y="{row * side}" width="{side - 1}" height="{side - 1}" '
            f'fill="{_colour(value / scale)}"><title>{value:.4g}</title></rect>'
        )
    height, width = grid.shape[0] * side, grid.shape[1] * side
    first = ", ".join(f"{v:.3g}" for v in grid.ravel()[:4])
    return (
        f'<figure><svg role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-label="{name}: begins with {first}">'
        f"{''.join(cells)}</svg><figcaption>{name}: {first}{' …' if grid.size > 4 else ''}"
        "</figcaption></figure>"
    )


def _colour(value: float) -> str:
    """Orange below zero, blue above, grey at zero; black where there is no number."""
    if not np.isfinite(value):
        return "#000000"
    share = min(abs(value), 1.0)
    full = (0, 114, 178) if value > 0 else (213, 94, 0)
    return "#" + "".join(f"{round(225 + (c - 225) * share):02x}" for c in full)
