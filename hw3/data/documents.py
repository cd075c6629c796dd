"""Documents for pre-training: in each, other words stand for the classes.

A document of reviews shows texts and labels in one of three styles. What its labels tell apart (an
opinion, some topics, some numbers of stars, or single words) and which words are its labels is
drawn for each document: only its own examples say it. Who predicts the next word well has learned
to learn from examples (Chan et al. 2022; Min et al. 2022, MetaICL); before the first example nothing
can be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hw3.data import reviews, stories
from hw3.data.vocabulary import LABELS, MARKS, TOPICS, WORDS, WordTokenizer

Piece = tuple[str, str]  # what stands before an answer, and the answer
FORMS = ("{text} :", "question {text} answer :", "{text} summary :")
SHARES = {"reviews": 0.7, "questions": 0.18, "summaries": 0.12}
PLAIN_WORDS = [word for word in WORDS[2:] if word not in MARKS + LABELS]


def _concept(rng: np.random.Generator) -> tuple[int, Callable[[int], str]]:
    """Return the labels of a document: how many there are, and a text of each."""
    kind, clauses = rng.random(), int(rng.integers(1, 3))

    def review(topic: int, stars: int) -> str:
        return reviews.draw(rng, int(topic), int(stars), clauses).text

    def some(count: int, least: int = 2, most: int = 5) -> np.ndarray:
        return rng.permutation(count)[: rng.integers(least, most + 1)]

    if kind < 0.15:
        words = some(len(PLAIN_WORDS), most=8)
        return len(words), lambda label: PLAIN_WORDS[words[label]]
    if kind < 0.45:
        return 2, lambda label: reviews.opinion(rng, label, clauses)
    if kind < 0.8:
        topics = some(len(TOPICS))
        return len(topics), lambda label: review(topics[label], rng.integers(1, 6))
    stars = some(5)
    return len(stars), lambda label: review(rng.integers(len(TOPICS)), 1 + stars[label])


def _reviews(rng: np.random.Generator) -> Iterator[Piece]:
    """One document of texts and labels, without end."""
    way, text = _concept(rng)
    names = [LABELS[index] for index in rng.permutation(len(LABELS))[:way]]
    form = FORMS[rng.integers(len(FORMS))]
    while True:
        label = int(rng.integers(way))
        yield form.format(text=text(label)), names[label]


def _questions(rng: np.random.Generator) -> Iterator[Piece]:
    """Stories with questions, one after the other."""
    while True:
        ask = stories.where if rng.random() < 0.5 else stories.yes_or_no
        asked = ask(rng, int(rng.integers(1, 5)), int(rng.integers(1, 3)))
        yield FORMS[1].format(text=asked.text), asked.answer


def _summaries(rng: np.random.Generator) -> Iterator[Piece]:
    """Stories with summaries, one after the other."""
    while True:
        told = stories.story(rng)
        yield FORMS[2].format(text=told.text), told.answer


_MAKERS = {"reviews": _reviews, "questions": _questions, "summaries": _summaries}


def pieces(rng: np.random.Generator, kind: str) -> Iterator[Piece]:
    """The pieces of one document of this kind, without end."""
    return _MAKERS[kind](rng)


def row(
    rng: np.random.Generator, tokenizer: WordTokenizer, kind: str, length: int
) -> tuple[list[int], list[bool]]:
    """One row of exactly `length` tokens, and which of them belong to answers."""
    tokens, answers = [], []
    for before, answer in pieces(rng, kind):
        cue, words = tokenizer.encode(before), tokenizer.encode(answer)
        tokens += [*cue, *words, tokenizer.end]
        answers += [False] * len(cue) + [True] * len(words) + [False]
        if len(tokens) >= length:
            return tokens[:length], answers[:length]
    raise AssertionError("documents do not end")
