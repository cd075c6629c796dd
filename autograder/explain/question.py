"""One question with its one right answer."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

MOST_CHOICES = 4


@dataclass(frozen=True)
class Question:
    """A question to the author of code.

    Attributes:
        kind: what is asked for: shape, gradient, left out, …
        about: the hole or run that it is about.
        text: the question, with the lines that it speaks of.
        answer: the right answer.
        choices: of which one is the answer; empty where lines are to be named.
        why: what a good explanation says, for whoever listens.
    """

    kind: str
    about: str
    text: str
    answer: str
    choices: tuple[str, ...] = ()
    why: str = ""

    def is_right(self, given: str) -> bool:
        """Whether a typed answer is the right one: the choice's letter or text, or the lines."""
        given = given.strip().rstrip(".)")
        if not self.choices:
            return sorted(_words(given)) == sorted(_words(self.answer))
        letter = "abcdefgh".find(given.lower()) if len(given) == 1 else -1
        if 0 <= letter < len(self.choices):
            return self.choices[letter] == self.answer
        return given == self.answer

    def complaints(self) -> list[str]:
        """Return what is wrong with it: it must be answerable, and have one right answer."""
        wrong = []
        if not self.text.strip() or not self.answer.strip():
            wrong.append("text or answer is empty")
        if self.choices and self.choices.count(self.answer) != 1:
            wrong.append(f"{self.answer!r} is {self.choices.count(self.answer)} of the choices")
        if len(set(self.choices)) < len(self.choices) or len(self.choices) == 1:
            wrong.append(f"the choices are {self.choices}")
        return wrong


def _words(lines: str) -> list[str]:
    return [word for word in lines.replace(",", " ").split() if word != "and"]


def choices(answer: str, others: Iterable[str], draw: random.Random) -> tuple[str, ...]:
    """The answer among different others, in random order; empty where there is no other."""
    wrong = [one for one in dict.fromkeys(others) if one != answer][: MOST_CHOICES - 1]
    if not wrong:
        return ()
    found = [answer, *wrong]
    draw.shuffle(found)
    return tuple(found)
