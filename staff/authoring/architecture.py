"""Which room imports which: checked, and drawn for ARCHITECTURE.md by `python -m staff architecture`."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

from common import homework as homeworks
from common.files import write_text

PAGE = "ARCHITECTURE.md"
FIGURES = Path("staff", "authoring", "figures")
BEGIN, END = "<!-- the picture: python -m staff architecture -->\n", "<!-- end of the picture -->\n"

# From the top of the house to its cellar; an import may only go down.
ROOMS = {
    "staff": "commands",
    "staff/release": "the students' archive and repository",
    "staff/gate": "the grader, graded",
    "staff/written": "answers that people grade",
    "staff/grading": "a class, and what it gets back",
    "staff/course": "policy, roster, gradebook",
    "staff/authoring": "what a homework is made with",
    "staff/command.py": "how commands read their options",
    "autograder/checks": "what is asked of a homework",
    "autograder": "commands and engine",
    "autograder/report": "one record, many renderings",
    "autograder/judge": "what makes a verdict",
    "autograder/run": "the line to the student's code",
    "hwN": "what students read, write and run",
    "common/report": "the written half",
    "common/compare": "one problem, five answers",
    "common/diagnose": "find the bug in this curve",
    "common/experiments": "what is to be trained",
    "common/training": "the loop, and the run's folder",
    "common/networks": "networks that are given",
    "common/statistics": "figures of merit, intervals",
    "common/data": "data sets",
    "common/pages": "what pages are made of",
    "common": "the table, errors, files, options",
}
# What a wing may import besides itself: a package, or single modules of it.
MAY_IMPORT = {
    "common": (),
    "hwN": ("common",),
    "autograder": tuple(f"common.{name}" for name in ("homework", "kit", "errors", "files", "interrupts", "options", "pages", "training.receipts", "training.state")),
    "staff": ("autograder", "common"),
}  # fmt: skip
STAND_INS = (
    "solutions",
    "mistakes",
    "variants",
    "attacks",
)  # files of a homework, kept by the staff


def room_of(path: Path) -> str:
    """The room of a file, by its path from the root."""
    top, *rest = path.parts
    if top.startswith("hw"):
        return "hwN"
    inner = f"{top}/{rest[0]}"
    return inner if inner in ROOMS else top


def files(root: Path) -> Iterator[Path]:
    """Python files of the house, by their paths from the root."""
    tops = [folder for folder in ("staff", "autograder", "common") if (root / folder).is_dir()]
    tops += homeworks.names(root)
    for top in sorted(tops):
        for path in sorted((root / top).rglob("*.py")):
            relative = path.relative_to(root)
            if not (top == "staff" and relative.parts[1] in STAND_INS):
                yield relative


def arrows(root: Path) -> dict[tuple[str, str], list[str]]:
    """(room, room) → the imports that go from one to the other, as "file imports module"."""
    imports: dict[tuple[str, str], list[str]] = {}
    for path in files(root):
        tree = ast.parse((root / path).read_text(encoding="utf-8"))
        for module in _imports(tree):
            target = _file_of(module, root)
            if target is not None and room_of(target) != room_of(path):
                way = (room_of(path), room_of(target))
                imports.setdefault(way, []).append(f"{path.as_posix()} imports {module}")
    return imports


def circle(root: Path) -> list[str]:
    """Files that import one another in a circle, the first one again at its end; [] for none."""
    graph = {}
    for path in files(root):
        modules = _imports(ast.parse((root / path).read_text(encoding="utf-8")))
        graph[path] = {_file_of(module, root) for module in modules} - {None, path}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [path.as_posix() for path in error.args[1]]
    return []


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file_of(module: str, root: Path) -> Path | None:
    """The file that an import loads, when it is ours: of the module, or of the name's module."""
    parts = module.split(".")
    for steps in (parts, parts[:-1]):
        for path in (Path(*steps).with_suffix(".py"), Path(*steps, "__init__.py")) if steps else ():
            if (root / path).is_file():
                return path
    return None


def wrong(root: Path) -> list[str]:
    """Imports that go up, or reach what their wing may not know."""
    order = list(ROOMS)
    faults = [
        told
        for (start, end), imports in arrows(root).items()
        if order.index(start) > order.index(end)
        for told in imports
    ]
    for path in files(root):
        tree = ast.parse((root / path).read_text(encoding="utf-8"))
        for module in _imports(tree):
            if _file_of(module, root) is not None and not _may_know(path, module):
                faults.append(f"{path.as_posix()} imports {module}")
    return list(dict.fromkeys(faults))


def _may_know(path: Path, module: str) -> bool:
    top = path.parts[0]
    wing = "hwN" if top not in MAY_IMPORT else top
    allowed = [top, *MAY_IMPORT[wing]]
    if path.parent == FIGURES:
        allowed.append(path.stem)  # its handout shows data that its own code makes
    return any(f"{module}.".startswith(f"{name}.") for name in allowed)


def picture(root: Path) -> str:
    """The picture, as a Mermaid graph that code hosts draw."""
    lines = ["```mermaid", "graph TD"]
    lines += [f'  {_name(room)}["<b>{room}</b><br>{what}"]' for room, what in ROOMS.items()]
    order = list(ROOMS)
    ways = sorted(arrows(root), key=lambda way: tuple(map(order.index, way)))
    lines += [f"  {_name(start)} --> {_name(end)}" for start, end in ways]
    lines.append("  autograder_run -. another process .-> hwN")
    return "\n".join([*lines, "```", ""])


def _name(room: str) -> str:
    return room.removesuffix(".py").replace("/", "_")


def redraw(root: Path) -> bool:
    """Put the picture into the page; whether it had changed."""
    page = root / PAGE
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    old, after = rest.split(END)
    write_text(page, before + BEGIN + picture(root) + END + after)
    return old != picture(root)
