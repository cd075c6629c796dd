"""What every benchmark writes: a table with the machine's kind and versions, no names of machines."""

from __future__ import annotations

import os
import platform
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    """Processor, cores, and versions, in one line."""
    import numpy
    import torch

    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}; Python "
        f"{platform.python_version()}, torch {torch.__version__}, numpy {numpy.__version__}"
    )


def write(name: str, title: str, rows: list[tuple[str, ...]], notes: str = "") -> Path:
    """Write and print a Markdown table; the first row is the head."""
    head, *body = rows
    lines = [f"# {title}", "", machine(), "", "| " + " | ".join(head) + " |"]
    lines.append("|" + "---|" * len(head))
    lines += ["| " + " | ".join(row) + " |" for row in body]
    lines += ["", notes] if notes else []
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return path


def picture(name: str, bars: dict[str, dict[str, float]], unit: str) -> Path:
    """One panel of horizontal bars for each thing measured.

    Args:
        bars: what was measured → the sides' figures.
    """
    from common import plots

    figure, axes = plots.new(width=4.2, height=2.6, panels=len(bars))
    for axis, (title, sides) in zip(axes if len(bars) > 1 else [axes], bars.items()):
        labels = list(sides)[::-1]
        drawn = axis.barh(
            labels,
            [sides[label] for label in labels],
            color=[plots.COLOURS[0 if label == "kit" else 5] for label in labels],
        )
        axis.bar_label(drawn, fmt="%.3g", padding=3)
        axis.margins(x=0.15)
        axis.set_title(title)
        axis.set_xlabel(unit)
    RESULTS.mkdir(exist_ok=True)
    return plots.save(figure, RESULTS / f"{name}.png")
