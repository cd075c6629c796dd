"""The class page in a browser: its script runs, no other does, and nothing is out of reach."""

import pytest

from autograder.report.record import CheckResult
from common import homework as homeworks
from staff.grading import class_page
from staff.grading.attention import Attention, Item
from tests.helpers.browser import dom, faults, needs_chromium

HOMEWORK = homeworks.load("hw1")
EVIL = "<script>document.title='evil'</script>"


def record(number):
    check = CheckResult("t::a", "1", "A title", 0, 1, "failed", 0.1, EVIL, mistake="a_slip")
    return {
        "id": f"s{number}",
        "students": [f"{EVIL}{number}"],
        "status": "graded",
        "score": number,
        "max_score": 42,
        "extra": 0,
        "diagnosis": "",
        "seconds": 1.5,
        "memory_mb": 400,
        "reason": EVIL,
        "submitted": "2026-10-05 20:00",
        "problems": {"1": number},
        "accuracy": {"1-shot-2-way": 0.9},
        "notes": [{"kind": "x", "audience": "staff", "text": EVIL}],
        "checks": [check.as_json()],
    }


@pytest.fixture(scope="module")
def page():
    lists = Attention([Item(EVIL, "zero", EVIL)], [])
    return class_page.page([record(n) for n in (3, 20, 42)], HOMEWORK, lists)


def test_what_was_typed_is_shown_and_not_run(page):
    assert page.count("<script") == 1 and page.count("&lt;script&gt;") == 11
    assert "3 to 4" not in page and '<td class="n">1</td>' in page  # the histogram's numbers


@needs_chromium
def test_its_own_script_sorts_and_searches_and_no_other_runs(page, tmp_path):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    shown = dom(tmp_path / "page.html")
    assert "Search students" in shown and "<button>Points</button>" in shown
    (tmp_path / "page.html").write_text(page.replace("const table", "let table"), encoding="utf-8")
    assert "<button>" not in dom(tmp_path / "page.html"), "the policy must name the script"


@needs_chromium
def test_a_browser_finds_no_fault(page, tmp_path):
    assert faults(page, tmp_path) == []
