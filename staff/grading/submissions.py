"""Find the submissions in a folder: archives, folders, or a Gradescope export."""

from __future__ import annotations

import hashlib
import io
import itertools
import operator
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from common.errors import KitError
from common.homework import Homework
from staff.grading import archives
from staff.grading.archives import Refused
from staff.grading.jobs import Job, grader_version, readable

METADATA = "submission_metadata.yml"
RECORDS = "students"  # where records lie; a folder of that name holds no submission
SUFFIX = re.compile(r"(\.tar)?\.[A-Za-z0-9]{1,5}$")  # of an upload's name
UPLOADS = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".rar", ".7z", ".py", ".ipynb")
TABLES = (".csv", ".yml")  # of the staff's
LONGEST_IDENT = 100  # bytes
CANNOT_READ = "its bytes cannot be read"


def find(folder: Path, homework: Homework, seed: str | None, sets: int = 1) -> list[Job]:
    """Every submission as a job, by name.

    Raises:
        KitError: when there is none.
    """
    if not folder.is_dir():
        raise KitError(f"{folder} is not a folder of submissions")
    known = read_metadata(folder / METADATA)
    jobs, taken = [], set[str]()
    for path in sorted(folder.iterdir()):
        if _is_submission(path):
            about = known.get(path.name, {})
            jobs.append(_job(path, taken, homework, seed, sets, about))
    for name in sorted(known.keys() - {path.name for path in folder.iterdir()}):
        missing = folder / plain(name)  # a student without a folder has a row, too
        jobs.append(_job(missing, taken, homework, seed, sets, known[name]))
    if not jobs:
        raise KitError(f"{folder} holds neither archives nor folders")
    return sorted(jobs, key=lambda job: job.ident)


def find_others(folder: Path, homework: Homework, seed: str | None, sets: int = 1) -> list[Job]:
    """Files that are no tables of the staff's and look like no upload; somebody's they may be."""
    taken: set[str] = set()
    return [
        _job(path, taken, homework, seed, sets, {})
        for path in sorted(folder.iterdir())
        if not _is_submission(path) and _may_be_an_upload(path)
    ]


def _job(
    path: Path, taken: set[str], homework: Homework, seed: str | None, sets: int, about: dict
) -> Job:
    """A job under a name that no other has."""
    name = readable(path.name)
    short = name if path.is_dir() else SUFFIX.sub("", name)
    ident = plain(short if plain(short) not in taken else name)
    if ident in taken:
        ident = f"{ident}-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:6]}"
    taken.add(ident)
    return Job(
        ident,
        homework.name,
        str(path),
        students=tuple(about.get("students", ())),
        submitted=about.get("created_at", ""),
        seed=seed,
        sets=sets,
    )


def _is_submission(path: Path) -> bool:
    if path.name.startswith((".", "__MACOSX")) or path.name == RECORDS:
        return False
    if path.is_symlink() or path.is_dir() or path.suffix.lower() in UPLOADS:
        return True
    return path.suffix == "" and _begins_like_an_archive(path)


def _may_be_an_upload(path: Path) -> bool:
    hidden = path.name.startswith(".") or path.name == RECORDS
    return path.is_file() and not hidden and path.suffix.casefold() not in TABLES


def _begins_like_an_archive(path: Path) -> bool:
    try:
        return archives.kind_of(path) in (archives.ZIP, archives.TAR)
    except (Refused, OSError):
        return False


def plain(name: str) -> str:
    """A name that is safe as a file's, still one of its own."""
    safe = re.sub(r"[^\w.@+-]", "_", name).encode()[:LONGEST_IDENT].decode(errors="ignore")
    safe = safe.strip(".") or "_"
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def fingerprint(job: Job, homework: Homework) -> Job:
    """Return the job with a digest of its files (names and bytes) and of the grader.

    It follows no link and raises nothing. A submission that cannot be read is refused when its turn
    comes; if reading it fails in another way, the job notes the error.
    """
    total = hashlib.sha256(grader_version(homework, job).encode())
    total.update("\0".join((*job.students, job.submitted)).encode("utf-8", "replace"))
    try:
        for name, piece in pieces_of(Path(job.source)):
            total.update(f"\0{name}\0".encode("utf-8", "replace") + piece)
    except (Refused, OSError) as error:
        total.update(str(error).encode("utf-8", "replace"))
    except Exception as error:
        told = f"{CANNOT_READ} ({type(error).__name__}: {archives.printable_name(str(error))})"
        return replace(job, trouble=told)
    return replace(job, fingerprint=total.hexdigest())


def pieces_of(source: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of an upload, as far as one may be large; a link is its name alone.

    Raises:
        Refused: when it is too large, or no file that can be read.
    """
    room = archives.MOST_UPLOAD
    for name, path in _files(source):
        yield name, b""
        for piece in archives.file_pieces(path):
            room -= len(piece)
            if room < 0:
                raise Refused(f"it is larger than {archives.MOST_UPLOAD // 2**20} MB")
            yield name, piece


def _files(source: Path) -> Iterator[tuple[str, str]]:
    """Name and path of the plain files of an upload.

    Raises:
        Refused: for a link or a device.
    """
    if archives.kind_of(source) != "folder":
        yield "", str(source)
        return
    for member in archives.of_folder(source).members:
        yield member.name, str(source / member.name)


def with_content(job: Job) -> Job:
    """The job with its bytes, for a machine that does not see this disk.

    Raises:
        Refused: when it cannot be graded there or here.
    """
    source = Path(job.source)
    if archives.kind_of(source) != "folder":
        return replace(job, content=b"".join(piece for _, piece in pieces_of(source)))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, pieces in itertools.groupby(pieces_of(source), key=operator.itemgetter(0)):
            archive.writestr(zipfile.ZipInfo(name), b"".join(piece for _, piece in pieces))
    return replace(job, content=packed.getvalue())


# --- Gradescope's export ------------------------------------------------------------------------

_SUBMISSION = re.compile(r"^['\"]?([^\s:'\"]+)['\"]?:\s*$")
_FIELD = re.compile(r"^(\s+)(- )?:?(\w+):(.*)$")


def read_metadata(path: Path) -> dict[str, dict]:
    """submission → {"students": [sid or e-mail or name, …], "created_at": ISO time}.

    The export is YAML as Ruby writes it. Only its first two levels are read, line by line, so that
    nothing that a student wrote deeper inside can pass for them.
    """
    if not path.is_file():
        return {}
    found: dict[str, dict] = {}
    current: dict | None = None
    people: list[dict] = []
    inside = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if start := _SUBMISSION.match(line):
            current, people, inside = {"people": []}, [], ""
            current["people"] = people
            found[start[1]] = current
            continue
        field = _FIELD.match(line)
        if current is None or field is None:
            continue
        indent, dash, key, value = field.groups()
        value = value.strip().strip("'\"")
        if len(indent) == 2 and not dash:
            inside = key
            if key == "created_at":
                current["created_at"] = _iso(value)
        elif inside == "submitters" and len(indent) <= 4:
            if dash:
                people.append({})
            if people:
                people[-1][key] = value
    return {
        name: {
            "students": [
                p.get("sid") or p.get("email") or p.get("name") or name for p in entry["people"]
            ],
            "created_at": entry.get("created_at", ""),
        }
        for name, entry in found.items()
    }


def _iso(value: str) -> str:
    """`2026-10-05 06:59:00.000000000 Z` as `2026-10-05T06:59:00+00:00`."""
    match = re.match(
        r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$", value
    )
    if match is None:
        return ""
    zone = match[3] or "Z"
    zone = "+00:00" if zone in ("Z", "UTC") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    return f"{match[1]}T{match[2]}{zone}"
