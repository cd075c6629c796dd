"""`python -m staff cases`: the way in for outside measurements."""

import json

import pytest

from common.errors import KitError
from staff.gate import cases

RIGHT = """
# %% mann.py:mann_loss | 2b | right | by log-probabilities
def mann_loss(logits, labels):
    own = labels[:, -1].argmax(-1)
    rows = torch.log_softmax(logits[:, -1], -1)
    return -rows.gather(-1, own[..., None]).mean()
"""
WRONG = """
# %% mann.py:mann_loss | 2b | wrong | nothing is learned
def mann_loss(logits, labels):
    return logits.sum() * 0

# %% nowhere.py:mann_loss | 2b | wrong | a file that is not there
def mann_loss(logits, labels):
    return 0
"""
FIELDS = {
    "homework",
    "file",
    "function",
    "problem",
    "kind",
    "name",
    "caught",
    "points",
    "max",
    "mistake",
    "causes",
    "messages",
    "error",
}


def graded(folder, text):
    """The exit code, and the lines of the JSON file."""
    (folder / "hw1.py").write_text(text)
    code = cases.main([str(folder / "hw1.py"), "--json", str(folder / "out.jsonl")])
    return code, [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def test_a_line_a_case_and_what_cannot_be_graded_costs_itself_alone(tmp_path, capsys):
    code, (right, wrong, lost) = graded(tmp_path, RIGHT + WRONG)
    assert code == 1 and set(right) == set(wrong) == FIELDS
    assert not right["caught"] and right["points"] == right["max"] == 8
    assert wrong["caught"] and wrong["points"] < 8 and wrong["messages"][0]["message"]
    assert lost["caught"] is None and "no nowhere.py" in lost["error"]
    assert "not graded: hw1 2b a file that is not there" in capsys.readouterr().out


def test_exit_code_0_when_wrong_ones_are_caught_and_right_ones_are_not(tmp_path):
    assert graded(tmp_path, RIGHT + WRONG.partition("# %% nowhere")[0])[0] == 0
    assert graded(tmp_path, RIGHT.replace("| right |", "| wrong |"))[0] == 1


@pytest.mark.parametrize(
    "name, text, told",
    [
        ("hw1.py", "# %% mann.py | 2b | wrong | x\n", r"hw1\.py:1: expected # %% HOLE_FILE"),
        ("hw1.py", "# %% mann.py:f | 2b | odd | x\n", "KIND of wrong, two, right, debatable"),
        ("hw77.py", "", "no homework 'hw77' here"),
        ("hw1.py", None, "cannot be read"),
    ],
)
def test_a_file_that_is_damaged_is_named(tmp_path, name, text, told):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(KitError, match=told):
        cases.read(tmp_path / name)
