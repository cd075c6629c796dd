"""Read a CSV file as people and spreadsheets write it, and say what was assumed.

A file may have a byte-order mark, the encoding of an old spreadsheet, semicolons or tabs between its
cells, and decimal commas. What can mean only one thing is read; everything else is an error with
file and line.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from staff.course.csv_cell import plain_text
from staff.course.findings import Findings, nearest

LARGEST = 512 * 2**20  # bytes
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
COMMA_NUMBER = re.compile(r"[+-]?[0-9]+(,[0-9]+)?")
FORMULA = re.compile(r'="(.*)"', re.DOTALL)  # how a spreadsheet keeps a text from being changed


@dataclass
class Row:
    """One row: its place in words, and its cells by `column_key`."""

    place: str
    cells: dict[str, str]

    def get(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass
class Table:
    """A CSV file that was read.

    Attributes:
        name: the file's.
        columns: as they stand in the header.
        delimiter: what stands between cells.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[Row]
    delimiter: str = ","

    @functools.cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(column_key(column) for column in self.columns)

    def has(self, *columns: str) -> bool:
        return set(columns) <= set(self.keys)

    def title(self, key: str) -> str:
        """A column's name as the file writes it."""
        return self.columns[self.keys.index(key)]

    def values(self, column: str) -> Iterator[str]:
        return (row.cells[column] for row in self.rows if row.cells.get(column))


def column_key(name: str) -> str:
    """A column's name without case and surplus spaces."""
    return " ".join(name.split()).casefold()


def read_table(path: Path, findings: Findings) -> Table | None:
    """Read a file; None when it is not there or cannot be read (that is an error kept)."""
    if not path.is_file():
        return None
    if path.stat().st_size > LARGEST:
        findings.error(path.name, f"is larger than {LARGEST / 2**20:.0f} MB")
        return None
    text = decode(path.read_bytes(), path.name, findings)
    return None if text is None else parse(text, path.name, findings)


def decode(data: bytes, name: str, findings: Findings) -> str | None:
    """The text of a file: UTF-8, UTF with a mark, or the encoding of Western spreadsheets."""
    coding = next((coding for mark, coding in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError as error:
            findings.error(
                name, f"is neither UTF-8 nor cp1252 (byte {error.start}); save it as CSV UTF-8"
            )
            return None
        findings.warn(f"{name}: not UTF-8; read as cp1252, the encoding of Western spreadsheets")
    if "\0" in text:
        findings.error(name, "holds NUL characters: it is not a text file; save it as CSV UTF-8")
        return None
    return text


def parse(text: str, name: str, findings: Findings) -> Table | None:
    """Cells of a text; None when it is no table (that is an error kept)."""
    stream, skipped = io.StringIO(text, newline=""), 0
    first = stream.readline()
    if told := re.fullmatch(r"sep=(.)", first.strip().strip('"')):  # of a spreadsheet
        delimiter, skipped = told[1], 1
    else:
        delimiter = _delimiter(first)
        stream.seek(0)
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    keys: list[str] = []
    rows: list[Row] = []
    line = skipped + 1
    try:
        for cells in reader:
            place, line = f"{name} line {line}", skipped + reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [_cell(cell) for cell in cells]
                while header and not header[-1]:
                    header.pop()
                keys = [column_key(column) for column in header]
                _check_header(header, keys, name, findings)
                continue
            if len(cells) > len(keys) and any(cell.strip() for cell in cells[len(keys) :]):
                findings.error(
                    place,
                    f"has {len(cells)} cells, the header has {len(keys)}: put "
                    "quotes around a text that holds the delimiter",
                )
                continue
            if len(cells) < len(keys):
                cells = cells + [""] * (len(keys) - len(cells))
            rows.append(Row(place, dict(zip(keys, map(_cell, cells)))))
    except csv.Error as error:
        findings.error(
            f"{name} line {line}", f"cannot be read as CSV ({error}); is a quote left open?"
        )
        return None
    if header is None:
        findings.error(name, "is empty; it needs a header")
        return None
    return Table(name, tuple(header), rows, delimiter)


def _delimiter(header: str) -> str:
    plain = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=plain.count)  # a comma where there is none of them


def _check_header(header: list[str], keys: list[str], name: str, findings: Findings) -> None:
    for number, key in enumerate(keys, 1):
        if not key:
            keys[number - 1] = f"column {number}"
            header[number - 1] = f"column {number}"
        elif key in keys[: number - 1]:
            findings.error(f"{name} line 1", f"the column {header[number - 1]!r} is there twice")


def _cell(text: str) -> str:
    """A cell without what spreadsheets and this kit put around texts."""
    text = text.strip()
    if text[:1] == "=" and (quoted := FORMULA.fullmatch(text)):
        return quoted[1].replace('""', '"').strip()
    return plain_text(text)


# --- what stands in cells -----------------------------------------------------------------------


def require(table: Table, findings: Findings, *columns: str) -> bool:
    """Keep an error for every column that is missing; whether all are there."""
    missing = [column for column in columns if column not in table.keys]
    for column in missing:
        close = nearest(column, table.columns).replace("did you mean", "is it")
        findings.error(
            f"{table.name} line 1",
            f"lacks the column {column}{close}; it has {', '.join(table.columns)}",
        )
    return not missing


class Numbers:
    """Reads the numbers of one column, with the decimal mark that the whole column agrees on."""

    def __init__(self, table: Table, title: str, cells: Iterable[str], findings: Findings) -> None:
        self.findings, self.comma = findings, False
        if table.delimiter != ";":
            return
        full = [cell for cell in cells if cell]
        if any("," in cell for cell in full) and all(map(COMMA_NUMBER.fullmatch, full)):
            self.comma = True
            findings.warn(f"{table.name}: decimal commas in {title} (semicolons between cells)")

    def read(self, place: str, text: str) -> float | None:
        """The number, or None (an error is kept)."""
        plain = text.replace(",", ".") if self.comma else text
        if NUMBER.fullmatch(plain):
            return float(plain)
        self.findings.error(place, f"{text!r} is not a number{_why(text)}")
        return None


def _why(text: str) -> str:
    if text.startswith("="):
        return "; it is a formula: save the values alone"
    if re.fullmatch(r"[+-]?[0-9.]*,[0-9]+", text):
        return (
            "; a decimal comma is read where cells are separated by ; and the whole column agrees"
        )
    return ""


def unused_columns(table: Table, used: set[str], findings: Findings) -> None:
    """Name the columns that nobody reads."""
    unused = [title for title, key in zip(table.columns, table.keys) if key not in used]
    if unused:
        told = ", ".join(f"{title}{nearest(title, used)}" for title in unused)
        findings.warn(f"{table.name}: not used: {told}")


def distinct(table: Table, findings: Findings) -> list[Row]:
    """Rows without those that repeat another to the letter."""
    seen: dict[tuple[str, ...], Row] = {}
    repeats = []
    for row in table.rows:
        if seen.setdefault(tuple(row.cells.values()), row) is not row:
            repeats.append(row)
    if repeats:
        first = repeats[0]
        original = line_of(seen[tuple(first.cells.values())])
        more = f", and {len(repeats) - 1:,} more rows do so" if len(repeats) > 1 else ""
        findings.warn(f"{first.place}: repeats line {original} to the letter; counted once{more}")
    return list(seen.values())


def line_of(row: Row) -> str:
    """The number of a row's line in its file, as text."""
    return row.place.rpartition(" line ")[2]
