"""Pictures of runs: colours safe for colour-blind readers, and line styles that differ as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from common.files import replacing

if TYPE_CHECKING:  # `--help` of a training must not load matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.figure import SubFigure as SubFigure  # for those who draw with this module
    from matplotlib.lines import Line2D

NUMBERS = "Numbers"  # the text of a PNG that holds them
MOST_POINTS = 25  # of a curve

# Okabe and Ito (2008)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


class Images(Protocol):
    """An array or tensor of images, [n, height, width]."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class Band(Protocol):
    """The band of reference runs: at step `steps[i]` one more belongs between `low[i]` and `high[i]`."""

    @property
    def steps(self) -> Sequence[int]: ...

    @property
    def low(self) -> Sequence[float]: ...

    @property
    def high(self) -> Sequence[float]: ...

    @property
    def seeds(self) -> int: ...


def style(index: int) -> dict:
    """Colour and line style of the index-th curve."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": STYLES[index % len(STYLES)]}


def new(
    width: float = 6.4, height: float = 4.0, panels: int = 1, across: int | None = None
) -> tuple[Figure, Any]:
    """A figure and its axes (a list when there are several panels), drawn without a display.

    Args:
        across: how many panels stand side by side at most; None puts all in one row.
    """
    from matplotlib.figure import Figure

    columns = min(panels, across or panels)
    rows = -(-panels // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in axes[panels:]:
        spare.remove()
    if panels % columns:  # the last row is filled
        axes[panels - 1].set_subplotspec(axes[0].get_gridspec()[rows - 1, (panels - 1) % columns :])
    for one in axes[:panels]:
        one.grid(alpha=0.3)
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes[:panels] if panels > 1 else axes[0]


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG whole, with the numbers of its curves inside, for those who do not see it."""
    with replacing(Path(path)) as temporary:
        figure.savefig(
            temporary, dpi=120, format="png", metadata={NUMBERS: json.dumps(numbers(figure))}
        )
    return Path(path)


def numbers(figure: Figure) -> list[dict]:
    """The points of every curve of a figure, at most MOST_POINTS of each, evenly chosen."""
    found = [_curve(axis, line) for axis in figure.axes for line in axis.get_lines()]
    return [curve for curve in found if curve["points"]]


def _curve(axis: Axes, line: Line2D) -> dict:
    """One curve's name, axes and chosen points, as text; its data may be arrays or lists."""
    import numpy as np

    points = list(zip(*(np.asarray(data).tolist() for data in line.get_data())))
    chosen = points[:: -(-len(points) // MOST_POINTS) or 1]
    label = str(line.get_label())
    return {
        "curve": "" if label.startswith("_") else label,
        "x": axis.get_xlabel(),
        "y": axis.get_ylabel() or axis.get_title(),
        "points": [
            [f"{value:.4g}" if isinstance(value, float) else str(value) for value in point]
            for point in chosen
        ],
    }


def band(axis: Axes, reference: Band, index: int = 0) -> None:
    """Draw the band of the reference runs, as a shade in the colour of the index-th curve."""
    axis.fill_between(
        reference.steps,
        reference.low,
        reference.high,
        color=COLOURS[index % len(COLOURS)],
        alpha=0.15,
        linewidth=0,
        label=None if index else f"{reference.seeds} reference runs",
    )


def curves(
    rows_of: Mapping[str, Sequence[dict[str, float]]],
    metrics: Sequence[str],
    path: Path,
    labels: dict[str, str] | None = None,
    bands: Mapping[str, Band] | None = None,
) -> Path:
    """One panel a metric, one curve a run.

    Args:
        rows_of: a run's name → its rows of metrics.csv.
        metrics: names of columns; those that no run has are left out.
        labels: a metric's name → its axis label, with the unit.
        bands: a metric's name → where reference runs were, drawn below the curves.
    """
    present = [m for m in metrics if any(m in row for rows in rows_of.values() for row in rows)]
    # two side by side: more could not be read on a printed page
    figure, axes = new(panels=max(len(present), 1), width=5.2, across=2)
    axes = axes if len(present) > 1 else [axes]
    for axis, metric in zip(axes, present):
        if bands and metric in bands:
            band(axis, bands[metric])
        for index, (name, rows) in enumerate(rows_of.items()):
            points = [(row["step"], row[metric]) for row in rows if metric in row]
            axis.plot(*zip(*points), label=name, **style(index))
        axis.set_xlabel("step")
        axis.set_ylabel((labels or {}).get(metric, metric.replace("_", " ")))
    if len(rows_of) > 1 or set(present) & set(bands or {}):
        legend(figure)
    return save(figure, path)


def legend(figure: Figure) -> None:
    """Draw one legend below all panels, with every label once, in rows as full as can be."""
    found = {
        label: handle
        for axis in figure.axes
        for handle, label in zip(*axis.get_legend_handles_labels())
    }
    rows = -(-len(found) // 3) or 1  # of three at most
    figure.legend(
        found.values(),
        found.keys(),
        loc="outside lower center",
        frameon=False,
        ncols=-(-len(found) // rows),
    )


def task(rows: Sequence[tuple[str, Images, Sequence]], path: Path) -> Path:
    """One few-shot task: a row of images for the support and for the query, with their labels.

    Args:
        rows: title, images [n, 28, 28] and labels [n] of each row.
    """
    across = max(len(images) for _, images, _ in rows)
    figure, axes = new(width=0.9, height=1.25, panels=across * len(rows), across=across)
    for axis in axes:
        axis.axis("off")
    for row, (title, images, labels) in enumerate(rows):
        for place, (image, label) in enumerate(zip(images, labels)):
            axis = axes[row * across + place]
            axis.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axis.set_title(f"{title if place == 0 else ''} {label}".strip(), fontsize=8)
    return save(figure, path)
