"""The parts of the release gate that need no student's code."""

import numpy as np
import pytest

from autograder.judge.knowledge import Knowledge
from autograder.judge.known import MISTAKE, Cause, Known, OfProblem
from autograder.planning import plan
from autograder.report.record import CheckResult
from autograder.run.base import Crashed
from common import homework as homeworks
from staff.authoring import families
from staff.authoring.catalogue import entries
from staff.gate import indistinguishable, report
from staff.gate.mutants import table
from staff.gate.mutants.judge import SURVIVED, MutantResult
from staff.gate.shared_worker import SharedWorker
from staff.gate.verify import Verdict
from tests.conftest import HOMEWORKS
from tests.helpers.browser import faults, needs_chromium


def knowledge(*groups):
    """A record in which each group of mistakes is one known thing."""
    things = []
    for first, *others in groups:
        names = [(Cause(MISTAKE, slug, slug),) for slug in (first, *others)]
        things.append(Known(names[0], {"a/0/": (1, np.zeros(4))}, others=tuple(names[1:])))
    return Knowledge({"1": OfProblem(things=things)})


def test_mistakes_with_one_record_are_found():
    assert indistinguishable.groups(knowledge(["one", "two"], ["three"])) == [("one", "two")]


def test_a_family_gives_mistakes_a_name(monkeypatch):
    kin = families.Family("kin", ("one", "two", "three"), "It is one of them.")
    monkeypatch.setattr(families, "load", lambda: (kin,))
    assert indistinguishable.groups(knowledge(["one", "two"])) == []
    assert indistinguishable.groups(knowledge(["one", "four"])) == [("one", "four")]
    assert families.of("two") == {"kin"} and families.of("four") == set()


def test_a_mistake_that_answers_as_the_solution_is_none():
    known = knowledge(["some", "alike"])
    assert indistinguishable.no_mistakes(known, ["none", "some", "alike"]) == ["none"]


def test_families_hold_mistakes_of_the_catalogue():
    slugs = {entry.slug for hw in HOMEWORKS for entry in entries(hw, "mistake")}
    for family in families.load():
        assert len(family.mistakes) > 1 and set(family.mistakes) <= slugs
        assert family.slug not in slugs and "  " not in family.text


def test_nearly_all_recorded_mistakes_can_be_named():
    mistakes, alike_ = 0, []
    for homework in map(homeworks.load, HOMEWORKS):
        record = Knowledge.load(homework)
        slugs = [entry.slug for entry in entries(homework.name, "mistake")]
        assert not indistinguishable.no_mistakes(record, slugs)
        alike_ += indistinguishable.groups(record)
        mistakes += len(slugs)
    assert sum(map(len, alike_)) <= 0.02 * mistakes, alike_


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_a_statistical_check_states_its_false_alarms(hw):
    for check in plan(homeworks.load(hw)):
        if check.random:
            assert "False alarms" in (check.function.__doc__ or ""), check.id


def test_the_matrix_shows_what_caught_what():
    row = CheckResult("t::a", "1", "A", 0, 1, "failed", 0.1, "off by <one>", mistake="slip")
    other = CheckResult("t::b", "2", "B", 1, 1, "passed", 0.1)
    verdict = Verdict("hw1", table={"slip": {"t::a": row, "t::b": other}}, problems={"slip": "1"})
    assert "slip   x  ·" in report.as_matrix(verdict)
    page = report.as_html([verdict])
    assert page.count("off by &lt;one&gt;") == 2 and "<one>" not in page and "<script" not in page


@needs_chromium
def test_a_browser_finds_no_fault_in_the_staffs_tables(tmp_path):
    row = CheckResult("t::a" * 20, "1", "A", 0, 1, "failed", 0.1, "off by <one>")
    verdict = Verdict("hw1", table={"slip" * 9: {"t::a": row}}, problems={"slip" * 9: "2"})
    assert faults(report.as_html([verdict, verdict]), tmp_path) == []
    result = MutantResult("1", "f", "<script>" * 30, "return b + a", SURVIVED)
    page = table.as_html([table.Table("hw1", [result], ["stale <b>"], 1.0)])
    assert "&lt;script&gt;" in page and "<script" not in page and "<b>" not in page
    assert faults(page, tmp_path) == []


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
    with SharedWorker(()) as worker:
        assert ask(worker, one, "number")["value"] == 1
        assert ask(worker, two, "number")["value"] == 2
        (two / "hwx/topic.py").write_text("NUMBER = 30")
        assert ask(worker, two, "number")["value"] == 2  # imported once …
        worker.forget()
        assert ask(worker, two, "number")["value"] == 30  # … until it is told
        with pytest.raises(Crashed):
            ask(worker, one, "ends")
        assert ask(worker, one, "number")["value"] == 1
