"""MovieLens 100K: 100,000 ratings of 1682 films by 943 people (Harper and Konstan 2015).

Its licence allows research, asks for the citation, and forbids passing the data on: never put
`u.data` or the zip into the kit, a hand-in or a repository. The kit fetches a copy from GroupLens
for each user. Many copies elsewhere have been edited, so the checksum
is verified each time.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path

import numpy as np

from common.data import cards, download, source
from common.data.ratings import Ratings, arrange
from common.errors import KitError

FILE, ZIP = "u.data", "ml-100k.zip"
USERS, ITEMS, RATINGS = 943, 1682, 100_000


def find(data: str | None) -> Path | None:
    """The u.data, or the zip that holds it, or None."""
    for folder in source.folders("movielens", data):
        for name in (FILE, f"ml-100k/{FILE}", ZIP):
            if (folder / name).is_file():
                return folder / name
    return None


def load(data: str | None = None) -> Ratings:
    """Load MovieLens 100K, from disk or else from GroupLens.

    Args:
        data: a folder, or None to look in `KIT_DATA` and the kit's cache.

    Raises:
        KitError: when it is nowhere to be had, or is not what GroupLens published.
    """
    path = find(data) or _download()
    content = _read(path)
    _verify(content, path)
    return _parse(content)


def _read(path: Path) -> bytes:
    try:
        if path.suffix != ".zip":
            return path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"ml-100k/{FILE}")
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise KitError(
            f"{path} cannot be read ({error}); delete it and fetch {_zip().urls[0]}"
        ) from None


def _verify(content: bytes, path: Path) -> None:
    """Nothing but the published file will do.

    Raises:
        KitError: saying whether it is cut off or edited.
    """
    published = cards.load("movielens").file(FILE)
    if f"sha256:{hashlib.sha256(content).hexdigest()}" in published.checksums:
        return
    if len(content) < published.bytes:
        what = f"is cut off: {len(content):,} of {published.bytes:,} bytes"
    elif len(content) > published.bytes:
        what = (
            f"is an edited copy: {len(content):,} bytes, the published file has {published.bytes:,}"
        )
    else:
        what = "is an edited copy: its size is right, its sha256 is not"
    raise KitError(f"{path}: {FILE} {what}; delete it and fetch {_zip().urls[0]}")


def _parse(content: bytes) -> Ratings:
    """u.data: one rating a line, `user item stars timestamp`, ids from 1."""
    table = np.array(content.split(), dtype=np.int64).reshape(-1, 4)
    users, items, stars = table[:, 0] - 1, table[:, 1] - 1, table[:, 2]
    return arrange("movielens", users, items, stars, USERS, ITEMS)


def _download() -> Path:
    path = source.CACHE / "movielens" / ZIP
    if not path.is_file() and not download.reachable(_zip().urls):
        raise KitError(
            "MovieLens is not on disk and cannot be downloaded; name its folder with --data DIR, "
            "or use the stand-in: --data generated"
        )
    return download.fetch(_zip().urls, path, _zip().checksums[0])


def _zip() -> cards.DataFile:
    return cards.load("movielens").file(ZIP)
