"""The best data there is: what `--data` names, what is on disk, what can be downloaded, a stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from common.data import cards, download
from common.errors import KitError

Data = TypeVar("Data")


@dataclass(frozen=True)
class Choice(Generic[Data]):
    """A real data set and what stands in for it.

    Attributes:
        name: of the real one, as `--data` and its card call it.
        title: as people call it.
        expected: the files that a folder may hold.
        find: where it lies, given a folder or None for the usual places; None where it does not.
        load: reads or downloads it, given the same.
        stand_in: what `--data` calls the stand-in.
        generate: makes the stand-in.
        tiny: makes a small one, for trying the whole path in seconds.
    """

    name: str
    title: str
    expected: str
    find: Callable[[str | None], object]
    load: Callable[[str | None], Data]
    stand_in: str
    generate: Callable[[], Data]
    tiny: Callable[[], Data]


def best(choice: Choice[Data], data: str | None, tiny: bool) -> tuple[Data, str]:
    """The data, and in a few words why these.

    Args:
        data: a source's name, a folder, or None for the best that can be had.

    Raises:
        KitError: when what was asked for is not there.
    """
    if tiny and data is None:
        return choice.tiny(), "--tiny"
    if data == choice.stand_in:
        return choice.generate(), "as asked"
    if data == choice.name:
        return choice.load(None), "as asked"
    if data is not None:
        if choice.find(data) is None:
            raise KitError(f"--data {data}: no {choice.title} there; expected {choice.expected}")
        return choice.load(data), data
    if choice.find(None) is not None:
        return choice.load(None), "on disk"
    if download.reachable(cards.load(choice.name).urls):
        return choice.load(None), "downloaded"
    why = f"stand-in: {choice.title} is not on disk and cannot be downloaded"
    return choice.generate(), why
