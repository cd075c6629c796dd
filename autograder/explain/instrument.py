"""A student's file, made to tell of every expression in a hole what came out of it.

Each expression `x` becomes `__see__(hole, site, x)`, which notes the value and gives it back, so that
the code computes what it computed before. `watching.py` runs beside it and keeps the notes.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from autograder.explain.holes import Hole

SEE, CALLED = "__see__", "__called__"
LONGEST = 100  # characters of an expression that can be asked about
WATCHED = (ast.Call, ast.BinOp, ast.Subscript, ast.Attribute, ast.IfExp, ast.UnaryOp, ast.Name)


@dataclass(frozen=True)
class Site:
    """An expression of a hole: its number, its line, and as it was typed."""

    number: int
    line: int
    text: str
    is_name: bool


class _Wrap(ast.NodeTransformer):
    """Wraps the expressions of one function's statements."""

    def __init__(self, hole: Hole, first: int) -> None:
        self.hole, self.first = hole, first
        self.sites: list[Site] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.JoinedStr | ast.pattern | ast.arguments | ast.Constant):
            return node
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return node
        segment = self._segment(node)
        line = getattr(node, "lineno", 0)
        found = self._inside(node)
        if not isinstance(node, WATCHED) or segment is None:
            return found
        return self._noted(found, Site(self._next(), line, segment, isinstance(node, ast.Name)))

    def _inside(self, node: ast.AST) -> ast.AST:
        """The node with what lies in it wrapped; a function that is called is no value to look at."""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                node.func.value = self.visit(node.func.value)  # type: ignore[assignment]
            node.args = [self.visit(one) for one in node.args]  # type: ignore[misc]
            for keyword in node.keywords:
                keyword.value = self.visit(keyword.value)  # type: ignore[assignment]
            return node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [self.visit(one) for one in node.body]  # type: ignore[misc]
            return node
        if isinstance(node, ast.AnnAssign):
            node.value = node.value and self.visit(node.value)  # type: ignore[assignment]
            return node
        return self.generic_visit(node)

    def _segment(self, node: ast.AST) -> str | None:
        if not isinstance(node, WATCHED) or isinstance(
            getattr(node, "operand", None), ast.Constant
        ):
            return None
        text = " ".join((ast.get_source_segment(self.hole.source, node) or "").split())
        return text if 0 < len(text) <= LONGEST else None

    def _next(self) -> int:
        return self.first + len(self.sites)

    def _noted(self, node: ast.AST, site: Site) -> ast.AST:
        self.sites.append(site)
        where = [ast.Constant(self.hole.problem), ast.Constant(site.number), node]
        return ast.Call(ast.Name(SEE, ast.Load()), where, [])  # type: ignore[arg-type]


def instrument(source: str, holes: list[Hole]) -> tuple[str, dict[str, list[Site]]]:
    """Make a file tell what happens in some of its holes.

    Returns:
        The new source, and the sites of each problem.
    """
    tree = ast.parse(source)
    sites: dict[str, list[Site]] = {}
    for hole in holes:
        node = _same(tree, hole)
        wrap = _Wrap(hole, sum(map(len, sites.values())))
        rest = node.body[len(node.body) - len(hole.body) :]
        given = node.body[: len(node.body) - len(hole.body)]
        node.body = [*given, _entry(hole), *(wrap.visit(one) for one in rest)]  # type: ignore[list-item]
        sites[hole.problem] = wrap.sites
    return ast.unparse(ast.fix_missing_locations(tree)), sites


def _same(tree: ast.Module, hole: Hole) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """The hole's node in another tree of the same source."""
    return next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.lineno, node.name) == (hole.node.lineno, hole.node.name)
    )


def _entry(hole: Hole) -> ast.stmt:
    """A statement that tells of a call and its arguments."""
    names = ", ".join(f"{name!r}: {name}" for name in hole.parameters)
    return ast.parse(f"{CALLED}({hole.problem!r}, {hole.name!r}, {{{names}}})").body[0]
