"""`python -m staff similarity FOLDER --hw hw1`: pairs of submissions that share code of their own.

Winnowed fingerprints (Schleimer et al. 2003, as in MOSS) by the copydetect package: names and
layout do not count, and what the kit gives is taken out first. A number says where to look, never
what happened: short holes have few right ways, so a person compares the files.
"""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from staff import command
from staff.grading import submissions, unpack

EPILOG = """
example:
  python -m staff similarity submissions --hw hw1 --corpus 2024 2025
"""
NOISE, GUARANTEE = 12, 18  # tokens: shorter matches are noise, matches this long are found


@dataclass(frozen=True)
class Pair:
    """Two files of two people: the share of each one's own code that the other holds too."""

    file: str
    one: str
    other: str
    shares: tuple[float, float]
    tokens: int


def main(argv: list[str]) -> int:
    """Write the table of pairs; the exit code."""
    options = command.parser("similarity", __doc__.split("\n\n")[1], EPILOG)
    add = options.add_argument
    add("folder", type=Path)
    add("--hw", required=True, metavar="hwN")
    add("--corpus", type=Path, nargs="*", default=[], metavar="DIR",
        help="folders of earlier years' and public work: compared with, not among themselves")  # fmt: skip
    add("--least", type=float, default=0.5, help="smallest share to list (0.5)")
    add("-o", "--output", type=Path, metavar="FILE", help="FOLDER-similarity-hwN.csv")
    chosen = options.parse_args(argv)
    homework = homeworks.load(chosen.hw)
    found = pairs(chosen.folder, homework, chosen.corpus, chosen.least)
    output = chosen.output or chosen.folder.with_name(
        f"{chosen.folder.name}-similarity-{homework.name}.csv"
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "one", "other", "share_of_one", "share_of_other", "tokens"])
    for pair in found:
        shares = [f"{share:.2f}" for share in pair.shares]
        writer.writerow([pair.file, pair.one, pair.other, *shares, pair.tokens])
    write_text(output, text.getvalue())
    print(f"{output}: {len(found)} pairs to look at")
    return 0


def pairs(folder: Path, homework: Homework, corpus: list[Path], least: float) -> list[Pair]:
    """Pairs of files that share at least so much, the most alike first.

    Raises:
        KitError: when copydetect is not installed.
    """
    try:
        import copydetect
    except ImportError:
        raise KitError("this needs copydetect: pip install -r staff/requirements.txt") from None
    found = []
    with tempfile.TemporaryDirectory(prefix="similarity-") as work:
        class_ = _files(folder, homework, Path(work) / "class")
        others = [
            (f"{place.name}/{name}", files)
            for number, place in enumerate(corpus)
            for name, files in _files(place, homework, Path(work) / f"corpus{number}")
        ]
        for file in homework.files:
            given = copydetect.CodeFingerprint(
                str(homework.folder / file), NOISE, GUARANTEE - NOISE + 1, filter=True
            )
            prints = {}
            for name, files in class_ + others:
                path = files / file
                if path.is_file():
                    prints[name] = copydetect.CodeFingerprint(
                        str(path), NOISE, GUARANTEE - NOISE + 1, list(given.hashes), filter=True
                    )
            mine = [name for name, _ in class_ if name in prints]
            public = [name for name, _ in others if name in prints]
            for one, other in (*itertools.combinations(mine, 2), *itertools.product(mine, public)):
                tokens, shares, _ = copydetect.compare_files(prints[one], prints[other])
                if max(shares) >= least:
                    shares = (round(float(shares[0]), 4), round(float(shares[1]), 4))
                    found.append(Pair(file, one, other, shares, int(tokens)))
    return sorted(found, key=lambda pair: (-max(pair.shares), pair.file, pair.one, pair.other))


def _files(folder: Path, homework: Homework, work: Path) -> list[tuple[str, Path]]:
    """Every submission of a folder that can be taken in, unpacked."""
    taken = []
    for order in submissions.find(folder, homework, None):
        target = work / order.ident
        target.mkdir(parents=True)
        try:
            unpack.accept(Path(order.source), target, homework)
        except unpack.Refused:
            continue
        taken.append((order.ident, target))
    return taken
