"""Two mistakes in one hole: both changes of the solution's text, laid onto it at once.

Each version of a hole is compared with the solution token by token. Where the two change different
places, both changes can be made; where they meet, no pair is possible.
"""

from __future__ import annotations

import ast
import difflib
import re
import textwrap

_TOKENS = re.compile(r"\n *|\w+|[^\w\s]| +")

Edit = tuple[int, int, list[str]]  # tokens from … to … of the solution become these


def merge_changes(solution: str, one: str, other: str) -> str | None:
    """The solution's body with both changes; None where they meet or make no program.

    Args:
        solution, one, other: bodies of one hole, without indentation.
    """
    base, *versions = (_tokens(body) for body in (solution, one, other))
    first, second = (_edits(base, version) for version in versions)
    if not first or not second or any(_meet(a, b) for a in first for b in second):
        return None
    for start, end, tokens in sorted(first + second, reverse=True):
        base[start:end] = tokens
    text = "".join(base)
    return text if _is_a_body(text) else None


def _tokens(body: str) -> list[str]:
    """The tokens of a body, written in one style, without its comments."""
    return _TOKENS.findall("\n".join(ast.unparse(node) for node in _statements(body)))


def _statements(body: str) -> list[ast.stmt]:
    (function,) = ast.parse("def hole():\n" + textwrap.indent(body, "    ")).body
    assert isinstance(function, ast.FunctionDef)
    return function.body


def _edits(base: list[str], version: list[str]) -> list[Edit]:
    matcher = difflib.SequenceMatcher(None, base, version, autojunk=False)
    return [
        (start, end, version[other_start:other_end])
        for kind, start, end, other_start, other_end in matcher.get_opcodes()
        if kind != "equal"
    ]


def _meet(one: Edit, other: Edit) -> bool:
    """Whether two edits touch one place."""
    return one[0] <= other[1] and other[0] <= one[1]


def _is_a_body(text: str) -> bool:
    try:
        return bool(_statements(text))
    except SyntaxError:
        return False
