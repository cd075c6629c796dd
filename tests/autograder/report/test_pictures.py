"""Pictures of what came and what was expected, with words and a table of their numbers."""

import re

import numpy as np
import pytest

from autograder.judge import DrawnTask, Tile
from autograder.judge.comparing import Mismatch, Pair, assert_matches
from autograder.report import page, pictures, tasks
from autograder.report.record import CheckResult, HomeworkResult
from common import homework as homeworks
from tests.helpers.browser import faults, needs_chromium

IGNORED = -100


def caption(drawn):
    return re.search(r"<figcaption>(.*?)</figcaption>", drawn).group(1)


def columns(drawn):
    """The cells of the table's rows, each row after its name."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', drawn)
    return {
        name: re.findall(r"<td.*?>(?:<strong>)?(.*?)(?:</strong>)?</td>", r) for name, r in rows
    }


# --- rows of whole numbers ----------------------------------------------------------------------


def test_tokens_stand_under_what_was_expected_and_differences_are_framed():
    expected = np.array([[IGNORED, 5, 1], [IGNORED, IGNORED, 2]])
    given = np.array([[4, 5, 1], [IGNORED, IGNORED, 2]])
    drawn = pictures.pair(given, expected)
    assert caption(drawn).startswith("1 of 6 places differ")
    assert "row 0, place 0: given 4, expected -100" in caption(drawn)
    assert columns(drawn)["0 given"] == ["4", "5", "1"] and drawn.count('class="place worst"') == 2


def test_a_row_that_ends_early_shows_where():
    drawn = pictures.pair(np.array([3, 1]), np.array([3, 1, 4]))
    assert "place 2: given nothing, expected 4" in caption(drawn)
    assert columns(drawn) == {"expected": ["3", "1", "4"], "given": ["3", "1", "–"]}


def test_long_rows_are_drawn_around_their_first_difference():
    expected = np.tile(np.arange(40), (9, 1))
    given = expected.copy()
    given[7, 30] = 0
    drawn = pictures.pair(given, expected)
    assert "row 7, place 30: given 0, expected 30" in caption(drawn)
    shown = columns(drawn)
    assert "7 given" in shown and "0 given" not in shown and len(shown["7 given"]) == 16


def test_a_mismatch_of_lengths_keeps_rows_of_whole_numbers_alone():
    with pytest.raises(Mismatch) as rows:
        assert_matches(np.array([1, 2]), np.array([1, 2, 3]))
    with pytest.raises(Mismatch) as numbers:
        assert_matches(np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert rows.value.pair is not None and numbers.value.pair is None


# --- a step -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, said",
    [
        ([-6.0, 0.0], "6 times as long as the one expected, and points the opposite way"),
        ([0.5, 0.0], "0.5 times as long as the one expected, and points the same way"),
        ([1.0, 1.0], "1.41 times as long as the one expected, and points 45° away from it"),
        ([0.0, 0.0], "No step was made"),
    ],
)
def test_a_step_is_drawn_beside_the_one_expected(given, said):
    start = np.array([3.0, -2.0])
    drawn = pictures.pair(start + given, start + np.eye(2)[0], start)
    assert said in caption(drawn) and columns(drawn)["expected"] == ["1", "0", "1"]
    assert float(columns(drawn)["given"][2]) == pytest.approx(np.hypot(*given), rel=1e-3)
    assert "nan" not in drawn


def test_what_did_not_move_has_no_step():
    start = np.array([3.0, -2.0])
    assert "step" not in pictures.pair(start + 1, start, start)


def test_a_check_says_where_a_step_began():
    with pytest.raises(Mismatch) as failed:
        assert_matches(np.zeros(3), np.ones(3), start=np.full(3, 2.0))
    assert (failed.value.pair.start == 2).all()


# --- a task -------------------------------------------------------------------------------------

TASK = DrawnTask(
    (
        ("support 0", (Tile(3, "3/5", 0), Tile(1, "1/2", 1))),
        ("query", (Tile(1, "1/7", 0), Tile(-1, "?", 0))),
    )
)


def test_a_task_frames_labels_that_are_not_those_of_the_class():
    drawn = tasks.draw(TASK)
    assert "Framed: 1 has another label than its class has in the first row" in caption(drawn)
    assert columns(drawn) == {"support 0": ["3/5 → 0", "1/2 → 1"], "query": ["1/7 → 0", "? → 0"]}
    assert drawn.count('class="worst"') == 1


def test_a_task_without_labels_speaks_of_none():
    bare = DrawnTask((("support 0", (Tile(3, "3/5"),)),))
    assert (
        "label" not in caption(tasks.draw(bare)) and str(bare).splitlines()[1].split()[-1] == "3/5"
    )


# --- in a browser -------------------------------------------------------------------------------


def row(title, **parts):
    return CheckResult(f"t::{title}", "1", title, 0, 2, "failed", 0.1, "it differs", **parts)


@needs_chromium
def test_a_browser_finds_no_fault_in_any_of_them(tmp_path):
    start = np.zeros(4)
    rows = [
        row("rows", picture=Pair(np.array([[4, 5, 1]]), np.array([[IGNORED, 5, 1]]))),
        row("step", picture=Pair(np.array([1.0, 2, 0, 0]), np.ones(4), start)),
        row("task", task=TASK),
    ]
    result = HomeworkResult("hw1", "Memory", "fork", rows)
    text = page.render([result], {"hw1": homeworks.load("hw1")})
    assert text.count("<svg") >= 4 and faults(text, tmp_path) == []
