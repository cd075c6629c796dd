"""Rows of pictures, one row a kind of task; makes the handout's figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from common import plots
from hw3.data.pictures import CLASSES, INSIDE, KNOWN, NEW, OUTSIDE, Style, draw_classes

COUNT = 7
ROWS = {
    "pre-training": (KNOWN, Style()),
    "input shift: dark for bright": (KNOWN, Style(change="inverted")),
    "feature shift: new forms": (NEW, Style()),
    "in distribution: one range of colours, plain, in place": (KNOWN, INSIDE),
    "out of distribution: other colours, textures and places": (KNOWN, OUTSIDE),
}


def write(path: Path) -> Path:
    """Draw the rows, the same classes in each, and write a PNG."""
    labels = np.random.RandomState(4).permutation(CLASSES)[:COUNT]
    figure, axes = plots.new(width=5.8, height=5.9)
    figure.clear()
    for row, (title, (which, style)) in enumerate(ROWS.items()):
        images = draw_classes(np.random.RandomState(5), labels, which, style)
        strip = np.concatenate(list(images), axis=2).transpose(1, 2, 0)
        axes = figure.add_subplot(len(ROWS), 1, row + 1)
        axes.imshow(strip, interpolation="nearest")
        axes.set_title(title, fontsize=10, loc="left")
        axes.axis("off")
    return plots.save(figure, path)
