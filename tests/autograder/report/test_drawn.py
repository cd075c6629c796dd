"""A sampler that fails is shown the task that it drew: in the terminal, in sentences, on the page."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from autograder.checks.hw1 import test_sampling as checks
from autograder.report import console as pictures
from autograder.report import page, plain
from autograder.report.record import HomeworkResult
from common import homework as homeworks

HW1 = homeworks.load("hw1")
ROW = re.compile(r"(?m)^ *(support \d|query) +(.+)$")


@pytest.fixture
def failed(solved, run):
    """The rows of a sampler that shuffles the labels of the query row and not its images."""
    folder = solved("hw1")
    path = folder / "sampling.py"
    text = path.read_text(encoding="utf-8")
    spoilt = text.replace(
        "pixels[-1], labels[-1] = pixels[-1][order], labels[-1][order]",
        "labels[-1] = labels[-1][order]",
    )
    assert spoilt != text
    path.write_text(spoilt, encoding="utf-8")
    return {row.id.partition("::")[2]: row for row in run("hw1", folder, "1")}


def test_the_task_of_the_message_is_shown(failed):
    row = failed["test_query"]
    rows = dict(ROW.findall(row.drawn))
    assert list(rows) == ["support 0", "support 1", "query"]
    cells = {name: re.findall(r"(\d+)/(\d+) → (\d)", text) for name, text in rows.items()}
    class_of = {label: kind for kind, _, label in cells["support 0"]}
    shown = [int(kind) for kind, _, _ in cells["query"]]
    said = [int(class_of[label]) for _, _, label in cells["query"]]
    assert f"shows classes {shown}, its labels say {said}" in row.what and shown != said
    assert not failed["test_columns"].drawn and row.as_json()["drawn"] == row.drawn


def test_every_report_shows_it(failed):
    row = failed["test_query"]
    result = HomeworkResult("hw1", HW1.title, "fork", [row])
    screen = Console(file=io.StringIO(), width=80)
    pictures.show(result, HW1, screen)
    assert all(line in screen.file.getvalue() for line in row.drawn.splitlines())
    text = page.render([result], {"hw1": HW1})
    assert all(f">{tile}<" in text for _, tiles in row.task.rows for tile in tiles)
    assert "query" in plain.report(result, HW1) and plain.report(result, HW1).isascii()


def test_images_that_are_not_known_and_labels_of_another_shape_are_shown_as_such():
    classes, which = np.array([[0, -1], [1, 0]]), np.array([[3, -1], [4, 5]])
    lines = str(checks.as_task(classes, which)).splitlines()
    assert lines[1].split() == ["support", "0", "0/3", "?"]
    labels = np.eye(2)[[[0, 1], [1, 0]]]
    assert "1/4 → 1" in str(checks.as_task(classes, which, labels))
    for shape in ((2, 2, 0), (3, 2, 2), (2, 2)):
        assert "→" not in str(checks.as_task(classes, which, np.zeros(shape)))
