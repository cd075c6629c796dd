"""Seeds, which decide the inputs of the checks: the public set, or one of the term's secret sets.

All secret sets of a term come from one secret of 128 bits, by HMAC-SHA256: nothing that is drawn tells
anything of what it was drawn from. A set is called by a fingerprint, eight letters; the public one is
called 0. The secret lies in one file, which only the staff have, and is shown nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import struct
from pathlib import Path
from typing import NoReturn

from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework

KEY = Path("autograder", "checks", "term.key")  # below the kit's root; git ignores it
BYTES = 16
MOST_SETS = 16  # of one homework
_LETTERS = "bcdfghjklmnpqrst"  # one for each of 16 values: no name is a number or a word
_RECORD = re.compile(r"answers-(.+)\.npz")


class Secret:
    """128 bits that inputs are drawn from. Printed, it is its fingerprint; it cannot be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        if len(value) != BYTES:
            raise ValueError(f"a secret has {BYTES} bytes")
        self._value = value

    def _digest(self, purpose: str) -> bytes:
        return hmac.digest(self._value, purpose.encode(), hashlib.sha256)

    def derive(self, purpose: str) -> Secret:
        """Another secret, which tells nothing of this one."""
        return Secret(self._digest(f"derive {purpose}")[:BYTES])

    def words(self, purpose: str) -> list[int]:
        """Return eight numbers of 32 bits, to seed a generator of random numbers with."""
        return list(struct.unpack("<8I", self._digest(purpose)))

    def __str__(self) -> str:
        digits = self._digest("fingerprint").hex()[:8]
        return "".join(_LETTERS[int(digit, 16)] for digit in digits)

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not sent to another process; send its name")


Seed = int | Secret


# --- the term's ---------------------------------------------------------------------------------


def term(root: Path) -> Secret | None:
    """The secret of this term, or None.

    Raises:
        KitError: when the file holds something else.
    """
    path = root / KEY
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch(rf"[0-9a-f]{{{2 * BYTES}}}", text):
        raise KitError(
            f"{KEY.as_posix()} holds no secret of 128 bits; delete it, and make one with: "
            "python -m staff answers --secret"
        )
    return Secret(bytes.fromhex(text))


def make_term(root: Path) -> Secret:
    """The secret of this term, drawn now if there is none."""
    if (found := term(root)) is not None:
        return found
    value = secrets.token_bytes(BYTES)
    handle = os.open(root / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="ascii") as file:
        file.write(value.hex() + "\n")
    return Secret(value)


def end_term(root: Path) -> list[Path]:
    """Keep the term's secret under its fingerprint, and delete what was recorded with it.

    Returns:
        The kept file, and those deleted.
    """
    if (secret := term(root)) is None:
        return []
    kept = (root / KEY).with_name(f"term-{secret}.key")
    gone = [
        path
        for path in sorted((root / KEY).parent.glob("*/answers-*.npz"))
        if _name(path) in map(str, sets_of(secret, path.parent.name))
    ]
    (root / KEY).rename(kept)
    for path in gone:
        path.unlink()
    return [kept, *gone]


# --- sets ---------------------------------------------------------------------------------------


def sets_of(secret: Secret, homework: str, count: int = MOST_SETS) -> list[Secret]:
    """The first sets of inputs of a homework that a term's secret gives."""
    return [secret.derive(f"inputs {homework} {number}") for number in range(1, count + 1)]


def recorded_sets(homework: Homework) -> list[Secret]:
    """The secret sets of this term that answers are recorded for."""
    secret = term(homework.root)
    if secret is None:
        return []
    found = {_name(path) for path in homework.checks.glob("answers-*.npz")}
    return [one for one in sets_of(secret, homework.name) if str(one) in found]


def find(homework: Homework, name: str) -> Seed:
    """The set of this name.

    Raises:
        KitError: when answers are recorded for no such set.
    """
    if name == str(PUBLIC_SEED):
        return PUBLIC_SEED
    sets = {str(one): one for one in recorded_sets(homework)}
    if name not in sets:
        raise KitError(
            f"no answers are recorded for {homework.name} and seed {name}; there are: "
            f"{', '.join([str(PUBLIC_SEED), *sets])}"
        )
    return sets[name]


def left_over(homework: Homework) -> list[str]:
    """A line on each record of answers that belongs to no set of this term, with what to do."""
    secret, told = term(homework.root), []
    names = [] if secret is None else [str(one) for one in sets_of(secret, homework.name)]
    for path in sorted(homework.checks.glob("answers-*.npz")):
        name = _name(path)
        if name in names:
            continue
        why = "a short number, which can be guessed" if name.isdigit() else "another term's"
        told.append(
            f"{path.relative_to(homework.root).as_posix()} is not used, its seed is {why}: delete "
            f"it, and record a new set with: python -m staff answers {homework.name} --secret"
        )
    return told


def _name(path: Path) -> str:
    match = _RECORD.fullmatch(path.name)
    return match[1] if match else ""
