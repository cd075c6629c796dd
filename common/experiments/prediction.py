"""Predict first: which curve will win and by how much, asked before, and drawn over the result."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from common import plots
from common.errors import KitError
from common.files import write_text
from common.homework import Comparison
from common.options.terminal import can_ask

FILE = "prediction.json"
TINY_FILE = "prediction-tiny.json"  # of runs of --tiny, which say nothing about the real ones
SKIP = "skip"
RowsOf = dict[str, list[dict[str, float]]]  # a run's name → its rows of metrics.csv


@dataclass(frozen=True)
class Prediction:
    """Which curve wins and how far ahead of the second it is; no winner: it was skipped."""

    winner: str | None
    by: float = 0.0

    def __str__(self) -> str:
        return f"{self.winner} by {self.by:g}" if self.winner else "none (skipped)"


def parse(text: str, comparison: Comparison) -> Prediction:
    """`NAME by 0.05`; `skip` and nothing at all skip.

    Raises:
        KitError: when it is neither.
    """
    text = text.strip()
    if text in ("", SKIP):
        return Prediction(None)
    found = re.fullmatch(r"(.+?)\s+by\s+([0-9.]+(?:e-?\d+)?)", text)
    names = ", ".join(comparison.curves)
    if not found:
        raise KitError(f'a prediction is "NAME by 0.05", not {text!r}; NAME is one of {names}')
    if found[1] not in comparison.curves:
        raise KitError(f"no curve is called {found[1]!r}; there is {names}")
    try:
        return Prediction(found[1], float(found[2]))
    except ValueError:
        raise KitError(f"{found[2]} is not a number; write it as 0.05") from None


def read(folder: Path, comparison: Comparison, tiny: bool = False) -> Prediction | None:
    """Return the prediction, or that it was skipped; None when neither was said.

    Args:
        tiny: the prediction about runs of --tiny.

    Raises:
        KitError: when the file is damaged.
    """
    path = folder / (TINY_FILE if tiny else FILE)
    kept = _read_all(path).get(comparison.name)
    if kept is None:
        return None
    try:
        found = Prediction(kept["winner"], float(kept["by"]))
    except (KeyError, TypeError, ValueError):
        found = Prediction("")
    if found.winner is not None and found.winner not in comparison.curves:
        raise KitError(f"{path} is damaged; delete it and predict again")
    return found


def settle(comparison: Comparison, folder: Path, answer: str, tiny: bool = False) -> None:
    """Have a prediction before the training: the one given, the one that stands, or ask.

    Args:
        folder: of the runs that are compared.
        answer: what stood after --predict; empty: ask, in a terminal.
        tiny: about runs of --tiny.
    """
    stands, path = read(folder, comparison, tiny), folder / (TINY_FILE if tiny else FILE)
    if stands is not None:
        print(f"your prediction stands: {stands} ({path})")
        return
    if answer:
        found = parse(answer, comparison)
    elif can_ask():
        found = _ask(comparison)
    else:
        print('no terminal to ask in: give the prediction as --predict "NAME by 0.05", or skip')
        return
    everything = _read_all(path) | {comparison.name: asdict(found)}
    write_text(path, json.dumps(everything, indent=2) + "\n")
    print(f"your prediction: {found}")


def finals(comparison: Comparison, rows_of: RowsOf) -> dict[str, float]:
    """Return the last evaluation or the mean of every curve: the winner first.

    Args:
        rows_of: experiment → its rows of metrics.csv.
    """
    values = {}
    for curve in comparison.curves:
        counted = _values(comparison, curve, rows_of)
        one_row = comparison.mean_over is None
        values[curve] = counted[-1] if one_row else sum(counted) / len(counted)
    order = sorted(values, key=values.__getitem__, reverse=not comparison.lower)
    return {curve: values[curve] for curve in order}


def verdict(found: Prediction, values: dict[str, float]) -> str:
    """Return the prediction and the result in one line."""
    first, second = list(values)[:2]
    gap = abs(values[first] - values[second])
    return f"you said {found}; it was {first} by {gap:.3g}, ahead of {second}"


def draw(
    comparison: Comparison,
    rows_of: RowsOf,
    found: Prediction,
    path: Path,
) -> str:
    """The values; to their right the second's distance to the winner: as it came, and as predicted.

    Returns:
        The verdict, which is the picture's title as well.
    """
    values = finals(comparison, rows_of)
    figure, axis = plots.new(width=7.2)
    drawn = _draw_curves if comparison.mean_over is None else _draw_means
    last = drawn(axis, comparison, rows_of, values)
    first, second = list(values)[:2]
    said = f"it was {first}"
    axis.plot(
        2 * [1.03 * last], [values[second], values[first]], marker="_", color="black", label=said
    )
    if found.winner is not None:
        loser = second if found.winner == first else first
        end = values[loser] + (-found.by if comparison.lower else found.by)
        said = f"you said {found.winner}"
        axis.plot(
            2 * [1.07 * last],
            [values[loser], end],
            marker="_",
            color="grey",
            linewidth=3,
            label=said,
        )
    axis.set_ylabel(comparison.metric.replace("_", " "))
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    line = verdict(found, values)
    axis.set_title(line, fontsize=9, loc="left")
    plots.save(figure, path)
    return line


def _values(comparison: Comparison, curve: str, rows_of: RowsOf) -> list[float]:
    """A curve's column, of the rows that count."""
    experiment, column = comparison.curves[curve]
    wanted = (comparison.mean_over or {}).items()
    return [row[column] for row in rows_of[experiment] if all(row[key] == at for key, at in wanted)]


def _draw_curves(
    axis: plots.Axes, comparison: Comparison, rows_of: RowsOf, _: dict[str, float]
) -> float:
    """Against the steps. The last of them is returned."""
    last = 0.0
    for index, (curve, (experiment, _column)) in enumerate(comparison.curves.items()):
        steps = [row["step"] for row in rows_of[experiment]]
        last = max(last, steps[-1])
        axis.plot(steps, _values(comparison, curve, rows_of), label=curve, **plots.style(index))
    axis.set_xlabel("step")
    return last


def _draw_means(
    axis: plots.Axes, comparison: Comparison, rows_of: RowsOf, means: dict[str, float]
) -> float:
    """Repetitions as dots side by side, their mean as a line. The place of the last is returned."""
    for index, curve in enumerate(comparison.curves):
        values, colour = _values(comparison, curve, rows_of), plots.COLOURS[index]
        axis.plot([index + 1] * len(values), values, "o", alpha=0.5, color=colour)
        axis.plot([index + 0.75, index + 1.25], 2 * [means[curve]], color=colour, label=curve)
    axis.set_xticks(range(1, len(means) + 1), comparison.curves)
    axis.set_xlabel("dots: repetitions; lines: means")
    return len(means) + 0.25


def _ask(comparison: Comparison) -> Prediction:
    """Ask by input() until the answer can be read."""
    best = "lowest" if comparison.lower else "highest"
    what = "curve will end" if comparison.mean_over is None else "mean will be"
    print(
        f"Before the training: which {what} {best} ({comparison.metric.replace('_', ' ')}), "
        f"and how far ahead of the second?\n  there is {', '.join(comparison.curves)}"
    )
    example = f'"{next(iter(comparison.curves))} by 0.05"'
    while True:
        try:
            return parse(_typed(f"such as {example}; Enter skips: "), comparison)
        except KitError as error:
            print(error)


def _typed(question: str) -> str:
    """An answer; nothing when the input has ended (Ctrl-D)."""
    try:
        return input(question)
    except EOFError:
        print()
        return ""


def _read_all(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise KitError(f"{path} is damaged; delete it and predict again")
    return found
