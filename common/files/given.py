"""Find the parts of a file that the kit gives, and where a student's file differs from them.

Files are compared by their syntax trees, and never run. A part is a function (`merge`), a method
(`MANN.__init__`), an assigned name (`PIXELS`), or the head of a class (`MANN`): its bases,
decorators, and what is no method in it. Docstrings, comments and annotations do not count.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.homework import Homework

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)  # whose names are the module's


def parts(kit: ast.Module, holes: Collection[str], yours: Collection[str]) -> dict[str, ast.stmt]:
    """The parts that the kit gives, by name.

    Args:
        kit: the file as the kit has it.
        holes: the functions and methods that students fill in.
        yours: assigned names that are the students' to change.
    """
    found: dict[str, ast.stmt] = {}
    for node in kit.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            found |= dict.fromkeys(assigned_names(node), node)
        if isinstance(node, Function | ast.ClassDef):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{one.name}": one for one in methods(node)}
    return {name: node for name, node in found.items() if name not in (*holes, *yours)}


def differing(
    kit: ast.Module, own: ast.Module, holes: Collection[str], yours: Collection[str]
) -> list[str]:
    """The names of the given parts that a student's file lacks or changes; the last one counts."""
    theirs = dict(bindings(own.body))
    return [
        name
        for name, node in parts(kit, holes, yours).items()
        if name not in theirs or not _is_same(theirs[name], node, holes)
    ]


def _is_same(own: ast.stmt, kit: ast.stmt, holes: Collection[str]) -> bool:
    """Whether a part is the kit's; one that is nested too deeply to be written out is not."""
    try:
        return form(own, holes) == form(kit)
    except RecursionError:
        return False


@dataclass(frozen=True)
class Comparison:
    """How a student's file differs from the kit's.

    Attributes:
        given: names of the parts that the kit gives.
        differing: those that the student's file lacks or changes.
        imports: names that the kit's file imports and given parts use.
        lines: where the student's file defines the holes.
    """

    given: list[str]
    differing: list[str]
    imports: list[str]
    lines: dict[str, int]


def compare(
    kit: ast.Module, own: ast.Module, holes: Collection[str], yours: Collection[str]
) -> Comparison:
    """Compare a student's file with the kit's; arguments as in `parts`."""
    found = parts(kit, holes, yours)
    nodes = (one for part in found.values() for one in running(part))
    used = {one.id for one in nodes if isinstance(one, ast.Name)}
    imports = [node for node in kit.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return Comparison(
        list(found),
        differing(kit, own, holes, yours),
        [name for node in imports for name in assigned_names(node) if name in used],
        {name: node.lineno for name, node in bindings(own.body) if name in holes},
    )


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree but those of annotations, which are never run."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns"):
                inside = value if isinstance(value, list) else [value]
                waiting += [one for one in inside if isinstance(one, ast.AST)]


def bindings(body: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """(name, statement) of everything that is bound, in order; in a class as `Class.method`.

    Args:
        owner: the class that the body is of.
    """
    inside = f"{owner}." if owner else ""
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            yield inside + node.name, node
            if isinstance(node, ast.ClassDef) and not owner:
                yield from bindings(node.body, node.name)
        elif isinstance(node, BLOCKS):
            for block in blocks(node):
                yield from bindings(block, owner)
        else:
            yield from ((inside + name, node) for name in assigned_names(node))


def definitions(body: list[ast.stmt], name: str, owner: str = "") -> int:
    """Count the statements that define a name one after the other; the branches of one count as one."""
    total = 0
    for node in body:
        if isinstance(node, ast.ClassDef) and not owner and name.startswith(f"{node.name}."):
            total += definitions(node.body, name, node.name)
        else:
            total += any(bound == name for bound, _ in bindings([node], owner))
    return total


def blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    """The lists of statements inside a compound statement."""
    inner = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
    return inner + [handler.body for handler in getattr(node, "handlers", [])]


def assigned_names(node: ast.stmt) -> list[str]:
    """The names that a statement binds or changes; an attribute as `MANN.forward`."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(one.asname or one.name).split(".")[0] for one in node.names]
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    parts = [
        part
        for target in targets
        if isinstance(target, ast.expr)
        for part in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])
    ]
    return [_dotted(part) for part in parts if isinstance(part, ast.Name | ast.Attribute)]


def _dotted(node: ast.expr) -> str:
    """`MANN.forward` as it is written."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    first = node.id if isinstance(node, ast.Name) else "(…)"
    return ".".join([first, *reversed(names)])


def methods(node: ast.ClassDef) -> list[Function]:
    """The functions of a class."""
    return [one for one in node.body if isinstance(one, Function)]


def form(node: ast.stmt, holes: Collection[str] = ()) -> str:
    """Return the part that is compared: the tree without docstrings and annotations; of a class, its head.

    Args:
        holes: what defines these in the body of a class is no part of its head.
    """
    if isinstance(node, ast.AnnAssign):
        return f"{ast.unparse(node.target)} = {node.value and ast.unparse(node.value)}"
    if isinstance(node, ast.Assign):
        return ast.unparse(node)
    if isinstance(node, ast.ClassDef):
        rest = [one for one in node.body if not isinstance(one, Function) and not is_text(one)]
        rest = [
            one
            for one in rest
            if not isinstance(one, ast.Pass) and not _defines_only(one, node.name, holes)
        ]
        head = [*node.bases, *node.keywords, *node.decorator_list, *rest]
        return f"class {node.name} {[ast.dump(one) for one in head]}"
    if isinstance(node, Function):
        body = node.body[1:] if is_text(node.body[0]) else node.body
        shown = [_without_annotations(node.args), *node.decorator_list, *body]
        return f"{type(node).__name__} {node.name} {[ast.dump(one) for one in shown]}"
    return ast.dump(node)


def _defines_only(node: ast.stmt, owner: str, holes: Collection[str]) -> bool:
    """Whether a statement of a class binds names, and no others than these."""
    names = {name for name, _ in bindings([node], owner)}
    return bool(names) and names <= set(holes)


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a string, as docstrings are."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def _without_annotations(parameters: ast.arguments) -> ast.arguments:
    plain = copy.deepcopy(parameters)
    for one in ast.walk(plain):
        if isinstance(one, ast.arg):
            one.annotation = None
    return plain


def holes_of(homework: Homework, file: str) -> list[str]:
    """The functions and methods of a file that students fill in."""
    found = (problem.hole.partition(":") for problem in homework.problems if problem.hole)
    return [name for where, _, name in found if where == file]
