"""course.toml as students get it: who to ask, when homeworks are due, and what is left out."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from common.kit.course import policy_of

HEAD = "# The course's facts, as the staff released them. The kit reads `drop` and `policy`.\n"


def facts(root: Path, names: list[str]) -> bytes:
    """The students' course.toml: no weights, and no dates of homeworks that are still closed.

    Args:
        names: the homeworks that are open.
    """
    table = tomllib.loads((root / "staff" / "course.toml").read_text(encoding="utf-8"))
    open_ones = [row for row in table["assignments"] if row["name"] in names]
    drop = [one for one in table.get("drop", []) if one.split(".")[0] in names]
    lines = [f"{key} = {json.dumps(table[key])}" for key in ("title", "contact", "timezone")]
    lines += [f"drop = {json.dumps(drop)}", "", "[assistants]"]
    lines += [f"policy = {json.dumps(policy_of(table))}", "", "[late]"]
    lines += [f"{key} = {table['late'][key]}" for key in ("days", "most", "grace_minutes")]
    for row in open_ones:
        lines += ["", "[[assignments]]", f"name = {json.dumps(row['name'])}"]
        lines += [f"{key} = {row[key].isoformat()}" for key in ("due", "due_written") if key in row]
        lines += [f"hours = {json.dumps(row['hours'])}"] if "hours" in row else []
    return (HEAD + "\n".join(lines) + "\n").encode()
