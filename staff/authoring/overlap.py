"""Does anything that students are shown answer a question that people grade?

Model answers (`staff/writeup/hwN.md`) are compared with what ships, in three ways:

- words: a sentence of a check's message, of a mistake's text or of a hint shares most of its telling
  words, or a run of them, with a sentence of a model answer;
- figures: a measured number of a model answer stands in the handout, a table or a band;
- experiments: an expected value or a band is given for an experiment that a question compares.

Some of it must be: `staff/authoring/overlap.toml` holds the reason for each; `*` in it stands for anything.
"""

from __future__ import annotations

import ast
import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from autograder.judge.exceptions import meanings
from autograder.judge.knowledge import Knowledge
from common import homework as homeworks
from common.homework import Homework
from staff import command
from staff.authoring.catalogue import entries

REASONS = Path(__file__).parent / "overlap.toml"
SHARE = 0.5  # of a sentence's weight that a model answer must hold to be reported
FEWEST = 4  # telling words that they must have in common
RUN = 4  # telling words in a row that are enough by themselves
_KEY = ("homework", "question", "source", "what")
_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "more",
        "most",
        "no",
        "not",
        "of",
        "on",
        "one",
        "only",
        "or",
        "other",
        "so",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "those",
        "to",
        "too",
        "two",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_FIGURE = re.compile(r"(?<![\w.])\d*\.\d{3,}(?![\w.])|(?<![\w.])\d*\.\d{2,}(?= ±)")
_NUMBER = re.compile(r"(?<![\w.])\d*\.\d+(?![\w])")


@dataclass(frozen=True)
class Overlap:
    """One thing that students see and that touches a question."""

    homework: str
    question: str
    source: str  # where students see it
    what: str
    answer: str = ""  # of the model answer, for staff to compare
    reason: str = ""  # why it may stand; empty blocks a release

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(getattr(self, part) for part in _KEY)


def overlaps(homework: Homework) -> list[Overlap]:
    """Everything students are shown that touches a question, with the reasons that are on record."""
    model = answers(homework)
    found: dict[tuple[str, ...], Overlap] = {}
    for look in (_in_words, _in_figures, _in_experiments):
        for overlap in look(homework, model):
            found.setdefault(overlap.key, overlap)
    return [replace(found[key], reason=_reason(key)) for key in sorted(found)]


def stale(homework: Homework) -> list[tuple[str, ...]]:
    """Reasons for what is not there any more."""
    found = [overlap.key for overlap in overlaps(homework)]
    own = [key for key in allowed_overlaps() if key[0] == homework.name]
    return [key for key in own if not any(_covers(key, other) for other in found)]


def allowed_overlaps() -> dict[tuple[str, ...], str]:
    """The reasons of staff/authoring/overlap.toml: (homework, question, source, what) → reason."""
    rows = tomllib.loads(REASONS.read_text(encoding="utf-8")).get("allowed", ())
    return {tuple(r[part] for part in _KEY): r["reason"] for r in rows}


def _reason(key: tuple[str, ...]) -> str:
    return next((why for pattern, why in allowed_overlaps().items() if _covers(pattern, key)), "")


def _covers(pattern: tuple[str, ...], key: tuple[str, ...]) -> bool:
    return all(fnmatchcase(one, wanted) for one, wanted in zip(key, pattern))


def answers(homework: Homework) -> dict[str, str]:
    """The model answers, by question; under "all", the table of our runs above them."""
    path = homework.root / "staff" / "writeup" / f"{homework.name}.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    graded = {p.id for p in homework.problems if p.kind in ("plot", "written")}
    head, *pieces = re.split(r"(?m)^## ", text)
    found = {"all": "\n".join(line for line in head.splitlines() if line.startswith("|"))}
    for piece in pieces:
        ident = piece.split(" ", 1)[0]
        if ident in graded:
            parts = re.findall(
                r"\*\*Model answer\.?\*\*(.*?)(?=\n#|\n\| earns|\nLoses|\Z)", piece, re.S
            )
            found[ident] = "\n".join(parts)
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a text, on one line each."""
    text = " ".join(text.split())
    return [s.strip() for s in re.split(r"(?<=[.!?:;])\s+", text) if s.strip()]


def telling(text: str) -> list[str]:
    """The words of a text that say something, cut to their stems."""
    words = (word.lower() for word in _WORD.findall(text))
    return [_stem(word) for word in words if word not in _COMMON]


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def grader_sentences(homework: Homework) -> Iterator[tuple[str, str]]:
    """Yield the grader's sentences: (where, sentence)."""
    for path in sorted(homework.checks.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for sentence in sentences(node.value):
                    yield f"check {path.name}", sentence
    for entry in entries(homework.name, "mistake", homework.root):
        for sentence in sentences(entry.text):
            yield f"mistake {entry.slug}", sentence
    slugs = {entry.slug for entry in entries(homework.name, "mistake", homework.root)}
    others = {c.slug: c.text for c in Knowledge.load(homework).causes() if c.slug not in slugs}
    others |= {one.slug: one.text for one in meanings()}
    for slug, text in others.items():
        for sentence in sentences(text):
            yield f"cause {slug}", sentence


def _in_words(homework: Homework, model: dict[str, str]) -> Iterator[Overlap]:
    told = [(where, text, telling(text)) for where, text in grader_sentences(homework)]
    said = [(q, text, telling(text)) for q, whole in model.items() for text in sentences(whole)]
    count = Counter(word for _, _, words in (*told, *said) for word in set(words))
    total = len(told) + len(said)
    weight = {word: math.log(total / times) for word, times in count.items()}
    for where, text, words in told:
        if len(set(words)) < FEWEST:
            continue
        whole = sum(weight[word] for word in set(words))
        for question, answer, others in said:
            both = set(words) & set(others)
            share = sum(weight[word] for word in both) / whole
            if (len(both) >= FEWEST and share >= SHARE) or _runs(words) & _runs(others):
                yield Overlap(homework.name, question, where, text[:70], answer)


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def documents_of(homework: Homework) -> dict[str, str]:
    """The text files with expected values."""
    names = ("README.md", "homework.toml", "bands.json")
    paths = [homework.folder / name for name in names]
    return {p.name: p.read_text(encoding="utf-8") for p in paths if p.is_file()}


def _in_figures(homework: Homework, model: dict[str, str]) -> Iterator[Overlap]:
    documents = {n: t for n, t in documents_of(homework).items() if n != "bands.json"}
    messages = "\n".join(text for _, text in grader_sentences(homework))
    for name, text in {**documents, "messages": messages}.items():
        numbers = {float(number) for number in _NUMBER.findall(text)}
        for question, answer in model.items():
            for figure in dict.fromkeys(_FIGURE.findall(answer)):
                if float(figure) in numbers and float(figure):
                    yield Overlap(homework.name, question, name, figure)


def _in_experiments(homework: Homework, model: dict[str, str]) -> Iterator[Overlap]:
    given = _expected(homework)
    names = {name for _, name in given}
    for question, answer in model.items():
        named = {name for name in names if _names(answer, name)}
        for source, name in sorted(given):
            if name in named and question != "all" and len(experiments_named(answer, homework)) > 1:
                yield Overlap(homework.name, question, source, f"expected of {name}")


def experiments_named(answer: str, homework: Homework) -> list[str]:
    """The experiments that an answer names."""
    return [e.name for e in homework.experiments if _names(answer, e.name)]


def _names(answer: str, experiment: str) -> bool:
    """Whether an experiment is named: in quotation marks, or by a name that no other word is."""
    words = r"[- ]".join(map(re.escape, experiment.split("-")))
    plain = rf"(?<!\w){words}(?!\w)" if "-" in experiment else rf"`{words}`"
    return re.search(plain, answer) is not None


def _expected(homework: Homework) -> set[tuple[str, str]]:
    """(file, experiment) for every experiment of which a file says what to expect."""
    given = set()
    for experiment in homework.experiments:
        if experiment.least:
            given.add(("homework.toml", experiment.name))
    documents = documents_of(homework)
    for line in documents["README.md"].splitlines():
        row = re.match(r"\| *`?([\w.-]+)`? *\|.*±", line)
        if row:
            given.add(("README.md", row[1]))
    if "bands.json" in documents:
        given |= {("bands.json", name) for name in _keys(json.loads(documents["bands.json"]))}
    return given


def _keys(tree: object) -> Iterator[str]:
    """The names in a tree of JSON that can be those of experiments."""
    if isinstance(tree, dict):
        for name, inside in tree.items():
            if isinstance(inside, (dict, list)):
                yield re.sub(r"-seed\d+$", "", name)
            yield from _keys(inside)


def as_text(found: list[Overlap]) -> str:
    """Return one line for each overlap, those without a reason first."""
    lines = []
    for one in sorted(found, key=lambda one: bool(one.reason)):
        sign = "ok" if one.reason else "NO REASON"
        lines.append(f"{one.homework} {one.question}: {sign}: {one.source}: {one.what}")
        lines += [f"    model answer: {one.answer}"] * bool(one.answer and not one.reason)
        lines += [f"    {one.reason}"] * bool(one.reason)
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Print the report; return 0 when every line has a reason."""
    options = command.parser(
        "overlap",
        "What students are shown that touches a question which people grade. Each line needs a reason\n"
        "in staff/authoring/overlap.toml.",
        "example:\n  python -m staff overlap hw2",
    )
    command.add_shared(options, "homeworks")
    bad = 0
    for name in options.parse_args(argv).homework or homeworks.names():
        homework = homeworks.load(name)
        found, old = overlaps(homework), stale(homework)
        print(as_text(found) or f"{name}: nothing overlaps")
        for key in old:
            print(f"{name} {key[1]}: reason for what is not there: {key[2]}: {key[3]}")
        bad += sum(not one.reason for one in found) + len(old)
    return 1 if bad else 0
