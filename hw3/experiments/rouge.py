"""ROUGE-L (Lin 2004): how much of a summary stands in another, in the same order."""

from __future__ import annotations


def longest_common(one: list[str], other: list[str]) -> int:
    """The length of the longest common subsequence of two lists of words."""
    best = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for place, against in enumerate(other, 1):
            kept = best[place]
            best[place] = before + 1 if word == against else max(kept, best[place - 1])
            before = kept
    return best[-1]


def rouge_l(written: str, wanted: str) -> float:
    """The F1 score of the longest common subsequence, between 0 and 1."""
    one, other = written.split(), wanted.split()
    common = longest_common(one, other)
    return 2 * common / (len(one) + len(other)) if common else 0.0
