"""Pairs of submissions that share code of their own.

Winnowed fingerprints (Schleimer et al. 2003, as in MOSS) by the copydetect package: names and
layout do not count. Left out are the kit's code, code that every right answer of the catalogue has,
and code that more than a fifth of the class has.
"""

from __future__ import annotations

import io
import itertools
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import KitError
from common.homework import Homework
from staff.authoring import canary, catalogue
from staff.course.roster import same
from staff.grading import submissions, unpack

if TYPE_CHECKING:  # an optional dependency, and slow to load
    import copydetect

NOISE, GUARANTEE = 12, 18  # tokens: shorter matches are noise, matches this long are found
COMMON_SHARE, COMMON_FROM = 0.2, 10  # of a class of at least that many
FEWEST_PAIRS, FALLBACK = 20, 0.5  # a threshold from fewer pairs would be chance
LOWEST = 0.3


@dataclass(frozen=True)
class Pair:
    """Two files of two people: the share of each one's own code that the other holds too.

    Attributes:
        declared: whether one of them names the other as a collaborator.
        matches: of each file, the character ranges that both share: [2, matches].
    """

    file: str
    one: str
    other: str
    shares: tuple[float, float]
    tokens: int
    declared: bool = False
    matches: tuple = field(default=(), compare=False, repr=False)
    texts: tuple[str, str] = field(default=("", ""), compare=False, repr=False)


@dataclass(eq=False)  # told from others by being another, whatever its manifest holds
class Author:
    """One submission: its name, where its files lie, and what its manifest says."""

    name: str
    folder: Path
    manifest: dict
    public: bool = False  # of the corpus: compared with the class, not within itself


@dataclass
class Found:
    """Every pair above its file's threshold, the thresholds, and what else is to be looked at.

    Attributes:
        unsigned: those who did not sign the statement.
        copied: submission and file that hold a canary of the staff's solutions.
        unread: submissions that could not be compared, and why.
        signed: submission → the name with which the statement was signed.
    """

    pairs: list[Pair]
    thresholds: dict[str, str]
    unsigned: list[str]
    copied: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    signed: dict[str, str] = field(default_factory=dict)


def find(folder: Path, homework: Homework, corpus: list[Path], least: float | None = None) -> Found:
    """Pairs of files that share more than honest pairs do, the most alike first.

    Raises:
        KitError: when copydetect is not installed.
    """
    try:
        import copydetect  # noqa: F401
    except ImportError:
        raise KitError("this needs copydetect: pip install -r staff/requirements.txt") from None
    found = Found([], {}, [])
    with tempfile.TemporaryDirectory(prefix="similarity-") as work:
        authors, found.unread = _authors(folder, homework, Path(work) / "class")
        found.signed = {one.name: one.manifest.get("name") or "" for one in authors}
        found.copied = list(copies(authors, canary.known_canaries(homework.root)))
        found.unsigned = [one.name for one in authors if one.manifest.get("signed") is not True]
        for number, place in enumerate(corpus):
            older, unread = _authors(place, homework, Path(work) / f"corpus{number}", public=True)
            authors += older
            found.unread += unread
        for file in homework.files:
            left_out = right_answers_share(homework, file, Path(work) / f"right-{file}")
            pairs = _pairs(authors, file, left_out)
            limit, found.thresholds[file] = threshold(pairs, least)
            found.pairs += [pair for pair in pairs if max(pair.shares) >= limit]
    found.pairs.sort(key=lambda pair: (-max(pair.shares), pair.file, pair.one, pair.other))
    return found


def copies(authors: list[Author], canaries: list[str]) -> Iterator[str]:
    """Yield who handed in a file with a canary of the staff's."""
    for author in authors:
        for path in sorted(author.folder.rglob("*")):
            if path.suffix not in (".py", ".md", ".toml") or not path.is_file():
                continue
            if canary.find_canaries(path.read_text(encoding="utf-8", errors="replace"), canaries):
                yield f"{author.name}: {path.relative_to(author.folder)}"


def threshold(pairs: list[Pair], least: float | None) -> tuple[float, str]:
    """The share from which a pair is listed, and where it comes from, in words.

    Nearly all pairs of a class are honest, so their own spread says what is unusual.
    """
    if least is not None:
        return least, f"{len(pairs)} pairs, listed from {least:g} on (--least)"
    if len(pairs) < FEWEST_PAIRS:
        return FALLBACK, f"{len(pairs)} pairs are too few to say what is usual; {FALLBACK:g} taken"
    low, middle, high = statistics.quantiles([max(pair.shares) for pair in pairs], n=4)
    limit = min(1.0, max(LOWEST, high + 3 * (high - low)))
    return limit, f"{len(pairs)} pairs, median {middle:.2f}, listed from {limit:.2f} on"


# --- fingerprints -------------------------------------------------------------------------------


def fingerprint(path: Path, left_out: Iterable[int] = ()) -> copydetect.CodeFingerprint:
    """The fingerprints of a file, without those left out."""
    import copydetect

    text = io.StringIO(path.read_text(encoding="utf-8", errors="replace"))
    return copydetect.CodeFingerprint(
        str(path), NOISE, GUARANTEE - NOISE + 1, list(left_out), filter=True, fp=text
    )


def right_answers_share(homework: Homework, file: str, work: Path) -> set[int]:
    """Fingerprints of the kit's stub, and those that every right answer of the catalogue has."""
    given = set(fingerprint(homework.folder / file).hashes)
    solution = homework.root / "staff" / "solutions" / homework.name / file
    shared: set[int] = set(fingerprint(solution).hashes)
    for number, entry in enumerate(catalogue.entries(homework.name, "variant", homework.root)):
        place = work / str(number)
        place.mkdir(parents=True)
        catalogue.submission(entry, place, homework.root)
        shared &= set(fingerprint(place / file).hashes)
    return given | shared


def _pairs(authors: list[Author], file: str, left_out: set[int]) -> list[Pair]:
    """Return all pairs of a class, and of the class with the corpus, that share anything."""
    import copydetect

    raw = {
        one: fingerprint(one.folder / file, left_out)
        for one in authors
        if (one.folder / file).is_file()
    }
    common = common_pieces([prints.hashes for one, prints in raw.items() if not one.public])
    prints = {
        one: fingerprint(one.folder / file, left_out | common) if common else own
        for one, own in raw.items()
    }
    mine = [one for one in prints if not one.public]
    public = [one for one in prints if one.public]
    pairs = []
    for one, other in (*itertools.combinations(mine, 2), *itertools.product(mine, public)):
        tokens, shares, matches = copydetect.compare_files(prints[one], prints[other])
        pairs.append(
            Pair(
                file,
                one.name,
                other.name,
                (round(float(shares[0]), 4), round(float(shares[1]), 4)),
                int(tokens),
                names_author(one, other) or names_author(other, one),
                matches,
                (prints[one].raw_code, prints[other].raw_code),
            )
        )
    return pairs


def common_pieces(all_hashes: list[Iterable[int]]) -> set[int]:
    """Fingerprints that so many of a class have that they say nothing of two."""
    if len(all_hashes) < COMMON_FROM:
        return set()
    counts = Counter(one for hashes in all_hashes for one in set(hashes))
    return {one for one, count in counts.items() if count > COMMON_SHARE * len(all_hashes)}


def names_author(one: Author, other: Author) -> bool:
    """Whether one names the other as a collaborator: by its name, or the one that it signed with."""
    told = {same(str(name)) for name in one.manifest.get("collaborators") or ()}
    return bool(told & {same(other.name), same(str(other.manifest.get("name") or "-"))})


def _authors(
    folder: Path, homework: Homework, work: Path, public: bool = False
) -> tuple[list[Author], list[str]]:
    """Every submission of a folder that can be taken in, unpacked; and why the others cannot."""
    taken, unread = [], []
    for job in submissions.find(folder, homework, None):
        target = work / job.ident
        target.mkdir(parents=True)
        try:
            accepted = unpack.accept(Path(job.source), target, homework)
        except unpack.Refused as refusal:
            unread.append(f"{job.ident}: {refusal}")
            continue
        except Exception as error:  # costs this submission alone
            unread.append(f"{job.ident}: {type(error).__name__}")
            continue
        name = f"{folder.name}/{job.ident}" if public else job.ident
        taken.append(Author(name, target, accepted.manifest, public))
    return taken, unread
