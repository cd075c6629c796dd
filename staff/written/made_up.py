"""A made-up class of write-ups, to try the graders' pages and the marks on; what is planted is known.

`staff/writeup/made_up/hwN.toml` holds runs and sentences. Each student gets runs of their own (the same
with noise, and one `--tiny` run) and answers to two questions: right, half right, wrong, evasive, copied
from somebody, or right with a number or an order that the runs deny.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.files import write_text
from common.homework import Homework
from staff.written import words as wording
from staff.written.facts import Fact, read
from staff.written.marks import NOWHERE, ORDER, OTHER_RUN, OTHER_STUDENT, TINY

KINDS = (
    "right",
    "planted",
    "half",
    "order",
    "wrong",
    "planted",
    "evasive",
    "copied",
    "right",
    "planted",
)
PLANTED = (NOWHERE, OTHER_RUN, TINY, OTHER_STUDENT)
EVASIVE = (
    "There are several effects here, which depend on many factors and would have to be studied further.",
    "As discussed in the lecture, this is a well known phenomenon.",
    "See the figure above; it speaks for itself.",
)
_SLOT = re.compile(r"\{(?P<one>[^{}]+?)(?P<half> ±)?\}")
_DIFFERENCE = re.compile(r"(.+?) - (\S+) (\S+)")
STYLES = ("0.941", ".941", "94.1 %")


@dataclass(frozen=True)
class Planted:
    """A contradiction that was put into an answer: its kind, its sentence, and where in that it is."""

    kind: str
    sentence: str
    start: int
    end: int


@dataclass
class Answer:
    """One made-up answer: its text by part, what it earns, what was planted."""

    kind: str
    parts: dict[str, list[str]] = field(default_factory=dict)
    earned: list[str] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)


def make(
    folder: Path, homework: Homework, count: int = 40, seed: int = 0
) -> dict[str, dict[str, Answer]]:
    """Write a class's submissions into a folder.

    Returns:
        student → question → the answer and what is known of it.
    """
    table = _table(homework)
    draw = random.Random(f"{homework.name} {seed}")
    students = [f"s{number:02d}" for number in range(count)]
    for student in students:
        write_runs(folder / student / "runs", homework, draw)
    facts = {student: read(folder / student / "runs") for student in students}
    made: dict[str, dict[str, Answer]] = {student: {} for student in students}
    for shift, question in enumerate(table["questions"]):
        for number, student in enumerate(students):
            kind = KINDS[(number + 3 * shift) % len(KINDS)]
            author = _Author(table, homework, question, facts, student, draw)
            made[student][question] = author.answer(kind, made, students[:number])
    for student in students:
        _write_up(folder / student, homework, student, made[student])
    return made


def _table(homework: Homework) -> dict[str, Any]:
    path = homework.root / "staff" / "writeup" / "made_up" / f"{homework.name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


# --- runs ---------------------------------------------------------------------------------------


def write_runs(runs: Path, homework: Homework, draw: random.Random) -> None:
    """Write one student's runs: those of the table with noise, and a `--tiny` one."""
    table = _table(homework)
    for name, run in table["runs"].items():
        _write_run(
            runs / name, run, draw, {"data": "generated", "seed": 0, "tiny": False}, homework
        )
    name = draw.choice(list(table["runs"]))
    short = {"data": "generated", "seed": 9, "tiny": True}
    _write_run(runs / f"{name}-seed9", table["runs"][name], draw, short, homework)
    for name, content in table.get("files", {}).items():
        write_text(runs / name, json.dumps(_noisy(content, draw, 1.0)))


def _write_run(
    folder: Path, run: dict, draw: random.Random, config: dict, homework: Homework
) -> None:
    noise = 30.0 if config["tiny"] else 1.0
    known = {"homework": homework.name, "experiment": folder.name} | config | run.get("config", {})
    write_text(folder / "config.json", json.dumps(known))
    write_text(folder / "result.json", json.dumps(_noisy(run["result"], draw, noise)))
    if last := run.get("last"):
        columns = ["step", *last]
        rows = [",".join(columns)]
        end = {name: _noise(value, draw, noise) for name, value in last.items()}
        for step in range(100, 1600, 100):
            share = step / 1500
            row = [f"{end[name] * (0.6 + 0.4 * share**0.5):.6g}" for name in last]
            rows.append(",".join([str(step), *row]))
        write_text(folder / "metrics.csv", "\n".join(rows) + "\n")


def _noisy(value: Any, draw: random.Random, size: float) -> Any:
    if isinstance(value, dict):
        return {key: _noisy(inside, draw, size) for key, inside in value.items()}
    if isinstance(value, list):
        return [_noisy(inside, draw, size) for inside in value]
    return _noise(value, draw, size)


def _noise(value: float, draw: random.Random, size: float) -> float:
    """A value near the one given; whole numbers and the ends of a scale stay."""
    if isinstance(value, int) or value in (0.0, 0.5, 1.0):
        return value
    changed = value * (1 + draw.gauss(0, 0.004 * size))
    return min(changed, 0.99999) if 0 < value < 1 else changed


# --- answers ------------------------------------------------------------------------------------


@dataclass
class _Author:
    """Writes one student's answer to one question."""

    table: dict
    homework: Homework
    question: str
    facts: dict[str, list[Fact]]
    student: str
    draw: random.Random
    style: str = ""

    def answer(self, kind: str, made: dict[str, dict[str, Answer]], before: list[str]) -> Answer:
        self.style = self.draw.choice(
            STYLES[:2] if self.homework.name in ("hw0", "hw4") else STYLES
        )
        models = [s for s in before if made[s][self.question].kind in ("right", "half")]
        if kind == "copied" and models:
            return self._copy(made[self.draw.choice(models)][self.question])
        answer = Answer(kind)
        for statement in self._statements():
            self._add(statement, kind, answer)
        if kind == "planted":
            self._plant(answer)
        if kind in ("right", "order"):
            self._add_order(answer, truth=kind == "right")
        self._fill_all(answer)
        return answer

    def _statements(self) -> list[dict]:
        return [s for s in self.table["statements"] if s["item"].split(".")[0] == self.question]

    def _add(self, statement: dict, kind: str, answer: Answer) -> None:
        item = statement["item"].split(".")[1]
        part = re.match(r"\d*", item)[0]  # type: ignore[index]
        if kind == "evasive":
            text = self.draw.choice(EVASIVE)
        else:
            quality = kind if kind in ("half", "wrong") else "right"
            text = self.draw.choice(statement[quality])
            if quality == "right":
                answer.earned.append(item)
        answer.parts.setdefault(part, []).append(text)

    def _copy(self, other: Answer) -> Answer:
        """Somebody's answer, word for word, with that student's numbers."""
        return Answer("copied", {k: list(v) for k, v in other.parts.items()}, list(other.earned))

    def _fill_all(self, answer: Answer) -> None:
        """Put numbers into the slots that are left."""
        for part, texts in answer.parts.items():
            answer.parts[part] = [self._fill(text, self.student) for text in texts]

    def _fill(self, text: str, student: str) -> str:
        return _SLOT.sub(lambda slot: self._number(slot, student), text)

    def _number(self, slot: re.Match[str], student: str) -> str:
        if found := _DIFFERENCE.fullmatch(slot["one"]):
            a, b = (self._fact(f"{run}/{found[3]}", student) for run in (found[1], found[2]))
            return self._shown(abs(a.value - b.value), None)
        fact = self._fact(slot["one"], student)
        return self._shown(fact.value, fact.half if slot["half"] else None)

    def _fact(self, address: str, student: str, tiny: bool = False) -> Fact:
        return next(
            f
            for f in self.facts[student]
            if f.address == address and f.when is None and f.tiny is tiny
        )

    def _shown(self, value: float, half: float | None) -> str:
        places = (
            4
            if abs(value) < 0.1 or (half is not None and 0 < half < 0.002)
            else 3
            if abs(value) < 2
            else 2
        )
        if self.style.endswith("%") and abs(value) <= 1:
            text = f"{100 * value:.{places - 2}f}"
            return f"{text} ± {100 * half:.{places - 2}f} %" if half is not None else f"{text} %"
        text = f"{value:.{places}f}"
        if self.style.startswith("."):
            text = text.removeprefix("0")
        return f"{text} ± {half:.{places}f}".replace("± 0.", "± .") if half is not None else text

    # --- what is planted --------------------------------------------------------------------------

    def _plant(self, answer: Answer) -> None:
        """Replace one number by one that no run of the student's bears out there."""
        places = [
            (part, number, slot)
            for part, texts in answer.parts.items()
            for number, text in enumerate(texts)
            for slot in _SLOT.finditer(text)
            if not _DIFFERENCE.fullmatch(slot["one"])
            and not slot["one"].endswith("before_accuracy")
        ]
        self.draw.shuffle(places)
        for part, number, slot in places:
            kind = self.draw.choice(PLANTED)
            wrong = self._wrong(kind, slot) or self._wrong(kind := NOWHERE, slot)
            if wrong and wrong != self._number(slot, self.student):
                text = answer.parts[part][number]
                ahead = self._fill(text[: slot.start()], self.student)
                sentence = ahead + wrong + self._fill(text[slot.end() :], self.student)
                answer.parts[part][number] = sentence
                at = len(ahead)
                answer.planted.append(Planted(kind, sentence, at, at + len(wrong)))
                return

    def _wrong(self, kind: str, slot: re.Match[str]) -> str:
        """A number of this kind for the slot; empty where there is none."""
        own = self._fact(slot["one"], self.student)
        half = own.half if slot["half"] else None
        if kind == NOWHERE:
            shift = self.draw.uniform(0.015, 0.05) * (1 if own.value < 0.9 else -1)
            return self._shown(own.value + shift * max(own.value, 0.1), half)
        if kind == OTHER_STUDENT:
            other = self.draw.choice([s for s in self.facts if s != self.student])
            fact = self._fact(slot["one"], other)
            far = abs(fact.value - own.value) > 0.0015
            return self._shown(fact.value, fact.half) if far and slot["half"] else ""
        if kind == TINY:
            tiny = [
                f
                for f in self.facts[self.student]
                if f.tiny and f.address == slot["one"] and f.when is None
            ]
            return self._shown(tiny[0].value, half and tiny[0].half) if tiny else ""
        others = self._same_of_other_runs(own)
        others = [f for f in others if abs(f.value - own.value) > 0.01]
        fact = self.draw.choice(others) if others else own
        return self._shown(fact.value, fact.half if slot["half"] else None) if others else ""

    def _same_of_other_runs(self, fact: Fact) -> list[Fact]:
        """The same figure of other runs: addresses that differ in the run (or network) alone."""
        words = wording.load(self.homework)
        found = []
        for piece in words.groups.get(wording.RUNS, {}):
            if not wording.piece_in(piece, fact.address):
                found += [
                    f
                    for f in self.facts[self.student]
                    if wording.piece_in(piece, f.address)
                    and f.when is None
                    and not f.tiny
                    and f.address.rpartition("/")[2] == fact.address.rpartition("/")[2]
                    and f.address.count("/") == fact.address.count("/") == 1
                ]
        return found

    def _add_order(self, answer: Answer, truth: bool) -> None:
        """A sentence that orders two runs, as they are or as they are not."""
        table = next(o for o in self.table["orders"] if o["question"] == self.question)
        pairs = list(table["pairs"])
        self.draw.shuffle(pairs)
        for a, b in pairs:
            one, other = self._fact(a, self.student), self._fact(b, self.student)
            if abs(one.value - other.value) < 0.003:
                continue
            if (one.value > other.value) is not truth:
                one, other = other, one
            text = self.draw.choice(table["more"])
            text = text.format(a=self._name(one), b=self._name(other), **self._rest(one))
            answer.parts[max(answer.parts)].append(text)
            if not truth:
                answer.planted.append(Planted(ORDER, text, 0, len(text)))
            return

    def _name(self, fact: Fact) -> str:
        return self._written(fact, wording.RUNS) or fact.run

    def _rest(self, fact: Fact) -> dict[str, str]:
        return {
            "figure": self._written(fact, "figure"),
            "task": self._written(fact, "task"),
            "k": self._written(fact, "examples").removesuffix(" examples"),
        }

    def _written(self, fact: Fact, group: str) -> str:
        """The name that people write for a group in a fact's address."""
        names = wording.load(self.homework).groups.get(group, {})
        fitting = [
            written for piece, written in names.items() if wording.piece_in(piece, fact.address)
        ]
        return fitting[0][0] if fitting else ""


# --- the write-up ---------------------------------------------------------------------------------


def _write_up(folder: Path, homework: Homework, student: str, answers: dict[str, Answer]) -> None:
    """The kit's write-up with the answers below what is asked, beside the files to hand in."""
    lines = (homework.folder / "writeup.md").read_text(encoding="utf-8").splitlines()
    out, question, asked = [], "", 0
    for number, line in enumerate(lines):
        out.append(f"Name: Student {student}" if line == "Name:" else line)
        if found := re.match(r"## (\S+) · ", line):
            question, asked = found[1], 0
        quoted = line.startswith(">")
        ends = number + 1 < len(lines) and not lines[number + 1].startswith(">")
        if quoted and ends:
            asked += 1
            parts = answers[question].parts if question in answers else {}
            texts = parts.get(str(asked)) or (parts.get("", []) if asked == 1 else [])
            out += ["", " ".join(texts)] if texts else []
    write_text(folder / "writeup.md", "\n".join(out) + "\n")
    for name in homework.files:
        shutil.copyfile(homework.folder / name, folder / name)
