"""Star reviews: drawn by the kit, or real ones from disk."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hw3.data.vocabulary import TONES, TOPICS

TOPIC_NAMES = list(TOPICS)


class Review(NamedTuple):
    """A review, what it is about (0 to 4) and how many stars it gives (1 to 5)."""

    text: str
    topic: int
    stars: int


def draw(
    rng: np.random.Generator, topic: int, stars: int, clauses: int = 2, strays: float = 0.2
) -> Review:
    """A review of one or two things of one topic, such as "dull plot , fair actor".

    Args:
        topic: which of TOPICS, counted from 0.
        stars: 1 to 5; most adjectives have that tone.
        clauses: things that are reviewed.
        strays: how often an adjective is one star off.
    """
    first, second, *numbers = rng.random(6)
    nouns = TOPICS[TOPIC_NAMES[topic]]
    one = int(first * len(nouns))
    other = (one + 1 + int(second * (len(nouns) - 1))) % len(nouns)
    parts = []
    for noun, stray, which in ((one, *numbers[:2]), (other, *numbers[2:])):
        tone = stars - 1
        if stray < strays:
            tone = min(4, max(0, tone + (1 if stray < strays / 2 else -1)))
        parts.append(f"{TONES[tone][int(which * len(TONES[tone]))]} {nouns[noun]}")
    return Review(" , ".join(parts[:clauses]), topic, stars)


def opinion(rng: np.random.Generator, label: int, clauses: int = 2) -> str:
    """A review of any topic: of one or two stars (label 0), of four or five (label 1)."""
    stars = int(rng.integers(1, 3)) + 3 * label
    return draw(rng, int(rng.integers(len(TOPICS))), stars, clauses).text
