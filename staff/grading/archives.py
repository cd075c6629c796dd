"""An upload → the files it offers, in whatever form it came, or a reason why it offers none.

Zips, tar archives and folders are read; their names and sizes are not believed. What no homework
needs (an environment that was zipped along, folders without end) is left out and counted.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import os
import re
import stat
import struct
import tarfile
import tempfile
import time
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

MOST_UPLOAD = 512 * 2**20  # bytes of one upload, before it is unpacked
MOST_ENTRIES = 20_000
MOST_DECLARED = 2**30  # bytes of all that an archive says it holds
MOST_STREAM = 2**28  # bytes that a compressed tar may unpack to
MOST_LEFT_OUT = 400_000  # entries that are only counted
MOST_DIRECTORY = 2**24  # bytes of a zip's list of its entries
RATIO, RATIO_FROM = 200, 2**20  # a member larger than this must not shrink by more than that
DEEPEST, LONGEST_NAME = 20, 1000
LONGEST_PART = 255  # bytes of one name: longer ones can be written on no disk
PIECE = 2**16
LZMA_MEMORY = 2**27
IGNORED = re.compile(
    r"(^|/)(__MACOSX|__pycache__|\.[^/]*|Thumbs\.db|desktop\.ini|venv|site-packages|node_modules)(/|$)",
    re.IGNORECASE,
)
ARCHIVE_NAME = re.compile(r"\.(zip|tar|tgz|tar\.(gz|bz2|xz))$", re.IGNORECASE)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    RuntimeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    OSError,
)
TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE)  # of this machine

ZIP, TAR = "zip", "tar"
SIGNS = (  # what a file begins with → what it is
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\x1f\x8b", TAR),
    (b"BZh", TAR),
    (b"\xfd7zXZ\x00", TAR),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"%PDF-", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "a document of an office program"),
)
SUFFIXES = {
    ".py": "a single Python file",
    ".ipynb": "a notebook",
    ".rar": "a RAR archive",
    ".7z": "a 7-Zip archive",
}


class Refused(Exception):
    """The submission cannot be graded; the text is what its author is told."""


@dataclass(frozen=True)
class Member:
    """One file on offer: its name, its size as told, and how to read it in pieces."""

    name: str
    size: int
    pieces: Callable[[], Iterable[bytes]]


@dataclass
class Offer:
    """All files on offer.

    Attributes:
        left_out: why → how many entries.
        packed: the latest time of its entries, or empty.
    """

    members: list[Member] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    packed: str = ""

    def told(self) -> list[str]:
        """Return in words what was left out."""
        return [f"{count} entries were left out: {why}" for why, count in self.left_out.items()]

    def wants(self, name: str) -> bool:
        """Whether a name is one to offer; one that is not is counted, one that is unsafe refused."""
        why = _useless(name)
        if why is None:
            return True
        if why:
            self.left_out[why] += 1
        if self.left_out.total() > MOST_LEFT_OUT:
            raise Refused(f"more than {MOST_LEFT_OUT} entries of no use")
        return False

    def add(self, member: Member) -> None:
        self.members.append(member)
        if len(self.members) > MOST_ENTRIES:
            raise Refused(f"more than {MOST_ENTRIES} entries are not accepted")


@contextlib.contextmanager
def open_upload(source: Path, homework: str) -> Iterator[Offer]:
    """Open an upload: yield what it offers, while it is open.

    Args:
        source: a zip, a tar archive or a folder.
        homework: whose `submit` is recommended to who sent something else.

    Raises:
        Refused: when it is unsafe, damaged or of a kind that cannot be read.
    """
    kind = kind_of(source)
    try:
        with contextlib.ExitStack() as stack:
            if kind == "folder":
                yield of_folder(source)
            elif kind == ZIP:
                stream = stack.enter_context(_Directory(io.FileIO(source)))
                yield _of_zip(stack.enter_context(zipfile.ZipFile(stream)))
            elif kind == TAR:
                yield _of_tar(stack.enter_context(_tar(source)))
            else:
                raise Refused(f"it is {kind}, no zip that can be read; {advice(homework)}")
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno in TROUBLE:
            raise
        what = "no folder" if kind == "folder" else "no zip"
        text = getattr(error, "strerror", None) or str(error)  # without the grader's own paths
        told = f"{type(error).__name__}: {printable_name(text)}"
        raise Refused(f"it is {what} that can be read ({told}); {advice(homework)}") from None


def advice(homework: str) -> str:
    """Return advice on how to make an archive that can be graded."""
    return f"make it with: python -m autograder submit {homework}"


def kind_of(source: Path) -> str:
    """ "folder", "zip" or "tar"; else what it is instead, in words.

    Raises:
        Refused: for a link, a device, or nothing at all.
    """
    try:
        status = source.lstat()
    except OSError as error:
        raise Refused(f"nothing to read was uploaded ({error.strerror})") from None
    if stat.S_ISLNK(status.st_mode):
        raise Refused("it is a link, not a file")
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    if not stat.S_ISREG(status.st_mode):
        raise Refused("it is a device or a pipe, not a file")
    if status.st_size > MOST_UPLOAD:
        raise Refused(f"it is larger than {MOST_UPLOAD // 2**20} MB")
    if status.st_size == 0:
        return "an empty file"
    with source.open("rb") as stream:
        head = stream.read(512)
    for sign, kind in SIGNS:
        if head.startswith(sign):
            return kind
    if head[257:262] == b"ustar":
        return TAR
    suffix = source.suffix.lower()
    if suffix == ".zip":
        return ZIP
    return SUFFIXES.get(
        suffix, f"a file of the kind {printable_name(suffix) or 'without a suffix'}"
    )


# --- names --------------------------------------------------------------------------------------


def _useless(name: str) -> str | None:
    """Why an entry is left out, in words, or without words; None for one to offer.

    Raises:
        Refused: when it points outside.
    """
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
        raise Refused(f"{printable_name(name)} points outside the archive")
    longest = max((len(part.encode("utf-8", "replace")) for part in parts), default=0)
    if len(parts) > DEEPEST or len(name) > LONGEST_NAME or longest > LONGEST_PART:
        return f"nested deeper than {DEEPEST} folders, or with a name of endless length"
    if IGNORED.search(name):
        return ""
    if not parts or "\0" in name or not _is_text(name):
        return "names that cannot be used"
    return None


def _one_form(name: str) -> str:
    """A name without `./` and doubled separators."""
    return str(PurePosixPath(name))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable_name(name: str) -> str:
    """A name that any report can hold."""
    return "".join(c if c.isprintable() else "?" for c in name)[:80]


def _require_no_collision(members: list[Member]) -> None:
    """Two names that are one on macOS or Windows would hide one another."""
    seen: dict[str, str] = {}
    for member in members:
        key = unicodedata.normalize("NFKC", member.name).casefold()
        if key in seen:
            raise Refused(
                f"{printable_name(seen[key])} and {printable_name(member.name)} are the same name on "
                "some systems; keep one"
            )
        seen[key] = member.name


# --- zip ----------------------------------------------------------------------------------------


class _Directory(io.BufferedReader):
    """A zip's file, whose list of entries is read in one piece, into many times its memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_DIRECTORY:
            raise Refused(f"its list of files is longer than {MOST_DIRECTORY // 2**20} MB")
        return super().read(size)


def _of_zip(archive: zipfile.ZipFile) -> Offer:
    offer, total = Offer(), 0
    names = [info.filename for info in archive.infolist()]
    turned = "\\" if not any("/" in name for name in names) else ""  # as PowerShell writes them
    for info in archive.infolist():
        given = info.filename.replace("\\", "/") if turned else info.filename
        name = _one_form(given)
        if "\\" in name:
            raise Refused(f"{printable_name(name)} points outside the archive")
        if name == "." or not offer.wants(name) or given.endswith("/"):
            continue
        _require_sound(info, name)
        total += info.file_size
        if total > MOST_DECLARED:
            raise Refused(f"it would unpack to more than {MOST_DECLARED / 2**20:.0f} MB")
        offer.add(Member(name, info.file_size, partial(_zip_pieces, archive, info)))
        offer.packed = max(offer.packed, _moment(info.date_time))
    _require_no_collision(offer.members)
    return offer


def _require_sound(info: zipfile.ZipInfo, name: str) -> None:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused(f"{printable_name(name)} is a link or a device; hand in plain files")
    if info.flag_bits & 1:
        raise Refused("it is encrypted; make it without a password")
    if info.compress_type not in METHODS:
        raise Refused(f"{printable_name(name)} is compressed in a way that is not read here")
    if info.file_size > RATIO_FROM and info.file_size > RATIO * max(info.compress_size, 1):
        raise Refused(
            f"{printable_name(name)} unpacks to {info.file_size / 2**20:.0f} MB from almost nothing"
        )


def _moment(parts: tuple[int, ...]) -> str:
    """A time as it is read aloud; empty for the 30th of February."""
    try:
        year, month, day, hour, minute = parts[:5]
        moment = datetime(year, month, day, hour, minute)  # noqa: DTZ001  # zips have no zones
        return moment.isoformat(" ", "minutes")
    except ValueError:
        return ""


def _moment_of(seconds: float) -> str:
    """A time as it is read aloud; empty for one that no clock shows."""
    try:
        return _moment(time.localtime(seconds)[:6])
    except (ValueError, ArithmeticError, OSError):
        return ""


def _zip_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterable[bytes]:
    with archive.open(info) as stream:
        while piece := stream.read(PIECE):
            yield piece


# --- tar ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _tar(source: Path) -> Iterator[tarfile.TarFile]:
    """A tar archive, unpacked to a file of bounded size first: it can then be read anywhere."""
    limit = min(MOST_STREAM, RATIO_FROM + RATIO * source.stat().st_size)
    with source.open("rb") as packed, tempfile.TemporaryFile() as plain:
        size = 0
        for piece in _decompressed(packed):
            size += len(piece)
            if size > limit:
                raise Refused(f"it unpacks to more than {size // 2**20} MB")
            plain.write(piece)
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as archive:
            yield archive


def _decompressed(packed: BinaryIO) -> Iterator[bytes]:
    sign = packed.read(6)
    packed.seek(0)
    if sign.startswith(b"\xfd7zXZ"):
        yield from _of_xz(packed)
        return
    stream: Any = packed
    if sign.startswith(b"\x1f\x8b"):
        stream = gzip.open(packed)
    elif sign.startswith(b"BZ"):
        stream = bz2.open(packed)
    while piece := stream.read(PIECE):
        yield piece


def _of_xz(packed: BinaryIO) -> Iterator[bytes]:
    reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, LZMA_MEMORY)
    while not reader.eof and (data := packed.read(PIECE)):
        yield reader.decompress(data, PIECE)
        while not (reader.needs_input or reader.eof):
            yield reader.decompress(b"", PIECE)


def _of_tar(archive: tarfile.TarFile) -> Offer:
    offer, total, last = Offer(), 0, -1
    while (info := archive.next()) is not None:
        if info.offset <= last:
            raise Refused("its entries are not in order")  # a size below 0: it would never end
        last = info.offset
        name = _one_form(info.name)
        if name == "." or not offer.wants(name) or info.isdir():
            continue
        if not info.isreg():
            raise Refused(f"{printable_name(name)} is a link or a device; hand in plain files")
        total += info.size
        if total > MOST_DECLARED:
            raise Refused(f"it would unpack to more than {MOST_DECLARED / 2**20:.0f} MB")
        offer.add(Member(name, info.size, partial(_tar_pieces, archive, info)))
        offer.packed = max(offer.packed, _moment_of(info.mtime))
    _require_no_collision(offer.members)
    return offer


def _tar_pieces(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterable[bytes]:
    stream = archive.extractfile(info)
    while stream is not None and (piece := stream.read(PIECE)):
        yield piece


# --- folders ------------------------------------------------------------------------------------


def of_folder(root: Path) -> Offer:
    """The plain files of a folder, by name; a link in it refuses the whole."""
    offer = Offer()
    for name, entry in entries_of(root, offer):
        status = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{printable_name(name)} is a link or a device; hand in plain files")
        offer.add(Member(name, status.st_size, partial(file_pieces, entry.path)))
    _require_no_collision(offer.members)
    return offer


def entries_of(root: Path, offer: Offer) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Name and entry of all that lies in a folder and is no folder; `offer` counts what is left out.

    Nothing is followed, and nothing is opened below `DEEPEST` folders.
    """
    waiting = [("", os.fspath(root))]
    while waiting:
        prefix, folder = waiting.pop()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name = prefix + entry.name
            if not offer.wants(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((name + "/", entry.path))
            else:
                yield name, entry


def file_pieces(path: str) -> Iterable[bytes]:
    """The bytes of a plain file; no link is followed."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as stream:
        while piece := stream.read(PIECE):
            yield piece
