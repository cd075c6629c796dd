"""Fetch a published file: resumed where it was cut off, from the next mirror, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import shutil
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.progress import Progress

from common.data import source
from common.errors import KitError
from common.options.terminal import live

CONNECT_SECONDS = 3  # to find out whether there is a network
SECONDS = 10  # without an answer, or without a byte
TRIES = 3  # at one mirror, each going on where the last was cut off
PIECE = 2**16

_NETWORK = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)


def reachable(urls: Sequence[str]) -> bool:
    """Whether the host of one of these addresses answers; never raises."""
    if source.offline():
        return False
    for host, port in dict.fromkeys(_address(url) for url in urls):
        try:
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            return True
        except OSError:
            continue
    return False


def _address(url: str) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def fetch(urls: Sequence[str], path: Path, checksum: str) -> Path:
    """Fetch a file unless it is there, verify it, and put it in place only when it is whole.

    What was fetched before a failure or Ctrl-C is kept beside it, and the next call goes on there.

    Args:
        urls: mirrors, in the order to try.
        checksum: "algorithm:digest".

    Raises:
        KitError: no network, every mirror's refusal, another checksum, or a full disk.
    """
    if path.is_file():
        return path
    if source.offline():
        raise KitError(
            f"{path.name} is not on disk and KIT_OFFLINE is set; name it with --data DIR"
        )
    partial = path.with_name(f".{path.name}.part")
    failures = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            if failure := _from_mirror(url, partial, path.name, checksum):
                failures.append(failure)
                continue
            partial.chmod(0o644)
            os.replace(partial, path)
            return path
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        todo = "make room and type the same again, it goes on" if full else "choose another place"
        raise KitError(f"cannot write {path}: {error.strerror}; {todo}") from None
    raise KitError(f"cannot download {path.name}: {'; '.join(failures)}")


def _from_mirror(url: str, partial: Path, title: str, checksum: str) -> str:
    """Fetch all of it from one mirror; an empty string, or why it did not work."""
    algorithm, _, digest = checksum.partition(":")
    reason: object = ""
    for _ in range(TRIES):
        try:
            _append(url, partial, title)
        except _NETWORK as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(error, urllib.error.HTTPError) and error.code == 416:
                partial.unlink(missing_ok=True)  # more is here than there: start again
            elif isinstance(error, urllib.error.HTTPError):
                return f"{url}: {error.code} {error.reason}"
            continue
        with partial.open("rb") as stream:
            found = hashlib.file_digest(stream, algorithm).hexdigest()
        if found == digest:
            return ""
        partial.unlink()
        return (
            f"{url} gave a file with {algorithm} {found[:12]}…, expected {digest[:12]}…, and "
            "nothing was kept; fetch it by hand"
        )
    return f"{url}: {reason}; is there a network?"


def _append(url: str, partial: Path, title: str) -> None:
    """Fetch what is missing of a file, from where it ends."""
    have = partial.stat().st_size if partial.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        if getattr(answer, "status", None) != 206:  # the whole file, whatever was asked for
            have = 0
        length = answer.headers.get("Content-Length")
        size = have + int(length) if length else None
        _require_room(partial, (size or 0) - have)
        with partial.open("ab" if have else "wb") as file, _progress(title, size) as advance:
            advance(have)
            while piece := answer.read(PIECE):
                file.write(piece)
                advance(len(piece))
                have += len(piece)
    if size is not None and have < size:
        raise http.client.IncompleteRead(b"", size - have)


def _require_room(partial: Path, wanted: int) -> None:
    if shutil.disk_usage(partial.parent).free < wanted:
        raise OSError(errno.ENOSPC, f"{wanted / 2**20:.0f} MB are needed, and the disk is full")


@contextlib.contextmanager
def _progress(title: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; elsewhere one line when it begins."""
    if not live():
        print(f"downloading {title}" + (f", {size / 2**20:.1f} MB" if size else ""), flush=True)
    with Progress(transient=True, disable=not live()) as bar:
        row = bar.add_task(f"downloading {title}", total=size)
        yield lambda count: bar.advance(row, count)
