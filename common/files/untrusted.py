"""JSON, TOML and CSV that somebody else wrote: read within bounds, and taken field by field.

A text gives plain values of known size or `Unreadable`, and nothing else: no link is followed, no pipe
waited for, no number that is not finite passed on, no letter that cannot be written again.
"""

from __future__ import annotations

import csv
import json
import math
import os
import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DEEPEST = 20  # levels of lists and tables
LARGEST_INTEGER = 2**63
MOST_DOTS = (
    50  # in a line of TOML: every part of a dotted key costs a look-up in every line below it
)
MOST_COLUMNS, LONGEST_CELL = 200, 64  # of a table of numbers
Shape = Callable[[Any], bool]


class Unreadable(ValueError):
    """The text cannot be used; the message says why, and quotes at most a few words of it."""


def read(path: Path, most: int) -> bytes:
    """The bytes of a plain file.

    Raises:
        Unreadable: when it is missing, larger than `most` bytes, or no plain file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Unreadable("no plain file")
            data = stream.read(most + 1)
    except OSError as error:
        raise Unreadable(error.strerror or "cannot be opened") from None
    if len(data) > most:
        raise Unreadable(f"larger than {most // 1024} kB")
    return data


def json_of(data: bytes) -> Any:
    """The value of a JSON text, as `tame` leaves it."""
    try:
        return tame(json.loads(data.decode("utf-8-sig")))
    except Unreadable:
        raise
    except UnicodeDecodeError:
        raise Unreadable("not in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {str(error)[:100]}") from None


def toml_of(data: bytes) -> dict[str, Any]:
    """The table of a TOML text, as `tame` leaves it."""
    try:
        text = data.decode("utf-8-sig")
        if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
            raise Unreadable(f"more than {MOST_DOTS} dots in a line")
        return tame(tomllib.loads(text))
    except Unreadable:
        raise
    except UnicodeDecodeError:
        raise Unreadable("not in UTF-8") from None
    except (ValueError, RecursionError, OverflowError) as error:
        raise Unreadable(str(error)[:150]) from None


def numbers_of(data: bytes) -> Iterator[dict[str, float]]:
    """The rows of a CSV of numbers, by column; what is no finite number is NaN.

    Raises:
        Unreadable: for a text with other than a few columns of numbers.
    """
    try:
        lines = csv.reader(data.decode("utf-8-sig").splitlines())
        columns = next(lines, [])
        if len(columns) > MOST_COLUMNS:
            raise Unreadable(f"more than {MOST_COLUMNS} columns")
        for cells in lines:
            yield {name: _number(cell) for name, cell in zip(columns, cells)}
    except UnicodeDecodeError:
        raise Unreadable("not in UTF-8") from None
    except csv.Error as error:
        raise Unreadable(str(error)[:100]) from None


def last_row(data: bytes) -> dict[str, float]:
    """The last row of a CSV of numbers; empty when there is none."""
    lines = data.strip().split(b"\n")
    return next(numbers_of(lines[0] + b"\n" + lines[-1]), {}) if len(lines) > 1 else {}


def _number(cell: str) -> float:
    try:
        value = float(cell) if len(cell) <= LONGEST_CELL else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def tame(value: Any, depth: int = 0) -> Any:
    """A parsed value without what could harm: numbers that are not finite, or no number of 64 bits,
    and values of other types become None; halves of letters become question marks.

    Raises:
        Unreadable: when it is nested deeper than `DEEPEST` levels.
    """
    if depth > DEEPEST:
        raise Unreadable(f"nested deeper than {DEEPEST} levels")
    kind = type(value)
    if kind is str:
        return writable(value)
    if kind is dict:
        return {writable(key): tame(one, depth + 1) for key, one in value.items()}
    if kind is list:
        return [tame(one, depth + 1) for one in value]
    if kind is int:
        return value if abs(value) < LARGEST_INTEGER else None
    if kind is float:
        return value if math.isfinite(value) else None
    return value if kind is bool else None


def writable(text: str) -> str:
    """A text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


# --- shapes -------------------------------------------------------------------------------------


def fields(table: Any, shapes: dict[str, Shape]) -> tuple[dict[str, Any], list[str]]:
    """The values of a table's fields, None where one is missing or of another shape.

    Returns:
        The values, and the names of those of another shape.

    Raises:
        Unreadable: when it is no table.
    """
    if type(table) is not dict:
        raise Unreadable("no table")
    wrong = [name for name, fits in shapes.items() if name in table and not fits(table[name])]
    return {name: None if name in wrong else table.get(name) for name in shapes}, wrong


def text(most: int) -> Shape:
    """A string of at most so many characters."""
    return lambda value: type(value) is str and len(value) <= most


def number(least: float, most: float) -> Shape:
    """A number of that range, both ends included."""
    return lambda value: type(value) in (int, float) and least <= value <= most


def flag(value: Any) -> bool:
    """Whether the value is a bool."""
    return type(value) is bool


def list_of(shape: Shape, most: int) -> Shape:
    """A list of at most so many values of one shape."""
    return lambda value: type(value) is list and len(value) <= most and all(map(shape, value))


def table_of(shape: Shape, most: int, longest: int = 200) -> Shape:
    """A table of at most so many values of one shape, under names of at most `longest` characters."""
    return lambda value: (
        type(value) is dict
        and len(value) <= most
        and all(len(key) <= longest and shape(one) for key, one in value.items())
    )
