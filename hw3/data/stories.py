"""Stories in the manner of bAbI (Weston et al. 2015): people move, take things, and are asked for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hw3.data.vocabulary import MOVES, NAMES, PLACES, TAKES, THINGS


class Question(NamedTuple):
    """A story that ends in a question, and its answer."""

    text: str
    answer: str


def _pick(rng: np.random.Generator, words: list[str], count: int) -> list[str]:
    return [words[index] for index in rng.permutation(len(words))[:count]]


def where(
    rng: np.random.Generator, moves: int, people: int, places: list[str] = PLACES
) -> Question:
    """Some moves of some people; where is one of them? The last place counts."""
    people = min(people, moves)
    names, at, lines = _pick(rng, NAMES, people), {}, []
    for move in range(moves):
        name = names[move if move < people else rng.integers(people)]
        at[name] = places[rng.integers(len(places))]
        lines.append(f"{name} {MOVES[rng.integers(len(MOVES))]} to the {at[name]} .")
    name = names[rng.integers(people)]
    return Question(f"{' '.join(lines)} where is {name} ?", at[name])


def yes_or_no(rng: np.random.Generator, moves: int, people: int) -> Question:
    """Some moves; is one of the people in this place? As often yes as no."""
    told = where(rng, moves, people)
    lines, name = told.text.removesuffix(" ?").split("where is ")
    true = rng.random() < 0.5
    others = [place for place in PLACES if place != told.answer]
    place = told.answer if true else others[rng.integers(len(others))]
    return Question(f"{lines}is {name} in the {place} ?", "yes" if true else "no")


def story(
    rng: np.random.Generator, wording: str = "{who} carried the {what} to the {place}"
) -> Question:
    """Someone fetches a thing, someone else walks about; the answer is a summary of one line.

    Args:
        wording: of the summary.
    """
    name, other = _pick(rng, NAMES, 2)
    thing = THINGS[rng.integers(len(THINGS))]
    begin, end, aside = _pick(rng, PLACES, 3)

    def move(who: str, place: str) -> str:
        return f"{who} {MOVES[rng.integers(len(MOVES))]} to the {place} ."

    taken = f"{name} {TAKES[rng.integers(len(TAKES))]} the {thing} ."
    lines = [move(name, begin), taken, move(name, end)]
    lines.insert(int(rng.integers(4)), move(other, aside))
    return Question(" ".join(lines), wording.format(who=name, what=thing, place=end))
