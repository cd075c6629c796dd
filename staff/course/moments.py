"""Times as platforms and spreadsheets write them → moments with an offset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ]+(\d\d:\d\d)(:\d\d)?(?:\.\d+)?)? *(Z|UTC|[+-]\d\d:?\d\d)?"
)
SHEET = re.compile(
    r"(\d{1,2})([./])(\d{1,2})\2(\d{4})(?:,? +(\d{1,2}):(\d\d)(?::(\d\d))?(?: *([AP])\.?M\.?)?)?",
    re.IGNORECASE,
)
EXAMPLE = "2026-10-14T23:59"


def order_of_dates(cells: Iterable[str]) -> str:
    """`day` or `month`, whichever stands first in the slashed dates of a column.

    It is empty where no date decides it: 10/11/2026 is either, if all dates are like that.
    """
    found = set()
    for cell in cells:
        match = SHEET.fullmatch(cell.strip())
        if match and match[2] == "/":
            first, second = int(match[1]), int(match[3])
            found |= {"day"} if first > 12 else {"month"} if second > 12 else set()
    return found.pop() if len(found) == 1 else ""


def read_moment(text: str, zone: ZoneInfo, slashes: str = "") -> datetime:
    """A moment with an offset; the course's own where the text has none.

    Args:
        slashes: what stands first in dates with slashes, of `order_of_dates`.

    Raises:
        ValueError: saying why it is none.
    """
    text = text.strip()
    if match := ISO.fullmatch(text):
        return _iso(match, zone)
    if match := SHEET.fullmatch(text):
        return _sheet(match, zone, slashes)
    raise ValueError(f"{text!r} is not a time such as {EXAMPLE}")


def _iso(match: re.Match, zone: ZoneInfo) -> datetime:
    day, minute, seconds, offset = match.groups()
    moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}{seconds or ':00'}")
    if offset is None:
        return moment.replace(tzinfo=zone)
    offset = "+0000" if offset in ("Z", "UTC") else offset.replace(":", "")
    return datetime.strptime(f"{moment:%Y-%m-%dT%H:%M:%S}{offset}", "%Y-%m-%dT%H:%M:%S%z")


def _sheet(match: re.Match, zone: ZoneInfo, slashes: str) -> datetime:
    first, mark, second, year, hour, minute, seconds, half = match.groups()
    if mark == "/" and not slashes:
        raise ValueError(f"{match[0]!r} may be either day or month first; write {EXAMPLE}")
    day, month = (first, second) if mark == "." or slashes == "day" else (second, first)
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.upper() == "P" else 0)
    return datetime(
        int(year), int(month), int(day), hours, int(minute or 0), int(seconds or 0), tzinfo=zone
    )
