"""The record as JUnit XML, which continuous integration shows: GitLab, Jenkins, GitHub's actions.

There is no official standard; what is written keeps to what all of them read: one `testsuite` a
homework with its counts, one `testcase` a check, and the message both as attribute and as text. Points
have no place of their own, so they stand in the suite's properties and in `system-out`.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from autograder.report.record import CheckResult, HomeworkResult
from common.files import write_text

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # by XML 1.0
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
KINDS = {  # status → the element that says so
    "failed": "failure",
    "error": "error",
    "timeout": "error",
    "crashed": "error",
    "not_run": "skipped",
}


def write(results: list[HomeworkResult], path: Path) -> None:
    """Write the report whole."""
    write_text(path, render(results))


def render(results: list[HomeworkResult]) -> str:
    """The XML of some homeworks."""
    root = ET.Element("testsuites")
    for result in results:
        root.append(_suite(result))
    ET.indent(root)
    return HEAD + ET.tostring(root, encoding="unicode") + "\n"


def _suite(result: HomeworkResult) -> ET.Element:
    counts = Counter(_kind(check) for check in result.checks)
    suite = ET.Element(
        "testsuite",
        name=result.homework,
        tests=str(len(result.checks)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{result.seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("score", result.score), ("max_score", result.max_score)):
        ET.SubElement(properties, "property", name=name, value=f"{value:g}")
    seen: Counter[tuple[str, str]] = Counter()
    for check in result.checks:
        case = _case(result, check)
        key = (case.get("classname", ""), case.get("name", ""))
        seen[key] += 1
        if seen[key] > 1:  # of two cases with one name, only the first would be kept
            case.set("name", f"{key[1]} ({seen[key]})")
        suite.append(case)
    return suite


def _kind(check: CheckResult) -> str:
    """The element of a check; extra credit that was not earned is skipped, no failure."""
    if check.passed:
        return ""
    return KINDS[check.status] if check.max_points else "skipped"


def _case(result: HomeworkResult, check: CheckResult) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=f"{result.homework}.{check.problem}",
        name=_plain(check.title),
        time=f"{check.seconds:.3f}",
    )
    if kind := _kind(check):
        message = _plain(check.message)
        told = ET.SubElement(case, kind, message=_plain(check.what).partition("\n")[0])
        if kind != "skipped":
            told.set("type", check.status)
        told.text = message
    points = f"{check.points:g} of {check.max_points:g} points" if check.max_points else "extra"
    ET.SubElement(case, "system-out").text = points
    return case


def _plain(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
