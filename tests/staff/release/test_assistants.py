"""One word in course.toml decides what is signed, and what tools, editors and handouts are told."""

import json
import shutil

import pytest

from autograder import submit
from autograder.statement import STATEMENTS, statement
from common import homework as homeworks
from common.errors import KitError
from common.kit import course
from staff.course.facts import facts
from staff.release import archive, assistants

ROOT = homeworks.ROOT
POLICIES = (course.NONE, course.EXPLAIN, course.OPEN)


def course_with(folder, policy):
    text = (ROOT / "staff/course.toml").read_text(encoding="utf-8")
    (folder / "staff").mkdir(exist_ok=True)
    (folder / "staff/course.toml").write_text(text.replace('policy = "none"', f"policy = {policy}"))
    return folder


@pytest.fixture
def answers(monkeypatch):
    """Types lines at a terminal; gives what is still to be typed."""
    lines = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: lines.pop(0))
    return lines


@pytest.mark.parametrize("policy", POLICIES)
def test_a_kit_says_one_thing_everywhere(policy, tmp_path):
    root = course_with(tmp_path, f'"{policy}"')
    kit = tmp_path / "kit"
    shutil.copytree(ROOT / archive.STUDENTS, kit)
    (kit / "course.toml").write_bytes(facts(root, ["hw1"]))
    assert course.assistants(kit) == policy and statement(kit) == STATEMENTS[policy]
    assistants.write(kit, policy)
    texts = {(kit / name).read_text() for name in assistants.FOR_TOOLS}
    assert len(texts) == 1 and "`autograder/` is not to be changed" in texts.pop()
    settings = json.loads((kit / assistants.SETTINGS).read_text())
    assert settings["python.testing.pytestEnabled"] is True
    assert (settings.get("github.copilot.enable") == {"*": False}) == (policy != course.OPEN)
    assert ("chat.commandCenter.enabled" in settings) == (policy == course.NONE)


def test_policies_say_different_things():
    for texts in (STATEMENTS, assistants.SENTENCES, assistants.EDITOR):
        assert set(texts) == set(POLICIES)
        assert len({json.dumps(text) for text in texts.values()}) == 3
    forbids = "Do not write graded code"
    pages = [(ROOT / f"staff/release/assistants/{one}.md").read_text() for one in POLICIES]
    assert [forbids in page for page in pages] == [True, True, False]


@pytest.mark.parametrize("hw", homeworks.names())
def test_every_handout_says_it_where_it_says_how_to_hand_in(hw):
    page = archive.for_students(ROOT / hw / "README.md", ROOT).decode()
    assert page.count(assistants.SENTENCES[course.assistants(ROOT)]) == 1
    assert "explain hw7" in assistants.in_handout("## Hand in\n\nx", "hw7", course.OPEN)
    with pytest.raises(KitError, match="has no section"):
        assistants.in_handout("# Hand in\n", "hw7", course.NONE)


def test_the_front_page_of_the_kit_says_it():
    page = archive.for_students(ROOT / "README.md", ROOT).decode()
    assert page.count(assistants.SENTENCES[course.assistants(ROOT)]) == 1
    assert "explain hw1" in assistants.on_front_page("# Kit\n", course.OPEN)


@pytest.mark.parametrize("policy", ['"some"', "3", "true", '["none"]'])
def test_a_wrong_policy_is_named(policy, tmp_path):
    with pytest.raises(KitError, match=r"course.toml: \[assistants\] policy is .*write"):
        course.assistants(course_with(tmp_path, policy))


def test_tools_are_asked_for_where_they_may_be_used(tmp_path, answers):
    course_with(tmp_path, '"none"')
    answers += ["Ada", "Bob, Eve", ""]
    signed = submit.sign(tmp_path)
    assert signed == {"signed": True, "name": "Ada", "collaborators": ["Bob", "Eve"], "tools": []}
    assert submit.sign(tmp_path) == signed and not answers
    course_with(tmp_path, '"explain"')
    answers += ["Ada", "", "a chat", ""]
    assert submit.sign(tmp_path)["tools"] == ["a chat"]  # the statement is another one: signed anew
    assert submit.sign(tmp_path)["tools"] == ["a chat"] and not answers


def test_what_an_older_kit_signed_stands_while_the_statement_does(tmp_path, answers):
    old = 'signed = true\nname = "Ada"\ncollaborators = []\n'
    (tmp_path / "submission.toml").write_text(old)
    assert submit.sign(tmp_path)["name"] == "Ada"
    course_with(tmp_path, '"open"')
    answers += [""]
    assert submit.sign(tmp_path)["signed"] is False
    assert (tmp_path / "submission.toml").read_text() == old


def test_without_a_terminal_nothing_is_signed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert submit.sign(tmp_path)["signed"] is False
    assert "not signed" in capsys.readouterr().out
