"""A task that was drawn, as squares: one colour a class, each image with its label."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from autograder.judge.drawn import DrawnTask, Tile
from common.pages.templates import fragment

TEMPLATE = "autograder/report/tasks.html"
WIDE, HIGH, HEAD = 52, 44, 66  # of an image with its label; of the words before a row
COLOURS = (  # after Okabe and Ito; light enough for black letters in both themes
    "#e69f00", "#56b4e9", "#3fbf98", "#f0e442", "#7fa8d8", "#ef8a5a", "#dd9bc0", "#bcbcbc", "#c8b27a",
)  # fmt: skip
UNKNOWN = "#ffffff"


@dataclass(frozen=True)
class Square:
    """An image as drawn: its corner, its colour, its words, and whether its label is another one."""

    x: int
    y: int
    colour: str
    tile: Tile
    odd: bool


def draw(task: DrawnTask) -> Markup:
    """The rows of a task; framed are images whose label is not that of their class in the first row."""
    known = {tile.kind: tile.label for _, tiles in task.rows[:1] for tile in tiles}
    rows = [
        (name, HIGH * number, [_square(number, *one, known) for one in enumerate(tiles)])
        for number, (name, tiles) in enumerate(task.rows)
    ]
    odd = sum(square.odd for _, _, squares in rows for square in squares)
    longest = max((len(tiles) for _, tiles in task.rows), default=0)
    return fragment(
        TEMPLATE,
        rows=rows,
        text=_words(task, odd),
        labelled=task.labelled,
        wide=WIDE,
        high=HIGH,
        width=HEAD + WIDE * longest,
        height=HIGH * len(rows) + 4,
    )


def _square(row: int, column: int, tile: Tile, known: dict[int, int | None]) -> Square:
    colour = COLOURS[tile.kind % len(COLOURS)] if tile.kind >= 0 else UNKNOWN
    odd = tile.label is not None and known.get(tile.kind, tile.label) != tile.label
    return Square(HEAD + WIDE * column, HIGH * row, colour, tile, odd)


def _words(task: DrawnTask, odd: int) -> str:
    text = "The task that was drawn: a square is an image, with its class/drawing, and a colour is a class"
    if task.labelled:
        text += ". Under each stands its label"
        framed = "No image has" if not odd else f"Framed: {odd} {'has' if odd == 1 else 'have'}"
        text += f". {framed} another label than its class has in the first row"
    return text
