"""course.toml → what the kit itself must know of the course: the problems that are left out."""

from __future__ import annotations

import tomllib
from pathlib import Path

from common.errors import KitError

# Students have the release's excerpt; the staff's own file holds every rule.
PLACES = (Path("course.toml"), Path("staff", "course.toml"))


def dropped(root: Path) -> tuple[str, ...]:
    """The problems that are left out this term, such as "hw1.X"; none where there is no course.

    Raises:
        KitError: when the file cannot be read, or `drop` is no list of such names.
    """
    path = next((root / place for place in PLACES if (root / place).is_file()), None)
    if path is None:
        return ()
    try:
        return listed(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError) as error:
        raise KitError(f"{path.name} cannot be read: {error}") from None


def listed(table: dict) -> tuple[str, ...]:
    """`drop` of a course's table.

    Raises:
        ValueError: when it is no list of names like "hw1.X".
    """
    drop = table.get("drop", [])
    if not isinstance(drop, list) or not all(isinstance(name, str) for name in drop):
        raise ValueError(f'drop is {drop!r}; write a list such as ["hw1.X", "hw3.4e"]')
    for name in drop:
        homework, dot, problem = name.partition(".")
        if not (homework and dot and problem):
            raise ValueError(f'drop holds {name!r}; write the homework too, such as "hw1.X"')
    return tuple(drop)
