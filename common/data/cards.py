"""cards.toml → the card of a data set: source, licence, size, checksums."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from common.data import source
from common.errors import KitError

FILE = Path(__file__).with_name("cards.toml")


@dataclass(frozen=True)
class DataFile:
    """One file of a data set.

    Attributes:
        checksums: "algorithm:digest" of every form in which it is known.
        urls: addresses, in the order to try; none where it cannot be fetched.
        form: files of one form stand for each other: one of them is enough.
    """

    name: str
    bytes: int
    checksums: tuple[str, ...]
    urls: tuple[str, ...] = ()
    form: str = ""

    def is_known(self, path: Path) -> bool:
        """Whether a file on disk has one of the checksums."""
        for checksum in self.checksums:
            algorithm, _, digest = checksum.partition(":")
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, algorithm).hexdigest() == digest:
                    return True
        return False


@dataclass(frozen=True)
class Card:
    """One data set.

    Attributes:
        stand_in: what the kit uses where this is not to be had; "" where there is none.
        hard: how hard a stand-in is beside what it stands for.
        content: sha256 of the data as the kit reads them, whatever file they came in.
        access: what else must be known to get it, such as that a file is published nowhere.
    """

    name: str
    title: str
    homeworks: tuple[str, ...]
    source: str
    licence: str
    files: tuple[DataFile, ...] = ()
    cite: str = ""
    stand_in: str = ""
    hard: str = ""
    content: str = ""
    access: str = ""

    def file(self, name: str) -> DataFile:
        """The file of this name."""
        return next(file for file in self.files if file.name == name)

    @property
    def urls(self) -> tuple[str, ...]:
        """Every address from which a part of it can be fetched."""
        return tuple(url for file in self.files for url in file.urls)

    @property
    def made_here(self) -> bool:
        """Whether the kit makes it by itself."""
        return not self.files


def load_all() -> dict[str, Card]:
    """Return all cards, by name."""
    cards = {}
    for name, table in tomllib.loads(FILE.read_text(encoding="utf-8")).items():
        files = tuple(
            DataFile(
                f["name"],
                f["bytes"],
                tuple(f["checksums"]),
                tuple(f.get("urls", ())),
                f.get("form", ""),
            )
            for f in table.pop("files", ())
        )
        cards[name] = Card(name=name, files=files, homeworks=tuple(table.pop("homeworks")), **table)
    return cards


def load(name: str) -> Card:
    """The card of one data set.

    Raises:
        KitError: when there is no such data set.
    """
    cards = load_all()
    if name not in cards:
        raise KitError(f"no data set {name!r}; choose one of {', '.join(cards)}")
    return cards[name]


def on_disk(card: Card) -> list[Path]:
    """The files of a data set that are here: those of the first folder that holds any."""
    for folder in source.folders(card.name, None):
        if found := [folder / f.name for f in card.files if (folder / f.name).is_file()]:
            return found
    return []
