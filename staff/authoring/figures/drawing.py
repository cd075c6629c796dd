"""The look that the figures of the handouts share, and saving them as the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from common.files import replacing
from common.plots import COLOURS

MARKERS = ("o", "s", "^", "D", "v")
SOFT = "#5a5a63"
Point = tuple[float, float]


def new(
    width: float, height: float, panels: int = 1, ratios: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure and the list of its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False, width_ratios=ratios)[0]
    return figure, list(axes)


def canvas(axis: Axes, width: float, height: float) -> None:
    """An axis to draw boxes on: no frame, one unit as long in both directions."""
    axis.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axis.axis("off")


def box(
    axis: Axes, centre: Point, size: Point, text: str, index: int = 6, dashed: bool = False
) -> None:
    """A rounded box with text."""
    (x, y), (width, height) = centre, size
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="white",
            edgecolor=COLOURS[index],
            linewidth=1.6,
            linestyle="--" if dashed else "-",
        )
    )
    axis.text(x, y, text, ha="center", va="center", fontsize=9)


def arrow(
    axis: Axes, start: Point, end: Point, index: int = 6, style: str = "-", bend: float = 0.0
) -> None:
    """An arrow between two points."""
    axis.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": COLOURS[index],
            "linestyle": style,
            "linewidth": 1.4,
            "connectionstyle": f"arc3,rad={bend}",
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )


def picture(axis: Axes, image: np.ndarray, x: float, y: float, side: float) -> None:
    """A drawing, ink on paper, with its middle at (x, y)."""
    extent = (x - side / 2, x + side / 2, y - side / 2, y + side / 2)
    axis.imshow(255 - image, cmap="gray", vmin=0, vmax=255, extent=extent, zorder=2)


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG whole, without the date or the library's version in it."""
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png", metadata={"Software": None})
    return path
