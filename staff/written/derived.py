"""Numbers that follow from figures of the runs: differences, errors, ends of intervals, shares."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from staff.written.numbers import Number, numbers
from staff.written.sentence import Sentence
from staff.written.words import RUNS

_BEFORE = re.compile(
    r"\b(by|within|difference|differs?|gap|gain|gains|gained|margin|drop|rise|fall|loses|lost|ahead|behind|"
    r"apart|spread|only|factor|ratio|share|bound|limit|least|most|threshold|chance|guess\w*|expected"
    r"|predicts?|error|errors|noise)\b[^.\d]{0,25}$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^\s*(points?\s+)?(difference|higher|lower|more|less|fewer|ahead|better|worse|above|below|apart|of the gap"
    r"|of each other|in absolute|behind|times|-?fold|×|percent(age)? points?|seconds?\b|s\b|minutes?|MB|GB|kB"
    r"|bits?|nats? more)",
    re.IGNORECASE,
)
_APART = re.compile(r"\b(gap|differs?|difference|apart)\b[^;]{0,60}$", re.IGNORECASE)
_MEASURED = re.compile(r"\s*(times|-?fold|×|seconds?\b|s\b|minutes?|MB|GB|kB|bits?)")
_NO_FIGURE = re.compile(
    r"\b(bound|limit|least|most|threshold|chance|guess\w*|predicts?|expected|noise)\b[^.\d]{0,25}$",
    re.IGNORECASE,
)
_SCALE = re.compile(r"\b(scale|on s)\b|\bs =")
_ENDS = re.compile(
    r"\b(intervals?|ranges?|runs? from|between|overlap\w*|touch\w*|error bars?|CI)\b|[\[(]\S*\d[^\])]*,",
    re.IGNORECASE,
)
_ERROR = re.compile(r"\berrors?\b", re.IGNORECASE)
SENTENCE_BEFORE = 250  # characters that are looked at for what a difference is between


def is_derived(sentence: Sentence, number: Number) -> bool:
    """Whether a number follows from figures that the sentence can mean."""
    before = sentence.text[sentence.start : number.start]
    return (
        _SCALE.search(before) is not None
        or _is_share(sentence, number)
        or _is_end(sentence, number)
        or (_ERROR.search(before) is not None and _is_error(sentence, number))
        or _is_difference(sentence, number, before)
    )


def _is_share(sentence: Sentence, number: Number) -> bool:
    """Whether it is the ratio of two whole numbers of the sentence, or one of one: 1/40."""
    if number.half is not None:
        return False
    counts = [1.0, *sentence.counts()]
    return any(b and number.equals(a / b) for a, b in itertools.permutations(counts, 2))


def _is_end(sentence: Sentence, number: Number) -> bool:
    """Whether it is an end of an interval, as [.936, .946] gives it, to a unit of the last place."""
    if number.half is not None or not _ENDS.search(sentence.own_text):
        return False
    near = replace(number, about=True)
    facts = sentence.fitting(sentence.facts, sentence.figures + sentence.runs_meant())
    halves = [(f.value, f.half) for f in facts if f.half is not None and f.when is None]
    return any(near.equals(value - half) or near.equals(value + half) for value, half in halves)


def _is_error(sentence: Sentence, number: Number) -> bool:
    """Whether it is one less a figure."""
    values = _stated(sentence, number) + _used(sentence)
    return any(number.equals(1 - value) for value in values)


def _is_difference(sentence: Sentence, number: Number, before: str) -> bool:
    after = sentence.text[number.end : sentence.end]
    if not (_BEFORE.search(before) or _APART.search(before) or _AFTER.match(after)):
        return False
    if _MEASURED.match(after) or _NO_FIGURE.search(before):
        return True  # judged as a size, or no figure of a run
    used = _used(sentence)
    nearest = sentence.fitting(sentence.facts, sentence.nearest(number))
    own = [fact.value for fact in nearest if fact.when is None][:12]
    values = _stated(sentence, number) + (used if len(used) <= 12 else own)
    return _is_error(sentence, number) or any(
        number.equals(abs(a - b)) or number.equals(a - b)
        for a, b in itertools.combinations(values, 2)
    )


def _stated(sentence: Sentence, number: Number) -> list[float]:
    """The other numbers of the sentence, and of what stands before it."""
    start = max(0, sentence.start - SENTENCE_BEFORE)
    found = numbers(sentence.text, start, sentence.end, sentence.mentions)
    return [one.value for one in found if one.start != number.start]


def _used(sentence: Sentence) -> list[float]:
    """The figures that the sentence can mean, of all runs named so far."""
    runs = [m for m in (*sentence.seen, *sentence.mentions) if m.group == RUNS]
    facts = sentence.fitting(sentence.facts, sentence.figures + runs)
    return [fact.value for fact in facts if fact.when is None]
