"""A made-up class: solutions, stubs, variants, mistakes and attacks, as students upload them.

What each submission must earn is known, so that a run over a thousand of them proves that none is
lost and none is wrong.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from common.homework import Homework
from staff.authoring import catalogue, hostile
from staff.authoring.stubs import copy_solutions, holes, masters

KINDS = ("solution", "stub", "variant", "mistake", "mistake", "mistake", "broken")
WAYS = FLAT, FOLDER, FINDER, WINDOWS = range(4)  # to pack: WINDOWS has that system's line ends
HOSTILE = 20  # every so many is an attack instead: far more than in any class
BROKEN = {
    "cut off": b"PK\x03\x04 and no more",
    "empty": b"",
    "of another kind": b"Rar!\x1a\x07\x00",
}


@dataclass(frozen=True)
class Made:
    """One made-up submission and what it must earn.

    Attributes:
        kind: solution, stub, variant, mistake, attack or broken (no zip that can be read).
        problem: of a mistake or attack, the problem that it costs.
        may_cost: of an attack, the other problems that need not earn all.
    """

    ident: str
    kind: str
    problem: str = ""
    slug: str = ""
    may_cost: frozenset[str] = frozenset()

    def complaint(self, record: dict, homework: Homework) -> str:
        """Return the fault of its record; empty for none."""
        code = {p.id: p.points for p in homework.problems if p.kind == "code"}
        earned = {ident: record["problems"].get(ident, 0) for ident in code}
        if self.kind == "broken":
            return "" if record["status"] == "refused" else f"is {record['status']}, not refused"
        if record["status"] != "graded":
            return f"is {record['status']}: {record['reason']}"
        if self.kind in ("solution", "variant"):
            return "" if earned == code else f"earned {earned} of {code}"
        if self.kind == "stub":
            return "" if record["score"] == 0 else f"a stub earned {record['score']}"
        if self.kind == "attack":
            if earned[self.problem]:
                return f"{self.slug} earned {earned[self.problem]}"
            lost = {ident for ident in code if earned[ident] != code[ident]}
            lost -= {self.problem, *self.may_cost}
            return f"{self.slug} cost {lost}, too" if lost else ""
        passed = all(
            c["status"] == "passed" for c in record["checks"] if c["problem"] == self.problem
        )
        return f"{self.slug} cost nothing on {self.problem}" if passed else ""


def make(folder: Path, homework: Homework, count: int, seed: int = 0) -> list[Made]:
    """Write a class into a folder; what each must earn.

    Args:
        count: how many.
        seed: which of the catalogue are drawn, and how they are packed.
    """
    draw = random.Random(seed)
    entries = {
        kind: catalogue.entries(homework.name, kind, homework.root)
        for kind in ("variant", "mistake")
    }
    # An attack that needs a layer is left to the tests, which look whether it is there.
    attacks = [a for a in hostile.attacks(homework.name, homework.root) if not a.needs]
    at_import = {a.entry.slug for a in attacks if a.at_import}
    entries["attack"] = [a.entry for a in attacks]
    called_by, everything = _callers(homework), frozenset(p.id for p in homework.problems)
    made = []
    for number in range(count):
        hostile_one = attacks and number % HOSTILE == HOSTILE - 1
        kind = "attack" if hostile_one else KINDS[number % len(KINDS)]
        ident = f"student{number:05d}"
        if kind == "broken":
            data = draw.choice(list(BROKEN.values()))
            (folder / f"{ident}.zip").write_bytes(data)
            made.append(Made(ident, kind))
            continue
        with tempfile.TemporaryDirectory() as work:
            files = Path(work)
            entry = draw.choice(entries[kind]) if kind in entries else None
            if entry is not None:
                catalogue.submission(entry, files, homework.root)
            elif kind == "solution":
                copy_solutions(homework.root, homework.name, files)
            else:
                for name in homework.files:
                    shutil.copyfile(homework.folder / name, files / name)
            pack(files, folder / f"{ident}.zip", homework, draw.randrange(len(WAYS)))
        slug, problem = (entry.slug, entry.problem) if entry else ("", "")
        may_cost = everything if slug in at_import else called_by.get(problem, frozenset())
        made.append(Made(ident, kind, problem, slug, may_cost))
    return made


def _callers(homework: Homework) -> dict[str, frozenset[str]]:
    """Problem → the problems whose solutions call its function: what happens there costs them too."""
    names, bodies = {}, {}
    for master in masters(homework.root, homework.name):
        source = master.read_text(encoding="utf-8")
        for hole in holes(source, master.name):
            names[hole.problem] = hole.name.rpartition(".")[2]
            bodies[hole.problem] = "\n".join(source.splitlines()[hole.first : hole.last])
    return {
        called: frozenset(
            problem
            for problem, body in bodies.items()
            if problem != called and re.search(rf"\b{name}\(", body)
        )
        for called, name in names.items()
    }


def pack(files: Path, path: Path, homework: Homework, way: int) -> None:
    """Zip a folder's files to hand in.

    Args:
        way: one of `WAYS`.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in homework.files:
            data = (files / name).read_bytes()
            prefix = "" if way == FLAT else f"{homework.name}/"
            if way == FINDER:
                archive.writestr(f"__MACOSX/{prefix}._{name}", b"\0\5\x16\7")
            if way == WINDOWS:
                data = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
            archive.writestr(prefix + name, data)
        if way == FINDER:
            archive.writestr(f"{homework.name}/.DS_Store", b"x")
