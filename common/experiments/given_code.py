"""Given code in the files to hand in that differs from the kit's: training uses it, grading does not."""

from __future__ import annotations

import ast

from common.files import given
from common.homework import Homework

CANNOT_PARSE = (OSError, SyntaxError, ValueError, RecursionError, MemoryError)


def notes(homework: Homework) -> list[str]:
    """A line for each file with given definitions that differ from the kit's.

    A file that is missing or cannot be parsed gives none: its import says so.
    """
    found = []
    for name in homework.files:
        try:
            kit = ast.parse((homework.stubs / f"{name}.txt").read_text(encoding="utf-8"))
            own = ast.parse((homework.folder / name).read_text(encoding="utf-8-sig"))
        except CANNOT_PARSE:
            continue
        holes = given.holes_of(homework, name)
        if changed := given.differing(kit, own, holes, homework.yours):
            differ = "differ" if len(changed) > 1 else "differs"
            found.append(
                f"note: {homework.name}/{name}: {', '.join(changed)} {differ} from the kit's; you "
                "train with yours, and the course grader loads your weights into the kit's"
            )
    return found
