"""homework.toml → Homework and its Problems: the one source of points, files and limits."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from common.errors import KitError

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("code", "plot", "written", "run", "extra")
PUBLIC_SEED = 0  # whose recorded inputs and answers the students' kit holds


@dataclass(frozen=True)
class Problem:
    """One problem: `kind` says who grades it (code and extra by checks, run by the course grader,
    plot and written by people, unless `graded_by` names a program)."""

    id: str
    title: str
    points: float
    kind: str
    hole: str | None = None  # "mann.py:MANN.forward" where code is to be written
    graded_by: str | None = None  # "diagnosis": recorded curves, judged by the course grader

    @property
    def checked(self) -> bool:
        return self.kind in ("code", "extra")


@dataclass(frozen=True)
class Homework:
    name: str
    title: str
    files: tuple[str, ...]  # what is handed in
    preload: tuple[str, ...]  # imported once, before the worker forks
    time_limit: float  # seconds for one check
    hint_level: int  # 1 what differed, 2 the idea, 3 the recognised mistake
    problems: tuple[Problem, ...]
    experiments: tuple[dict, ...]  # name, command, minutes, and what is required of it
    root: Path = ROOT

    @property
    def diagnosis(self) -> Problem | None:
        """The problem about recorded curves, where there is one."""
        return next((p for p in self.problems if p.graded_by == "diagnosis"), None)

    @property
    def folder(self) -> Path:
        return self.root / self.name

    @property
    def checks(self) -> Path:
        return self.root / "autograder" / "checks" / self.name

    def problem(self, ident: str) -> Problem:
        for problem in self.problems:
            if problem.id == ident:
                return problem
        known = ", ".join(p.id for p in self.problems if p.checked)
        raise KitError(f"{self.name} has no problem {ident!r}; it has {known}")


def names(root: Path = ROOT) -> list[str]:
    """The homeworks that are here, in order."""
    return sorted(path.parent.name for path in root.glob("hw[0-9]/homework.toml"))


def load(name: str, root: Path = ROOT) -> Homework:
    """Read a homework's table.

    Raises:
        KitError: for an unknown homework or a table that cannot be read.
    """
    path = root / name / "homework.toml"
    if name not in names(root):
        known = ", ".join(names(root)) or "none"
        raise KitError(f"no homework {name!r} here; there is {known}")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        problems = tuple(Problem(**row) for row in table["problems"])
        homework = Homework(
            name=name,
            title=table["title"],
            files=tuple(table["files"]),
            preload=tuple(table.get("preload", ())),
            time_limit=float(table.get("time_limit", 10)),
            hint_level=int(table.get("hint_level", 3)),
            problems=problems,
            experiments=tuple(table.get("experiments", ())),
            root=root,
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise KitError(f"{name}/homework.toml cannot be read: {error}") from None
    for problem in problems:
        if problem.kind not in KINDS:
            raise KitError(f"{name}/homework.toml: problem {problem.id} has kind {problem.kind!r}")
    return homework
