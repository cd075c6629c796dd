"""The pages for those who run a course and who change a homework: what they name is there."""

import re

import pytest

from common.homework import ROOT
from staff.__main__ import COMMANDS, OWN_OPTIONS

PAGES = (
    "README.md",
    "staff/README.md",
    "AUTHORING.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "ARCHITECTURE.md",
    "staff/RELEASING.md",
    "staff/GRADING.md",
    "staff/GRADEBOOK.md",
    "staff/WRITTEN.md",
    "staff/CAUSES.md",
    "staff/PRIVACY.md",
    "staff/PLATFORMS.md",
)
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}
KNOWN = {*COMMANDS, *OWN_OPTIONS, "train"}
MADE = (
    "dist",
    "data",
    "runs",
    "private",
    "written",
    ".venv",
    "students",
    "term.key",
)  # by commands


def test_every_command_of_the_staff_stands_on_one_page():
    text = "\n".join(TEXTS.values())
    named = {*re.findall(r"-m staff ([\w-]+)", text), *re.findall(r"make (\w+)", text)}
    assert not KNOWN - named


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_targets_are_there(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {*re.findall(r"-m staff ([a-z-]+)", TEXTS[page])} <= KNOWN
    for target in re.findall(r"`make (\w+)", TEXTS[page]):
        assert re.search(rf"(?m)^[\w ]*\b{target}\b[\w ]*:", makefile), target


@pytest.mark.parametrize("page", PAGES[:-1])  # the last one speaks of other platforms' files
def test_paths_are_there(page):
    folder = (ROOT / page).parent
    for quoted, linked in re.findall(r"`([\w.-]+/[\w./-]*)`|\]\(([\w./-]+)\)", TEXTS[page]):
        name = (quoted or linked).replace("hwN", "hw1")
        if not {*name.split("/")} & {*MADE} and not name.endswith("handout.html"):
            assert (folder / name).exists() or (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES)
def test_what_is_said_to_be_in_a_file_is_in_it(page):
    for name, file in re.findall(r"`(\w+)`\s+in\s+`([\w./-]+\.\w+)`", TEXTS[page]):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"(?m)^\s*#? ?(def |class |`)?{name}\b", text), (name, file)
