"""The records of answers and causes are in step with checks, solutions, mistakes and operators."""

from __future__ import annotations

import random

import pytest

from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.judge.known import CHANGE, MISTAKE, Cause
from autograder.judge.survey import Survey
from autograder.judge.units import same, units
from autograder.planning import plan
from autograder.surveying import answers_of
from common import homework as homeworks
from common.homework import PUBLIC_SEED
from staff.authoring.answers import record
from staff.authoring.catalogue import entries
from staff.gate import causes, recording
from staff.gate.mutants.judge import plan_mutants, reasons

SAMPLE = 6  # changes and mistakes of each homework: all would take as long as recording them


@pytest.mark.parametrize("name", homeworks.names())
def test_a_sample_is_recorded_as_it_answers_today(name, shared_worker, tmp_path):
    """A change or mistake that differs from the solution is found in the record by its name."""
    homework = homeworks.load(name)
    knowledge, answers = Knowledge.load(homework), Answers.load(homework, PUBLIC_SEED)
    recorder = causes.Recorder(homework, shared_worker, answers, tmp_path)
    missing = [
        f"{problem} {cause.slug}"
        for problem, cause, version in sample(homework, recorder)
        if not is_recorded(recorder, knowledge, problem, cause, version)
    ]
    assert not missing, f"run: python -m staff answers {name}"


def sample(homework, recorder):
    """(problem, cause, version of a file) of changes and mistakes, drawn once and for all."""
    random_checks = {check.problem for check in plan(homework) if check.random}
    draw, why = random.Random(homework.number), reasons(homework)
    changes = [
        (file, one)
        for file, one in plan_mutants(homework, further=True)
        if one.problem not in random_checks
        and one.key not in why.equivalent
        and not (one.operator == "gradient_cut" and one.problem in why.no_gradient)
    ]
    for file, one in draw.sample(changes, SAMPLE):
        yield one.problem, Cause(CHANGE, one.operator, ""), (file, one.source)
    mistakes = [
        entry
        for entry in entries(homework.name, "mistake", homeworks.ROOT)
        if entry.problem not in random_checks
    ]
    for entry in draw.sample(mistakes, SAMPLE):
        yield entry.problem, Cause(MISTAKE, entry.slug, ""), recorder.source(entry)


def is_recorded(recorder, knowledge, problem, cause, version):
    """Whether something that is recorded gives the same outputs, by this name or by a mistake's."""
    known = knowledge.of(problem)
    solution = answers_of(recorder.context, plan(recorder.homework, problem))
    solution |= dict.fromkeys(known.conditions, True)
    recorder.free = set(known.free)
    run = recorder.run(version, problem, (PUBLIC_SEED,))
    thing = recorder.known((cause,), run, solution)
    if not thing.prints:
        return cause.kind == CHANGE  # another spelling of the solution
    alike = [one for one in known.things if causes.signature(one) == causes.signature(thing)]
    names = {
        (own.kind, own.slug)
        for one in alike
        for names in (one.causes, *one.others)
        for own in names
    }
    return (cause.kind, cause.slug) in names or any(kind == MISTAKE for kind, _ in names)


@pytest.mark.parametrize("name", homeworks.names())
def test_the_solution_answers_as_recorded(name, shared_worker):
    """Every output of every check that draws nothing."""
    homework = homeworks.load(name)
    now = record(homework, PUBLIC_SEED, shared_worker).calls
    kept = Answers.load(homework, PUBLIC_SEED).calls
    assert now.keys() == kept.keys()
    for check in [check.id for check in plan(homework) if not check.random]:
        today, then = (units(check, Survey([], calls[check]), False) for calls in (now, kept))
        assert today.keys() == then.keys()
        assert [key for key in then if not same(today[key], then[key])] == []


def test_homeworks_are_recorded_two_at_a_time(monkeypatch):
    """Every homework has its files, in the order of the names; the public seed has two."""
    monkeypatch.setattr(recording, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(recording, "record_one", lambda name, secret: [name, secret])
    assert list(recording.record_all(["hw1", "hw0"], 7)) == [["hw1", 7], ["hw0", 7]]


class Here:
    """A pool that does its work at once."""

    def __init__(self, count, context):
        assert count == 2 and context.get_start_method() == "spawn"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """Nothing was started."""

    map = staticmethod(map)
