"""One sentence: which figures of runs its numbers are, by the names that stand beside them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from staff.written.facts import Fact
from staff.written.numbers import Number, numbers
from staff.written.words import RUNS, Mention, Words

_SAID_OF = re.compile(r"\s+(for|of|with)\s+")
_AND = re.compile(r"\s*(,|and|, and|or|/|vs\.?)\s*")
_SEVERAL = re.compile(
    r"\b(all|both|each|every|two|three|four|five|six|others?|respectively|either|neither)\b",
    re.IGNORECASE,
)


@dataclass
class Sentence:
    """One sentence with the names in it, those of the sentence before, and the runs named so far."""

    words: Words
    text: str
    start: int
    end: int
    mentions: list[Mention]
    before: list[Mention]
    seen: list[Mention]
    facts: list[Fact]

    @property
    def named(self) -> list[Mention]:
        """The names in the sentence, with the runs of the one before where it names none itself."""
        if not self.mentions:
            return self.before
        if any(m.group == RUNS for m in self.mentions):
            return self.mentions
        return self.mentions + [m for m in self.before if m.group == RUNS]

    @property
    def own_text(self) -> str:
        """The text of the sentence alone."""
        return self.text[self.start : self.end]

    @property
    def figures(self) -> list[Mention]:
        """The names in the sentence that are no runs."""
        return [m for m in self.mentions if m.group != RUNS]

    def runs_meant(self) -> list[Mention]:
        """The runs that it names; where it names none those of the one before, or all named so far."""
        own = [m for m in self.mentions if m.group == RUNS]
        return own or self._of_several() or [m for m in self.before if m.group == RUNS]

    def _of_several(self) -> list[Mention]:
        """All runs named so far, for a sentence that names none and speaks of several."""
        if any(m.group == RUNS for m in self.mentions):
            return []
        carried = {m.piece for m in self.before if m.group == RUNS}
        stated = numbers(self.text, self.start, self.end, self.mentions)
        more_numbers = sum(n.places > 1 for n in stated) > len(carried)
        return self.seen if more_numbers or _SEVERAL.search(self.own_text) else []

    def states_a_result(self, number: Number) -> bool:
        """Whether a number is given as a figure of a run: precise, and beside a name.

        A whole number of per cent may be anything, and is left alone.
        """
        if number.half is None and number.places < (3 if number.percent else 2):
            return False
        return bool(self.mentions or self.before or number.half is not None)

    def fitting(self, facts: Iterable[Fact], mentions: list[Mention] | None = None) -> list[Fact]:
        """The facts that the names of this sentence, or of the one before, can mean."""
        used = self.named if mentions is None else mentions
        return [fact for fact in facts if self.words.fits(fact, used)]

    def explain(self, number: Number) -> Fact | None:
        """The fact that a number is; the nearest names are tried before all of the sentence."""
        times = self.counts()
        runs = [m for m in self.nearest(number) if m.group == RUNS]
        for mentions in (self.nearest(number), self.named, runs):
            for fact in self.fitting(self.facts, mentions):
                timely = fact.when is None or fact.when in times or self._early_or_late()
                if timely and number.is_figure(fact):
                    return fact
        return self._of_unnamed(number)

    def paired(self, number: Number) -> Mention | None:
        """The run that a number is said of: ".9 for A", "A .9, B .8", "A and B have .9 and .8"."""
        runs = [m for m in self.mentions if m.group == RUNS]
        for run in runs:
            if _SAID_OF.fullmatch(self.text[number.end : max(run.start, number.end)]):
                return run
        stated = [
            n
            for n in numbers(self.text, self.start, self.end, self.mentions)
            if self.states_a_result(n)
        ]
        if len(runs) != len(stated) or len({run.piece for run in runs}) < 2:
            return None
        if self._in_turns(runs, stated) or (self._in_a_row(runs) and self._in_a_row(stated)):
            return runs[[n.start for n in stated].index(number.start)]
        return None

    @staticmethod
    def _in_turns(runs: Sequence[Mention], stated: Sequence[Number]) -> bool:
        """Whether runs and numbers take turns."""
        at_runs, at_numbers = [m.start for m in runs], [n.start for n in stated]
        turns = [
            list(itertools.chain.from_iterable(zip(one, other)))
            for one, other in ((at_runs, at_numbers), (at_numbers, at_runs))
        ]
        return any(turn == sorted(turn) for turn in turns)

    def _in_a_row(self, places: Sequence[Mention | Number]) -> bool:
        """Whether nothing but commas and "and" stands between them."""
        between = (self.text[a.end : b.start] for a, b in itertools.pairwise(places))
        return all(_AND.fullmatch(text) for text in between)

    def is_of(self, run: Mention, number: Number) -> bool:
        """Whether a number is any figure of a run."""
        return any(number.is_figure(fact) for fact in self.fitting(self.facts, [run]))

    def _of_unnamed(self, number: Number) -> Fact | None:
        """A fact of a run that is not named, where the sentence names none or several."""
        named = {m.piece for m in self.mentions if m.group == RUNS}
        if len(named) == 1:
            carried = [m for m in self.before if m.group == RUNS and m.piece not in named]
            wanted = [m for m in self.mentions if m.group != RUNS] + carried
            pool = self.fitting(self.facts, wanted) if carried else []
        elif named:
            wanted = [m for m in (*self.mentions, *self.before) if m.group == RUNS]
            pool = self.fitting(self.facts, wanted)
        else:
            pool = self.fitting(self.facts, self.runs_meant())
            if several := self._of_several():
                pool += self.fitting(self.facts, self.figures + several)
        return next((f for f in pool if f.when is None and number.is_figure(f)), None)

    def of_another_run(self, facts: list[Fact]) -> Fact | None:
        """One of these facts whose run is not named, of the figure that is named."""
        return next(iter(self.fitting(facts, self.figures)), None)

    def nearest(self, number: Number) -> list[Mention]:
        """Return for each group the last name before the number, or the first behind it."""
        nearest: dict[str, Mention] = {}
        for one in (*self.before, *self.mentions):
            if one.end <= number.start or one.group not in nearest:
                nearest[one.group] = one
        return list(nearest.values())

    def counts(self) -> set[float]:
        """Whole numbers of the sentence: steps and epochs, or what a share is of."""
        return {
            float(n.replace(",", ""))
            for n in re.findall(r"(?<![\w.])\d[\d,]*(?![\w.]\d)", self.own_text)
            if n.strip(",")
        }

    def _early_or_late(self) -> bool:
        early = r"\b(early|first|begin\w*|start\w*|late|soon|at once)\b"
        return re.search(early, self.own_text) is not None
