"""Stubs from solutions: a marked body becomes a TODO and one exception, both naming the hole.

The master of `hwN/<file>` is `staff/solutions/hwN/<file>`, where the body of a hole stands between
`### BEGIN SOLUTION <id> (<length>): <what>` and `### END SOLUTION`. A hole is the whole body of one
function, after its docstring.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from staff.authoring import canary

BEGIN = re.compile(r"^(\s*)### BEGIN SOLUTION (\S+) \(([^)]*)\): (.+)$")
END = re.compile(r"^\s*### END SOLUTION\s*$")
GIVEN_FILES = "given.txt"  # beside the record of the stubs
PAGES = re.compile(r"\..*|__pycache__|figures|.*\.md|homework\.toml|diagnosis\.toml")  # of people
MARK = re.compile(r"#+\s*(BEGIN|END)\s+SOLUTION", re.IGNORECASE)


class MarkError(KitError):
    """A mark that is unclosed, nested, an orphan, or not around one whole body."""


@dataclass(frozen=True)
class Hole:
    """One marked body: lines are counted from 0, the marks included."""

    problem: str
    length: str
    what: str
    name: str  # "MANN.forward"
    first: int
    last: int
    indent: str
    defined: int  # the line of its `def`


def holes(source: str, file: str = "") -> list[Hole]:
    """Find the marked bodies of a master.

    Raises:
        MarkError: with the file and line of the mark that is wrong.
    """
    lines = source.splitlines()
    functions = _functions(ast.parse(source))
    found, opened = [], None
    for number, line in enumerate(lines):
        begin, end = BEGIN.match(line), END.match(line)
        if MARK.search(line) and not begin and not end:
            raise MarkError(f"{file}:{number + 1}: a mark that is not well formed: {line.strip()}")
        if begin:
            if opened is not None:
                raise MarkError(
                    f"{file}:{number + 1}: a mark inside the one of line {opened[0] + 1}"
                )
            opened = number, begin
        elif end:
            if opened is None:
                raise MarkError(f"{file}:{number + 1}: an END without a BEGIN")
            found.append(_hole(opened, number, functions, file))
            opened = None
    if opened is not None:
        raise MarkError(f"{file}:{opened[0] + 1}: a BEGIN without an END")
    return found


def _functions(tree: ast.Module) -> list[tuple[str, ast.FunctionDef]]:
    """Qualified name and node of every function of a module and its classes."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.append((node.name, node))
        elif isinstance(node, ast.ClassDef):
            found += [
                (f"{node.name}.{part.name}", part)
                for part in node.body
                if isinstance(part, ast.FunctionDef)
            ]
    return found


def _hole(opened: tuple, last: int, functions: list, file: str) -> Hole:
    first, begin = opened
    for name, node in functions:
        if node.lineno - 1 < first and last <= node.end_lineno:
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            whole = body and body[0].lineno - 1 > first and body[-1].end_lineno - 1 < last
            if not whole:
                raise MarkError(f"{file}:{first + 1}: the marks do not hold the body of {name}")
            indent, problem, length, what = begin.groups()
            return Hole(problem, length, what, name, first, last, indent, node.lineno - 1)
    raise MarkError(f"{file}:{first + 1}: the marks are not inside one function")


def make_stub(source: str, homework: str, file: str = "", given: Iterable[str] = ()) -> str:
    """The students' form of a master.

    Args:
        given: problems whose body stays, since the course leaves them out and others build on it.
    """
    source = canary.without(source)
    lines = source.splitlines()
    for hole in reversed(holes(source, file)):
        if hole.problem in given:
            del lines[hole.last], lines[hole.first]
            continue
        lines[hole.first : hole.last + 1] = [
            f"{hole.indent}# TODO {hole.problem} ({hole.length}): {hole.what}",
            f'{hole.indent}raise NotImplementedError("{homework} {hole.problem}: {hole.name}")',
        ]
    return _mark_unused_imports("\n".join(lines) + "\n")


def _mark_unused_imports(stub: str) -> str:
    """Imports stay: a student needs them as the solution does. Only the linter is told so."""
    tree = ast.parse(stub)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    lines = stub.splitlines()
    for node in tree.body:
        if (
            isinstance(node, ast.Import | ast.ImportFrom)
            and getattr(node, "module", "") != "__future__"
        ):
            names = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            line = node.lineno - 1
            if not names <= used and "noqa" not in lines[line] and node.lineno == node.end_lineno:
                lines[line] += "  # noqa: F401"
    return "\n".join(lines) + "\n"


def masters(root: Path, homework: str) -> list[Path]:
    """The master files of a homework, in order."""
    return sorted((root / "staff" / "solutions" / homework).glob("*.py"))


def given_problems(root: Path, homework: str) -> set[str]:
    """Problems that are left out and have points for code: what others build on is then given."""
    return {one.id for one in homeworks.load(homework, root).dropped if one.kind == "code"}


def copy_solutions(root: Path, homework: str, folder: Path) -> None:
    """Put a homework's masters into a folder, as a submission holds them."""
    for master in masters(root, homework):
        shutil.copyfile(master, folder / master.name)


def out_of_step(root: Path, homework: str) -> dict[Path, str]:
    """The stubs, and the kit's record of them, that are not what their master gives → what they
    must hold."""
    kept = given_problems(root, homework)
    found: dict[Path, str] = {}
    for master in masters(root, homework):
        source, target = master.read_text(encoding="utf-8"), root / homework / master.name
        stub = make_stub(source, homework, str(master.relative_to(root)), kept)
        record = root / "autograder" / "checks" / homework / "stubs"
        wanted = {target: stub, record / f"{master.name}.txt": stub}
        found |= {path: text for path, text in wanted.items() if _differs(path, text)}
    names = "".join(f"{name}\n" for name in given_files(root, homework))
    path = root / "autograder" / "checks" / homework / "stubs" / GIVEN_FILES
    return found | ({path: names} if _differs(path, names) else {})


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text(encoding="utf-8") != text


def given_files(root: Path, homework: str) -> list[str]:
    """The files and folders of a homework that checks may need and nobody hands in."""
    own = {master.name for master in masters(root, homework)}
    listed = (path.name for path in (root / homework).iterdir())
    return sorted(name for name in listed if name not in own and not PAGES.fullmatch(name))


def write(root: Path, homework: str) -> list[Path]:
    """Write every stub of a homework; return the files that changed."""
    changed = out_of_step(root, homework)
    for target, stub in changed.items():
        target.parent.mkdir(exist_ok=True)
        target.write_text(stub, encoding="utf-8", newline="\n")
    return list(changed)
