"""Tests lie where what they test lies: a folder for each room of the house; and they use public names."""

import ast
import re
import tomllib

import pytest

from common import homework as homeworks
from common.homework import ROOT
from staff.authoring.architecture import ROOMS

TESTS = ROOT / "tests"
WINGS = {"autograder", "common", "staff", *homeworks.names()}
FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("room", [room for room in ROOMS if not room.endswith(".py")])
def test_each_room_has_its_folder(room):
    assert any(path.parent.as_posix() == room for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_test_speaks_of_the_room_that_it_lies_in(path):
    room = path.parent.as_posix()
    if room == "whole":  # what holds for all rooms, and commands that cross them
        return
    text = (TESTS / path).read_text(encoding="utf-8")
    if room in ("hwN", "autograder/checks"):  # homeworks, whichever they are
        assert re.search(r"\bhw\d|HOMEWORKS|homeworks", text)
        return
    assert (ROOT / room).is_dir(), f"there is no room {room}"
    wing, _, inner = room.partition("/")
    named = rf'\b{wing}[./]{inner}\b|from {wing} import .*\b{inner}\b|"{wing}" / "{inner}"'
    assert re.search(named if inner else rf"\b{wing}\b", text)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_private_names_stay_private(path):
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    ours = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in WINGS
    ]
    names = {alias.asname or alias.name for node in ours for alias in node.names}
    assert not [name for name in names if name.startswith("_")]
    assert not [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and re.match("_[^_]", node.attr)
        and isinstance(node.value, ast.Name)
        and node.value.id in names
    ]


def test_helpers_and_commands_have_their_places():
    for path in TESTS.glob("*.py"):
        command = f"python -m tests.{path.stem}" in path.read_text(encoding="utf-8")
        assert command or path.name in ("__init__.py", "conftest.py"), path
    others = {
        path.relative_to(TESTS)
        for path in TESTS.rglob("*.py")
        if path.parent not in (TESTS, TESTS / "helpers")
        and path.name not in ("__init__.py", "conftest.py")
    }
    assert others == set(FILES)


@pytest.mark.parametrize("name", homeworks.names())
def test_the_lists_that_no_command_makes_name_each_homework(name):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert name in settings["coverage"]["run"]["source"]
    assert f"`{name}`" in (ROOT / "README.md").read_text(encoding="utf-8")
