"""The data sets: `python -m common.data --help`."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from common import options
from common.data import cards, source
from common.data.cards import Card, DataFile
from common.errors import KitError
from common.options.command_line import Parser

LOADED = ("omniglot", "movielens")  # come in several forms, which their modules know

EXAMPLES = """examples:
  python -m common.data                    what there is, what is here, what it allows
  python -m common.data fetch movielens    download it into data/, or go on where that stopped
  python -m common.data verify             are the files here the published ones?
exit code: 0 done, 1 a data set is damaged, 2 it cannot be done
"""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="python -m common.data",
        description="Lists, fetches and verifies the data sets. KIT_DATA names a folder that has them.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=("list", "fetch", "verify"),
        default="list",
        help="list what is here (without a word), fetch from the network, or verify every file",
    )
    parser.add_argument("names", nargs="*", help="data sets; none means all")
    parser.add_argument("--json", action="store_true", help="list for programs")
    options.add_plain(parser)
    return parser.parse_args()


def main() -> int:
    """Run a command; return the exit code."""
    chosen = arguments()
    known = cards.load_all()
    for name in chosen.names:
        cards.load(name)  # says which there are
    asked = [known[name] for name in chosen.names or known]
    if chosen.command == "fetch":
        return fetch(asked, named=bool(chosen.names))
    if chosen.command == "verify":
        return verify(asked, named=bool(chosen.names))
    if chosen.json:
        print(json.dumps([as_row(card) for card in asked]))
    else:
        show(asked)
    return 0


def as_row(card: Card) -> dict[str, str]:
    """Return one data set as a row for programs."""
    return {
        "name": card.name,
        "title": card.title,
        "where": where(card),
        "stand_in": card.stand_in,
        "get": how_to_get(card),
    }


def where(card: Card) -> str:
    """The place where it is; "" when it is not here."""
    if card.made_here:
        return "made by the kit"
    if card.name in LOADED and (found := module(card).find(None)):
        return str(found)
    found = cards.on_disk(card)
    return str(found[0].parent) if found else ""


def module(card: Card) -> ModuleType:
    """The module that reads this data set."""
    return importlib.import_module(f"common.data.{card.name}")


def how_to_get(card: Card) -> str:
    """Return the command that fetches it, or the place to put it."""
    if card.urls:
        return f"python -m common.data fetch {card.name}"
    files = ", ".join(file.name for file in card.files)
    return f"put {files} into KIT_DATA/{card.name}/"


def show(asked: list[Card]) -> None:
    """Print the cards."""
    for card in asked:
        place = where(card)
        counted = [file for file in card.files if file.urls or not card.urls]
        size = sum(file.bytes for file in counted)
        print(f"{card.name}: {card.title}")
        print(f"  {'here: ' + place if place else 'not here; ' + how_to_get(card)}")
        print(f"  for {', '.join(card.homeworks)}; source: {card.source}; licence: {card.licence}")
        if size:
            print(f"  {size / 2**20:.1f} MB in {', '.join(file.name for file in counted)}")
        if card.cite:
            print(f"  cite: {card.cite}")
        if card.stand_in:
            print(f"  without it: {card.stand_in}")
        if card.hard:
            print(f"  how hard: {card.hard}")
        if card.access:
            print(f"  to get it: {card.access}")


def fetch(asked: list[Card], named: bool) -> int:
    """Download what can be downloaded and is not here."""
    from common.data import download

    for card in asked:
        files = missing(card)
        for file in files:
            target = source.CACHE / card.name / file.name
            print(f"{card.name}: {download.fetch(file.urls, target, file.checksums[0])}")
        if not files and (place := where(card)):
            print(f"{card.name}: {place}")
        elif not files and named:
            raise KitError(f"{card.name} cannot be fetched; {how_to_get(card)}")
    return 0


def missing(card: Card) -> list[DataFile]:
    """Return the files that can be fetched and are not here, in any form."""
    if card.name in LOADED and where(card):
        return []
    names = {path.name for path in cards.on_disk(card)}
    here = [file for file in card.files if file.name in names]
    forms = {file.form for file in here if file.form}
    return [f for f in card.files if f.urls and f not in here and f.form not in forms]


def verify(asked: list[Card], named: bool) -> int:
    """Compare what is here with what was published; return 1 when something differs or is missing."""
    bad = 0
    for card in asked:
        faults = list(differences(card))
        if not where(card):
            bad += named
            print(f"{card.name}: not here; {how_to_get(card)}")
        elif card.made_here:
            print(f"{card.name}: made by the kit")
        else:
            bad += bool(faults)
            print(f"{card.name}: {'; '.join(faults) or 'as published'} ({where(card)})")
    return 1 if bad else 0


def differences(card: Card) -> Iterator[str]:
    """Yield the faults of the copy that is here."""
    if card.name in LOADED and where(card):
        try:
            data = module(card).load()
        except KitError as error:
            yield str(error)
            return
        if card.content and hashlib.sha256(data.images.tobytes()).hexdigest() != card.content:
            yield "its drawings are not the published ones"
        return
    here = {path.name: path for path in cards.on_disk(card)}
    forms = {file.form for file in card.files if file.form and file.name in here}
    for file in card.files if here else ():
        if file.name not in here and file.form in forms:
            continue
        if fault := difference(file, here.get(file.name)):
            yield fault


def difference(file: DataFile, path: Path | None) -> str:
    """Return the fault of one file; "" for none."""
    if path is None:
        return f"{file.name} is missing"
    if file.is_known(path):
        return ""
    return (
        f"{path} is damaged: {path.stat().st_size:,} bytes with another checksum, expected "
        f"{file.bytes:,}; delete it and get it again"
    )


if __name__ == "__main__":
    options.run_main(main)
