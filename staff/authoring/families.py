"""Mistakes that no check tells apart have a family, whose text is true of each of them."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass

from common.homework import ROOT


@dataclass(frozen=True)
class Family:
    """A family of `staff/mistakes/families.toml`."""

    slug: str
    mistakes: tuple[str, ...]
    text: str


@functools.cache
def load() -> tuple[Family, ...]:
    """Return all families."""
    path = ROOT / "staff" / "mistakes" / "families.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["family"]
    return tuple(Family(row["slug"], tuple(row["mistakes"]), row["text"]) for row in rows)


def slugs() -> set[str]:
    """The names of all families."""
    return {one.slug for one in load()}


def family(mistakes: tuple[str, ...]) -> Family | None:
    """The family that holds all of these mistakes."""
    return next((one for one in load() if set(mistakes) <= set(one.mistakes)), None)


def of(mistake: str) -> set[str]:
    """The names of the families that hold a mistake."""
    return {one.slug for one in load() if mistake in one.mistakes}
