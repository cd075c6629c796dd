"""Clumsy submissions: right solutions, handed in as students do on a bad evening.

    python -m tests.clumsy            all of them: at home, from the zip of `submit`, in `staff grade`

Each is made from the solutions of one homework by one small function, or by two of them; it says
which holes it really spoils, and which kind of note tells of it.
"""

from __future__ import annotations

import ast
import codecs
import json
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.planning import plan
from autograder.report.record import CheckResult
from autograder.run import notes
from autograder.run.base import Worker
from autograder.run.notes import Note
from autograder.run.overlay import overlay
from common import homework as homeworks
from common.files import given
from common.homework import PUBLIC_SEED, Homework
from staff.authoring.stubs import masters
from staff.gate.shared_worker import start_shared_worker
from staff.grading.session import Session
from tests import agreement

Files = dict[str, bytes]
Change = Callable[[Files, str, Homework], None]
FILES = {
    "hw0": "losses.py",
    "hw1": "mann.py",
    "hw2": "protonet.py",
    "hw3": "lora.py",
    "hw4": "calibration.py",
}


@dataclass(frozen=True)
class Way:
    """One way to be clumsy.

    Attributes:
        change: changes the files to hand in, above all the one that it is given.
        kind: of the note that tells of it; None where there is nothing to tell.
        loses: "nothing", "file" for every hole of the file, "hole" for the last function alone,
            "method" for the last method alone.
        only: the homeworks where it can happen; empty for all.
        said: what the rows of what it loses must say.
    """

    change: Change
    kind: str | None
    loses: str = "nothing"
    only: tuple[str, ...] = ()
    said: str = ""


def renamed(form: str) -> Change:
    """Under another name, such as "{stem} (1).py"."""

    def change(files: Files, name: str, homework: Homework) -> None:
        stem = name.removesuffix(".py")
        new = form.format(stem=stem, Stem=stem.capitalize(), hw=homework.name)
        files[new] = files.pop(name)

    return change


def recoded(encode: Callable[[str], bytes]) -> Change:
    """In another encoding."""

    def change(files: Files, name: str, homework: Homework) -> None:
        files[name] = encode(files[name].decode())

    return change


def edited(edit: Callable[[str], str]) -> Change:
    """With another text."""
    return recoded(lambda text: edit(text).encode())


def in_last_hole(*lines: str) -> Change:
    """With some lines at the beginning of the file's last hole; "\\f" before one: at column 0."""

    def change(files: Files, name: str, homework: Homework) -> None:
        text = files[name].decode()
        _, hole = last_hole(text, name, homework)
        body = hole.body[1:] if given.is_text(hole.body[0]) else hole.body
        rows = text.split("\n")
        put = [line[1:] if line.startswith("\f") else f"    {line}" for line in lines]
        rows[body[0].lineno - 1 : body[0].lineno - 1] = put
        files[name] = "\n".join(rows).encode()

    return change


def last_hole(
    text: str, name: str, homework: Homework, method: bool = False
) -> tuple[str, ast.FunctionDef]:
    """The last function, or method, of a file that is a hole, after its name."""
    holes = [hole for hole in given.holes_of(homework, name) if ("." in hole) == method]
    found = [
        (bound, node)
        for bound, node in given.bindings(ast.parse(text).body)
        if bound in holes and isinstance(node, ast.FunctionDef)
    ]
    return found[-1]


def exchanged(form: str, method: bool = False) -> Change:
    """With another statement in the place of the last function, or method, that is a hole.

    Args:
        form: of the statement: "{name}" is the hole's name, "{own}" the function as it was, "{deep}"
            the same further to the right, and "{other}" the same under the name `other`.
    """

    def change(files: Files, name: str, homework: Homework) -> None:
        text = files[name].decode()
        _, hole = last_hole(text, name, homework, method)
        rows = text.split("\n")
        own = textwrap.dedent("\n".join(rows[hole.lineno - 1 : hole.end_lineno]))
        new = form.format(
            name=hole.name,
            own=own,
            deep=textwrap.indent(own, "    "),
            other=own.replace(f"def {hole.name}(", "def other(", 1),
        )
        rows[hole.lineno - 1 : hole.end_lineno] = [textwrap.indent(new, " " * hole.col_offset)]
        files[name] = "\n".join(rows).encode()

    return change


def missing(files: Files, name: str, homework: Homework) -> None:
    """Not handed in."""
    del files[name]


def two_copies(files: Files, name: str, homework: Homework) -> None:
    """Under two names, neither of them right."""
    stem = name.removesuffix(".py")
    files[f"{stem} (1).py"] = files[f"{stem} (2).py"] = files.pop(name)


def copy_beside(files: Files, name: str, homework: Homework) -> None:
    """With an older, empty copy beside it."""
    files[name.replace(".py", " (1).py")] = b"# old\n"


def notebook(files: Files, name: str, homework: Homework) -> None:
    """As a notebook."""
    del files[name]
    files[name.replace(".py", ".ipynb")] = b'{"cells": []}'


def helper(files: Files, name: str, homework: Homework) -> None:
    """With a module of its own beside it."""
    files["my_helpers.py"] = b"LOUD = True\n"
    edited(lambda text: after_future(text, f"from {homework.name} import my_helpers"))(
        files, name, homework
    )


def twice(files: Files, name: str, homework: Homework) -> None:
    """With an older version of a hole above the right one."""
    hole, _ = last_hole(files[name].decode(), name, homework)
    edited(lambda text: after_future(text, f"def {hole}(*args):\n    return None"))(
        files, name, homework
    )


def after_future(text: str, line: str) -> str:
    """The text with a line after its import from `__future__`."""
    future = "from __future__ import annotations\n"
    return text.replace(future, f"{future}{line}\n", 1)


def init_changed(text: str) -> str:
    """The text with one more statement in every `__init__`."""
    return text.replace("super().__init__()", "super().__init__()\n        self.mine = 1")


def written_out(text: str) -> str:
    """A number as a sum that is nested too deeply for Python to write it out again."""
    return text.replace("PIXELS = 784", f"PIXELS = {' + '.join(['1'] * 784)}")


def stub_imported(files: Files, name: str, homework: Homework) -> None:
    """With an import of what its author takes for the kit's own form of the file."""
    own = f"{homework.name}.{name.removesuffix('.py')}"
    hole, _ = last_hole(files[name].decode(), name, homework)
    edited(lambda text: after_future(text, f"from {own} import {hole} as given"))(
        files, name, homework
    )


WITH_METHODS = ("hw1", "hw3")
CONFLICT = ("\f<<<<<<< HEAD", "x = 1", "\f=======", "x = 2", "\f>>>>>>> other")
WAYS = {
    "missing": Way(missing, notes.MISSING, "file"),
    "another case": Way(renamed("{Stem}.py"), notes.RENAMED),
    "a copy's name": Way(renamed("{stem} (1).py"), notes.RENAMED),
    "a text file": Way(renamed("{stem}.py.txt"), notes.RENAMED),
    "the homework's name before": Way(renamed("{hw}_{stem}.py"), notes.RENAMED),
    "two copies": Way(two_copies, notes.AMBIGUOUS, "file"),
    "a copy beside": Way(copy_beside, notes.AMBIGUOUS),
    "a notebook": Way(notebook, notes.NOTEBOOK, "file"),
    "UTF-16": Way(recoded(lambda text: text.encode("utf-16")), notes.DECODED),
    "UTF-32": Way(recoded(lambda text: text.encode("utf-32")), notes.DECODED),
    "a byte-order mark": Way(recoded(lambda t: codecs.BOM_UTF8 + t.encode()), notes.DECODED),
    "Windows-1252": Way(
        recoded(lambda t: t.encode("ascii", "ignore") + "# Café\n".encode("cp1252")), notes.DECODED
    ),
    "CR line ends": Way(edited(lambda text: text.replace("\n", "\r")), notes.DECODED),
    "NUL bytes": Way(edited(lambda text: text + "\0\0"), notes.DECODED),
    "a statement before __future__": Way(
        edited(lambda text: text.replace("from __future__", "import math\n\nfrom __future__", 1)),
        notes.MOVED,
    ),
    "a bracket too few": Way(in_last_hole("x = ("), notes.SPLIT, "hole"),
    "a bracket too many": Way(in_last_hole("x = (1))"), notes.SPLIT, "hole"),
    "a merge conflict": Way(in_last_hole(*CONFLICT), notes.CONFLICT, "hole"),
    "an unknown import": Way(
        edited(lambda text: after_future(text, "import no_such_package")), notes.UNKNOWN_IMPORT
    ),
    "a test at the end": Way(edited(lambda text: text + "\nassert 1 == 2\n"), notes.SPLIT),
    "a helper": Way(helper, notes.HELPER),
    "an older version above": Way(twice, notes.TWICE),
    "the kit's own stub imported": Way(stub_imported, notes.SPLIT),
    "under if": Way(exchanged("if True:\n{deep}"), None),
    "under else": Way(exchanged("if 1 > 2:\n    def {name}(): ...\nelse:\n{deep}"), None),
    "under an if that is false": Way(
        exchanged("if 1 > 2:\n{deep}"), None, "hole", said="does not reach its `def`"
    ),
    "under a try": Way(exchanged("try:\n{deep}\nfinally:\n    pass"), None),
    "a lambda": Way(exchanged("{other}\n{name} = lambda *given: other(*given)"), None),
    "a partial": Way(
        exchanged("{other}\nimport functools\n{name} = functools.partial(other)"), None
    ),
    "a class for a function": Way(
        exchanged("class {name}:\n    def __init__(self, *given):\n        self.given = given"),
        None,
        "hole",
        said="it is a class; expected a function",
    ),
    "an async def": Way(exchanged("async {own}"), None, "hole", said="it is an `async def`"),
    "a number for a function": Way(
        exchanged("{name} = 3.5"), None, "hole", said="it is of type float"
    ),
    "another name": Way(
        exchanged("{other}"), None, "hole", said="not in the file, or has another name"
    ),
    "a method under if": Way(exchanged("if True:\n{deep}", method=True), None, only=WITH_METHODS),
    "a method that is a lambda": Way(
        exchanged("{other}\n{name} = lambda self, *given: self.other(*given)", method=True),
        None,
        only=WITH_METHODS,
    ),
    "a class for a method": Way(
        exchanged("class {name}:\n    pass", method=True),
        None,
        "method",
        WITH_METHODS,
        "it is a class; expected a function",
    ),
    "a method that is not there": Way(
        exchanged("{other}", method=True),
        None,
        "method",
        WITH_METHODS,
        "not in the file, or has another name",
    ),
    "given code changed": Way(edited(init_changed), notes.PUT_BACK, only=("hw1", "hw3")),
    "a sum written out": Way(edited(written_out), notes.PUT_BACK, only=("hw1",)),
}
COMBINED = (
    ("a copy's name", "a bracket too few"),
    ("UTF-16", "a merge conflict"),
    ("another case", "an unknown import"),
    ("CR line ends", "a bracket too many"),
    ("a helper", "given code changed"),
)


@dataclass(frozen=True)
class Clumsy:
    """One submission."""

    homework: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.homework}: {' and '.join(self.names)}"

    @property
    def kinds(self) -> set[str]:
        """The kinds of notes that must tell of it."""
        return {kind for name in self.names if (kind := WAYS[name].kind)}

    def files(self) -> Files:
        """What is handed in."""
        homework, name = homeworks.load(self.homework), FILES[self.homework]
        files = {path.name: path.read_bytes() for path in masters(homework.root, homework.name)}
        for way in reversed(self.names):  # the name changes last
            WAYS[way].change(files, name, homework)
        return files

    def lost(self) -> set[str]:
        """The problems that it really spoils."""
        homework, name = homeworks.load(self.homework), FILES[self.homework]
        source = masters(homework.root, homework.name)
        text = next(path for path in source if path.name == name).read_text(encoding="utf-8")
        spoiled = {
            "nothing": set(),
            "file": {f"{name}:{hole}" for hole in given.holes_of(homework, name)},
            "hole": {f"{name}:{last_hole(text, name, homework)[0]}"},
        }
        if homework.name in WITH_METHODS:
            spoiled["method"] = {f"{name}:{last_hole(text, name, homework, method=True)[0]}"}
        holes = set().union(*(spoiled[WAYS[way].loses] for way in self.names))
        return {problem.id for problem in homework.problems if problem.hole in holes}


SAMPLE = (  # tests try it by zip, course grader, Gradescope and Dask, too
    Clumsy("hw1", ("a copy's name", "a bracket too few")),
    Clumsy("hw1", ("a helper", "given code changed")),
    Clumsy("hw1", ("UTF-16",)),
    Clumsy("hw1", ("missing",)),
)


def everything() -> list[Clumsy]:
    """All of them."""
    one = [
        Clumsy(homework, (name,))
        for name, way in WAYS.items()
        for homework in FILES
        if not way.only or homework in way.only
    ]
    two = [Clumsy(homework, names) for names in COMBINED for homework in ("hw1", "hw3")]
    return one + two


def write(files: Files, folder: Path) -> Path:
    """Put the files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def at_home(clumsy: Clumsy, worker: Worker, place: Path) -> tuple[list[CheckResult], list[Note]]:
    """The rows and notes of the local autograder."""
    homework, told = homeworks.load(clumsy.homework), list[Note]()
    tree = overlay(homework, place / "tree", write(clumsy.files(), place / "files"), told.append)
    context = CheckContext(homework, worker, tree, Answers.load(homework, PUBLIC_SEED), PUBLIC_SEED)
    rows = engine.run_checks(context, plan(homework), 1, isolation="shared")
    return rows, told + context.notes


def packed(clumsy: Clumsy, place: Path) -> Path:
    """The zip of `submit`, as far as it is code: none is made where points would be missing."""
    folder = write(clumsy.files(), place / "files")
    agreement.pack(homeworks.load(clumsy.homework), folder, place / "a.zip")
    return place / "a.zip"


def earned(problems: dict[str, float], homework: Homework, lost: set[str]) -> list[str]:
    """What is wrong with the points of each problem."""
    return [
        f"{one.id}: {problems[one.id]:g} points"
        for one in homework.problems
        if one.kind == "code" and problems[one.id] != (0 if one.id in lost else one.points)
    ]


def points(rows: list[CheckResult]) -> dict[str, float]:
    """Problem → points."""
    return {p: sum(r.points for r in rows if r.problem == p) for p in {r.problem for r in rows}}


def judge(clumsy: Clumsy, worker: Worker, session: Session) -> Iterator[str]:
    """What is wrong with the verdicts on one submission, on all three ways."""
    homework, lost = homeworks.load(clumsy.homework), clumsy.lost()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rows, told = at_home(clumsy, worker, place / "home")
        yield from (f"at home, {one}" for one in earned(points(rows), homework, lost))
        if not clumsy.kinds <= {note.kind for note in told}:
            yield f"no note of {clumsy.kinds - {note.kind for note in told}}"
        for way, source in (
            ("zip", packed(clumsy, place / "zip")),
            ("folder", place / "home/files"),
        ):
            record = agreement.graded(source, homework, session)
            yield from (f"{way}, {one}" for one in earned(record["problems"], homework, lost))


def main() -> int:
    """Judge all; 1 when a verdict is wrong."""
    wrong: dict[str, list[str]] = {}
    for name in FILES:
        homework = homeworks.load(name)
        with start_shared_worker(homework.preload) as worker:
            session = Session(name, "shared", worker)
            for clumsy in everything():
                if clumsy.homework == name:
                    wrong[str(clumsy)] = list(judge(clumsy, worker, session))
                    print(
                        f"{clumsy}: {'; '.join(wrong[str(clumsy)]) or 'as it should be'}",
                        flush=True,
                    )
    bad = {name: told for name, told in wrong.items() if told}
    print(json.dumps({"submissions": len(wrong), "wrong": len(bad)}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
