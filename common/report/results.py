"""The figures of the runs: from the run folders into the tables of a writeup.

A cell `{{test_mse}}` is the number of that name in result.json of the run that the row's first cell
names; `{{maml: test_accuracy}}` names the run itself; `{{test_accuracy ± interval}}` adds the interval
that stands in the file. In a sentence, `{{hw2/maml.test_accuracy}}` is a number with its interval.
`a/b/0` goes into tables and lists (also where `a/b` is one name); `last/loss`, `max/loss` and `min/loss`
are of the column `loss` of metrics.csv. Where several seeds were run, the mean over them is given, with
its 95 % interval.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from common.errors import KitError
from common.homework import Homework
from common.pages.source import cells_of, is_table, outside_code
from common.report import references
from common.statistics.intervals import confidence_interval
from common.training.runs import read_config, read_metrics
from common.training.state import FINISHED, OTHER, PICTURE, STOPPED, State, state_of

MISSING, NOT_MADE = "missing", "not made yet"
_CELL = re.compile(
    r"\{\{ *(?:(?P<run>[^{}:]+):)? *(?P<key>[^{}±]+?) *(?:± *(?P<half>[^{}]+?) *)?\}\}$"
)
_SEED = re.compile(r"-seed-?\d+$")
_NOT_COMPARED = ("seed", "device")


@dataclass
class Run:
    """One finished run."""

    folder: Path
    config: dict[str, Any]
    result: Any

    @property
    def seed(self) -> int:
        return self.config.get("seed", 0)

    @cached_property
    def metrics(self) -> dict[str, dict[str, float]]:
        """The last, largest and smallest number of every column of metrics.csv."""
        try:
            rows = read_metrics(self.folder)
        except (ValueError, TypeError, OSError):
            rows = []
        columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
        pick: dict[str, Callable] = {"last": lambda column: column[-1], "max": max, "min": min}
        return {word: {n: of(c) for n, c in columns.items()} for word, of in pick.items()}

    def look_up(self, key: str) -> Any:
        """The value at `a/b/0` in the results; None when there is none."""
        steps = key.split("/")
        return _inside(self.metrics if steps[0] in ("last", "max", "min") else self.result, steps)


@dataclass(frozen=True)
class Use:
    """What the report says of a run that it asks for.

    Attributes:
        state: how far it is, in words.
        seeds: of the runs that gave numbers.
        data: what they were trained on.
    """

    name: str
    state: str
    seeds: tuple[int, ...] = ()
    data: str = ""


@dataclass
class Results:
    """The runs of one homework, and what was looked for in vain.

    Attributes:
        homework: whose runs they are.
        root: the folder of its runs, `runs/hwN`.
        missing: what is not there → the command that makes it.
        notes: what somebody should know of the runs that were used.
        has_intervals: whether a number stands with an interval.
        used: the runs that gave numbers or figures, by name.
        around: what stands before and behind a number that is set in a sentence.
    """

    homework: Homework
    root: Path
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    used: dict[str, list[Run]] = field(default_factory=dict)
    has_intervals: bool = False
    around: tuple[str, str] = ("", "")

    def of(self, name: str) -> list[Run]:
        """The finished runs of this name that can be compared, one a seed, lowest seed first."""
        if name not in self.used:
            self.used[name] = self._comparable(name, _finished(self.root, name))
        return self.used[name]

    def cell(self, text: str, row: str, wanted: bool = True) -> str:
        """The text of a cell, filled in when it asks for a number.

        Args:
            text: the cell.
            row: the first cell of its row.
            wanted: whether a missing run is to be listed.
        """
        found = _CELL.match(text)
        if found is None:
            return text
        name = (found["run"] or row).strip().strip("`*")
        return self._figure(name, found["key"], found["half"] or "", wanted)

    def sentence(self, text: str, wanted: bool = True) -> str:
        """A text with the numbers that it asks for by `{{hw2/maml.test_accuracy}}`."""

        def number(found: re.Match[str]) -> str:
            asked = references.read(found, lambda name: bool(_finished(self.root, name)))
            if told := self._cannot_mean(asked):
                self.notes += [told] if told not in self.notes else []
                return MISSING
            before, behind = self.around
            shown = self._with_interval(asked, wanted)
            return shown if shown in (MISSING, NOT_MADE) else before + shown + behind

        return references.REFERENCE.sub(number, text)

    def _cannot_mean(self, asked: references.Reference) -> str:
        """Why a reference means no number of these runs; empty when it may."""
        name = self.homework.name
        if asked.homework != name:
            return f"{asked.homework}/{asked.run}: the report of {name} has only the runs of {name}"
        if not asked.key:
            return f"{{{{{name}/{asked.run}}}}} names no figure; write {{{{{name}/RUN.FIGURE}}}}"
        return ""

    def _with_interval(self, asked: references.Reference, wanted: bool) -> str:
        """A figure, and the interval that is named or that lies beside it."""
        key, half = asked.key, asked.half
        runs = self.of(asked.run)
        if runs and not half:
            key, half = references.keys_of(key, runs[0].look_up(key))
            beside = references.intervals_beside(key)
            half = half or next((k for k in beside if runs[0].look_up(k) is not None), "")
        return self._figure(asked.run, key, half, wanted)

    def _figure(self, name: str, key: str, half_key: str, wanted: bool) -> str:
        """The number at a key of a run, over its seeds."""
        runs = self.of(name)
        if not runs:
            if wanted:
                what = "file" if name.endswith(".json") else "run"
                self.missing.setdefault(f"{what} {name}", self.command_for(name))
            return MISSING
        values = [run.look_up(key) for run in runs]
        if any(value is None for value in values):
            if wanted:
                lacking = runs[values.index(None)].folder
                self.missing.setdefault(f"{key} in {lacking}", self.command_for(name))
            return MISSING
        half = runs[0].look_up(half_key) if half_key else None
        cell = over_seeds(values, half)
        self.has_intervals |= "±" in cell
        return cell

    @property
    def over_seeds(self) -> bool:
        """Whether any number is a mean over seeds."""
        return any(len(runs) > 1 for runs in self.used.values())

    def uses(self) -> list[Use]:
        """Say how far each run is whose numbers are asked for; extra runs only if they exist."""
        found = []
        for name, runs in self.used.items():
            if runs and runs[0].config:
                seeds, data = tuple(run.seed for run in runs), runs[0].config.get("data", "")
                found.append(Use(name, "finished", seeds, str(data)))
            elif not runs and Path(name).suffix != ".json":
                state = self._state(name)
                if state != NOT_MADE or name in self.homework.asked_for:
                    found.append(Use(name, state))
        return found

    def _state(self, name: str) -> str:
        """Say how far a run is that gave no numbers."""
        states = [state_of(folder) for folder in self._folders(name)]
        if any(state.kind == STOPPED for state in states):
            return "stopped, can be gone on with"
        return next((f"left out: {s.why}" for s in states if s.kind == OTHER), NOT_MADE)

    def _folders(self, name: str) -> list[Path]:
        """The folders of a run, one a seed."""
        folders = sorted(self.root.glob(f"{name}-seed*")) if name else []
        return [folder for folder in folders if _SEED.sub("", folder.name) == name]

    def command_for(self, made: str) -> str:
        """Return the command for a run or a file; it resumes a run that was stopped."""
        command, name = self.homework.command_for(made), _SEED.sub("", made)
        for folder in self._folders(name):
            state = state_of(folder)
            undrawn = state.kind == FINISHED and not (folder / PICTURE).is_file()
            if undrawn or state.kind == STOPPED:
                return State(STOPPED).command(command)
        return command

    def to_make(self) -> dict[str, list[str]]:
        """Return command → what is missing without it."""
        commands: dict[str, list[str]] = {}
        for what, how in self.missing.items():
            commands.setdefault(how, []).append(what)
        return commands

    def fill(self, lines: tuple[str, ...], wanted: bool = True) -> list[str]:
        """A section's lines with its numbers filled in, in tables and sentences; all else as typed."""
        plain = {number for number, _ in outside_code(lines)}
        filled = [
            self.sentence(line, wanted) if number in plain else line
            for number, line in enumerate(lines)
        ]
        inside = False
        for number, line in enumerate(lines):
            if number not in plain or "|" not in line:
                inside = False
            elif is_table(list(lines), number):
                inside = True
            elif inside and "{{" in line:
                first, *rest = cells_of(filled[number])
                cells = [self.cell(cell, first, wanted) for cell in rest]
                filled[number] = (
                    "| " + " | ".join(cell.replace("|", "\\|") for cell in (first, *cells)) + " |"
                )
        return filled

    def _comparable(self, name: str, runs: list[Run]) -> list[Run]:
        """Return the runs of an experiment that are asked for; the ones set up like the first."""
        if name in self.homework.asked_for:
            for run in list(runs):
                state = state_of(run.folder)
                if state.kind == OTHER:
                    runs.remove(run)
                    self.notes.append(f"{run.folder} is left out: {state.why}, not as asked for")
        kept: list[Run] = []
        for run in runs:
            other = _differing(run.config, kept[0].config) if kept else None
            if other is None:
                kept.append(run)
            else:
                self.notes.append(
                    f"{run.folder} is left out: its {other} is not that of {kept[0].folder}"
                )
        return kept


def over_seeds(values: list[Any], half: float | None) -> str:
    """One cell from the values of all seeds.

    Whole numbers are listed. Of others the mean is given, with its 95 % interval by Student's t over
    seeds; of a single seed the value, with the interval that the run states itself.
    """
    if any(not isinstance(value, (int, float)) or isinstance(value, bool) for value in values):
        return ", ".join(dict.fromkeys(str(value) for value in values))
    if all(isinstance(value, int) for value in values):
        return ", ".join(str(value) for value in values)
    mean = math.fsum(values) / len(values)
    if len(values) > 1:
        half = confidence_interval(values)
    if not isinstance(half, (int, float)) or not math.isfinite(half) or not math.isfinite(mean):
        return f"{mean:.4g}"
    places = 4 if half <= 0 else min(max(1 - math.floor(math.log10(half)), 0), 6)
    if half and mean and round(mean, places) == 0:
        return f"{mean:.3g} ± {half:.2g}"
    return f"{mean:.{places}f} ± {half:.{places}f}"


def _finished(root: Path, name: str) -> list[Run]:
    """The whole runs `NAME` and `NAME-seedS`, or the file `NAME` when it is one of numbers."""
    if Path(name).name != name:  # a folder elsewhere holds no run of this homework
        return []
    if name.endswith(".json"):
        content = _read(root / name)
        return [] if content is None else [Run(root / name, {}, content)]
    numbered = re.compile(re.escape(name) + r"(-seed-?\d+)?")
    folders = root.iterdir() if root.is_dir() else ()
    found = []
    for folder in (f for f in folders if numbered.fullmatch(f.name) and f.is_dir()):
        result = _read(folder / "result.json")
        try:
            config = read_config(folder)
        except KitError:
            continue
        if result is not None and isinstance(config, dict):
            found.append(Run(folder, config, result))
    return sorted(found, key=lambda run: (run.seed, run.folder.name))


def _inside(value: Any, steps: list[str]) -> Any:
    """Follow the steps to a value; a name such as `input/first` takes two of them."""
    if not steps:
        return value
    if isinstance(value, list):
        if not steps[0].isdecimal() or int(steps[0]) >= len(value):
            return None
        return _inside(value[int(steps[0])], steps[1:])
    if isinstance(value, dict):
        for count in range(1, len(steps) + 1):
            name = "/".join(steps[:count])
            if name in value:
                return _inside(value[name], steps[count:])
    return None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _differing(one: dict, other: dict) -> str | None:
    """The first entry that two configurations do not share."""
    for key in (*one, *other):
        if key not in _NOT_COMPARED and one.get(key) != other.get(key):
            return key
    return None
