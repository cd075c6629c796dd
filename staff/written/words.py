"""What students call runs and figures: `[words.…]` of staff/writeup/hwN.toml.

A group holds names that exclude one another (runs; figures; numbers of examples). Each maps a piece
of an address to what people write for it, and a fact fits a text when each group that the text
mentions has a name in the fact's address.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property

from common.homework import Homework
from staff.written.facts import Fact

RUNS = "run"  # the group whose names are compared with each other


@dataclass(frozen=True)
class Mention:
    """A name found in a text: its group, the piece of an address that it stands for, and where."""

    group: str
    piece: str
    start: int
    end: int


@dataclass(frozen=True)
class Words:
    """The names of one homework.

    Attributes:
        groups: group → piece of an address → what people write for it.
        main: the piece of an address that decides which run is better, if none is named.
    """

    groups: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    main: str = ""

    @cached_property
    def _forms(self) -> list[tuple[re.Pattern[str], str, str]]:
        forms = [
            (form, group, piece)
            for group, names in self.groups.items()
            for piece, written in names.items()
            for form in written
        ]
        forms.sort(key=lambda form: -len(form[0]))
        return [(_pattern(form), group, piece) for form, group, piece in forms]

    def with_runs(self, names: Iterable[str]) -> Words:
        """These words and the names of runs that students chose themselves."""
        runs = dict(self.groups.get(RUNS, {}))
        for name in sorted(set(names)):
            if not any(name == piece or name in forms for piece, forms in runs.items()):
                runs[name] = [name]
        return Words({**self.groups, RUNS: runs}, self.main)

    def mentions(self, text: str) -> list[Mention]:
        """The names in a text, in order; the longest wins where two overlap."""
        taken = bytearray(len(text))
        found = []
        for pattern, group, piece in self._forms:
            for match in pattern.finditer(text):
                if not any(taken[match.start() : match.end()]):
                    taken[match.start() : match.end()] = b"\1" * len(match[0])
                    found.append(Mention(group, piece, match.start(), match.end()))
        return sorted(found, key=lambda one: one.start)

    def fits(self, fact: Fact, mentioned: Iterable[Mention]) -> bool:
        """Whether each group that is mentioned has a name in the fact's address."""
        wanted: dict[str, list[str]] = {}
        for one in mentioned:
            wanted.setdefault(one.group, []).append(one.piece)
        return all(
            any(piece_in(piece, fact.address) for piece in pieces) for pieces in wanted.values()
        )


def piece_in(piece: str, address: str) -> bool:
    """Whether a piece, whole between slashes, is in an address; `*` stands for anything."""
    return _piece(piece).search(f"/{address}/") is not None


def load(homework: Homework) -> Words:
    """Read the words; none where the homework has none."""
    path = homework.root / "staff" / "writeup" / f"{homework.name}.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("words", {})
    groups = {name: group for name, group in table.items() if isinstance(group, dict)}
    return Words(groups, table.get("main", ""))


@cache
def _piece(piece: str) -> re.Pattern[str]:
    return re.compile("/" + re.escape(piece).replace(r"\*", "[^/]*") + "/")


def _pattern(form: str) -> re.Pattern[str]:
    """A form as it may be typed: any blanks or hyphens between its words, in any case."""
    inside = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", form))
    return re.compile(rf"(?<![\w.]){inside}(?![\w]|\.\d)", re.IGNORECASE)
