"""Unpack an upload into one plain folder that is safe to grade, or say why not.

Nothing of an archive is trusted: not its names, not its sizes. Only what the homework asks for is
ever unpacked; what else is there is counted and left. The folder that comes out is always laid out
alike: the files to hand in, `writeup.md`, `diagnosis.toml`, `manifest.json`, and
`runs/<experiment>/…`.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from autograder.run import finding
from autograder.run.notes import CHANGED, LEFT_OUT, STAFF, STUDENT, Note
from autograder.submit import DIAGNOSIS_FILE, LARGEST_FILE, RUN_FILES
from autograder.written_runs import SMALL_FILES
from common.files import untrusted
from common.homework import Homework
from staff.grading import archives
from staff.grading.archives import ARCHIVE_NAME, IGNORED, Member, Offer, Refused, printable_name

MOST_BYTES = 256 * 2**20  # of all that is unpacked
LARGEST_SOURCE = 2**20  # bytes of a file that a student wrote by hand
MOST_NESTED = 2  # archives around the files
MOST_OTHERS = 400  # files of runs that no experiment names
OTHER_PLACES = re.compile(r"(^|/)solutions(/|$)", re.I)
MODULE = re.compile(r"[^\W\d]\w*\.(py|ipynb)")
SHA256 = 64  # characters
MANIFEST: dict[str, untrusted.Shape] = {
    "kit": untrusted.text(40),
    "name": untrusted.text(200),
    "signed": untrusted.flag,
    "collaborators": untrusted.list_of(untrusted.text(200), 50),
    "tools": untrusted.list_of(untrusted.text(200), 50),
    "score": untrusted.number(0, 10**6),
    "files": untrusted.table_of(untrusted.text(SHA256), 2000),
}


@dataclass
class Unpacked:
    """A submission that was accepted.

    Attributes:
        folder: where its files lie.
        manifest: what `submit` wrote beside them, each field of its type or None; or empty.
        notes: what staff should know: missing files, changes after packing.
        digest: sha256 of everything that was taken.
        taken: name → sha256 of each file.
        left_out: name → why a file that could be of use was left out.
        packed: the latest time inside the archive, to be seen and never to be counted: it comes from
            the student's own clock.
    """

    folder: Path
    manifest: dict = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    digest: str = ""
    taken: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    packed: str = ""


def accept(source: Path, target: Path, homework: Homework) -> Unpacked:
    """Take a submission in, from an archive or a folder, or from the one archive inside of it.

    Args:
        source: a zip, a tar archive, or a folder as Gradescope unpacks it.
        target: an empty folder.

    Raises:
        Refused: when it is unsafe, damaged, or holds none of the homework's files.
    """
    unpacked = Unpacked(target)
    with tempfile.TemporaryDirectory(prefix="nested-", ignore_cleanup_errors=True) as work:
        for level in range(MOST_NESTED + 1):
            with archives.open_upload(source, homework.name) as offer:
                unpacked.notes += [Note(LEFT_OUT, STUDENT, told) for told in offer.told()]
                unpacked.packed = unpacked.packed or offer.packed
                inner = _only_archive(offer, homework)
                if inner is None:
                    return _take(offer.members, unpacked, homework)
                source = Path(work, f"{level}{PurePosixPath(inner.name).suffix}")
                with source.open("xb") as stream:
                    _write(inner, stream, MOST_BYTES)
    raise Refused(f"more than {MOST_NESTED} archives lie one in another; hand in one")


def _only_archive(offer: Offer, homework: Homework) -> Member | None:
    """The one archive among the files, where none of the homework's lies beside it."""
    inner = [member for member in offer.members if ARCHIVE_NAME.search(member.name)]
    return inner[0] if len(inner) == 1 and not _candidates(offer.members, homework) else None


# --- what is taken ------------------------------------------------------------------------------


def _take(members: list[Member], unpacked: Unpacked, homework: Homework) -> Unpacked:
    places = _candidates(members, homework)
    if not places:
        wanted = ", ".join(homework.files)
        raise Refused(f"it holds none of the files of {homework.name}: {wanted}")
    if len(places) > 1:
        raise Refused(
            f"{places[0] or 'the top folder'} and {places[1] or 'the top folder'} both "
            f"hold files of {homework.name}; hand in one"
        )
    by_name = {member.name: member for member in members}
    room = MOST_BYTES
    code = _code(places[0], by_name, homework)
    for name in code:
        room -= _copy(code[name], name, min(LARGEST_SOURCE, room), unpacked)
    if not any(map(finding.near_any(homework), unpacked.taken)):
        raise Refused(f"none of its files can be read: {'; '.join(unpacked.left_out.values())}")
    for name, limit in _wanted(homework) + _other_runs(places[0], by_name, homework):
        member = _find(name, places[0], by_name, homework)
        if member is not None:
            room -= _copy(member, name, min(limit, room), unpacked)
    listed = "".join(f"{name}\0{digest}\0" for name, digest in sorted(unpacked.taken.items()))
    unpacked.digest = hashlib.sha256(listed.encode()).hexdigest()
    unpacked.manifest = _manifest(unpacked)
    return unpacked


def _find(name: str, place: str, by_name: dict[str, Member], homework: Homework) -> Member | None:
    """A wanted file beside the homework's files, or a folder above; runs as `train` leaves them."""
    above = str(PurePosixPath(place).parent) if place else ""
    for folder in dict.fromkeys((place, "" if above == "." else above)):
        prefix = f"{folder}/" if folder else ""
        if prefix + name in by_name:
            return by_name[prefix + name]
        if name.startswith("runs/"):
            _, experiment, file = name.split("/")
            form = re.escape(f"{prefix}runs/{homework.name}/{experiment}") + r"-seed\d+/"
            found = [n for n in by_name if re.fullmatch(form + re.escape(file), n)]
            if found:
                return by_name[min(found)]
    return None


def _code(place: str, by_name: dict[str, Member], homework: Homework) -> dict[str, Member]:
    """The files to hand in, whatever they are called, and all modules that lie beside them.

    Which of them count is for `overlay` to say, here as at home.
    """
    prefix = f"{place}/" if place else ""
    means = finding.near_any(homework)
    found = {
        name.removeprefix(prefix): member
        for name, member in by_name.items()
        if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
    }
    first = sorted(found, key=lambda name: (not means(name), name))
    return {name: found[name] for name in first if means(name) or MODULE.fullmatch(name)}


def _candidates(members: list[Member], homework: Homework) -> list[str]:
    """Folders that hold the files: those with most of them, then the right name, then shallow."""
    counts: dict[str, int] = {}
    means = finding.near_any(homework)
    for member in members:
        path = PurePosixPath(member.name)
        if means(path.name) and not IGNORED.search(member.name):
            place = "" if str(path.parent) == "." else str(path.parent)
            counts[place] = counts.get(place, 0) + 1

    def rank(place: str) -> tuple:
        named = PurePosixPath(place).name == homework.name
        other = bool(OTHER_PLACES.search(place))
        elsewhere = bool(re.fullmatch(r"hw\d+", PurePosixPath(place).name)) and not named
        return (elsewhere, other, -counts[place], not named, place.count("/") + bool(place))

    ranked = sorted(counts, key=rank)
    return [place for place in ranked if rank(place) == rank(ranked[0])]


def _wanted(homework: Homework) -> list[tuple[str, int]]:
    """(name, most bytes) of everything that can be of use."""
    others = ("writeup.md", DIAGNOSIS_FILE, "manifest.json")
    names = [(name, LARGEST_SOURCE) for name in others]
    for experiment in homework.experiments:
        names += [(f"runs/{experiment.name}/{file}", LARGEST_FILE) for file in RUN_FILES]
    return names


def _other_runs(
    place: str, by_name: dict[str, Member], homework: Homework
) -> list[tuple[str, int]]:
    """The small files of runs that only the write-up speaks of, in the layout that `submit` packs."""
    prefix = re.escape(f"{place}/" if place else "")
    files = "|".join(re.escape(file) for file in SMALL_FILES)
    form = re.compile(rf"{prefix}(runs/(?:[\w.+-]+/(?:{files})|[\w.+-]+\.json))", re.ASCII)
    found = [match[1] for match in map(form.fullmatch, by_name) if match]
    known = {name for name, _ in _wanted(homework)}
    return [(name, LARGEST_SOURCE) for name in sorted(set(found) - known)[:MOST_OTHERS]]


def _copy(member: Member, name: str, limit: int, unpacked: Unpacked) -> int:
    """Copy one file; return its size. One that is too large, or has the name of a folder, is left out."""
    path = unpacked.folder / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            size, unpacked.taken[name] = _write(member, stream, limit)
        return size
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        why = f"{printable_name(name)} or a folder above it is a file as well as a folder"
    except Refused as refusal:
        path.unlink()
        why = str(refusal)
    unpacked.left_out[name] = why
    unpacked.notes.append(Note(LEFT_OUT, STUDENT, f"{why}, and was left out"))
    return 0


def _write(member: Member, stream: BinaryIO, limit: int) -> tuple[int, str]:
    """Copy one file in pieces; return its size and sha256. What it says of its size is not believed."""
    size, total = 0, hashlib.sha256()
    for piece in member.pieces():
        size += len(piece)
        if size > limit:
            raise Refused(f"{printable_name(member.name)} is larger than {limit / 2**20:.0f} MB")
        total.update(piece)
        stream.write(piece)
    return size, total.hexdigest()


def _manifest(unpacked: Unpacked) -> dict[str, Any]:
    """The manifest, and notes where it does not fit the files.

    Names in it are compared with what was unpacked, and never opened.
    """
    if "manifest.json" not in unpacked.taken:
        unpacked.notes.append(
            Note("no manifest", STAFF, "no manifest: it was not packed with `submit`")
        )
        return {}
    try:
        data = untrusted.read(unpacked.folder / "manifest.json", LARGEST_SOURCE)
        manifest, wrong = untrusted.fields(untrusted.json_of(data), MANIFEST)
        if manifest["files"] is None:
            raise untrusted.Unreadable("no list of files")
    except untrusted.Unreadable:
        unpacked.notes.append(Note("damaged manifest", STAFF, "its manifest cannot be read"))
        return {}
    if wrong:
        told = f"its manifest holds no sound {', '.join(wrong)}"
        unpacked.notes.append(Note("damaged manifest", STAFF, told))
    if not manifest["signed"]:
        unpacked.notes.append(Note("not signed", STUDENT, "the statement is not signed"))
    for name, digest in manifest.pop("files").items():
        if unpacked.taken.get(name, digest) != digest:
            unpacked.notes.append(
                Note(CHANGED, STUDENT, f"{printable_name(name)} was changed after packing")
            )
    return manifest
