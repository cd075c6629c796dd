"""Find the files that a homework means in a folder: the exact name wins, another counts where it means one alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from autograder.run.notes import AMBIGUOUS, MISSING, NOTEBOOK, RENAMED, STUDENT, Note
from common.homework import Homework

COPY = re.compile(r"[ _-]*(\(\d+\)|[ _-]copy( ?\d+)?|[ _-]+kopie)$")


@dataclass
class Chosen:
    """The files that are taken.

    Attributes:
        files: name in the homework → name in the folder.
        notes: on names that differ, and on files that are not there.
    """

    files: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def choose(names: Iterable[str], homework: Homework) -> Chosen:
    """The files to hand in among the files of one folder.

    Args:
        names: without folders.
    """
    chosen, names = Chosen(), sorted(names)
    for wanted in homework.files:
        near = [name for name in names if name != wanted and meant(name, homework) == wanted]
        label = f"{homework.name}/{wanted}"
        if wanted in names:
            chosen.files[wanted] = wanted
            _say(chosen, AMBIGUOUS, *(f"{label} counts, and {name} does not" for name in near))
        elif len(near) == 1:
            chosen.files[wanted] = near[0]
            _say(chosen, RENAMED, f"{near[0]} was taken for {label}; give it that name")
        else:
            _say(chosen, *_absent(wanted, near, names, homework))
    return chosen


def _absent(wanted: str, near: list[str], names: list[str], homework: Homework) -> tuple[str, str]:
    """The kind and text of a note on a file that is not there."""
    label, stem = f"{homework.name}/{wanted}", wanted.removesuffix(".py")
    if near:
        listed = " and ".join(near)
        return AMBIGUOUS, f"{listed} could both be {label}, so neither counts; keep one"
    if f"{stem}.ipynb" in names:
        return NOTEBOOK, f"{label} is missing; {stem}.ipynb is a notebook: export it as {wanted}"
    if needed(wanted, homework):
        return MISSING, f"{label} is missing"
    return MISSING, f"{label}, which only extra credit needs, is not handed in"


def needed(file: str, homework: Homework) -> bool:
    """Whether points hang on a file, beside those of extra credit."""
    return any(
        problem.kind == "code" and (problem.hole or "").startswith(f"{file}:")
        for problem in homework.problems
    )


def meant(name: str, homework: Homework) -> str | None:
    """The file to hand in that a name can only mean, or None."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    plain = plain.removesuffix(".txt")
    while plain.endswith(".py"):
        plain = plain.removesuffix(".py")
    if not re.search(r"\.py(\.txt)?$", name.strip(), re.IGNORECASE):
        return None
    plain = COPY.sub("", plain.strip())
    plain = re.sub(rf"^{homework.name}[ _-]+|[ _-]+{homework.name}$", "", plain)
    found = [file for file in homework.files if file.removesuffix(".py").casefold() == plain]
    return found[0] if len(found) == 1 else None


def _say(chosen: Chosen, kind: str, *texts: str) -> None:
    chosen.notes += [Note(kind, STUDENT, text) for text in texts]


def near_any(homework: Homework) -> Callable[[str], bool]:
    """Whether a name is that of a file to hand in, or can only mean one."""
    return lambda name: name in homework.files or meant(name, homework) is not None
