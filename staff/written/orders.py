"""Claims of order and size: that one run is better than another, or has twice as much of something."""

from __future__ import annotations

import itertools
import re

from staff.written.facts import Fact
from staff.written.marks import ORDER, SIZE, Mark
from staff.written.sentence import Sentence
from staff.written.words import RUNS, Mention, piece_in

_HEDGED = re.compile(
    r"\b(not|no|never|neither|nor|if|would|might|may|expect\w*|predict\w*|thought|hop(?:ed|ing)|"
    r"should|whether|could|unless|except|hardly|n't|un(?:like)?ly|barely|instead)\b|n't\b",
    re.IGNORECASE,
)
_MORE = r"higher|above|larger|greater|more"
_LESS = r"lower|below|smaller|less|fewer"
_BETTER = r"better|ahead|beats?|outperforms?|wins|stronger|superior|more accurate"
_WORSE = r"worse|behind|weaker|inferior|loses|less accurate|trails"
_RELATION = re.compile(
    rf"\b(?:(?P<better>{_BETTER})|(?P<worse>{_WORSE})|(?P<more>{_MORE})|(?P<less>{_LESS}))\b",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b(than|of|beats?|above|below|behind|outperforms?|trails|to|over)\b|[<>]", re.I
)
_TIMES = re.compile(
    r"(?:(?P<twice>twice)|(?P<half>half)|(?P<number>\d+(?:\.\d+)?|two|three|four|five|ten) times)"
    r" (?:as|the|higher|faster|slower|more)",
    re.IGNORECASE,
)
_COUNT = {"two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "ten": 10.0}
_LOWER_IS_BETTER = re.compile(r"mse|nll|ece|loss|brier|error|gap|seconds|kl_", re.IGNORECASE)


def order(sentence: Sentence) -> list[Mark]:
    """Marks for claims that one run is better, or higher, than another when it is not."""
    text = sentence.text[sentence.start : sentence.end]
    if _HEDGED.search(text) or "?" in text:
        return []
    runs = [m for m in sentence.mentions if m.group == RUNS]
    marks = []
    for one, other in itertools.pairwise(runs):
        relation = _relation(sentence, sentence.text[one.end : other.start])
        if relation and one.piece != other.piece:
            marks += _compare(sentence, one, other, relation)
    return marks


def _relation(sentence: Sentence, between: str) -> str:
    """better, worse, more, less, or nothing, from the words between two names."""
    if re.fullmatch(r"\W*>\W*", between):
        return "better"
    if re.fullmatch(r"\W*<\W*", between):
        return "worse"
    if len(between) > 70 or re.search(r"[,:;]\s*(and|but|while)\b", between):
        return ""
    found, bound = _RELATION.search(between), _BOUND.search(between)
    if not found or not bound:
        return ""
    return next(name for name, word in found.groupdict().items() if word)


def _compare(sentence: Sentence, one: Mention, other: Mention, relation: str) -> list[Mark]:
    pairs = _pairs(sentence, one, other)
    if not pairs:
        return []
    denied = [pair for pair in pairs if _denies(*pair, relation)]
    if len(denied) < len(pairs):
        return []
    a, b = denied[0]
    said = sentence.text[one.start : other.end].replace("\n", " ")
    apart = abs(a.value - b.value)
    within = a.half is not None and b.half is not None and apart <= max(a.half, b.half)
    told = f"“{said}”: {a.address} is {a.value:.4g}, {b.address} is {b.value:.4g}"
    return [Mark(one.start, other.end, ORDER, told + (" (within the intervals)" if within else ""))]


def _denies(a: Fact, b: Fact, relation: str) -> bool:
    lower = _LOWER_IS_BETTER.search(a.address) is not None
    sign = {"better": -1 if lower else 1, "worse": 1 if lower else -1, "more": 1, "less": -1}
    return (a.value - b.value) * sign[relation] < 0


def _pairs(sentence: Sentence, one: Mention, other: Mention) -> list[tuple[Fact, Fact]]:
    """Facts of two runs that differ in the run alone, of the figure that is named."""
    rest = [m for m in sentence.mentions if m.group != RUNS]
    groups = {m.group for m in rest}
    carried = [m for m in sentence.before if m.group not in {*groups, RUNS}]
    ways = [rest + carried]
    if "figure" not in groups and sentence.words.main:
        main = [*rest, Mention("figure", sentence.words.main, 0, 0)]
        ways = [*ways, main] if any(m.group == "figure" for m in carried) else [main, *ways]
    ways.append(rest)
    return next(filter(None, (_alike(sentence, one, other, way) for way in ways)), [])


def _alike(
    sentence: Sentence, one: Mention, other: Mention, rest: list[Mention]
) -> list[tuple[Fact, Fact]]:
    """Pairs of facts whose addresses differ in the name of the run alone."""
    facts = [f for f in sentence.facts if f.when is None and not _is_extreme(f)]
    return [
        (a, b)
        for a, b in itertools.product(
            sentence.fitting(facts, [one, *rest]), sentence.fitting(facts, [other, *rest])
        )
        if _stripped(a.address, one.piece) == _stripped(b.address, other.piece)
    ]


def size(sentence: Sentence) -> list[Mark]:
    """Marks for claims that one run has N times as much as another when it has not."""
    text = sentence.text[sentence.start : sentence.end]
    if _HEDGED.search(text):
        return []
    marks = []
    runs = [m for m in sentence.mentions if m.group == RUNS]
    for one, other in itertools.pairwise(runs):
        found = _TIMES.search(sentence.text[one.end : other.start])
        pairs = _in_question(sentence, one, other) if found else []
        if found and pairs and one.piece != other.piece:
            factor = 2.0 if found["twice"] else 0.5 if found["half"] else _number(found["number"])
            if all(not _near_ratio(a.value, b.value, factor) for a, b in pairs):
                a, b = pairs[0]
                marks.append(
                    Mark(
                        one.start,
                        other.end,
                        SIZE,
                        f"“{sentence.text[one.start : other.end]}”: {a.address} is {a.value:.4g}, "
                        f"{b.address} is {b.value:.4g}".replace("\n", " "),
                    )
                )
    return marks


def _in_question(sentence: Sentence, one: Mention, other: Mention) -> list[tuple[Fact, Fact]]:
    """The pairs that "twice as fast" may mean: of the figure that is named, else of any."""
    named = any(m.group == "figure" for m in (*sentence.mentions, *sentence.before))
    return _pairs(sentence, one, other) if named else _alike(sentence, one, other, [])


def _number(text: str) -> float:
    return _COUNT[text.lower()] if text.lower() in _COUNT else float(text)


def _near_ratio(a: float, b: float, factor: float) -> bool:
    """Whether a is about `factor` times b, or b is about `factor` times a."""
    return any(y and abs(x / y - factor) <= 0.25 * factor for x, y in ((a, b), (b, a)))


def _is_extreme(fact: Fact) -> bool:
    return any(piece_in(word, fact.address) for word in ("max", "min"))


def _stripped(address: str, piece: str) -> str:
    """An address without the name of the run: what two runs have alike."""
    return "/".join(part for part in address.split("/") if not piece_in(piece, part))
