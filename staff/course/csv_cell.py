"""Tables that people open with a spreadsheet: no text in them is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

STARTS = "=+-@\u2212"  # what begins a formula, in the widths that all letters have
SEPARATOR = ";"  # of cells, for a spreadsheet whose language writes 1,5
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?%?")
UNSEEN = ("Cf", "Cc", "Cs", "Co", "Cn", "Mn", "Zs", "Zl", "Zp")  # what a reader does not see


def cell(text: object) -> str:
    """One line of which no spreadsheet takes a part for a formula."""
    line = " ".join(str(text).split()).encode("utf-8", "replace").decode()
    return SEPARATOR.join(map(_part, line.split(SEPARATOR)))


def _part(text: str) -> str:
    """A text that begins no formula."""
    seen = next((c for c in text if unicodedata.category(c) not in UNSEEN), "")
    formula = unicodedata.normalize("NFKC", seen)[:1] in [*STARTS]
    return "'" + text if formula and not NUMBER.fullmatch(text.strip()) else text


def plain_text(written: str) -> str:
    """The text that a `cell` was made of."""
    return SEPARATOR.join(map(_plain, written.split(SEPARATOR)))


def _plain(part: str) -> str:
    text = part.removeprefix("'")
    return text if _part(text) == part else part


def csv_text(rows: Iterable[Sequence[object]], line_end: str = "\n") -> str:
    """A table as CSV; numbers stay as they are, every text is a `cell`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    for row in rows:
        writer.writerow([one if type(one) in (int, float) else cell(one) for one in row])
    return text.getvalue()
