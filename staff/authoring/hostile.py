"""Hostile submissions: each cheats or breaks in one way, earns nothing by it and harms nothing.

`staff/attacks/hwN/<class>.py` hold functions with the signature of a hole, marked `@attack`. The
body replaces the hole, or is put at the top of the file and runs when it is imported. The files are
read with `ast`; nothing in them is ever run outside the sandbox.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common.homework import ROOT
from staff.authoring.catalogue import CatalogError, Entry
from staff.authoring.catalogue import submission as spliced

STOLEN = "STOLEN"  # what an attack raises when it has read what it must not
LEFT = "attack-left"  # in the name of every file, process and socket that an attack leaves behind
_JUNK = "return labels * 0.0"


def attack(
    problem: str,
    *,
    told: str,
    at_import: bool = False,
    limit: float = 0,
    needs: tuple[str, ...] = (),
    honest: tuple[str, ...] = (),
) -> Callable:
    """Mark an attack on a problem's hole.

    Args:
        told: a regular expression that some message of the problem's rows must match.
        at_import: the body runs when the file is imported, and so before every other check.
        limit: the time limit of its checks, where it is one that would use up all of a longer one.
        needs: layers of the sandbox without which the attack is not tried, for the machine's sake.
        honest: functions of the hole's checks that look at what the attack does rightly.
    """
    return lambda function: function


@dataclass(frozen=True)
class Attack:
    """One attack; `entry` is its place in the kit."""

    entry: Entry
    told: str
    at_import: bool = False
    limit: float = 0
    needs: tuple[str, ...] = ()
    honest: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.entry.homework}-{self.entry.problem}-{self.entry.slug}"


def attacks(homework: str, root: Path = ROOT) -> list[Attack]:
    """Return all attacks on a homework, in the order of their files.

    Raises:
        CatalogError: when one has no docstring, attacks no hole, or shares its name.
    """
    holes = {p.id: p.hole for p in homeworks.load(homework, root).problems if p.hole}
    found: dict[str, Attack] = {}
    for path in sorted((root / "staff" / "attacks" / homework).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            one = _read(node, source.splitlines(), homework, holes)
            if node.name in found:
                raise CatalogError(f"{homework}: two attacks are called {node.name}")
            found[node.name] = one
    return list(found.values())


def _read(node: ast.FunctionDef, lines: list[str], homework: str, holes: dict[str, str]) -> Attack:
    (mark,) = node.decorator_list
    if not isinstance(mark, ast.Call):
        raise CatalogError(f"the attack {node.name} is not marked with a problem")
    problem = ast.literal_eval(mark.args[0])
    options = {word.arg: ast.literal_eval(word.value) for word in mark.keywords if word.arg}
    text = ast.get_docstring(node)
    if not text or problem not in holes:
        raise CatalogError(f"the attack {node.name} has no docstring, or {problem} is no hole")
    body = textwrap.dedent("\n".join(lines[node.body[0].end_lineno : node.end_lineno]))
    head = ""
    if options.get("at_import"):
        head, body = body, _JUNK
    file = holes[problem].partition(":")[0]
    return Attack(Entry("attack", homework, problem, node.name, text, file, body, head), **options)


def submission(one: Attack, target: Path, root: Path = ROOT) -> Path:
    """The solutions with the attack in place of one hole; a folder to grade."""
    return spliced(one.entry, target, root)
