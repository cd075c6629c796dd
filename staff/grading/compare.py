"""Two gradings of one class: whose points changed, and in which check."""

from __future__ import annotations

import json
from pathlib import Path

from common.errors import KitError
from staff.grading.submissions import RECORDS


def load(folder: Path) -> dict[str, dict]:
    """Ident → record, of what `staff grade` left in a folder.

    Raises:
        KitError: when there is none.
    """
    found = {}
    for path in sorted((folder / RECORDS).glob("[!.]*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            found[record["id"]] = record
        except (ValueError, KeyError, TypeError) as error:
            raise KitError(f"{path} is not a record of staff grade ({error})") from None
    if not found:
        raise KitError(f"{folder} holds no records ({RECORDS}/*.json) of an earlier grading")
    return found


def changes(old: dict[str, dict], new: dict[str, dict]) -> list[str]:
    """One line a student whose points changed, and who is only in one of the two."""
    told = []
    for ident in sorted(old.keys() | new.keys()):
        if ident not in new or ident not in old:
            told.append(f"{ident}: only in the {'older' if ident in old else 'newer'} grading")
            continue
        was, now = _points(old[ident]), _points(new[ident])
        status = old[ident]["status"], new[ident]["status"]
        if was != now or status[0] != status[1]:
            checks = "; ".join(_checks(old[ident], new[ident])) or "no check changed"
            states = "" if status[0] == status[1] else f" ({status[0]} to {status[1]})"
            who = ", ".join(new[ident]["students"])
            told.append(f"{who}: {was:g} to {now:g} points{states}: {checks}")
    return told


def _points(record: dict) -> float:
    return round(record["score"] + record["extra"] + record["diagnosis"], 6)


def _checks(old: dict, new: dict) -> list[str]:
    """Every check whose verdict or points changed, in words."""
    was = {check["id"]: check for check in old["checks"]}
    now = {check["id"]: check for check in new["checks"]}
    told = []
    for ident in [*now, *(one for one in was if one not in now)]:
        before = _verdict(was.get(ident))
        after = _verdict(now.get(ident))
        if before != after:
            told.append(f"{ident} {before} to {after}")
    return told


def _verdict(check: dict | None) -> str:
    return "absent" if check is None else f"{check['status']} {check['points']:g}"
