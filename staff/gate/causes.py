"""Record what is known to go wrong: mistakes, small changes of the solution, and pairs of them.

Everything runs on the public inputs, each check to its end. What is kept are fingerprints of the
units that differ from the solution's (autograder/judge/known.py).
"""

from __future__ import annotations

import ast
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from autograder.context import CheckContext
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.judge.known import (
    CHANGE,
    MISTAKE,
    Cause,
    Known,
    OfProblem,
    may_be,
    take_fingerprints,
)
from autograder.judge.seen import Seen
from autograder.judge.units import Units, of_free_numbers, same, stands_alone, units
from autograder.planning import plan
from autograder.run.overlay import overlay
from autograder.surveying import answers_of, survey_check
from common.homework import PUBLIC_SEED, Homework
from staff.authoring import families
from staff.authoring.catalogue import Entry, entries, submission
from staff.authoring.stubs import masters
from staff.gate.mutants import words
from staff.gate.mutants.judge import plan_mutants, reasons
from staff.gate.mutants.operators import Mutant, function_of
from staff.gate.mutants.pairs import merge_changes
from staff.gate.shared_worker import SharedWorker

SEEDS = (PUBLIC_SEED, 1, 2)  # of the inputs of checks that draw at random
PAIRS = 40  # of one problem, at most


@dataclass
class _Run:
    """One version of a hole, and what the checks saw of it."""

    units: Units
    unknown: set[str]
    bands: dict[str, np.ndarray]


def record_causes(
    homework: Homework, worker: SharedWorker, answers: Answers, say: Callable[[str], None]
) -> Knowledge:
    """Run everything that is known of a homework.

    Args:
        worker: one for the staff's own code.
        say: told what is going on.
    """
    with tempfile.TemporaryDirectory(prefix="causes-") as folder:
        recorder = Recorder(homework, worker, answers, Path(folder))
        found = {}
        for problem in [problem.id for problem in homework.problems if problem.hole]:
            say(f"{homework.name} {problem}: what is known to go wrong")
            found[problem] = recorder.problem(problem)
    return Knowledge(found)


class Recorder:
    """A tree in which one hole after another is filled in another way."""

    def __init__(
        self, homework: Homework, worker: SharedWorker, answers: Answers, folder: Path
    ) -> None:
        self.homework, self.worker, self.folder = homework, worker, folder
        self.solutions = homework.root / "staff" / "solutions" / homework.name
        self.tree = overlay(homework, folder / "tree", self.solutions)
        self.context = CheckContext(homework, worker, self.tree, answers, PUBLIC_SEED)
        self.free: set[str] = set()

    def problem(self, problem: str) -> OfProblem:
        """Everything that is known of one problem."""
        own = self.run(None, problem)
        conditions = sorted(key for key in own.units if stands_alone(key))
        solution = answers_of(self.context, plan(self.homework, problem))
        solution |= dict.fromkeys(conditions, True)
        self.free = self.units_in_which_right_ones_differ(problem, solution)
        changes = _Changes(self, problem, solution)
        mistakes = self.mistakes(problem, solution)
        singles = [*mistakes, *changes.record(mistakes)]
        pairs = changes.pairs(singles)
        return OfProblem(conditions, sorted(self.free), [*singles, *pairs])

    def units_in_which_right_ones_differ(self, problem: str, solution: Units) -> set[str]:
        """Units that say nothing: versions that are right give other values there."""
        found: set[str] = set()
        for entry in entries(self.homework.name, "variant", self.homework.root):
            if entry.problem == problem:
                run = self.run(self.source(entry), problem, (PUBLIC_SEED,)).units
                found |= {k for k in solution if k in run and not same(run[k], solution[k])}
        return found

    def mistakes(self, problem: str, solution: Units) -> list[Known]:
        """The mistakes of the catalogue. Where no check tells several apart: the first, which names the others."""
        found: list[Known] = []
        for entry in entries(self.homework.name, "mistake", self.homework.root):
            if entry.problem != problem:
                continue
            cause = Cause(MISTAKE, entry.slug, " ".join(entry.text.split()))
            thing = self.known((cause,), self.run(self.source(entry), problem), solution)
            alike = next((one for one in found if _are_alike(one, thing)), None)
            if alike is not None:
                alike.others += (thing.causes,)
            elif thing.prints:
                found.append(thing)
        return [_with_family(thing) for thing in found]

    def known(self, causes: tuple[Cause, ...], run: _Run, solution: Units) -> Known:
        """Return the fingerprints of a run, without units in which right versions differ."""
        thing = take_fingerprints(causes, run.units, solution, run.unknown)
        told = {key: one for key, one in thing.prints.items() if key not in self.free}
        sizes = {
            k: np.array([s, s], np.float32)
            for k, s in of_free_numbers(run.units, self.free).items()
        }
        bands = run.bands | sizes
        return replace(thing, prints=told, unknown=thing.unknown - self.free, bands=bands)

    def source(self, entry: Entry) -> tuple[str, str]:
        """The file with an entry's hole, and its text."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            made = submission(entry, Path(folder), self.homework.root)
            return entry.file, (made / entry.file).read_text(encoding="utf-8")

    def run(
        self, version: tuple[str, str] | None, problem: str, seeds: tuple[int, ...] = SEEDS
    ) -> _Run:
        """Return what the problem's checks see of one version of a file; None is the solution."""
        if version is not None:
            place = self.tree / self.homework.name / version[0]
            place.write_text(version[1], encoding="utf-8")
            self.worker.forget()
        try:
            return self._survey(problem, seeds)
        finally:
            if version is not None:
                shutil.copyfile(self.solutions / version[0], place)
                self.worker.forget()

    def _survey(self, problem: str, seeds: tuple[int, ...]) -> _Run:
        checks = plan(self.homework, problem)
        random = [check for check in checks if check.random]
        first = {check.id: survey_check(self.context, check, []) for check in checks}
        run = Seen(first, {check.id for check in random}).units()
        unknown: set[str] = set()
        bands: dict[str, list[np.ndarray]] = {}
        for seed in seeds:
            for check in random:
                again = first[check.id]
                if seed != PUBLIC_SEED:
                    again = survey_check(self.context, check, [], seed)
                    other = units(check.id, again, True)
                    unknown |= {
                        key
                        for key in {**run, **other}
                        if key.startswith(f"{check.id}/")
                        and not (key in run and key in other and run[key] == other[key])
                    }
                for key, summary in Seen({check.id: again}, {check.id}).summaries().items():
                    bands.setdefault(key, []).append(summary)
        fixed = {check.id: first[check.id] for check in checks if not check.random}
        return _Run(
            run,
            unknown,
            _bands(bands, len(seeds))
            | {
                key: np.array([numbers, numbers], np.float32)
                for key, numbers in Seen(fixed, set()).summaries().items()
            },
        )


def _bands(rows: dict[str, list[np.ndarray]], runs: int) -> dict[str, np.ndarray]:
    """Return the least and the largest numbers over all runs, if all runs have the same shape."""
    return {
        key: np.array([np.min(those, 0), np.max(those, 0)], np.float32)
        for key, those in rows.items()
        if len(those) == runs and len({row.shape for row in those}) == 1
    }


def _add(found: dict[tuple, Known], thing: Known) -> None:
    """Keep a thing, or its names with what no check tells apart from it."""
    key = signature(thing)
    if key and key not in found:
        found[key] = thing
    elif key and thing.causes not in (found[key].causes, *found[key].others):
        found[key].others += (thing.causes,)


def signature(thing: Known) -> tuple:
    """Return what tells a known thing from others: its fingerprints, to three digits."""
    return tuple(
        (key, mark, *(float(f"{n:.3g}") for n in numbers))
        for key, (mark, numbers) in sorted(thing.prints.items())
    )


def _are_alike(one: Known, other: Known) -> bool:
    """Whether no check tells two things apart: their random numbers lie where the other's do, of one
    of them at least."""
    middle = [{key: band.mean(0) for key, band in thing.bands.items()} for thing in (one, other)]
    return signature(one) == signature(other) and (
        may_be(one, middle[1]) or may_be(other, middle[0])
    )


def _with_family(thing: Known) -> Known:
    """Mistakes that no check tells apart are told as their family."""
    if not thing.others:
        return thing
    names = (thing.causes, *thing.others)
    family = families.family(tuple(causes[0].slug for causes in names))
    if family is None:
        return thing
    return replace(thing, causes=(Cause(MISTAKE, family.slug, family.text),), others=names)


class _Changes:
    """Small changes of one hole, made by machine."""

    def __init__(self, recorder: Recorder, problem: str, solution: Units) -> None:
        self.recorder, self.problem, self.solution = recorder, problem, solution
        self.made: dict[tuple, tuple[str, Mutant]] = {}  # signature → file and change

    def record(self, mistakes: list[Known]) -> list[Known]:
        """Changes that no mistake of the catalogue equals; of several alike the likeliest first."""
        found = {signature(thing): thing for thing in mistakes}
        names = {signature(thing) for thing in mistakes}
        for file, mutant in self._planned():
            run = self.recorder.run((file, mutant.source), self.problem, SEEDS[:2])
            cause = Cause(CHANGE, mutant.operator, words.TEXTS[mutant.operator])
            thing = self.recorder.known((cause,), run, self.solution)
            self.made.setdefault(signature(thing), (file, mutant))
            if signature(thing) not in names:
                _add(found, thing)
        return [_likeliest_first(t) for key, t in found.items() if key not in names]

    def _planned(self) -> Iterator[tuple[str, Mutant]]:
        why = reasons(self.recorder.homework)
        for file, mutant in plan_mutants(self.recorder.homework, self.problem, further=True):
            only_cuts = mutant.operator == "gradient_cut" and mutant.problem in why.no_gradient
            if mutant.key not in why.equivalent and not only_cuts:
                yield file, mutant

    def pairs(self, singles: list[Known]) -> list[Known]:
        """Two known things at once: those of the catalogue first."""
        likely = sorted((thing for thing in singles if self._may_be_half(thing)), key=_likelihood)
        found: dict[tuple, Known] = {}
        for one, other in sorted(itertools.combinations(likely, 2), key=_both):
            version = self._merged(one, other)
            if version is None:
                continue
            run = self.recorder.run(version, self.problem, SEEDS[:2])
            pair = self.recorder.known((*one.causes, *other.causes), run, self.solution)
            if not any(key.endswith("/error") for key in pair.prints):
                _add(found, pair)
            if len(found) == PAIRS:
                break
        alone = {signature(thing) for thing in singles}
        return [pair for key, pair in found.items() if key not in alone]

    def _may_be_half(self, thing: Known) -> bool:
        raises = any(key.endswith("/error") for key in thing.prints)
        likely = thing.kind == MISTAKE or thing.causes[0].slug in words.LIKELY
        return likely and not raises and signature(thing) in self.made

    def _merged(self, one: Known, other: Known) -> tuple[str, str] | None:
        (file, first), (_, second) = (self.made[signature(thing)] for thing in (one, other))
        master = next(
            m
            for m in masters(self.recorder.homework.root, self.recorder.homework.name)
            if m.name == file
        )
        source = master.read_text(encoding="utf-8")
        bodies = [body_of(text, first.hole) for text in (source, first.source, second.source)]
        body = merge_changes(*bodies)
        if body is None:
            return None
        entry = Entry("pair", self.recorder.homework.name, self.problem, "pair", "", file, body, "")
        return self.recorder.source(entry)


def body_of(source: str, hole: str) -> str:
    """The statements of a hole, written in one style."""
    function = function_of(ast.parse(source), hole)
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return "\n".join(ast.unparse(statement) for statement in body)


def _likelihood(thing: Known) -> int:
    """Small for what students do most."""
    return -1 if thing.kind == MISTAKE else words.LIKELY.index(thing.causes[0].slug)


def _both(pair: tuple[Known, Known]) -> tuple[int, int]:
    return sum(thing.kind != MISTAKE for thing in pair), sum(map(_likelihood, pair))


_ORDER = {slug: place for place, slug in enumerate([*words.LIKELY, *words.TEXTS][::-1])}


def _likeliest_first(thing: Known) -> Known:
    """Put the cause that students most likely have first, the others behind it."""
    names = sorted((thing.causes, *thing.others), key=lambda names: -_ORDER[names[0].slug])
    return replace(thing, causes=names[0], others=tuple(names[1:]))
