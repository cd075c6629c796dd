"""Homework 1: one task as the sequence that the network reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from common.data import glyphs
from common.plots import COLOURS
from staff.authoring.figures.drawing import SOFT, arrow, box, canvas, new, picture, save

WAY, SHOT = 3, 1
LABELS = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
QUERY = (2, 0, 1)  # classes of the query row, in its shuffled order


def draw(folder: Path) -> list[Path]:
    """Write sequence.png: a 3-way 1-shot task of glyphs."""
    everything = glyphs.load(60).images.reshape(3, 20, 20, 28, 28)
    most_ink = everything.sum((2, 3, 4)).argmax(1)  # small characters are hard to see in print
    images = everything[np.arange(3), most_ink]
    steps = [(c, 0, LABELS[c]) for c in range(WAY)] + [(c, 7, (0, 0, 0)) for c in QUERY]
    figure, (axis,) = new(9.2, 4.0)
    canvas(axis, 13.2, 5.5)
    for step, (name, drawing, label) in enumerate(steps):
        x, query = 1.7 + 2 * step, step >= WAY
        index = 1 if query else 0
        picture(axis, images[name, drawing], x, 1.75, 1.15)
        told = "[" + " ".join(map(str, label)) + "]"
        axis.text(
            x,
            0.85,
            told,
            ha="center",
            fontsize=11,
            color=COLOURS[index],
            fontweight="bold" if query else "normal",
        )
        box(axis, (x, 3.3), (1.25, 0.6), "LSTMs", 6)
        arrow(axis, (x, 2.4), (x, 2.98), index, "--" if query else "-")
        arrow(axis, (x, 3.62), (x, 4.2), index, "--" if query else "-")
        if step:
            arrow(axis, (x - 1.36, 3.3), (x - 0.64, 3.3))
        if query:
            axis.text(x, 4.4, f"class {name + 1}?", ha="center", fontsize=10, color=COLOURS[1])
        else:
            axis.text(x, 4.4, "thrown away", ha="center", fontsize=8, color=SOFT)
    _brace(axis, 1.0, 6.4, "supports: every image with its label", 0)
    _brace(axis, 7.0, 12.4, "queries, shuffled: zeros in place of the label", 1)
    axis.text(1.7, 5.15, "memory  →", ha="center", fontsize=9, color=SOFT)
    axis.text(9.7, 5.15, "the loss looks at these three only", ha="center", fontsize=9, color=SOFT)
    axis.text(0.1, 0.85, "label", fontsize=8, color=SOFT)
    axis.text(0.1, 1.7, "image", fontsize=8, color=SOFT)
    return [save(figure, folder / "sequence.png")]


def _brace(axis: Axes, left: float, right: float, text: str, index: int) -> None:
    x, y = np.array([left, left, right, right]), np.array([0.65, 0.5, 0.5, 0.65])
    axis.plot(x, y, color=COLOURS[index], linestyle="-" if index == 0 else "--")
    axis.text((left + right) / 2, 0.12, text, ha="center", fontsize=9, color=COLOURS[index])
