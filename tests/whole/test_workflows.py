"""Workflows and forms for code hosts: they can be parsed, and type what there is."""

import re

import pytest
import yaml

from common.homework import ROOT

FILES = sorted(
    path.relative_to(ROOT)
    for folder in (".github", "staff/students/.github")
    for path in (ROOT / folder).rglob("*.yml")
)
JOBS = [path for path in FILES if path.parent.name == "workflows"]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_it_can_be_parsed(path):
    assert isinstance(yaml.safe_load((ROOT / path).read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("path", JOBS, ids=str)
def test_every_step_does_something_that_there_is(path):
    workflow = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90 if "timeout-minutes" in job else name == "private"
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step
            for target in re.findall(r"\bmake (\w+)", step.get("run", "")):
                assert re.search(rf"(?m)^[\w ]*\b{target}\b[\w ]*:", makefile), target
            for package in re.findall(r"python -m (autograder|staff)\b", step.get("run", "")):
                assert (ROOT / package / "__main__.py").is_file()


def test_the_suite_is_tried_on_what_the_kit_allows():
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]
    for name in ("tests", "students"):
        assert jobs[name]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert {"macos-latest", "windows-latest"} == set(
        jobs["students"]["strategy"]["matrix"]["system"]
    )
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    for package, version in re.findall(r"(\w+)==([\d.]+)\.\*", workflow["env"]["OLDEST"]):
        assert re.search(rf"(?m)^{package}>={re.escape(version)}\b", requirements), package


def test_a_public_repository_fails():
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    (step,) = workflow["jobs"]["private"]["steps"]
    assert "private" in step["if"] and "exit 1" in step["run"]
