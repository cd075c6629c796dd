"""The folders of images that fresh tasks are drawn from, and whether student code could read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from common.data.source import folders
from common.errors import KitError

HIDING = ("namespaces", "landlock")  # layers of the sandbox with which a check sees none of them


def folders_of_images() -> tuple[Path, ...]:
    """Return the folders that hold Omniglot, and those that links in them lead to."""
    try:
        places = folders("omniglot", None)
    except KitError:  # said by the run that needs them
        return ()
    return tuple(sorted({real for place in places if place.is_dir() for real in _real(place)}))


def _real(folder: Path) -> Iterator[Path]:
    yield folder.resolve()
    for entry in folder.iterdir():
        if entry.is_symlink() and entry.exists():
            target = entry.resolve()
            yield target if target.is_dir() else target.parent


def are_open(source: str, isolation: str) -> bool:
    """Whether nothing but the rights of its files keeps a check from reading a source's images."""
    return source == "omniglot" and not set(HIDING) & set(isolation.split("+"))
