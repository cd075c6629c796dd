"""One clean tree from the kit and a folder of handed-in files.

The worker runs in this tree and sees nothing else of ours: the homework's folder with the handed-in
files in place, `common/`, the kit's own form of these files, and the probes. No expected value and
no solution is ever copied. A file that is missing is the kit's own: its holes are empty, and others
can import it. Nothing of a student's is run here.
"""

from __future__ import annotations

import ast
import functools
import json
import py_compile
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.run import finding, imports, reading
from autograder.run.notes import (
    HELPER,
    HELPER_REFUSED,
    NOT_READABLE,
    STUDENT,
    TWICE,
    UNKNOWN_IMPORT,
    Note,
    Tell,
)
from common.errors import KitError
from common.files import given, untrusted
from common.homework import Homework
from common.kit.shadows import PACKAGES

PLAN = "handed_in.json"  # what the worker is told of the files
MOST_HELPERS = 50
# Modules of common/ that every check imports.
SHARED = ("__init__.py", "errors.py", "kit/__init__.py", "kit/shadows.py")
_SKIP = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "README.md", "writeup.md", "figures")


def overlay(
    homework: Homework,
    target: Path,
    submission: Path | None = None,
    tell: Tell = lambda note: None,
) -> Path:
    """Build the tree under `target` and return it.

    Args:
        homework: whose kit files to take.
        target: an empty folder.
        submission: a folder that holds the files to hand in, flat or under `hwN/`; None takes the
            kit's own.
        tell: takes a note on each decision.

    Raises:
        KitError: when the submission is not a folder or holds none of the files.
    """
    files = files_to_judge(homework, submission, tell)
    _copy(homework.root / "common", target / "common")
    for name in SHARED:
        _compile(target / "common" / name)
    for name in imports.given_files(homework):
        _copy(homework.folder / name, target / homework.name / name)
    shutil.copytree(homework.stubs, target / "stubs")
    for name in homework.files:
        shutil.copyfile(homework.stubs / f"{name}.txt", target / homework.name / name)
    for file in files:
        path = target / homework.name / file.name
        path.write_text(file.source.text, encoding="utf-8", errors="replace", newline="\n")
    _compile(target / homework.name / "__init__.py")
    probes = target / "probes"
    _compile(_copy(homework.checks / "probes.py", probes / f"{homework.name}.py"))
    _compile(_copy(homework.checks.parent / "probing.py", probes / "probing.py"))
    (target / PLAN).write_text(json.dumps(_plan(files, homework)), encoding="utf-8")
    _make_readable(target)
    return target


def handed_in_files(tree: Path) -> set[str]:
    """The files of a tree that were handed in."""
    plan = json.loads((tree / PLAN).read_text(encoding="utf-8"))
    return {file["name"] for file in plan["files"]}


# --- what is taken ------------------------------------------------------------------------------


@dataclass
class File:
    """One file that is judged, or a helper module.

    Attributes:
        name: in the homework, "mann.py".
        path: where the student has it.
        refused: modules that it imports and that the course grader lacks.
    """

    name: str
    path: Path
    source: reading.Source
    helper: bool = False
    refused: list[str] = field(default_factory=list)


def files_to_judge(
    homework: Homework, submission: Path | None = None, tell: Tell = lambda note: None
) -> list[File]:
    """The files of a submission that are judged, and the helper modules that they import.

    Raises:
        KitError: when it is not a folder or holds none of the files.
    """
    folder = homework.folder if submission is None else _find(homework, submission)
    names = _names(folder)
    chosen = finding.choose(names, homework)
    for note in chosen.notes:
        tell(note)
    minimum = reading.required_python(homework.root)
    files = []
    for name, actual in chosen.files.items():
        if file := _read(folder / actual, name, homework, minimum, tell):
            files.append(file)
    for file in files:
        for hole in _twice(file, homework):
            told = f"{homework.name}/{file.path.name}: {hole} is defined twice; the last one counts"
            tell(Note(TWICE, STUDENT, told))
    files += _helpers(files, folder, names, homework, minimum, tell)
    _check_imports(files, homework, tell)
    return files


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file() and not path.is_symlink()]


def _find(homework: Homework, submission: Path) -> Path:
    """The folder of a submission that holds the files."""
    if not submission.is_dir():
        raise KitError(f"--submission {submission} is not a folder; unpack the zip first")
    places = [one for one in (submission / homework.name, submission) if one.is_dir()]
    near = finding.near_any(homework)
    counts = {place: sum(map(near, _names(place))) for place in places}
    best = max(places, key=lambda place: counts[place])
    if not counts[best]:
        wanted = ", ".join(homework.files)
        raise KitError(f"{submission} holds none of the files of {homework.name}: {wanted}")
    return best


def _read(
    path: Path, name: str, homework: Homework, minimum: tuple[int, int], tell: Tell
) -> File | None:
    """One file as it is judged, or None."""
    label = f"{homework.name}/{path.name}"
    try:
        source = reading.read(untrusted.read(path, reading.LARGEST), minimum)
    except untrusted.Unreadable as error:
        tell(Note(NOT_READABLE, STUDENT, f"{label} cannot be read: {error}"))
        return None
    for kind, text in source.told:
        tell(Note(kind, STUDENT, f"{label}: {text}"))
    return File(name, path, source)


def _twice(file: File, homework: Homework) -> Iterator[str]:
    """The holes that a file defines more than once."""
    if file.source.tree is None:
        return
    for hole in given.holes_of(homework, file.name):
        if given.definitions(file.source.tree.body, hole) > 1:
            yield hole


def _helpers(
    files: list[File],
    folder: Path,
    names: list[str],
    homework: Homework,
    minimum: tuple[int, int],
    tell: Tell,
) -> list[File]:
    """The modules beside the files that these import, and those that the modules import."""
    kit = {name.removesuffix(".py") for name in imports.given_files(homework)}
    own = {name.removesuffix(".py") for name in homework.files}
    reserved = set(sys.stdlib_module_names) | PACKAGES | set(imports.KIT)
    found: dict[str, File | None] = {}
    waiting = list(files)
    while waiting and len(found) < MOST_HELPERS:
        file = waiting.pop(0)
        for module, _ in imports.imports_of(file.source.text, file.source.tree):
            name = imports.beside(module, homework)
            if name is None or name in own | kit | found.keys() or f"{name}.py" not in names:
                continue
            label = f"{homework.name}/{name}.py"
            if name in reserved:
                if module.startswith((".", f"{homework.name}.")):
                    found[name] = None
                    told = f"{label} has the name of another module, so it is not used; rename it"
                    tell(Note(HELPER_REFUSED, STUDENT, told))
                continue
            helper = _read(folder / f"{name}.py", f"{name}.py", homework, minimum, tell)
            found[name] = helper
            if helper is not None:
                helper.helper = True
                waiting.append(helper)
                told = f"{label} is judged with {homework.name}/{file.path.name}, which imports it"
                tell(Note(HELPER, STUDENT, told))
    return [file for file in found.values() if file is not None]


def _check_imports(files: list[File], homework: Homework, tell: Tell) -> None:
    """Name the imports that the course grader cannot follow."""
    helpers = {file.name.removesuffix(".py") for file in files if file.helper}
    for file in files:
        found = imports.imports_of(file.source.text, file.source.tree)
        lines = {module.partition(".")[0]: line for module, line in reversed(found)}
        file.refused = [one for one in imports.unknown(lines, homework) if one not in helpers]
        for module in file.refused:
            told = (
                f"{homework.name}/{file.path.name}, line {lines[module]}: {module} is not part of "
                "the kit; the course grader does not have it"
            )
            tell(Note(UNKNOWN_IMPORT, STUDENT, told))


# --- the tree -----------------------------------------------------------------------------------


def _plan(files: list[File], homework: Homework) -> dict[str, Any]:
    """Return what the worker must know beside the files themselves."""
    return {
        "homework": homework.name,
        "yours": list(homework.yours),
        "files": [
            {
                "name": file.name,
                "label": f"{homework.name}/{file.path.name}",
                "path": str(file.path.resolve()),
                "helper": file.helper,
                "holes": given.holes_of(homework, file.name),
                "conflicts": file.source.conflicts,
                "refused": file.refused,
                "comparison": _comparison(file, homework),
            }
            for file in files
        ],
    }


def _comparison(file: File, homework: Homework) -> dict[str, Any] | None:
    """Compare a file with the kit's once, and not in every check's process; None: it must do so."""
    if file.helper or file.source.tree is None:
        return None
    kit = (homework.stubs / f"{file.name}.txt").read_text(encoding="utf-8")
    holes = given.holes_of(homework, file.name)
    try:
        return _compared(kit, file.source.text, tuple(holes), tuple(homework.yours))
    except reading.CANNOT_PARSE:
        return None


@functools.lru_cache(maxsize=64)
def _compared(kit: str, own: str, holes: tuple[str, ...], yours: tuple[str, ...]) -> dict[str, Any]:
    """Compare two texts; most files of a class, a gate or a test are the same as the one before."""
    return asdict(given.compare(ast.parse(kit), ast.parse(own), holes, yours))


def _copy(source: Path, target: Path) -> Path:
    """Copy a file or folder of the kit, and return the copy; a student may have deleted it at home."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_SKIP, copy_function=shutil.copyfile)
    elif source.is_file():
        shutil.copyfile(source, target)
    return target


def _compile(module: Path) -> None:
    """Compile a module of the kit: else every check's process would do so anew."""
    if module.is_file():
        compiled = (
            module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"
        )
        compiled.parent.mkdir(exist_ok=True)
        compiled.write_bytes(_compiled(module.read_bytes()))


@functools.lru_cache(maxsize=32)
def _compiled(source: bytes) -> bytes:
    """A module as Python keeps it; it is used for as long as the source beside it is this one."""
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder, "module.py"), Path(folder, "module.pyc")
        path.write_bytes(source)
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        py_compile.compile(str(path), str(target), doraise=True, optimize=0, invalidation_mode=mode)
        return target.read_bytes()


def _make_readable(tree: Path) -> None:
    """Open a tree to the user that checks run as, whatever the kit's own modes are."""
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
