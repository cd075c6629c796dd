"""Record what the solution, and every mistake, answers to the checks, for one seed."""

from __future__ import annotations

import inspect
import tempfile
from pathlib import Path

from autograder import engine
from autograder.judge.answers import PROBES_ERROR, Answers, same_outcome
from autograder.judge.recognition import SOLUTION, Catalogue, Mistake, Run
from autograder.run.launch import Worker
from autograder.run.overlay import overlay
from common.errors import KitError
from common.homework import Homework
from staff.authoring.catalogue import Entry, entries, submission


class NotASolution(KitError):
    """The solution itself fails a check: there is nothing to record."""


def record(homework: Homework, seed: int, worker: Worker) -> Answers:
    """Run the solution through every check with itself as the reference.

    Raises:
        NotASolution: when a check fails all the same, with the check and its message.
    """
    calls = {}
    with tempfile.TemporaryDirectory(prefix="answers-") as folder:
        solutions = homework.root / "staff" / "solutions" / homework.name
        tree = overlay(homework, Path(folder), solutions)
        bench = engine.Bench(homework, worker, tree, None, seed)
        for check in engine.plan(homework):
            desk = bench.desk(check.id)
            fixtures = {"student": desk.student, "reference": desk.reference, "rng": desk.rng}
            wanted = inspect.signature(check.function).parameters
            given = {name: value for name, value in fixtures.items() if name in wanted}
            try:
                check.function(**given, **check.arguments)
            except AssertionError as error:
                raise NotASolution(f"{homework.name} {check.id}, seed {seed}: {error}") from error
            finally:
                desk.student.close()
            calls[check.id] = [call.outcome for call in desk.student.calls]
    return Answers(calls)


def record_mistakes(
    homework: Homework, seed: int, worker: Worker, answers: Answers, progress=lambda entry: None
) -> Catalogue:
    """Run every mistake through the checks of its own problem."""
    mistakes = []
    for entry in entries(homework.name, "mistake", homework.root):
        progress(entry)
        known = Mistake(entry.slug, entry.problem, entry.text)
        with tempfile.TemporaryDirectory(prefix="mistake-") as folder:
            bench = bench_of(entry, homework, seed, worker, answers, Path(folder))
            for check in engine.plan(homework, entry.problem):
                _, run = engine.run_check(bench, check, 1)
                outcomes = [] if check.random else _condensed(run, answers.calls[check.id])
                known.runs[check.id] = Run(run.ending, outcomes)
        mistakes.append(known)
    return Catalogue(mistakes)


def bench_of(
    entry: Entry,
    homework: Homework,
    seed: int,
    worker: Worker,
    answers: Answers,
    folder: Path,
    catalogue: Catalogue | None = None,
) -> engine.Bench:
    """A bench on which the entry's submission is judged."""
    files = folder / "files"
    files.mkdir()
    tree = overlay(homework, folder / "tree", submission(entry, files, homework.root))
    return engine.Bench(homework, worker, tree, answers, seed, catalogue)


def _condensed(run: Run, solution: list[dict]) -> list[dict | None]:
    """Only what differs from the solution is kept; of an error its kind and type, and what a probe
    itself said."""
    kept: list[dict | None] = []
    for index, outcome in enumerate(run.outcomes):
        if outcome is None:
            kept.append(outcome)
        elif "error" in outcome:
            keys = ("kind", "type", "text")
            error = {key: outcome["error"].get(key) for key in keys}
            if error["type"] != PROBES_ERROR:
                del error["text"]
            kept.append({"error": error})
        elif index < len(solution) and same_outcome(outcome, solution[index]):
            kept.append(SOLUTION)
        else:
            kept.append(outcome)
    return kept
