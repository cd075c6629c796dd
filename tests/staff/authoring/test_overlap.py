"""The overlap report: nothing that students are shown answers a graded question without a reason."""

import json

import pytest

from common import homework as homeworks
from staff.authoring import overlap
from tests.conftest import HOMEWORKS


def questions(hw, source):
    found = overlap.overlaps(homeworks.load(hw))
    return {one.question for one in found if one.source == source and not one.reason}


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_every_overlap_has_a_reason_and_every_reason_an_overlap(hw):
    homework = homeworks.load(hw)
    bare = [one for one in overlap.overlaps(homework) if not one.reason]
    assert not bare, (
        f"reword it, or give a reason in staff/authoring/overlap.toml:\n{overlap.as_text(bare)}"
    )
    assert not overlap.stale(homework)


@pytest.mark.parametrize(
    "planted, question",
    [
        # another wording of the model answer
        (
            "A parameter of separate tables gets the gradient of one loss; a weight only scales it, and "
            "Adam divides each gradient by its running size.",
            "4q",
        ),
        # a piece of one, in a longer text
        (
            "Look at your tables. Too low an MSE: the smallest of many noisy numbers is what you took, "
            "whatever the reason may have been.",
            "5q",
        ),
    ],
)
def test_an_answer_in_a_message_is_found(monkeypatch, planted, question):
    real = overlap.grader_sentences
    told = [("planted", sentence) for sentence in overlap.sentences(planted)]
    monkeypatch.setattr(overlap, "grader_sentences", lambda homework: [*real(homework), *told])
    assert questions("hw0", "planted") == {question}


@pytest.mark.parametrize(
    "planted",
    [
        "The rating loss must be a mean over the batch.",
        "Print the shape of both outputs.",
        "Which pair goes into which loss is where multi-task code goes wrong.",
    ],
)
def test_an_ordinary_message_is_not(monkeypatch, planted):
    real = overlap.grader_sentences
    monkeypatch.setattr(overlap, "grader_sentences", lambda hw: [*real(hw), ("planted", planted)])
    assert questions("hw0", "planted") == set()


def test_a_figure_and_a_band_are_found(monkeypatch):
    real = overlap.documents_of
    bands = {"shared-50-seed0": {"val_mrr": [0.1]}, "shared-99": {"val_mrr": [0.1]}}
    planted = {
        "README.md": "| x | 0.0600 |\nof shared-50: .848 ± .009",
        "bands.json": json.dumps(bands),
    }
    others = {key: why for key, why in overlap.allowed_overlaps().items() if key[2] != "bands.json"}
    monkeypatch.setattr(overlap, "allowed_overlaps", lambda: others)
    monkeypatch.setattr(overlap, "documents_of", lambda homework: real(homework) | planted)
    found = overlap.overlaps(homeworks.load("hw0"))
    bare = {(one.question, one.source, one.what) for one in found if not one.reason}
    assert ("4q", "bands.json", "expected of shared-50") in bare
    assert ("5q", "bands.json", "expected of shared-50") not in bare  # it is not named there
    monkeypatch.setattr(overlap, "allowed_overlaps", dict)
    whats = {
        one.what for one in overlap.overlaps(homeworks.load("hw0")) if one.source == "README.md"
    }
    assert {"0.848", "0.060"} <= whats


def test_the_command_line(monkeypatch, capsys):
    assert overlap.main(["hw0"]) == 0
    assert "hw0 4q: ok: " in capsys.readouterr().out
    monkeypatch.setattr(overlap, "allowed_overlaps", dict)
    assert overlap.main(["hw0"]) == 1
    assert "NO REASON" in capsys.readouterr().out
    monkeypatch.setattr(overlap, "allowed_overlaps", lambda: {("hw0", "4q", "nowhere", "*"): "old"})
    assert overlap.main(["hw0"]) == 1
    assert "reason for what is not there: nowhere" in capsys.readouterr().out
