"""Tasks for a language model: texts with one of several labels, whose names the task gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hw3.data import reviews, stories
from hw3.data.vocabulary import LABELS, PLACES, STARS, TOPICS

Pair = tuple[str, str]  # a text and its answer


@dataclass
class Task:
    """A way to draw texts with a label.

    Attributes:
        names: of the labels; the answers.
        text: draws a text of the label with this number.
        style: how its examples stand in a prompt.
    """

    names: list[str]
    text: Callable[[np.random.Generator, int], str]
    style: str = "plain"

    def draw(self, rng: np.random.Generator, count: int) -> list[Pair]:
        """Texts with their answers, the labels as even as the count allows, in a random order."""
        first = int(rng.integers(len(self.names)))
        labels = (first + rng.permutation(count)) % len(self.names)
        return [(self.text(rng, int(label)), self.names[label]) for label in labels]


def opinions(rng: np.random.Generator) -> Task:
    """Make a task that asks whether a review is good or bad, in two words without other meaning."""
    names = [LABELS[index] for index in rng.permutation(len(LABELS))[:2]]
    return Task(names, reviews.opinion)


def grades(rng: np.random.Generator) -> Task:
    """Make a task that asks for one to five stars of a review, in words without other meaning."""
    names = [LABELS[index] for index in rng.permutation(len(LABELS))[: len(STARS)]]
    return Task(names, _review_of)


def _review_of(rng: np.random.Generator, label: int) -> str:
    """A review of any topic, of `label` + 1 stars."""
    return reviews.draw(rng, int(rng.integers(len(TOPICS))), label + 1).text


def whereabouts(rng: np.random.Generator) -> Task:
    """Make a task that asks where someone is, of two places, in two new words for the places.

    Pre-training asks for places by their own names, and never says labels after stories.
    """
    names = [LABELS[index] for index in rng.permutation(len(LABELS))[:2]]
    places = [PLACES[index] for index in rng.permutation(len(PLACES))[:2]]

    def text(rng: np.random.Generator, label: int) -> str:
        while True:
            asked = stories.where(rng, moves=2, people=2, places=places)
            if asked.answer == places[label]:
                return asked.text

    return Task(names, text)


def stars() -> Task:
    """Make a task that asks for the stars of a review, in the words "one" to "five"."""
    return Task(STARS, _review_of)
