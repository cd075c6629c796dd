"""JUnit XML: what GitLab, Jenkins and GitHub's actions read."""

import xml.etree.ElementTree as ET

import pytest

from autograder.__main__ import main
from autograder.report import junit
from autograder.report.record import CheckResult, HomeworkResult


def row(status, points=2, **more):
    values = {"id": "t::x", "problem": "2a", "title": "The loss", "seconds": 0.25, "what": ""}
    values |= {"points": points if status == "passed" else 0, "max_points": points}
    return CheckResult(status=status, **(values | more))


def suite(*rows):
    result = HomeworkResult("hw1", "Title", "fork", list(rows), 1.5)
    (found,) = ET.fromstring(junit.render([result]).encode())
    return found


def test_the_counts_are_those_of_the_cases():
    found = suite(
        row("passed"), row("failed"), row("error"), row("timeout"), row("crashed"), row("not_run")
    )
    assert {key: found.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "1",
        "errors": "3",
        "skipped": "1",
    }
    for kind, count in (("failure", 1), ("error", 3), ("skipped", 1)):
        assert len(found.findall(f"testcase/{kind}")) == count
    points = {one.get("name"): one.get("value") for one in found.iter("property")}
    assert points == {"score": "2", "max_score": "12"}


@pytest.mark.parametrize("status", ["failed", "error", "not_run"])
def test_extra_credit_is_no_failure(status):
    found = suite(row(status, points=0))
    assert (found.get("failures"), found.get("errors"), found.get("skipped")) == ("0", "0", "1")


def test_a_message_is_attribute_and_text_and_never_breaks_the_file():
    (case,) = suite(row("failed", what="<b>got 3\n]]>more\x1b[31m\0")).iter("testcase")
    (failure,) = case.findall("failure")
    assert failure.get("message") == "<b>got 3"
    assert failure.text.startswith("<b>got 3\n]]>more") and "\x1b" not in failure.text
    assert failure.get("type") == "failed"


def test_attributes_are_those_that_the_strictest_schema_knows():
    found = suite(row("passed"), row("failed", what="x"))
    known = {
        "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
        "testcase": {"classname", "name", "time"},
        "failure": {"message", "type"},
        "property": {"name", "value"},
    }
    for element in found.iter():
        assert set(element.attrib) <= known.get(element.tag, set()), element.tag


def test_no_two_cases_have_one_name():
    names = [one.get("name") for one in suite(row("passed"), row("failed")).iter("testcase")]
    assert names == ["The loss", "The loss (2)"]


def test_the_command_writes_it(tmp_path, capsys):
    path = tmp_path / "junit.xml"
    assert main(["hw0", "--problem", "3b", "--junit", str(path)]) == 1
    (found,) = ET.fromstring(path.read_bytes())
    assert found.get("name") == "hw0" and int(found.get("failures")) >= 1
    assert main(["hw0", "--junit", str(tmp_path / "no" / "x.xml")]) == 2
