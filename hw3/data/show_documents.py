"""Pieces of four documents of the pre-training, answers in colour; makes the handout's figure."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from common import plots
from hw3.data.documents import pieces

SHOWN = (("reviews", 25, 6), ("reviews", 7, 6), ("questions", 5, 3), ("summaries", 0, 2))
WIDTH = 62  # letters of a line


def lines_of(before: str, answer: str) -> list[tuple[str, str]]:
    """A piece in lines: what stands before the answer, and the answer on the last of them."""
    lines, line = [], ""
    for word in before.split():
        if len(line) + len(word) > WIDTH:
            lines.append((line, ""))
            line = ""
        line += f"{word} "
    return [*lines, (line, f"{answer} .")]


def write(path: Path) -> Path:
    """Draw the pieces, and write a PNG."""
    figure, _ = plots.new(width=11.5, height=4.6)
    figure.clear()
    axes = figure.subplots(2, 2)
    for axis, (kind, seed, count) in zip(axes.flat, SHOWN):
        lines = [
            line
            for piece in islice(pieces(np.random.default_rng(seed), kind), count)
            for line in lines_of(*piece)
        ]
        axis.set(xlim=(0, 86), ylim=(8.2, -0.5), title=f"{kind}, seed {seed}")
        axis.axis("off")
        for place, (before, answer) in enumerate(lines[:8]):
            font = {"family": "monospace", "fontsize": 8.5, "va": "center"}
            axis.text(0, place, before, **font)
            axis.text(
                len(before) + 0.6, place, answer, color=plots.COLOURS[1], weight="bold", **font
            )
    return plots.save(figure, path)
