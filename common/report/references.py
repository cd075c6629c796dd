"""Numbers that a sentence takes from a run: `{{hw2/maml.test_accuracy}}`.

Names of runs and of figures may hold dots themselves (`rate-0.4`), so the runs that are there decide
where the name of the run ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

REFERENCE = re.compile(r"\{\{ *(hw\d+)/([^{}±\n]+?) *(?:± *([^{}\n]+?) *)?\}\}")


@dataclass(frozen=True)
class Reference:
    """A figure that a sentence asks for.

    Attributes:
        half: the key of the interval; empty where the run is to say which it is.
    """

    homework: str
    run: str
    key: str
    half: str = ""


def read(found: re.Match[str], is_run: Callable[[str], bool]) -> Reference:
    """The reference of a match of REFERENCE; of an unknown run the last dot ends the name."""
    homework, name, half = found[1], found[2], found[3] or ""
    cuts = [at for at, letter in enumerate(name) if letter == "."] or [len(name)]
    longest_first = sorted(cuts, reverse=True)
    cut = next((at for at in longest_first if is_run(name[:at])), longest_first[0])
    return Reference(homework, name[:cut].strip(), name[cut + 1 :].strip(), half)


def keys_of(key: str, value: Any) -> tuple[str, str]:
    """The keys of a mean and of its interval where both lie together; else the key itself."""
    if isinstance(value, dict) and {"mean", "interval"} <= value.keys():
        return f"{key}/mean", f"{key}/interval"
    if isinstance(value, list) and len(value) == 2:
        return f"{key}/0", f"{key}/1"
    return key, ""


def intervals_beside(key: str) -> Iterator[str]:
    """Yield the names of a number's interval: `test_interval` beside `test_accuracy`, or `interval`."""
    above, slash, name = key.rpartition("/")
    if "interval" not in name:
        for other in dict.fromkeys((name.replace("accuracy", "interval"), "interval")):
            if other != name:
                yield f"{above}{slash}{other}"
