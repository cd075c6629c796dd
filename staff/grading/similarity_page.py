"""Pairs of alike files side by side, with what they share marked: one page that needs nothing else."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from common.homework import Homework
from common.pages.templates import render
from staff.grading.shared_code import Found, Pair

PAGE = "staff/grading/similarity_page.html"
MOST_PAIRS = 200


def page(found: Found, homework: Homework) -> str:
    """The whole page; everything that students wrote is escaped."""
    shown = found.pairs[:MOST_PAIRS]
    return render(
        PAGE,
        homework=homework,
        pairs=[(pair, *_marked(pair)) for pair in shown],
        more=len(found.pairs) - len(shown),
        thresholds=found.thresholds,
        unsigned=found.unsigned,
    )


def _marked(pair: Pair) -> tuple[Markup, Markup]:
    one, other = (mark(text, ranges) for text, ranges in zip(pair.texts, pair.matches))
    return one, other


def mark(text: str, ranges: np.ndarray) -> Markup:
    """The text, escaped, with some ranges of characters marked.

    Args:
        ranges: where they start and where they end: [2, matches], in order.
    """
    marked, at = Markup(), 0
    for start, end in zip(*ranges) if len(ranges) else ():
        marked += text[at:start] + Markup("<mark>{}</mark>").format(text[start:end])
        at = end
    return marked + text[at:]
