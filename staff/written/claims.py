"""Compare a student's statements with the student's own runs: numbers, order and size.

A mark says what no run bears out. In doubt nothing is marked: a number counts as explained when it is a
figure of the runs that the sentence names, a difference or ratio of such figures, an option of a run,
or chance. Marks are for graders, who read the sentence; they decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from staff.written import orders
from staff.written.derived import is_derived
from staff.written.facts import Fact
from staff.written.marks import NOWHERE, OTHER_RUN, OTHER_STUDENT, TINY, Checked, Mark
from staff.written.numbers import Number, blank_out, numbers, sentences
from staff.written.sentence import Sentence
from staff.written.words import RUNS, Mention, Words

LONGEST = 50_000  # characters of one answer that are looked at


@dataclass
class Checker:
    """Holds answers against the runs of their authors.

    Attributes:
        words: what runs and figures are called.
        everybody: student → facts.
        options: numbers that are nobody's result: options of the runs.
    """

    words: Words
    everybody: dict[str, list[Fact]]
    options: frozenset[float] = frozenset()

    def check(self, student: str, text: str) -> Checked:
        """Hold one answer against its author's runs."""
        plain = blank_out(text[:LONGEST])
        own = self.everybody.get(student, [])
        whole = [fact for fact in own if not fact.tiny]
        checked = Checked()
        before: list[Mention] = []
        seen: list[Mention] = []
        for start, end in sentences(plain):
            mentions = [
                Mention(m.group, m.piece, m.start + start, m.end + start)
                for m in self.words.mentions(plain[start:end])
            ]
            sentence = Sentence(self.words, plain, start, end, mentions, before, seen, whole)
            for number in numbers(plain, start, end, mentions):
                self._judge(student, sentence, number, own, checked)
            checked.marks += orders.order(sentence) + orders.size(sentence)
            before = mentions or before
            seen += [m for m in mentions if m.group == RUNS]
        return checked

    def _judge(
        self, student: str, sentence: Sentence, number: Number, own: list[Fact], into: Checked
    ) -> None:
        """Explain one number, or mark it."""
        if not sentence.states_a_result(number):
            return
        fact = sentence.explain(number)
        if (
            fact is not None
            and (run := sentence.paired(number))
            and not sentence.is_of(run, number)
        ):
            shown = sentence.text[run.start : run.end]
            told = f"{fact.address} is {fact.value:.4g}; the sentence says it of {shown}"
            into.marks.append(Mark(number.start, number.end, OTHER_RUN, told))
            return
        if fact is not None:
            into.borne_out.append((number, fact))
        elif not (is_derived(sentence, number) or self._is_option(number, sentence)):
            kind, told = self._suspect(student, sentence, number, own)
            if kind:
                into.marks.append(Mark(number.start, number.end, kind, told))

    def _is_option(self, number: Number, sentence: Sentence) -> bool:
        chance = [1 / way for way in range(2, 6)] + [0.0]
        return number.half is None and any(
            abs(number.value - one) < 1e-9 or (number.places >= 2 and number.equals(one))
            for one in (*self.options, *chance)
        )

    def _suspect(
        self, student: str, sentence: Sentence, number: Number, own: list[Fact]
    ) -> tuple[str, str]:
        """Return the likely origin of an unexplained number: kind and words."""
        shown = sentence.text[number.start : number.end].strip()
        tiny = [f for f in own if f.tiny and f.when is None and number.is_figure(f)]
        if tiny and (sentence.fitting(tiny) or number.half is not None):
            return TINY, f"{shown} is {tiny[0].address} of a --tiny run"
        precise = number.places >= 3 or number.half is not None
        elsewhere = [f for f in sentence.facts if f.when is None and number.is_figure(f)]
        if precise and (same := sentence.of_another_run(elsewhere)):
            return OTHER_RUN, f"{shown} is {same.address}, not what the sentence names"
        if precise:
            for other, facts in self.everybody.items():
                if other != student and self._strong(number, sentence.fitting(facts)):
                    return (
                        OTHER_STUDENT,
                        f"{shown}: no run of this student has it, one of another does",
                    )
        return NOWHERE, f"no run of this student has {shown}"

    @staticmethod
    def _strong(number: Number, facts: list[Fact]) -> bool:
        """Whether a number is one of these facts to so many digits that it is no accident."""
        if number.places < 4 and number.half is None:
            return False
        return any(
            number.is_figure(f) and (number.half is None or f.half is not None)
            for f in facts
            if f.when is None and not f.tiny
        )
