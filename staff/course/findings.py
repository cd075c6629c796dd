"""Errors, warnings and assumptions that come up while a course's inputs are read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from common.errors import KitError

SHOWN = 40  # errors of one run that are printed; the others are counted


class Findings:
    """Collects what is wrong with the inputs, so that one run tells all of it.

    An error stops the run; a warning says what is not used, or was assumed, and the run goes on.

    Attributes:
        errors: each with its place; at most `SHOWN` of them have a text, the others are counted.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.more = 0
        self._warnings: dict[str, None] = {}
        self.more_warnings = 0

    @property
    def warnings(self) -> list[str]:
        """Return the findings, each once, in order."""
        more = [f"… and {self.more_warnings:,} more notes"] if self.more_warnings else []
        return [*self._warnings, *more]

    def error(self, place: str, text: str | Callable[[], str]) -> None:
        """Keep an error; a text that costs time to make is a function, called when it is shown."""
        if len(self.errors) >= SHOWN:
            self.more += 1
            return
        self.errors.append(f"{place}: {text() if callable(text) else text}")

    def warn(self, text: str) -> None:
        if len(self._warnings) < SHOWN:
            self._warnings[text] = None
        elif text not in self._warnings:
            self.more_warnings += 1

    def stop_on_errors(self) -> None:
        """End the run if anything is wrong.

        Raises:
            KitError: with every error, one a line.
        """
        if not self.errors:
            return
        lines = list(self.errors)
        if self.more:
            lines.append(f"… and {self.more:,} more")
        if len(lines) > 1:
            lines.insert(
                0, f"{len(self.errors) + self.more:,} errors in the input; nothing is written"
            )
        raise KitError("\n  ".join(lines))


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where no known word is close."""
    by_key = {one.casefold(): one for one in known}
    found = difflib.get_close_matches(word.casefold(), list(by_key), n=1, cutoff=0.6)
    return f" (did you mean {by_key[found[0]]!r}?)" if found else ""
