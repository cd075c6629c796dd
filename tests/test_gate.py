"""The parts of the release gate that need no student's code."""

import numpy as np
import pytest

from autograder import engine
from autograder.judge.answers import Answers
from autograder.judge.recognition import SOLUTION, Catalogue, Mistake, Run
from autograder.report.record import CheckResult
from autograder.run.launch import Crashed
from common import homework as homeworks
from staff.gate import indistinguishable, report
from staff.gate.shared_worker import Trusted
from staff.gate.verify import Verdict
from tests.conftest import HOMEWORKS

RIGHT = {"value": np.array([1.0, 2.0]), "changed": []}
ANSWERS = Answers({"a": [RIGHT], "luck": []})


def mistake(slug, outcome, luck="passed"):
    ending = "passed" if outcome is SOLUTION else "failed: it"
    return Mistake(slug, "1", slug, {"a": Run(ending, [outcome]), "luck": Run(luck, [])})


def wrong(number):
    return {"value": np.array([1.0, number]), "changed": []}


def test_mistakes_with_one_record_are_found():
    known = [mistake("one", wrong(3.0)), mistake("two", wrong(3.0)), mistake("three", wrong(4.0))]
    assert indistinguishable.groups(Catalogue(known), ANSWERS, {"luck"}) == [("one", "two")]


def test_a_random_check_tells_by_how_it_ends():
    known = [mistake("one", wrong(3.0), "failed: too few"), mistake("two", wrong(3.0))]
    assert indistinguishable.groups(Catalogue(known), ANSWERS, {"luck"}) == []


def test_a_mistake_that_answers_as_the_solution_is_none():
    known = Catalogue([mistake("none", SOLUTION), mistake("some", wrong(3.0))])
    assert indistinguishable.no_mistakes(known) == ["none"]


def test_nearly_all_recorded_mistakes_can_be_named():
    mistakes, alike_ = 0, []
    for homework in map(homeworks.load, HOMEWORKS):
        catalogue = Catalogue.load(homework, 0)
        random = {check.id for check in engine.plan(homework) if check.random}
        assert not indistinguishable.no_mistakes(catalogue)
        alike_ += indistinguishable.groups(catalogue, Answers.load(homework, 0), random)
        mistakes += len(catalogue.mistakes)
    assert sum(map(len, alike_)) <= 0.05 * mistakes, alike_


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_a_statistical_check_states_its_false_alarms(hw):
    for check in engine.plan(homeworks.load(hw)):
        if check.random:
            assert "False alarms" in (check.function.__doc__ or ""), check.id


def test_the_matrix_shows_what_caught_what():
    row = CheckResult("t::a", "1", "A", 0, 1, "failed", 0.1, "off by <one>", mistake="slip")
    other = CheckResult("t::b", "2", "B", 1, 1, "passed", 0.1)
    verdict = Verdict("hw1", table={"slip": {"t::a": row, "t::b": other}}, problems={"slip": "1"})
    assert "slip   x  ·" in report.as_matrix(verdict)
    page = report.as_html([verdict])
    assert "off by &lt;one&gt;" in page and "<one>" not in page


# --- one process for the staff's own code -------------------------------------------------------

PROBES = """
import os, time

def number(hw):
    return hw.topic.NUMBER

def ends(hw):
    os._exit(3)
"""


def tree_of(folder, number):
    """A homework of one file that needs no torch."""
    for name, text in (("hwx/topic.py", f"NUMBER = {number}"), ("probes/hwx.py", PROBES)):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return folder


def ask(worker, tree, probe):
    line = worker.open(tree, "hwx", 20)
    return line.call({"call": probe, "args": [], "kwargs": {}})


def test_one_process_serves_several_submissions_and_survives_a_crash(tmp_path):
    one, two = tree_of(tmp_path / "one", 1), tree_of(tmp_path / "two", 2)
    with Trusted(()) as worker:
        assert ask(worker, one, "number")["value"] == 1
        assert ask(worker, two, "number")["value"] == 2
        (two / "hwx/topic.py").write_text("NUMBER = 30")
        assert ask(worker, two, "number")["value"] == 2  # imported once …
        worker.forget()
        assert ask(worker, two, "number")["value"] == 30  # … until it is told
        with pytest.raises(Crashed):
            ask(worker, one, "ends")
        assert ask(worker, one, "number")["value"] == 1
