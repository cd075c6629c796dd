"""The renderings of the one record."""

import os
import re
import time

import pytest
from rich.console import Console

from autograder import engine
from autograder import homework as homeworks
from autograder.report import console as report
from autograder.report import page
from autograder.report.record import CheckResult, HomeworkResult
from autograder.watch import watch

EVIL = "<script>alert('x')</script>\x1b[31m & \"quotes\""


def result(message=EVIL, status="failed"):
    row = CheckResult("t::a", "1", "a title", 0, 2, status, 0.1, message, None, printed=EVIL)
    return HomeworkResult("hw1", "A title", "fork", [row], 1.0)


def test_what_a_student_wrote_is_escaped():
    text = page.render([result()], {"hw1": homeworks.load("hw1")})
    assert "<script" not in text and "&lt;script" in text


def test_the_page_stands_alone():
    text = page.render([result()], {"hw1": homeworks.load("hw1")})
    assert not re.search(r"""(src|href)=["']?(?!#)""", text)
    assert '<html lang="en">' in text and "viewport" in text


def test_the_console_says_what_and_what_next(capsys):
    console = Console(width=100, color_system=None)
    report.show(result("it differs\nlook there"), homeworks.load("hw1"), console)
    out = capsys.readouterr().out
    for told in ("a title", "it differs", "look there", "0 of 2 points", "--problem 1"):
        assert told in out


def test_the_maximum_does_not_depend_on_what_ran():
    rows = result(status="not_run")
    assert rows.max_score == 2 and rows.score == 0 and not rows.complete


def test_extra_credit_does_not_make_a_homework_incomplete():
    whole = result(status="passed")
    whole.checks[0].points = 2
    whole.checks.append(CheckResult("t::x", "X", "extra", 0, 0, "failed", 0.1))
    assert whole.complete and whole.next_step == ""


@pytest.fixture
def quiet():
    return Console(file=open(os.devnull, "w"))


def test_watch_runs_again_only_what_a_change_concerns(worker, solved, quiet):
    folder = solved("hw1")
    homework = homeworks.load("hw1")
    options = {"submission": folder, "seed": 0, "hint": None, "isolation": "fork"}
    first = watch(homework, worker, quiet, rounds=1, **options)
    assert first.complete
    path = folder / "sampling.py"
    path.write_text("def f(:\n")  # a syntax error: every row tells of it
    broken = watch(homework, worker, quiet, rounds=1, **options)
    assert {row.status for row in broken.checks} == {"error"}


def test_watch_sees_a_save(worker, solved, quiet, monkeypatch):
    folder = solved("hw1")
    homework = homeworks.load("hw1")
    path = folder / "mann.py"
    good = path.read_text()
    rounds = iter((good.replace("hidden = ", "return None; hidden = "), good))

    def save(_):
        text = next(rounds, None)
        if text is not None:
            path.write_text(text)
            os.utime(path, ns=(time.time_ns(), time.time_ns()))

    monkeypatch.setattr("autograder.watch.time.sleep", save)
    options = {"submission": folder, "seed": 0, "hint": None, "isolation": "fork"}
    final = watch(homework, worker, quiet, rounds=3, **options)
    assert final.complete and len(final.checks) == len(engine.plan(homework))
