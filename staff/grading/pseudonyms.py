"""Made-up names in place of students', for pages that others are shown.

Who is called what stands in a file beside the page, so that a name stays the same from page to page.
"""

from __future__ import annotations

import csv
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from common.errors import KitError
from common.files import write_text
from staff.course.csv_cell import csv_text, plain_text
from staff.grading.attention import NOT_IN_ROSTER, Attention, Item
from staff.grading.hand_ins import HandIn, HandIns, stem
from staff.grading.shared_code import Found

FILE = "pseudonyms.csv"
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words
HIDDEN = "•"  # for each letter of a name in a text whose characters are counted
SHORTEST = 2  # characters of a name that is looked for inside of texts


class Pseudonyms:
    """Names and what they are called instead.

    Args:
        path: the file that keeps them; what it holds already stays.
        groups: the names of one person or upload each: ids, files, full names.

    Raises:
        KitError: when the file cannot be read.
    """

    def __init__(self, path: Path, groups: Iterable[Iterable[str]]) -> None:
        self.known = _read(path)
        for group in groups:
            names = [unicodedata.normalize("NFC", name) for name in group if name.strip()]
            called = next((self.known[name] for name in names if name in self.known), "")
            called = called or self._new()
            for name in names:
                self.known.setdefault(name, called)
        write_text(path, csv_text([["name", "pseudonym"], *sorted(self.known.items())]))
        long = sorted((n for n in self.known if len(n) >= SHORTEST), key=len, reverse=True)
        anywhere = "|".join(map(re.escape, long)) or "(?!)"
        self._pattern = re.compile(rf"(?<!\w)(?:{anywhere})(?!\w)", re.IGNORECASE)
        self._folded = {name.casefold(): called for name, called in self.known.items()}

    def _new(self) -> str:
        taken = set(self.known.values())
        while (name := "P-" + "".join(secrets.choice(LETTERS) for _ in range(5))) in taken:
            pass
        return name

    def names(self, text: str) -> str:
        """Names between commas, each replaced."""
        return ", ".join(self.known.get(one) or self.text(one) for one in text.split(", "))

    def text(self, text: str) -> str:
        """A text with every known name in it replaced."""
        text = unicodedata.normalize("NFC", text)
        return self._pattern.sub(
            lambda found: self._folded.get(found[0].casefold(), HIDDEN * len(found[0])), text
        )

    def cover(self, text: str) -> str:
        """A text as long as before, in which dots stand for every known name."""
        return self._pattern.sub(lambda found: HIDDEN * len(found[0]), text)


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            return {plain_text(row["name"]): row["pseudonym"] for row in rows}
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise KitError(f"{path} cannot be read; delete it to give everybody a new name") from None


# --- the pages ------------------------------------------------------------------------------------


def of_class(
    records: list[dict], lists: Attention, hand_ins: HandIns, path: Path
) -> tuple[list[dict], Attention, HandIns]:
    """Return the class page's rows without names, in an order that tells nothing.

    Args:
        path: the file of pseudonyms.
    """
    hidden = Pseudonyms(path, _groups(records, hand_ins))
    shown = [
        record
        | {
            "id": hidden.names(record["id"]),
            "students": [hidden.names(one) for one in record["students"]],
            "reason": hidden.text(record["reason"]),
            "notes": [note | {"text": hidden.text(note["text"])} for note in record["notes"]],
            "manifest": {},
        }
        for record in records
    ]
    shown.sort(key=lambda record: record["id"])
    without = sorted(hidden.names(one) for one in hand_ins.without)
    decide, look = ([_item(one, hidden) for one in those] for those in (lists.decide, lists.look))
    return shown, Attention(decide, look), HandIns(without=without)


def _groups(records: list[dict], hand_ins: HandIns) -> list[list[str]]:
    """The names that belong together."""
    uploads = [*hand_ins.kept, *(one for _, those in hand_ins.undecided for one in those)]
    groups = [[student, name] for student, name in hand_ins.people.items()]
    groups += [_of_upload(one) for one in uploads]
    for record in records:
        signed = record["manifest"].get("name") or ""
        groups.append([record["id"], signed if len(record["students"]) == 1 else ""])
        groups += [[one] for one in (*record["students"], signed) if one.strip()]
        groups += [[one] for one in record["manifest"].get("collaborators") or ()]
    others = (*hand_ins.without, *hand_ins.ignored, *hand_ins.superseded, *hand_ins.unmatched)
    return groups + [[one] for one in others]


def _of_upload(one: HandIn) -> list[str]:
    alone = list(one.students) if len(one.students) == 1 else []
    return [*alone, one.job.ident, one.job.upload, stem(one.job.upload)]


def _item(item: Item, hidden: Pseudonyms) -> Item:
    text = NOT_IN_ROSTER if item.kind == NOT_IN_ROSTER else hidden.text(item.text)
    return replace(item, who=hidden.names(item.who), text=text)  # near names stay in the roster


def of_pairs(found: Found, path: Path) -> Found:
    """Pairs of alike files without names, in the files as well; see `of_class`."""
    groups = [[one, signed] for one, signed in found.signed.items()]
    groups += [[one] for pair in found.pairs for one in (pair.one, pair.other)]
    hidden = Pseudonyms(path, groups)
    pairs = [
        replace(
            pair,
            one=hidden.names(pair.one),
            other=hidden.names(pair.other),
            texts=(hidden.cover(pair.texts[0]), hidden.cover(pair.texts[1])),
        )
        for pair in found.pairs
    ]
    return replace(
        found,
        pairs=pairs,
        unsigned=sorted(map(hidden.names, found.unsigned)),
        copied=list(map(hidden.text, found.copied)),
        unread=list(map(hidden.text, found.unread)),
        signed={},
    )
