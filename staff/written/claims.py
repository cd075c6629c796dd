"""What a student states, held against the student's own runs: numbers, order and size.

A mark says what no run bears out. In doubt nothing is marked: a number counts as explained when it is a
figure of the runs that the sentence names, a difference or ratio of such figures, an option of a run,
or chance. Marks are for graders, who read the sentence; they decide nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from staff.written.facts import Fact
from staff.written.words import RUNS, Mention, Words, piece_in

NOWHERE, OTHER_RUN, TINY, OTHER_STUDENT, ORDER, SIZE = (
    "nowhere", "another run", "tiny", "another student", "order", "size",
)  # fmt: skip
_BLANKED = re.compile(
    r"```.*?(?:```|\Z)|\$\$.+?\$\$|(?<![\w$])\$[^$\n]+\$|\\\(.*?\\\)|`[^`\n]*[\s=][^`\n]*`|\{\{[^}\n]*\}\}"
    r"|!?\[[^\]\n]*\]\([^)\n]*\)|https?://\S+|^ {0,3}>.*?$",
    re.DOTALL | re.MULTILINE,
)
_NUMBER = re.compile(
    r"(?<![\w.^/*·−-])(?P<digits>0,\d{2,}|\d+\.\d+|\.\d+|\d+)(?P<percent> ?(?:%|per ?cent))?"
    r"(?: ?(?:±|\+/-|\+-) ?(?P<half>0,\d+|\d*\.?\d+)(?P<percent_half> ?%)?)?(?![\w^·*/]|,\d|-[A-Za-z]|\.\d)"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.))")
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
    r" (?:as|the|higher|faster|slower|more)", re.IGNORECASE,
)  # fmt: skip
_COUNT = {"two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "ten": 10.0}
_ABOUT = re.compile(
    r"(about|around|roughly|nearly|almost|some|≈|~|approximately|ca\.) ?$", re.IGNORECASE
)
_LOWER_IS_BETTER = re.compile(r"mse|nll|ece|loss|brier|error|gap|seconds|kl_", re.IGNORECASE)
LONGEST = 50_000  # characters of one answer that are looked at


@dataclass(frozen=True)
class Number:
    """A number in a text: where it stands, its value, and to how many places it is given."""

    start: int
    end: int
    value: float
    places: int
    half: float | None = None
    half_places: int = 0
    about: bool = False
    percent: bool = False

    def equals(self, value: float) -> bool:
        """Whether it is this value, rounded or cut off at the places given."""
        unit = 10.0**-self.places
        return abs(self.value - value) <= unit * (1.01 if self.about else 0.501) or (
            0 <= abs(value) - abs(self.value) < unit and value * self.value >= 0
        )

    def is_figure(self, fact: Fact) -> bool:
        """Whether it is a fact, with its interval where both give one."""
        if not self.equals(fact.value):
            return False
        if self.half is None:
            return True
        if fact.half is None:  # a row of a curve has no interval that could be stated
            return fact.when is None and not _is_of_curve(fact)
        return abs(self.half - fact.half) <= 10.0**-self.half_places


@dataclass(frozen=True)
class Mark:
    """What no run bears out: where, which kind, and in words."""

    start: int
    end: int
    kind: str
    text: str


@dataclass
class Checked:
    """An answer against its runs.

    Attributes:
        marks: what is not borne out.
        borne_out: numbers of the text and the facts that they are.
        typed: how many numbers of runs were typed by hand.
    """

    marks: list[Mark] = field(default_factory=list)
    borne_out: list[tuple[Number, Fact]] = field(default_factory=list)

    @property
    def typed(self) -> int:
        return len(self.borne_out) + sum(m.kind not in (ORDER, SIZE) for m in self.marks)


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
        plain = blanked(text[:LONGEST])
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
            sentence = _Sentence(self, plain, start, end, mentions, before, seen, whole)
            for number in numbers(plain, start, end, mentions):
                self._judge(student, sentence, number, own, checked)
            checked.marks += sentence.order() + sentence.size()
            before = mentions or before
            seen += [m for m in mentions if m.group == RUNS]
        return checked

    def _judge(
        self, student: str, sentence: _Sentence, number: Number, own: list[Fact], into: Checked
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
        elif not (sentence.is_derived(number) or self._is_option(number, sentence)):
            kind, told = self._suspect(student, sentence, number, own)
            if kind:
                into.marks.append(Mark(number.start, number.end, kind, told))

    def _is_option(self, number: Number, sentence: _Sentence) -> bool:
        chance = [1 / way for way in range(2, 6)] + [0.0]
        return number.half is None and any(
            abs(number.value - one) < 1e-9 or (number.places >= 2 and number.equals(one))
            for one in (*self.options, *chance)
        )

    def _suspect(
        self, student: str, sentence: _Sentence, number: Number, own: list[Fact]
    ) -> tuple[str, str]:
        """Where an unexplained number may come from: kind and words."""
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
            for f in facts if f.when is None and not f.tiny
        )  # fmt: skip


@dataclass
class _Sentence:
    """One sentence with the names in it, those of the sentence before, and the runs named so far."""

    checker: Checker
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
        return [fact for fact in facts if self.checker.words.fits(fact, used)]

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
            n for n in numbers(self.text, self.start, self.end, self.mentions)
            if self.states_a_result(n)
        ]  # fmt: skip
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
        """Of each group the last name before the number, or the first behind it."""
        nearest: dict[str, Mention] = {}
        for one in (*self.before, *self.mentions):
            if one.end <= number.start or one.group not in nearest:
                nearest[one.group] = one
        return list(nearest.values())

    def _times(self) -> set[float]:
        """Steps and epochs that the sentence names."""
        sentence = self.text[self.start : self.end]
        return {float(n.replace(",", "")) for n in re.findall(r"(?<![\w.])\d[\d,]*(?![\w.]\d)", sentence)
                if n.strip(",")}  # fmt: skip

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
            before, re.IGNORECASE,
        ):  # fmt: skip
            return True
        stated = [
            n.value for n in numbers(self.text, self.start, self.end, self.mentions)
            if n.start != number.start
        ]  # fmt: skip
        figures = [m for m in self.mentions if m.group != RUNS]
        runs = [m for m in (*self.seen, *self.mentions) if m.group == RUNS]
        used = [f.value for f in self.fitting(self.facts, figures + runs) if f.when is None]
        own = [f.value for f in self.fitting(self.facts, self._nearest(number)) if f.when is None]
        values = stated + (used if len(used) <= 12 else own[:12])
        return any(
            number.equals(abs(a - b)) or number.equals(a - b) for a, b in itertools.combinations(values, 2)
        ) or any(number.equals(1 - value) for value in (*stated, *used))  # fmt: skip

    def _is_share(self, number: Number) -> bool:
        """Whether it is the ratio of two whole numbers of the sentence, or one of one: 1/40."""
        counts = [1.0, *self._times()]
        return any(b and number.equals(a / b) for a, b in itertools.permutations(counts, 2))

    # --- order and size ---------------------------------------------------------------------------

    def order(self) -> list[Mark]:
        """Marks for claims that one run is better, or higher, than another when it is not."""
        sentence = self.text[self.start : self.end]
        if _HEDGED.search(sentence) or "?" in sentence:
            return []
        runs = [m for m in self.mentions if m.group == RUNS]
        marks = []
        for one, other in itertools.pairwise(runs):
            relation = self._relation(self.text[one.end : other.start])
            if relation and one.piece != other.piece:
                marks += self._compare(one, other, relation)
        return marks

    def _relation(self, between: str) -> str:
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

    def _compare(self, one: Mention, other: Mention, relation: str) -> list[Mark]:
        pairs = self._pairs(one, other)
        if not pairs:
            return []
        denied = [pair for pair in pairs if self._denies(*pair, relation)]
        if len(denied) < len(pairs):
            return []
        a, b = denied[0]
        said = self.text[one.start : other.end].replace("\n", " ")
        apart = abs(a.value - b.value)
        within = a.half is not None and b.half is not None and apart <= max(a.half, b.half)
        told = f"“{said}”: {a.address} is {a.value:.4g}, {b.address} is {b.value:.4g}"
        return [
            Mark(one.start, other.end, ORDER, told + (" (within the intervals)" if within else ""))
        ]

    @staticmethod
    def _denies(a: Fact, b: Fact, relation: str) -> bool:
        lower = _LOWER_IS_BETTER.search(a.address) is not None
        sign = {"better": -1 if lower else 1, "worse": 1 if lower else -1, "more": 1, "less": -1}
        return (a.value - b.value) * sign[relation] < 0

    def _pairs(self, one: Mention, other: Mention) -> list[tuple[Fact, Fact]]:
        """Facts of two runs that differ in the run alone, of the figure that is named."""
        rest = [m for m in self.mentions if m.group != RUNS]
        groups = {m.group for m in rest}
        carried = [m for m in self.before if m.group not in {*groups, RUNS}]
        ways = [rest + carried]
        if "figure" not in groups and self.checker.words.main:
            main = [*rest, Mention("figure", self.checker.words.main, 0, 0)]
            ways = [*ways, main] if any(m.group == "figure" for m in carried) else [main, *ways]
        ways.append(rest)
        return next(filter(None, (self._alike(one, other, way) for way in ways)), [])

    def _alike(self, one: Mention, other: Mention, rest: list[Mention]) -> list[tuple[Fact, Fact]]:
        """Pairs of facts whose addresses differ in the name of the run alone."""
        facts = [f for f in self.facts if f.when is None and not _is_extreme(f)]
        return [
            (a, b)
            for a, b in itertools.product(
                self.fitting(facts, [one, *rest]), self.fitting(facts, [other, *rest])
            )
            if _stripped(a.address, one.piece) == _stripped(b.address, other.piece)
        ]

    def size(self) -> list[Mark]:
        """Marks for claims that one run has N times as much as another when it has not."""
        sentence = self.text[self.start : self.end]
        if _HEDGED.search(sentence):
            return []
        marks = []
        runs = [m for m in self.mentions if m.group == RUNS]
        for one, other in itertools.pairwise(runs):
            found = _TIMES.search(self.text[one.end : other.start])
            pairs = self._pairs(one, other) if found else []
            if found and pairs and one.piece != other.piece:
                factor = (
                    2.0 if found["twice"] else 0.5 if found["half"] else _number(found["number"])
                )
                if all(not _near_ratio(a.value, b.value, factor) for a, b in pairs):
                    a, b = pairs[0]
                    marks.append(Mark(
                        one.start, other.end, SIZE,
                        f"“{self.text[one.start : other.end]}”: {a.address} is {a.value:.4g}, "
                        f"{b.address} is {b.value:.4g}".replace("\n", " "),
                    ))  # fmt: skip
        return marks


def blanked(text: str) -> str:
    """The text, as long as before, without code, formulas, links and what the kit quoted."""
    text = _BLANKED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return text.replace("`", " ").replace("*", " ").replace("\u202f", " ").replace("\xa0", " ")


def sentences(text: str) -> list[tuple[int, int]]:
    """Where sentences begin and end; a row of a table or list is one."""
    starts = [0, *(found.end() for found in _SENTENCE.finditer(text))]
    return [(a, b) for a, b in zip(starts, [*starts[1:], len(text)]) if text[a:b].strip()]


def numbers(text: str, start: int, end: int, mentions: list[Mention]) -> list[Number]:
    """The numbers of a stretch that are not part of a name."""
    found = []
    for match in _NUMBER.finditer(text, start, end):
        inside = any(
            m.start < match.end("digits") and match.start("digits") < m.end for m in mentions
        )
        if not inside:
            found.append(_as_number(match, text))
    return found


def _as_number(match: re.Match[str], text: str) -> Number:
    digits = match["digits"].replace(",", ".")
    percent = match["percent"] is not None or match["percent_half"] is not None
    places = len(digits.partition(".")[2]) + (2 if percent else 0)
    value = float(digits) / (100 if percent else 1)
    half, half_places = None, 0
    if match["half"]:
        half_digits = match["half"].replace(",", ".")
        half = float(half_digits) / (100 if percent else 1)
        half_places = len(half_digits.partition(".")[2]) + (2 if percent else 0)
        if not percent and "." not in half_digits and half >= 1 and places:
            half, half_places = half * 10.0**-places, places  # .941 ± 5, in the last place
    about = _ABOUT.search(text[max(0, match.start() - 16) : match.start()]) is not None
    return Number(match.start(), match.end(), value, places, half, half_places, about, percent)


def _number(text: str) -> float:
    return _COUNT[text.lower()] if text.lower() in _COUNT else float(text)


def _near_ratio(a: float, b: float, factor: float) -> bool:
    """Whether a is about `factor` times b, or b is about `factor` times a."""
    return any(y and abs(x / y - factor) <= 0.25 * factor for x, y in ((a, b), (b, a)))


def _is_of_curve(fact: Fact) -> bool:
    return any(piece_in(word, fact.address) for word in ("last", "max", "min"))


def _is_extreme(fact: Fact) -> bool:
    return any(piece_in(word, fact.address) for word in ("max", "min"))


def _stripped(address: str, piece: str) -> str:
    """An address without the name of the run: what two runs have alike."""
    return "/".join(part for part in address.split("/") if not piece_in(piece, part))
