"""What students hand in → one plain folder that is safe to grade, or a reason why not.

Nothing of an archive is trusted: not its names, not its sizes. Only what the homework asks for is
ever unpacked; what else is there is counted and left. The folder that comes out is always laid out
alike: the files to hand in, `writeup.md`, `diagnosis.toml`, `manifest.json`, and
`runs/<experiment>/…`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from autograder.run.notes import CHANGED, STAFF, STUDENT, Note
from autograder.submit import DIAGNOSIS_FILE, LARGEST_FILE, RUN_FILES
from autograder.written_runs import SMALL_FILES
from common.homework import Homework

MOST_ENTRIES = 20_000
MOST_BYTES = 256 * 2**20  # of all that is unpacked
MOST_DECLARED = 2**30  # of all that the archive says it holds
LARGEST_SOURCE = 2**20  # bytes of a file that a student wrote by hand
RATIO, RATIO_FROM = 200, 2**20  # a member larger than this must not shrink by more than that
DEEPEST = 20
MOST_OTHERS = 400  # files of runs that no experiment names
PIECE = 2**16
IGNORED = re.compile(r"(^|/)(__MACOSX|__pycache__|\.[^/]*|Thumbs\.db|desktop\.ini)(/|$)", re.I)
OTHER_PLACES = re.compile(r"(^|/)(site-packages|solutions|node_modules|venv)(/|$)", re.I)


class Refused(Exception):
    """The submission cannot be graded; the text is what its author is told."""


@dataclass
class Intake:
    """A submission that was accepted.

    Attributes:
        folder: where its files lie.
        manifest: what `submit` wrote beside them, or an empty dictionary.
        notes: what staff should know: missing files, changes after packing.
        digest: sha256 of everything that was taken.
    """

    folder: Path
    manifest: dict = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    digest: str = ""


@dataclass(frozen=True)
class _Member:
    """One file on offer: its name, its size as told, and how to read it in pieces."""

    name: str
    size: int
    pieces: Callable[[], Iterable[bytes]]


def accept(source: Path, target: Path, homework: Homework) -> Intake:
    """Take a submission in, from a zip or a folder.

    Args:
        source: a zip, or a folder as Gradescope unpacks it.
        target: an empty folder.

    Raises:
        Refused: when it is unsafe, damaged, or holds none of the homework's files.
    """
    if source.is_symlink():
        raise Refused("it is a link, not a file")
    if source.is_dir():
        members = _of_folder(source)
        inner = [m for m in members if m.name.lower().endswith(".zip")]
        if len(inner) == 1 and not _candidates(members, homework):
            return accept(source / inner[0].name, target, homework)  # a zip in a zip
        return _take(members, target, homework)
    try:
        with zipfile.ZipFile(source) as archive:
            return _take(_of_zip(archive), target, homework)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError,
            RuntimeError) as error:  # fmt: skip
        raise Refused(
            f"it is no zip that can be read ({type(error).__name__}: {str(error)[:100]}); make it "
            f"with: python -m autograder submit {homework.name}"
        ) from None


# --- what is on offer ---------------------------------------------------------------------------


def _of_zip(archive: zipfile.ZipFile) -> list[_Member]:
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise Refused(f"{len(infos)} entries; at most {MOST_ENTRIES} are accepted")
    if sum(info.file_size for info in infos) > MOST_DECLARED:
        raise Refused(f"it would unpack to more than {MOST_DECLARED / 2**20:.0f} MB")
    members = []
    for info in infos:
        name = _safe_name(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Refused(f"{_shown(name)} is a link or a device; hand in plain files")
        if info.is_dir():
            continue
        if info.flag_bits & 1:
            raise Refused("it is encrypted; make it without a password")
        if info.file_size > RATIO_FROM and info.file_size > RATIO * max(info.compress_size, 1):
            raise Refused(f"{_shown(name)} unpacks to {info.file_size / 2**20:.0f} MB from almost "
                          "nothing")  # fmt: skip
        members.append(_Member(name, info.file_size, partial(_zip_pieces, archive, info)))
    _require_no_collision(members)
    return members


def _zip_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterable[bytes]:
    with archive.open(info) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _of_folder(root: Path) -> list[_Member]:
    members: list[_Member] = []
    for folder, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        for name in [*folders, *sorted(files)]:
            path = Path(folder, name)
            inside = path.relative_to(root).as_posix()
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                continue
            _safe_name(inside)
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{_shown(inside)} is a link or a device; hand in plain files")
            members.append(_Member(inside, status.st_size, partial(_file_pieces, path)))
            if len(members) > MOST_ENTRIES:
                raise Refused(f"more than {MOST_ENTRIES} files")
    _require_no_collision(members)
    return members


def _file_pieces(path: Path) -> Iterable[bytes]:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


def _safe_name(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not name or "\0" in name or len(name) > 1000 or len(parts) > DEEPEST:
        raise Refused("an entry has a name that cannot be used")
    if "\\" in name or name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
        raise Refused(f"{_shown(name)} points outside the archive")
    return name


def _require_no_collision(members: list[_Member]) -> None:
    """Two names that are one on macOS or Windows would hide one another."""
    seen: dict[str, str] = {}
    for member in members:
        key = unicodedata.normalize("NFKC", member.name).casefold()
        if key in seen:
            raise Refused(f"{_shown(seen[key])} and {_shown(member.name)} are the same name on "
                          "some systems; keep one")  # fmt: skip
        seen[key] = member.name


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:80]


# --- what is taken ------------------------------------------------------------------------------


def _take(members: list[_Member], target: Path, homework: Homework) -> Intake:
    places = _candidates(members, homework)
    if not places:
        wanted = ", ".join(homework.files)
        raise Refused(f"it holds none of the files of {homework.name}: {wanted}")
    if len(places) > 1:
        raise Refused(f"{places[0] or 'the top folder'} and {places[1] or 'the top folder'} both "
                      f"hold files of {homework.name}; hand in one")  # fmt: skip
    by_name = {member.name: member for member in members}
    intake, room, total = Intake(target), MOST_BYTES, hashlib.sha256()
    for name, limit in _wanted(homework) + _other_runs(places[0], by_name, homework):
        member = _find(name, places[0], by_name, homework)
        if member is not None:
            room -= _copy(member, target, name, min(limit, room), total)
        elif name in homework.files:
            intake.notes.append(
                Note("missing file", STUDENT, f"{name} is missing{_near(name, by_name)}")
            )
    intake.digest = total.hexdigest()
    intake.manifest = _manifest(intake)
    return intake


def _find(name: str, place: str, by_name: dict[str, _Member], homework: Homework) -> _Member | None:
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
        elif name in homework.files:
            return None  # a file to hand in is with the others or nowhere
    return None


def _candidates(members: list[_Member], homework: Homework) -> list[str]:
    """Folders that hold the files: those with most of them, then the right name, then shallow."""
    counts: dict[str, int] = {}
    for member in members:
        path = PurePosixPath(member.name)
        if path.name in homework.files and not IGNORED.search(member.name):
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
    names = [(name, LARGEST_SOURCE) for name in (*homework.files, *others)]
    for experiment in homework.experiments:
        names += [(f"runs/{experiment.name}/{file}", LARGEST_FILE) for file in RUN_FILES]
    return names


def _other_runs(
    place: str, by_name: dict[str, _Member], homework: Homework
) -> list[tuple[str, int]]:
    """The small files of runs that only the write-up speaks of, in the layout that `submit` packs."""
    prefix = re.escape(f"{place}/" if place else "")
    files = "|".join(re.escape(file) for file in SMALL_FILES)
    form = re.compile(rf"{prefix}(runs/(?:[\w.+-]+/(?:{files})|[\w.+-]+\.json))", re.ASCII)
    found = [match[1] for match in map(form.fullmatch, by_name) if match]
    known = {name for name, _ in _wanted(homework)}
    return [(name, LARGEST_SOURCE) for name in sorted(set(found) - known)[:MOST_OTHERS]]


def _copy(member: _Member, target: Path, name: str, limit: int, total) -> int:
    """Copy one file in pieces; what it says of its size is not believed."""
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    total.update(name.encode() + b"\0")
    with path.open("xb") as stream:
        for piece in member.pieces():
            size += len(piece)
            if size > limit:
                raise Refused(f"{_shown(member.name)} is larger than {limit / 2**20:.0f} MB")
            total.update(piece)
            stream.write(piece)
    total.update(size.to_bytes(8, "big"))
    return size


def _near(name: str, by_name: dict[str, _Member]) -> str:
    """A name that was probably meant."""
    for other in by_name:
        base = PurePosixPath(other).name
        stem = re.sub(r"[\s_-]*(\(\d+\)|copy|\d)(?=\.py$)", "", base.casefold())
        if base != name and stem == name.casefold() and not IGNORED.search(other):
            return f" (there is {_shown(other)})"
    return ""


def _manifest(intake: Intake) -> dict:
    """The manifest, and notes where it does not fit the files."""
    path = intake.folder / "manifest.json"
    if not path.is_file():
        intake.notes.append(
            Note("no manifest", STAFF, "no manifest: it was not packed with `submit`")
        )
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = manifest["files"]
        known = {str(name): str(value) for name, value in files.items()}
        signed = manifest.get("signed") is True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        intake.notes.append(Note("damaged manifest", STAFF, "its manifest cannot be read"))
        return {}
    if not signed:
        intake.notes.append(Note("not signed", STUDENT, "the statement is not signed"))
    for name, digest in known.items():
        file = intake.folder / name
        if ".." in name or not file.is_file():
            continue
        if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            intake.notes.append(Note(CHANGED, STUDENT, f"{_shown(name)} was changed after packing"))
    return {
        key: manifest.get(key)
        for key in ("kit", "name", "signed", "collaborators", "tools", "score")
    }
