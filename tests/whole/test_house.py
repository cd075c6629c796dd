"""The house: arrows point down, stubs are in step, nothing leaks, points add up."""

import ast
import json
import re
import subprocess
import sys

import pytest

from autograder.planning import plan
from common import homework as homeworks
from staff.authoring import leaks, stubs
from tests.conftest import HOMEWORKS

ROOT = homeworks.ROOT


def python_files(folder):
    return [p for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


WORKER_SIDE = ("probes.py", "probing.py", "worker.py", "rerun.py", "watching.py")


def test_the_parent_side_of_the_autograder_never_imports_torch():
    for path in python_files("autograder"):
        worker_side = path.name in WORKER_SIDE
        tops = {module.split(".")[0] for module in imports(path)}
        assert worker_side or "torch" not in tops, path


def test_the_leak_scan_finds_a_leak(tmp_path):
    secret = leaks.secrets(ROOT, "hw1")
    piece = (ROOT / "staff/solutions/hw1/mann.py").read_text()
    body = piece.split("### END SOLUTION")[0].split("BEGIN SOLUTION 2a")[1].split("\n", 1)[1]
    file = tmp_path / "helper.py"
    file.write_text("def f(self, images, labels):\n" + body.replace("hidden", "other"))
    assert leaks.scan(secret, [file], tmp_path)
    note = tmp_path / "note.md"
    note.write_text("try `" + max(body.splitlines(), key=len).strip() + "`")
    file.write_text("x = 1\n")
    assert not leaks.scan(secret, [file], tmp_path)


def test_statements_in_a_row_are_compared_with_what_they_hand_on():
    piece, renamed, unlike = (
        leaks.normalise(ast.parse(text).body)
        for text in (
            "a = f(x, y)\nb = g(a, y)",
            "c = k(u, v)\nd = m(c, v)",
            "a = f(x, y)\nb = g(x, z)",
        )
    )
    assert piece == renamed and piece != unlike


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_points_add_up(hw):
    homework = homeworks.load(hw)
    checks = plan(homework)  # raises when checks and table disagree
    code = sum(p.points for p in homework.problems if p.kind == "code")
    assert sum(check.points for check in checks) == pytest.approx(code)
    assert {check.problem for check in checks} == {p.id for p in homework.problems if p.checked}


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_nothing_happens_at_import(hw):
    code = (
        "import sys, importlib, socket\n"
        "def refuse(*a, **k): raise AssertionError('a network call at import')\n"
        "socket.socket.connect = refuse\n"
        "sys.argv = ['x', '--nonsense']\n"
        f"importlib.import_module('{hw}.train')\n"
        "assert 'torch' not in sys.modules, 'train imports torch before it is needed'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_no_path_of_a_machine_is_committed():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".npz", ".png", ".pt") or not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            assert not re.search(r"(^|[^\w.])/(work|farm|root|home)/\w", line), f"{name}: {line}"


def test_every_json_file_can_be_read():
    for path in (ROOT / "common").rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


def test_what_a_student_makes_is_not_taken_for_given(tmp_path):
    (tmp_path / "hw1").mkdir()
    for name in ("train.py", "bands.json", "diagnosis.toml", "README.md"):
        (tmp_path / "hw1" / name).write_text("")
    assert stubs.given_files(tmp_path, "hw1") == ["bands.json", "train.py"]


def test_marks_that_are_wrong_are_refused():
    begin, end = "### BEGIN SOLUTION 1 (about 1 line): do", "### END SOLUTION"
    body = "def f():\n    {}\n    return 1\n    {}\n"
    assert stubs.holes(body.format(begin, end))[0].name == "f"
    for wrong in (
        body.format(begin, ""),
        body.format("", end),
        f"def f():\n    {begin}\n    {begin}\n    return 1\n    {end}\n",
        body.format("### BEGIN SOLUTION", end),
        f"{begin}\nx = 1\n{end}\n",
        f"def f():\n    x = 2\n    {begin}\n    return x\n    {end}\n",
        body.format("# begin solution 1", end),
    ):
        with pytest.raises(stubs.MarkError):
            stubs.holes(wrong, "file.py")
