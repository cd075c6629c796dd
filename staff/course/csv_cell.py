"""Tables that people open with a spreadsheet: no text in them is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"  # what begins a formula, in both widths
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?%?")
UNSEEN = ("Cf", "Cc", "Cs", "Co", "Cn", "Mn", "Zs", "Zl", "Zp")  # what a reader does not see


def cell(text: object) -> str:
    """One line that no spreadsheet takes for a formula."""
    line = " ".join(str(text).split()).encode("utf-8", "replace").decode()
    seen = next((c for c in line if unicodedata.category(c) not in UNSEEN), "")
    formula = seen and seen in STARTS and not NUMBER.fullmatch(line)
    return "'" + line if formula else line


def plain_text(written: str) -> str:
    """The text that a `cell` was made of."""
    text = written.removeprefix("'")
    return text if text != written and cell(text) == written else written


def csv_text(rows: Iterable[Sequence[object]], line_end: str = "\n") -> str:
    """A table as CSV; numbers stay as they are, every text is a `cell`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    for row in rows:
        writer.writerow([one if type(one) in (int, float) else cell(one) for one in row])
    return text.getvalue()
