"""A task that a student's code drew, as a check identified it: shown in words and as a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """One image of a task: which one it is.

    Attributes:
        kind: its class; -1 where it is none of the data set's.
        name: the class and the number of the drawing, for a reader.
        label: what its label says; None where it has none.
    """

    kind: int
    name: str
    label: int | None = None

    def __str__(self) -> str:
        return self.name if self.label is None else f"{self.name} → {self.label}"


@dataclass(frozen=True)
class DrawnTask:
    """The rows of a task by name, support rows first."""

    rows: tuple[tuple[str, tuple[Tile, ...]], ...]

    @property
    def labelled(self) -> bool:
        """Whether the images have labels."""
        return any(tile.label is not None for _, tiles in self.rows for tile in tiles)

    def __str__(self) -> str:
        title = "the task that was drawn: class/drawing of each image"
        lines = [title + " → its label" * self.labelled]
        for name, tiles in self.rows:
            lines.append(f"{name:<12}" + "".join(f"{tile!s:<12}" for tile in tiles).rstrip())
        return "\n".join(lines)
