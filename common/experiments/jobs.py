"""The jobs of `make experiments`: trainings, and the pictures and numbers made from their runs."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from common.homework import Homework
from common.training import runs
from common.training.state import ABSENT, FINISHED, OTHER, PICTURE, STOPPED, State, state_of

DRAWING_MINUTES = 1.0  # to evaluate finished runs once more


@dataclass(frozen=True)
class Job:
    """One command of a homework.

    Attributes:
        title: for people.
        minutes: on two CPU cores.
        arguments: of hwN.train.
        log: where its output goes.
        folders: the runs that it makes.
        needs: the runs that it draws; they are finished before it begins.
        makes: the names that its file may have; empty: it is a training.
        tiny, data: what is asked for.
    """

    homework: str
    title: str
    minutes: float
    arguments: tuple[str, ...]
    log: Path
    folders: tuple[Path, ...] = ()
    needs: tuple[Path, ...] = ()
    makes: tuple[Path, ...] = ()
    tiny: bool = False
    data: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do; a file that is older than its runs is made again."""
        if not self.makes:
            drawn = all((folder / PICTURE).is_file() for folder in self.folders)
            return drawn and all(state.kind == FINISHED for state in self.states().values())
        since = max((_time(folder / runs.RESULT) for folder in self.needs), default=0.0)
        drawn = any(path.is_file() and _time(path) >= since for path in self.makes)
        return (
            drawn and self.can_begin
        )  # of runs that are not those asked for, it is another picture

    @property
    def can_begin(self) -> bool:
        """Whether the runs that it draws are finished."""
        return all(state_of(f, self.tiny, self.data).kind == FINISHED for f in self.needs)

    def states(self) -> dict[Path, State]:
        """Return the progress of each of its runs."""
        return {folder: state_of(folder, self.tiny, self.data) for folder in self.folders}

    def told(self) -> str:
        """Return its progress in words."""
        if self.finished:
            return "finished"
        kinds = self.states()
        if {state.kind for state in kinds.values()} == {FINISHED}:
            return "to do: the picture alone"
        if self.makes or {state.kind for state in kinds.values()} <= {ABSENT}:
            return "to do"
        words = [
            f"{folder.name} was {state.why}, which is not what is asked for"
            for folder, state in kinds.items()
            if state.kind == OTHER
        ]
        if any(state.kind == STOPPED for state in kinds.values()):
            words.insert(0, "stopped, goes on")
        done = sum(state.kind == FINISHED for state in kinds.values())
        if done:
            words.insert(0, f"{done} of {len(kinds)} runs finished")
        return f"to do: {'; '.join(words)}"


@dataclass(frozen=True)
class Plan:
    """The jobs of one homework.

    Args:
        homework: its table.
        chosen: the command line: seed, tiny, data, optional.
        root: of all runs.
    """

    homework: Homework
    chosen: Namespace
    root: Path

    @cached_property
    def place(self) -> Path:
        return self.root / self.homework.name

    def trainings(self) -> Iterator[Job]:
        """The experiments, in the order of the table."""
        for experiment in self.homework.experiments:
            if experiment.optional and not self.chosen.optional:
                continue
            made = self.homework.runs_of(experiment)
            folders = tuple(map(self._folder, made))
            out = folders[0] if made == (experiment.name,) else self.place
            given = shlex.split(experiment.command)[3:]  # after "python -m hwN.train"
            yield self._job(experiment.name, experiment.minutes, given, out, folders=folders)

    def drawings(self) -> Iterator[Job]:
        """Yield what a report shows beside the runs, where a command of the kit makes it."""
        makes: dict[str, list[str]] = {}
        for made, command in self.homework.made_by.items():
            # a file in a run's folder comes with that run
            is_file = Path(made).suffix in (".png", ".json") and "/" not in made
            if is_file and command.startswith(f"python -m {self.homework.name}.train "):
                makes.setdefault(command, []).append(made)
        for command, files in makes.items():
            given = [self._here(word) for word in shlex.split(command)[3:]]
            if "--evaluate" in given and self.chosen.seed:
                continue  # a report shows those of seed 0
            yield self._job(
                files[-1],
                DRAWING_MINUTES,
                given,
                self.place,
                log=Path(files[-1]).stem,
                needs=self._needs(given),
                makes=tuple(self._names(files[-1])),
            )

    def _job(
        self,
        name: str,
        minutes: float,
        given: list[str],
        out: Path,
        log: str = "",
        **more: tuple[Path, ...],
    ) -> Job:
        seed, tiny, data = self.chosen.seed, self.chosen.tiny, self.chosen.data
        extra = ["--resume", "--seed", str(seed), *(["--tiny"] if tiny else [])]
        extra += ["--data", data] if data else []
        return Job(
            self.homework.name,
            f"{self.homework.name} {name}",
            minutes,
            (*given, *extra, "--out", str(out)),
            self.place / f"{log or name}-seed{seed}.log",
            tiny=tiny,
            data=data,
            **more,
        )

    def _folder(self, name: str) -> Path:
        return self.place / f"{name}-seed{self.chosen.seed}"

    def _here(self, word: str) -> str:
        """A word of a command, with the runs of this root."""
        if not word.startswith("runs/"):
            return word
        return str(self.root / word.removeprefix("runs/"))

    def _needs(self, given: list[str]) -> tuple[Path, ...]:
        named = tuple(Path(word) for word in given if Path(word).parent == self.place)
        if named:
            return named
        group = given[given.index("--experiment") + 1]
        compared = (one.experiments for one in self.homework.comparisons if one.name == group)
        return tuple(map(self._folder, next(compared, (group,))))

    def _names(self, made: str) -> Iterator[Path]:
        path = self.place / made
        yield path.with_stem(f"{path.stem}-seed{self.chosen.seed}")
        yield path.with_stem(f"{path.stem}-tiny") if self.chosen.tiny else path


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
