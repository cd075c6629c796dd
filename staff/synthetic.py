"""A made-up class: solutions, stubs, variants, mistakes and attacks, as students upload them.

What each submission must earn is known, so that a run over a thousand of them proves that none is
lost and none is wrong.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from autograder.homework import Homework
from staff import catalog, hostile
from staff.stubs import masters

KINDS = ("solution", "stub", "variant", "mistake", "mistake", "mistake", "broken")
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
        alone: whether every other problem must earn all.
    """

    ident: str
    kind: str
    problem: str = ""
    slug: str = ""
    alone: bool = False

    def complaint(self, record: dict, homework: Homework) -> str:
        """What is wrong with its record; empty when nothing is."""
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
            rest = {ident for ident in code if ident != self.problem}
            lost = {ident for ident in rest if earned[ident] != code[ident]}
            return f"{self.slug} cost {lost}, too" if self.alone and lost else ""
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
        kind: catalog.entries(homework.name, kind, homework.root) for kind in ("variant", "mistake")
    }
    # An attack that needs a layer is left to the tests, which look whether it is there.
    attacks = [a for a in hostile.attacks(homework.name, homework.root) if not a.needs]
    inside = {a.entry.slug for a in attacks if not a.at_import}
    entries["attack"] = [a.entry for a in attacks]
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
                catalog.submission(entry, files, homework.root)
            elif kind == "solution":
                for master in masters(homework.root, homework.name):
                    shutil.copyfile(master, files / master.name)
            else:
                for name in homework.files:
                    shutil.copyfile(homework.folder / name, files / name)
            pack(files, folder / f"{ident}.zip", homework, draw.randrange(4))
        slug, problem = (entry.slug, entry.problem) if entry else ("", "")
        made.append(Made(ident, kind, problem, slug, alone=slug in inside))
    return made


def pack(files: Path, path: Path, homework: Homework, way: int) -> None:
    """Zip a folder's files to hand in: flat, in a folder, by Finder, or with line ends of Windows."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in homework.files:
            data = (files / name).read_bytes()
            prefix = "" if way == 0 else f"{homework.name}/"
            if way == 2:
                archive.writestr(f"__MACOSX/{prefix}._{name}", b"\0\5\x16\7")
                archive.writestr(f"{prefix}.DS_Store-{name}", b"x")
            if way == 3:
                data = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
            archive.writestr(prefix + name, data)
