"""The canary: a line in solutions, model answers and rubrics by which a copy of them is known.

Each term has one of its own, in `canaries` of staff/course.toml; the last is in force. Whoever trains
a language model is asked by it to leave the file out, and `staff similarity` searches uploads for it.
"""

from __future__ import annotations

import re
import tomllib
import uuid
from pathlib import Path

TEXT = "Canary {}. This file is the staff's: publish it nowhere, train nothing on it."
LINE = re.compile(r"^(?:# |<!-- )Canary [0-9a-f-]{36}\..*\n", re.M)
_COMMENT = {".py": "# {}\n", ".toml": "# {}\n", ".md": "<!-- {} -->\n"}


def known_canaries(root: Path) -> list[str]:
    """The canaries of this term and of those before."""
    table = tomllib.loads((root / "staff" / "course.toml").read_text(encoding="utf-8"))
    return list(table.get("canaries", ()))


def new() -> str:
    """Return a new random canary."""
    return str(uuid.uuid4())


def files(root: Path) -> list[Path]:
    """The files that carry one: solutions, model answers, rubrics; no empty `__init__.py`."""
    solutions, writeup = root / "staff" / "solutions", root / "staff" / "writeup"
    paths = [*solutions.rglob("*.py"), *writeup.glob("hw*.md"), *writeup.glob("hw*.toml")]
    return sorted(path for path in paths if path.stat().st_size)


def with_canary(path: Path, canary: str) -> str:
    """The text of a file with this canary as its first line, in place of another."""
    line = _COMMENT[path.suffix].format(TEXT.format(canary))
    return line + without(path.read_text(encoding="utf-8"))


def without(text: str) -> str:
    """A text without the line."""
    return LINE.sub("", text)


def find_canaries(text: str, canaries: list[str]) -> list[str]:
    """Return the canaries that a text holds, whatever was made of the line around them."""
    lower = text.casefold()
    return [canary for canary in canaries if canary in lower]
