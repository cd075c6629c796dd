"""Numbers and sentences of a text that a student typed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from staff.written.facts import Fact
from staff.written.words import Mention, piece_in

_BLANKED = re.compile(
    r"```.*?(?:```|\Z)|\$\$.+?\$\$|(?<![\w$])\$[^$\n]+\$|\\\(.*?\\\)|`[^`\n]*[\s=][^`\n]*`|\{\{[^}\n]*\}\}"
    r"|!?\[[^\]\n]*\]\([^)\n]*\)|https?://\S+|^ {0,3}>.*?$",
    re.DOTALL | re.MULTILINE,
)
_POWER = r"(?:[eE](?P<{name}>[-−+]?\d+)|\s?[·×]\s?10(?:\^\{{?(?P<{name}_up>[-−]?\d+)\}}?|(?P<{name}_high>[⁻⁰¹²³⁴-⁹]+)))?"
_NUMBER = re.compile(
    r"(?<![\w.^/*·−-])(?P<digits>0,\d{2,}|\d+\.\d+|\.\d+|\d+)(?:\((?P<last>\d{1,2})\))?"
    + _POWER.format(name="power")
    + r"(?P<percent> ?(?:%|per ?cent))?"
    r"(?: ?(?:±|\+/-|\+-) ?(?P<half>0,\d+|\d*\.?\d+)"
    + _POWER.format(name="power_half")
    + r"(?P<percent_half> ?%)?)?(?:(?=(?P<range>\s?(?:–|→|->|to)\s?\d*[.,]\d+\s?%))|)"
    r"(?![\w^·*/]|,\d|-[A-Za-z]|\.\d)"
)
_HIGH = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_SHORT = r"(?<!\bvs\.)(?<!\bi\.e\.)(?<!\be\.g\.)(?<!\bcf\.)(?<!\bresp\.)(?<!\bapprox\.)(?<!\bca\.)(?<!\bFig\.)"
_SENTENCE = re.compile(rf"(?<=[.!?;]){_SHORT}\s+|\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.))")
_ABOUT = re.compile(
    r"(about|around|roughly|nearly|almost|some|≈|~|approximately|ca\.) ?$", re.IGNORECASE
)


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
            return fact.when is None and not is_of_curve(fact)
        return abs(self.half - fact.half) <= 10.0**-self.half_places


def blank_out(text: str) -> str:
    """The text, as long as before, without code, formulas, links and what the kit quoted."""
    text = _BLANKED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return text.replace("`", " ").replace("*", " ").replace("\u202f", " ").replace("\xa0", " ")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return begin and end of each sentence; a row of a table or list is one."""
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
    to = match["range"] is not None and "." in match["digits"]  # 97.0 to 99.2 %
    percent = to or match["percent"] is not None or match["percent_half"] is not None
    value, places = _scaled(match["digits"], _power(match, "power"), percent)
    half, half_places = None, 0
    if match["half"]:
        power = _power(match, "power_half")
        half, half_places = _scaled(match["half"], power, percent)
        if not percent and not power and "." not in match["half"] and half >= 1 and places:
            half, half_places = half * 10.0**-places, places  # .941 ± 5, in the last place
    elif match["last"] and places:
        half, half_places = float(match["last"]) * 10.0**-places, places  # .941(5)
    about = _ABOUT.search(text[max(0, match.start() - 16) : match.start()]) is not None
    return Number(match.start(), match.end(), value, places, half, half_places, about, percent)


def _power(match: re.Match[str], name: str) -> int:
    """The power of ten that a number is given with: 9e-1, 9 · 10^-1, 9·10⁻¹."""
    shown = match[name] or match[f"{name}_up"] or match[f"{name}_high"]
    return int(shown.translate(_HIGH)) if shown else 0


def _scaled(digits: str, power: int, percent: bool) -> tuple[float, int]:
    """The value that is meant, and to how many places it is given."""
    digits, power = digits.replace(",", "."), power - (2 if percent else 0)
    places = max(0, len(digits.partition(".")[2]) - power)
    return float(f"{digits}e{power}"), places


def is_of_curve(fact: Fact) -> bool:
    """Whether a fact is one number of a curve: its last, largest or smallest."""
    return any(piece_in(word, fact.address) for word in ("last", "max", "min"))
