"""One sentence: which figures of runs its numbers are, by the names that stand beside them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from staff.written.facts import Fact
from staff.written.numbers import Number, numbers
from staff.written.words import RUNS, Mention, Words

_DIFFERENCE_BEFORE = re.compile(
    r"\b(by|difference|differ|gap|gain|gains|gained|margin|drop|rise|fall|loses|lost|ahead|behind|"
    r"apart|spread|only|factor|ratio|share|bound|limit|least|most|threshold|chance|guess\w*|expected"
    r"|predicts?|error|errors|noise)\b[^.\d]{0,25}$",
    re.IGNORECASE,
)
_DIFFERENCE_AFTER = re.compile(
    r"^\s*(points?\s+)?(difference|higher|lower|more|less|fewer|ahead|better|worse|above|below|apart|of the gap"
    r"|behind|times|-?fold|×|percent(age)? points?|seconds?\b|s\b|minutes?|MB|GB|kB|bits?|nats? more)",
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
        times = self._times()
        runs = [m for m in self._nearest(number) if m.group == RUNS]
        for mentions in (self._nearest(number), self.named, runs):
            for fact in self.fitting(self.facts, mentions):
                timely = fact.when is None or fact.when in times or self._early_or_late()
                if timely and number.is_figure(fact):
                    return fact
        return self._of_unnamed(number)

    def paired(self, number: Number) -> Mention | None:
        """The run that a number is said of, where runs and numbers of a sentence take turns."""
        runs = [m for m in self.mentions if m.group == RUNS]
        stated = [
            n
            for n in numbers(self.text, self.start, self.end, self.mentions)
            if self.states_a_result(n)
        ]
        if len(runs) != len(stated) or len({run.piece for run in runs}) < 2:
            return None
        at_runs, at_numbers = [m.start for m in runs], [n.start for n in stated]
        for first, second in ((at_runs, at_numbers), (at_numbers, at_runs)):
            turns = list(itertools.chain.from_iterable(zip(first, second)))
            if turns == sorted(turns):
                return runs[at_numbers.index(number.start)]
        return None

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
        else:
            wanted = [m for m in (*self.mentions, *self.before) if m.group == RUNS]
            pool = self.fitting(self.facts, wanted)
        return next((f for f in pool if f.when is None and number.is_figure(f)), None)

    def of_another_run(self, facts: list[Fact]) -> Fact | None:
        """One of these facts whose run is not named, of the figure that is named."""
        figures = [m for m in self.mentions if m.group != RUNS]
        return next(iter(self.fitting(facts, figures)), None)

    def _nearest(self, number: Number) -> list[Mention]:
        """Return for each group the last name before the number, or the first behind it."""
        nearest: dict[str, Mention] = {}
        for one in (*self.before, *self.mentions):
            if one.end <= number.start or one.group not in nearest:
                nearest[one.group] = one
        return list(nearest.values())

    def _times(self) -> set[float]:
        """Steps and epochs that the sentence names."""
        sentence = self.text[self.start : self.end]
        return {
            float(n.replace(",", ""))
            for n in re.findall(r"(?<![\w.])\d[\d,]*(?![\w.]\d)", sentence)
            if n.strip(",")
        }

    def _early_or_late(self) -> bool:
        sentence = self.text[self.start : self.end]
        return (
            re.search(r"\b(early|first|begin\w*|start\w*|late|soon|at once)\b", sentence)
            is not None
        )

    def is_derived(self, number: Number) -> bool:
        """Whether it is a difference, an error or a ratio of figures that the sentence can mean."""
        before, after = self.text[self.start : number.start], self.text[number.end : self.end]
        if re.search(r"\b(scale|on s)\b|\bs =", before) or self._is_share(number):
            return True
        if not (_DIFFERENCE_BEFORE.search(before) or _DIFFERENCE_AFTER.match(after)):
            return False
        if re.match(r"\s*(times|-?fold|×|seconds?\b|s\b|minutes?|MB|GB|kB|bits?)", after):
            return True  # judged as a size, or no figure of a run
        if re.search(
            r"\b(bound|limit|least|most|threshold|chance|guess\w*|predicts?|expected|noise)\b[^.\d]{0,25}$",
            before,
            re.IGNORECASE,
        ):
            return True
        stated = [
            n.value
            for n in numbers(self.text, self.start, self.end, self.mentions)
            if n.start != number.start
        ]
        figures = [m for m in self.mentions if m.group != RUNS]
        runs = [m for m in (*self.seen, *self.mentions) if m.group == RUNS]
        used = [f.value for f in self.fitting(self.facts, figures + runs) if f.when is None]
        own = [f.value for f in self.fitting(self.facts, self._nearest(number)) if f.when is None]
        values = stated + (used if len(used) <= 12 else own[:12])
        return any(
            number.equals(abs(a - b)) or number.equals(a - b)
            for a, b in itertools.combinations(values, 2)
        ) or any(number.equals(1 - value) for value in (*stated, *used))

    def _is_share(self, number: Number) -> bool:
        """Whether it is the ratio of two whole numbers of the sentence, or one of one: 1/40."""
        if number.half is not None:
            return False
        counts = [1.0, *self._times()]
        return any(b and number.equals(a / b) for a, b in itertools.permutations(counts, 2))
