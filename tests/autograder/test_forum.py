"""What is pasted into a forum: verdict, shapes and versions; no code, no prints, no paths."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import engine, forum
from common import homework as homeworks
from common.errors import KitError
from staff.authoring.stubs import copy_solutions

ROOT = homeworks.ROOT
SECRET = "an_unusual_name_of_mine"


@pytest.fixture
def kit(tmp_path):
    """A kit with the solutions of hw1 in place of its stubs."""
    root = tmp_path / "kit"
    root.mkdir()
    for name in ("common", "autograder", "pyproject.toml", "requirements.txt"):
        (root / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "hw1", root / "hw1")
    copy_solutions(ROOT, "hw1", root / "hw1")
    return replace(homeworks.load("hw1"), root=root)


def post(homework, problem, worker):
    result = engine.grade(homework, only=problem, worker=worker)
    shapes = [forum.shapes(homework, row.id, worker) for row in result.checks if not row.passed]
    return forum.text(homework, result, "\n".join(shapes[:1]))


def spoil(homework, line):
    """Put a line before the first statement of `sample_task`'s solution."""
    path = homework.folder / "sampling.py"
    text = path.read_text(encoding="utf-8")
    assert text.count("    classes = rng.choice") == 1
    path.write_text(text.replace("    classes = rng.choice", f"{line}\n    classes = rng.choice"))


def test_verdict_shapes_and_versions_and_no_code(kit, worker):
    spoil(kit, f"    {SECRET} = print('printed', {str(kit.root / 'hw1')!r}); way = way - 1")
    said = post(kit, "1", worker)
    assert "expected [K + 1, N, 784]" in said and "given, images: uint8 [9, 20, 28, 28]" in said
    assert (
        "given, way: 4" in said
        and "shape[" not in said
        and "came, task, shape: [3, 3, 784]" in said
    )
    assert "torch " in said and "numpy " in said and "Python 3." in said
    code = {line.strip() for line in (kit.folder / "sampling.py").read_text().splitlines()}
    assert not code & {line.strip() for line in said.splitlines() if len(line.strip()) > 8}
    assert SECRET not in said and "printed" not in said and str(kit.root) not in said


def test_an_exception_is_told_without_the_places_of_this_machine(kit, worker, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/users/ada"))
    spoil(kit, f"    raise OSError('/users/ada/x and {kit.root}/y')")
    said = post(kit, "1", worker)
    assert "~/x and KIT/y" in said and "came: nothing" in said
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert "hw1/sampling.py" in post(kit, "1", worker)


@pytest.mark.parametrize(
    "words, told",
    [
        (["zz"], "no homework 'zz'"),
        (["2"], "which problem?"),
        (["hw1"], "which problem?"),
        (["hw1", "9"], "hw1 has no problem"),
    ],
)
def test_a_problem_must_be_meant(words, told):
    with pytest.raises(KitError, match=None) as error:
        forum.meant(words)
    assert told in str(error.value)


def test_without_a_homework_the_one_that_was_saved_last_is_meant(monkeypatch):
    times = {"hw1": 1.0, "hw2": 3.0}
    monkeypatch.setattr(
        forum, "saved_verdict", lambda homework, word: times.get(homework.name, 0.0)
    )
    homework, problems = forum.meant(["2a"])
    assert (homework.name, problems) == ("hw2", ("2a",))
    times["hw1"] = 3.0
    with pytest.raises(KitError, match="2a of which homework"):
        forum.meant(["2a"])


def test_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "ask", "hw0", "1A"],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("My question:") and "Problem 1a" in done.stdout
    assert done.stdout.count("```") == 2 and "checks" in done.stderr
