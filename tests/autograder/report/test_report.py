"""The renderings of the one record."""

import io
import os
import re
import time

import numpy as np
import pytest
from rich.console import Console

from autograder.judge.words import Line
from autograder.planning import plan
from autograder.report import console as report
from autograder.report import page, pictures
from autograder.report.record import CheckResult, HomeworkResult
from autograder.report.screen import Screen
from autograder.watch import POLL_SECONDS, watch
from common import homework as homeworks
from tests.helpers.browser import faults, needs_chromium

EVIL = "<script>alert('x')</script>\x1b[31m & \"quotes\""


def result(what=EVIL, status="failed", **more):
    row = CheckResult("t::a", "1", "a title", 0, 2, status, 0.1, what, printed=EVIL, **more)
    return HomeworkResult("hw1", "A title", "fork", [row], 1.0)


def test_what_a_student_wrote_is_escaped():
    text = page.render([result()], {"hw1": homeworks.load("hw1")})
    assert "<script" not in text and "&lt;script" in text


def test_the_page_stands_alone():
    text = page.render([result()], {"hw1": homeworks.load("hw1")})
    assert not re.search(r"""(src|href)=["']?(?!#)""", text) and "script-src &#39;none&#39;" in text
    assert '<html lang="en">' in text and "viewport" in text


def test_the_console_says_what_and_what_next(capsys):
    console = Console(width=100, color_system=None)
    report.show(result("it differs", idea="look there"), homeworks.load("hw1"), console)
    out = capsys.readouterr().out
    for told in ("a title", "it differs", "look there", "0 of 2 points", "--problem 1"):
        assert told in out


def board(*points):
    """Results of homework 1 with these points (of 2) for its problem 1, and of homework 2."""
    results = [result("it is 3 → 4, not π", "failed") for _ in points]
    for index, (one, earned) in enumerate(zip(results, points)):
        one.homework, one.checks[0].points = f"hw{index + 1}", earned
        one.checks[0].problem = homeworks.load(one.homework).problems[0].id
        one.checks[0].status = "passed" if earned == 2 else "failed"
    return results, {one.homework: homeworks.load(one.homework) for one in results}


def test_the_overview_is_a_bar_for_each_and_the_next_step():
    stream = io.StringIO()
    console = Console(file=stream, width=100, color_system=None)
    report.overview(*board(2, 0), console)
    out = stream.getvalue()
    assert "█" * 24 in out and "░" * 24 in out
    assert "0 of 1 checks pass" in out
    assert "next: read hw2/README.md, then: python -m autograder hw2 --problem" in out


def test_what_was_begun_is_the_next_step():
    results, _ = board(0, 1)
    assert report.next_step(results).startswith("next: python -m autograder hw2 ")
    assert "submit" in report.next_step(board(2, 2)[0])


def test_an_open_hole_is_named_in_the_overview():
    row = CheckResult("t", "1", "t", 0, 2, "failed", 0.1, "problem 1 is still empty", hole="f")
    assert report.state([row]) == "fill in f"


def test_plain_text_is_ascii_without_boxes(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for plain, colours in ((True, ""), (False, "1")):
        monkeypatch.setenv("NO_COLOR", colours)
        stream = io.StringIO()
        screen = Screen(plain, console=Console(file=stream))
        results, table = board(2, 0)
        screen.show(results[1], table["hw2"])
        screen.overview(results, table)
        out = stream.getvalue()
        assert out.isascii()
        assert "it is 3 -> 4, not \\N{GREEK SMALL LETTER PI}" in out
        assert "0 of 2 points" in out and "not yet: a title" in out


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
    return Screen(console=Console(file=io.StringIO()))


def test_watch_runs_again_only_what_a_change_concerns(worker, solved, quiet):
    folder = solved("hw1")
    homework = homeworks.load("hw1")
    options = {"submission": folder, "seed": 0, "hint": None, "isolation": "fork"}
    first = watch(homework, worker, quiet, rounds=1, **options)
    assert first.complete
    path = folder / "sampling.py"
    path.write_text("def f(:\n")  # a syntax error: every row of this file tells of it
    broken = watch(homework, worker, quiet, rounds=1, **options)
    assert {row.problem for row in broken.checks if row.status == "error"} == {"1"}


def test_watch_sees_a_save(worker, solved, quiet, monkeypatch):
    folder = solved("hw1")
    homework = homeworks.load("hw1")
    path = folder / "mann.py"
    good = path.read_text()
    rounds = iter((good.replace("hidden = ", "return None; hidden = "), good))

    def save(seconds):
        text = next(rounds, None) if seconds == POLL_SECONDS else None
        if text is not None:
            path.write_text(text)
            os.utime(path, ns=(time.time_ns(), time.time_ns()))

    monkeypatch.setattr("autograder.watch.time.sleep", save)
    options = {"submission": folder, "seed": 0, "hint": None, "isolation": "fork"}
    final = watch(homework, worker, quiet, rounds=3, **options)
    assert final.complete and len(final.checks) == len(plan(homework))


# --- pictures -----------------------------------------------------------------------------------


def numbers_drawn(svg):
    return [float(text) for text in re.findall(r"<title>(.*?)</title>", svg)]


def test_matrices_are_drawn_around_what_differs_most():
    expected = np.zeros((2, 40, 30))
    given = expected.copy()
    given[1, 33, 29] = 7
    drawn = pictures.pair(given, expected)
    assert drawn.count('class="worst"') == 2 and 7 in numbers_drawn(drawn)
    assert len(numbers_drawn(drawn)) == 2 * pictures.LARGEST**2
    assert "The picture of [1, 24:40, 14:30]; in the frame" in drawn
    assert ">given: 7<" in drawn and ">expected: 0<" in drawn


def test_a_small_matrix_is_drawn_whole():
    drawn = pictures.pair(np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3)[::-1])
    assert numbers_drawn(drawn) == [0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2]
    assert "The picture; in the frame" in drawn


def test_a_row_of_numbers_is_two_curves_with_their_worst_place():
    expected = np.linspace(0, 1, 20)
    given = expected.copy()
    given[13] = -2
    drawn = pictures.pair(given, expected)
    assert drawn.count("<polyline") == 2
    assert "differ most at 13: given -2, expected 0.6842" in drawn


def test_constant_and_empty_arrays_have_pictures_too():
    assert "nan" not in pictures.pair(np.zeros(8), np.zeros(8))
    assert "nan" not in pictures.pair(np.zeros((2, 2)), np.zeros((2, 2)))
    assert pictures.pair(np.zeros((0, 2)), np.zeros((0, 2))) == ""


# --- in a browser -------------------------------------------------------------------------------


@needs_chromium
def test_a_browser_finds_no_fault_and_would_find_one(tmp_path):
    seen = result("x" * 300, idea="look there", told=[Line("Recognised", "it is the other axis")])
    row = seen.checks[0]
    row.printed, row.picture = "y" * 300, (np.eye(20), np.zeros((20, 20)))
    curve = CheckResult("t::b", "1", "a curve", 0, 2, "failed", 0.1, "it differs")
    curve.picture = np.linspace(0, 1, 30), np.zeros(30)
    seen.checks.append(curve)
    seen.isolation = "fork+" * 30
    text = page.render([seen], {"hw1": homeworks.load("hw1")})
    assert faults(text, tmp_path) == []
    worse = text.replace('<html lang="en">', "<html>").replace(
        "max-width: 50rem", "min-width: 50rem"
    )
    worse = worse.replace("--soft: #b0b0ba", "--soft: #444444")
    told = "\n".join(faults(worse, tmp_path))
    assert "light, 390 px: html-has-lang" in told
    assert re.search(r"dark, 1100 px: color-contrast", told) and "px too wide" in told
    assert "light, 1100 px: color-contrast" not in told


def test_watch_keeps_to_a_problem_and_never_judges_half_a_file(worker, solved, quiet, monkeypatch):
    folder, homework = solved("hw1"), homeworks.load("hw1")
    path = folder / "mann.py"
    whole, waits = path.read_text(), []

    def save_slowly(seconds):
        """As an editor does that empties a file before it writes."""
        waits.append(seconds)
        if len(waits) == 1:
            path.write_text("")
        elif len(waits) == 3:
            path.write_text(whole)

    monkeypatch.setattr("autograder.watch.time.sleep", save_slowly)
    result = watch(
        homework,
        worker,
        quiet,
        submission=folder,
        seed=0,
        hint=None,
        isolation="fork",
        only="2b",
        rounds=1,
    )
    assert {row.problem for row in result.checks} == {"2b"} and result.complete
    assert len(waits) >= 4, "it waited until nothing changed"


def test_extra_credit_that_was_asked_for_counts_and_names_the_next_step():
    row = CheckResult("a", "X", "extra", 0, 0, "failed", 0.1)
    asked = HomeworkResult("hw1", "", "fork", [row], chosen=True)
    assert not asked.complete and asked.next_step.endswith("hw1 --problem X")
    all_of_it = HomeworkResult("hw1", "", "fork", [row])
    assert all_of_it.complete and not all_of_it.next_step
    assert all_of_it.after_code(homeworks.load("hw1")).endswith("python -m autograder submit hw1")
