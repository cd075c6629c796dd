"""Homework 3: the data, what each way tunes, a low-rank neighbour, and asking beside tuning."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from common.plots import COLOURS
from hw3.data import show, show_documents
from staff.authoring.figures.drawing import SOFT, arrow, box, canvas, new, save

PARTS = ("blocks[0]", "blocks[1]", "blocks[2]", "blocks[3]", "head")
TUNED = {  # mode → parts whose weights move
    "full": PARTS,
    "first": PARTS[:1],
    "middle": PARTS[2:3],
    "last": PARTS[3:4],
    "linear": PARTS[4:],
}
BESIDE = {"bias": "biases", "lora4": "A, B"}  # mode → what moves in every layer
EXAMPLES = ("dull pool : zib .", "good soup : fep .", "poor hotel : zib .")  # of one task
ASKED = "superb plot :"


def draw(folder: Path) -> list[Path]:
    """Write pictures.png, documents.png, tuning.png and asking.png."""
    folder.mkdir(exist_ok=True)
    return [
        show.write(folder / "pictures.png"),
        show_documents.write(folder / "documents.png"),
        _tuning(folder / "tuning.png"),
        _asking(folder / "asking.png"),
    ]


def _tuning(path: Path) -> Path:
    figure, (left, right) = new(10.0, 3.9, 2, (1.25, 1))
    canvas(left, 8.4, 5.2)
    for column, part in enumerate(PARTS):
        left.text(2.0 + 1.4 * column, 4.9, part, ha="center", va="center", fontsize=8)
    for row, mode in enumerate([*TUNED, *BESIDE]):
        y = 4.35 - 0.62 * row
        left.text(0.1, y, mode, va="center", fontsize=9, family="monospace")
        for column, part in enumerate(PARTS):
            _part(left, 2.0 + 1.4 * column, y, part in TUNED.get(mode, ()), BESIDE.get(mode, ""))
    left.text(
        0.1,
        0.05,
        "filled: moves;  word: only that moves, in every part;  empty: frozen",
        fontsize=8,
        color=SOFT,
    )
    _low_rank(right)
    return save(figure, path)


def _part(axis: Axes, x: float, y: float, moves: bool, word: str) -> None:
    axis.add_patch(
        Rectangle(
            (x - 0.55, y - 0.22),
            1.1,
            0.44,
            facecolor=COLOURS[0] if moves else "white",
            edgecolor=COLOURS[0],
            linewidth=1.2,
        )
    )
    axis.text(x, y, word, ha="center", va="center", fontsize=8, color=COLOURS[1], weight="bold")


def _low_rank(axis: Axes) -> None:
    """h = W x + b + scale · B (A x): the frozen layer, and its low-rank neighbour beside it."""
    canvas(axis, 6.8, 5.2)
    axis.text(3.3, 0.3, "x: inputs", ha="center", va="center", fontsize=9)
    arrow(axis, (3.0, 0.55), (1.9, 1.35))
    arrow(axis, (3.6, 0.55), (4.8, 1.0), 1, "--")
    box(axis, (1.8, 2.5), (2.4, 2.2), "W\n\noutputs × inputs\nfrozen", 6)
    box(axis, (4.9, 1.35), (2.4, 0.6), "A: rank × inputs", 1, dashed=True)
    arrow(axis, (4.9, 1.7), (4.9, 2.15), 1, "--")
    axis.text(5.1, 1.93, "rank numbers", va="center", fontsize=8, color=SOFT)
    box(axis, (4.9, 2.5), (2.4, 0.6), "B: outputs × rank", 1, dashed=True)
    arrow(axis, (4.9, 2.85), (4.9, 3.2), 1, "--")
    axis.text(4.9, 3.4, "times scale", ha="center", va="center", fontsize=9)
    arrow(axis, (1.9, 3.65), (3.1, 4.35))
    arrow(axis, (4.8, 3.65), (3.6, 4.35), 1, "--")
    axis.text(3.3, 4.6, "+   (and b)", ha="center", va="center", fontsize=10)
    axis.text(3.3, 4.98, "h: outputs", ha="center", va="center", fontsize=9)


def _asking(path: Path) -> Path:
    figure, axes = new(10.0, 3.3, 2)
    for axis, title in zip(
        axes,
        (
            "asking: the weights stay, the examples are read",
            "tuning: the examples change the weights, then are gone",
        ),
    ):
        canvas(axis, 8.4, 4.6)
        axis.set_title(title, fontsize=10)
    asking, tuning = axes
    _lines(asking, 0.1, 3.3, (*EXAMPLES, ASKED))
    arrow(asking, (3.1, 2.4), (4.5, 2.4))
    box(asking, (5.6, 2.4), (2.1, 1.1), "model\nas pre-trained", 6)
    arrow(asking, (6.7, 2.4), (7.4, 2.4), 1)
    asking.text(7.5, 2.4, "fep", va="center", family="monospace", color=COLOURS[1], weight="bold")
    asking.text(
        0.1, 0.5, "again for every question, with all examples before it", fontsize=8, color=SOFT
    )
    _lines(tuning, 0.1, 4.1, EXAMPLES)
    arrow(tuning, (3.1, 3.5), (4.5, 3.5), 1, "--")
    box(tuning, (5.6, 3.5), (2.1, 0.8), "gradient steps", 1, dashed=True)
    arrow(tuning, (5.6, 3.05), (5.6, 2.1), 1, "--")
    _lines(tuning, 0.1, 1.5, (ASKED,))
    arrow(tuning, (3.1, 1.5), (4.5, 1.5))
    box(tuning, (5.6, 1.5), (2.1, 1.1), "model\nof this task", 6)
    arrow(tuning, (6.7, 1.5), (7.4, 1.5), 1)
    tuning.text(7.5, 1.5, "fep", va="center", family="monospace", color=COLOURS[1], weight="bold")
    tuning.text(
        0.1, 0.5, "once for the task; every question is then read alone", fontsize=8, color=SOFT
    )
    return save(figure, path)


def _lines(axis: Axes, x: float, y: float, lines: tuple[str, ...]) -> None:
    """Text below text; the last word of an example, its label, in colour."""
    for number, line in enumerate(lines):
        before, colon, label = line.partition(" :")
        place = y - 0.6 * number
        axis.text(x, place, before + colon, va="center", fontsize=9, family="monospace")
        axis.text(
            x + 1.85,
            place,
            label.strip(" ."),
            va="center",
            fontsize=9,
            family="monospace",
            color=COLOURS[1],
            weight="bold",
        )
