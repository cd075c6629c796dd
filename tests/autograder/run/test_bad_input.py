"""What students really hand in: each ends in one clear message, and costs what it should."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder import engine
from autograder.context import CheckContext
from autograder.judge.answers import Answers, path_of
from autograder.planning import plan
from autograder.run.launch import start
from autograder.run.notes import STAFF, UNEXPLAINED, Note
from autograder.run.overlay import overlay
from common import homework as homeworks
from common.errors import KitError

ROOT = homeworks.ROOT


def cli(*arguments, cwd=ROOT, **options):
    """Run the command line; (exit code, output, errors)."""
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )
    return done.returncode, done.stdout, done.stderr


def spoil(folder: Path, body: str) -> Path:
    """Put a body into MANN.forward of the solved homework 1."""
    source = (folder / "mann.py").read_text()
    start_, rest = source.split("        ### BEGIN SOLUTION 2a", 1)
    end = rest.split("### END SOLUTION", 1)[1]
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    (folder / "mann.py").write_text(start_ + lines + end)
    return folder


# --- values -------------------------------------------------------------------------------------

VALUES = {
    "None": ("return None", "None"),
    "NaN": ("return labels * float('nan')", "nan"),
    "wrong shape": ("return labels[:, 0]", "shape"),
    "a list": ("return labels.tolist()", "list"),
    "a number": ("return 3", "int"),
    "integers": ("return labels.long()", "no gradient"),
    "complex numbers": ("return labels.to(torch.complex64)", "complex"),
    "half precision": ("return labels.bfloat16()", "bfloat16"),
    "a subclass": ("class Liar(torch.Tensor): pass\nreturn labels.as_subclass(Liar)", "Liar"),
    "an exception": ("return 1 / 0", "ZeroDivisionError"),
    "an exception that cannot be printed": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
        "E",
    ),
    "sys.exit": ("import sys; sys.exit(0)", "SystemExit"),
    "os._exit": ("import os; os._exit(0)", "ended in the middle"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "too deep": ("return self.forward(images, labels)", "RecursionError"),
    "a million lines": ("print('x' * 10**6)\nraise ValueError('told')", "told"),
}


@pytest.mark.parametrize("body, told", VALUES.values(), ids=VALUES)
def test_a_bad_value_is_named(body, told, run, solved):
    rows = run("hw1", spoil(solved("hw1"), body), "2a")
    assert not any(row.passed for row in rows)
    assert any(told in row.message for row in rows), [row.message for row in rows]
    assert all(len(row.printed) < 5000 for row in rows)


def test_an_endless_loop_costs_its_checks_alone(run, solved, monkeypatch):
    fast = homeworks.load("hw1")
    monkeypatch.setattr(homeworks, "load", lambda name: _with_limit(fast, 1.0))
    began = time.monotonic()
    rows = run("hw1", spoil(solved("hw1"), "while True: pass"))
    assert {row.status for row in rows if row.problem == "2a"} == {"timeout"}
    assert all(row.passed for row in rows if row.problem in ("1", "2b"))
    assert time.monotonic() - began < 60


def _with_limit(homework, seconds):
    from dataclasses import replace

    return replace(homework, time_limit=seconds)


# --- files --------------------------------------------------------------------------------------

# The class of 2a is asked for and not found; the function of 2b is known to be missing.
ERROR = {"2a": "error", "2b": "error"}
NOTHING = ({"2a": "failed", "2b": "error"}, "no attribute|not in the file")
FILES = {
    "empty": (b"", *NOTHING),
    "a syntax error": (b"def f(:\n    pass\n", ERROR, "mann.py, line 1"),
    "raises at import": (b"raise ValueError('mine')\n", ERROR, "ValueError: mine"),
    "leaves at import": (b"import sys\nsys.exit(0)\n", ERROR, "SystemExit"),
    "not UTF-8": (b"name = '\xff\xfe'\n", *NOTHING),
    "null bytes": (b"x = 1\x00\n", *NOTHING),
}


@pytest.mark.parametrize("content, status, told", FILES.values(), ids=FILES)
def test_a_bad_file_costs_its_own_holes_alone(content, status, told, run, solved):
    folder = solved("hw1")
    (folder / "mann.py").write_bytes(content)
    rows = run("hw1", folder)
    own = [row for row in rows if row.problem in ("2a", "2b")]
    assert {(row.problem, row.status) for row in own} == set(status.items())
    assert all(re.search(told, row.message) for row in own), [row.message for row in own]
    assert all(row.passed for row in rows if row not in own)


def test_a_missing_file_costs_its_own_holes_alone(run, solved):
    folder = solved("hw1")
    for name in ("mann.py", "transformer.py"):
        (folder / name).unlink()
    rows = run("hw1", folder)
    status = {row.problem: row.status for row in rows}
    assert status == {"1": "passed", "2a": "error", "2b": "error", "X": "not_run"}
    assert all("hw1/mann.py is missing" in row.message for row in rows if row.problem == "2a")
    assert all("extra credit" in row.message for row in rows if row.problem == "X")


@pytest.mark.parametrize("spoiled", ["crlf", "bom"])
def test_what_editors_of_other_systems_write_is_accepted(spoiled, run, solved):
    folder = solved("hw1")
    path = folder / "mann.py"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\n", b"\r\n") if spoiled == "crlf" else b"\xef\xbb\xbf" + data)
    assert all(row.passed for row in run("hw1", folder))


def test_a_path_with_spaces_is_graded_and_reported(solved, tmp_path):
    folder, page = tmp_path / "my work" / "hw 1", tmp_path / "my reports" / "hw 1.html"
    page.parent.mkdir()
    shutil.copytree(spoil(solved("hw1"), "return None"), folder)
    code, out, errors = cli("hw1", "--submission", folder, "--problem", "2b", "--html", page)
    assert code == 0, out + errors
    assert "8 of 8 points" in out and "8 of 8 points" in page.read_text(encoding="utf-8")
    shutil.rmtree(folder.parent)
    code, _, errors = cli("hw1", "--submission", folder)
    assert code == 2 and f"{folder} is not a folder" in errors


def test_a_changed_input_is_named(run, solved):
    body = "labels[:, -1] = 0\nh, _ = self.lstm1(torch.cat([images, labels], -1).flatten(1, 2))\n"
    body += "h, _ = self.lstm2(h)\nreturn self.head(h).reshape(labels.shape)"
    rows = run("hw1", spoil(solved("hw1"), body), "2a")
    assert any("changed its input `labels`" in row.message for row in rows)


# --- isolation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["while True: pass", "import os; os._exit(3)"])
def test_the_spawned_worker_survives_too(body, solved, tmp_path):
    homework = _with_limit(homeworks.load("hw1"), 2.0)
    with start("spawn", homework.preload) as worker:
        tree = overlay(homework, tmp_path / "tree", spoil(solved("hw1"), body))
        context = CheckContext(homework, worker, tree, Answers.load(homework, 0), 0)
        rows = engine.run_checks(context, plan(homework), 3, isolation="spawn")
    assert not any(row.passed for row in rows if row.problem == "2a")
    assert {row.status for row in rows if row.problem == "2a"} <= {"timeout", "crashed"}
    assert all(row.passed for row in rows if row.problem in ("1", "2b")), [
        row.message for row in rows
    ]


def test_a_folder_on_the_path_may_be_closed_to_the_student(tmp_path):
    """torch 2.6 puts a temporary folder of its own there, which the student's user may not look into."""
    code = (
        "import os, sys\n"
        "from autograder.run import worker\n"
        "closed, tree, stat = *sys.argv[1:], os.stat\n"
        "def refused(path, *args, **options):\n"
        "    if str(path).startswith(closed):\n"
        "        raise PermissionError(13, 'closed', str(path))\n"
        "    return stat(path, *args, **options)\n"
        "os.stat = refused\n"
        "sys.path.append(closed)\n"
        "worker.Student(tree, 'hw1', os.getcwd())\n"
        "print('begun')"
    )
    tree = overlay(homeworks.load("hw1"), tmp_path / "tree")
    (tmp_path / "closed").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "closed"), str(tree)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "begun\n", done.stderr


def test_the_parent_imports_neither_torch_nor_the_homework():
    code = (
        "import sys, os, io, contextlib; sys.path[0] = os.getcwd(); from autograder.__main__ import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(['hw1', '--problem', '2b'])\n"
        "files = [getattr(m, '__file__', '') or '' for m in sys.modules.values()]\n"
        "bad = [f for f in files if f.startswith(sys.path[0] + '/hw') or '/torch/' in f or '/jinja2/' in f]\n"
        "print(bad)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


# --- the command line ---------------------------------------------------------------------------

USAGE = {
    "unknown homework": (["hw9"], "no homework 'hw9' here; did you mean hw4? choose one of hw0"),
    "unknown problem": (["hw1", "--problem", "9z"], "has no problem '9z'; it has 1, 2a, 2b, X"),
    "no such submission": (["hw1", "--submission", "nowhere"], "is not a folder"),
    "a submission without files": (["hw1", "--submission", "tests"], "holds none of the files"),
    "a seed without answers": (
        ["hw1", "--seed", "12345"],
        "no answers are recorded for hw1 and seed 12345; there are: 0",
    ),
    "no place for the record": (["hw1", "--json", "nowhere/x.json"], "cannot write nowhere/x.json"),
    "submit an unknown homework": (["submit", "hw9"], "no homework 'hw9' here"),
}


@pytest.mark.parametrize("arguments, told", USAGE.values(), ids=USAGE)
def test_a_usage_error_is_one_line_and_exit_code_2(arguments, told):
    code, _, errors = cli(*arguments)
    assert code == 2
    assert told in errors
    assert len(errors.strip().splitlines()) == 1, errors


def test_answers_of_other_checks_are_stale(tmp_path):
    kit = tmp_path / "kit"
    ignore = shutil.ignore_patterns(".venv", ".git", "runs", "data")
    shutil.copytree(ROOT, kit, ignore=ignore)
    with (kit / "autograder/checks/hw1/test_mann.py").open("a") as stream:
        stream.write("# changed\n")
    code, _, errors = cli("hw1", cwd=kit)
    assert code == 2 and "recorded with other checks" in errors
    (kit / "autograder/checks/hw1/answers.npz").write_bytes(b"PK\x03\x04 cut off")
    code, _, errors = cli("hw1", cwd=kit)
    assert code == 2 and "damaged" in errors and len(errors.strip().splitlines()) == 1


def test_json_on_standard_output_is_json_alone():
    code, out, errors = cli("hw1", "--json", "-", "--problem", "1")
    record = json.loads(out)
    assert code == 1
    assert "sample_task" in errors
    assert set(record) == {
        "homework",
        "score",
        "max_score",
        "seconds",
        "isolation",
        "checks",
        "notes",
    }
    assert set(record["checks"][0]) >= {  # the contract; further fields may be added
        "id",
        "problem",
        "title",
        "points",
        "max_points",
        "status",
        "seconds",
        "message",
        "mistake",
        "causes",
    }
    assert record["score"] == 0 and record["max_score"] == 10


def test_several_homeworks_give_a_list():
    code, out, _ = cli("--json", "-", "--submission", "staff/solutions")
    records = json.loads(out)
    assert code == 0
    assert [r["homework"] for r in records] == homeworks.names()
    assert all(r["score"] == r["max_score"] for r in records)


def test_interrupting_the_grading_leaves_nothing(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", "hw1"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        # A job in the background ignores it, and what it starts does so too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    waited_until = time.monotonic() + 60
    while not any(tmp_path.iterdir()) and time.monotonic() < waited_until:
        time.sleep(0.01)  # until grading has a folder to leave behind
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    left = subprocess.run(["pgrep", "-g", str(process.pid)], capture_output=True, check=False)
    assert not left.stdout
    assert not any(tmp_path.iterdir())


def test_every_hole_is_named_by_its_stub_and_earns_nothing(run):
    for name in homeworks.names():
        rows = run(name, None)
        assert sum(row.points for row in rows) == 0
        for row in rows:
            assert f"problem {row.problem} is still empty: fill in" in row.message, row


@pytest.fixture
def run(run, tmp_path):
    """Several gradings in one test need a fresh tree each."""

    def fresh(name, folder, only=None):
        shutil.rmtree(tmp_path / "tree", ignore_errors=True)
        return run(name, folder, only)

    return fresh


def test_the_public_answers_are_there_for_every_homework():
    for name in homeworks.names():
        homework = homeworks.load(name)
        assert Answers.load(homework, 0).calls
        assert path_of(homework, 0).stat().st_size < 500_000


def test_a_broken_table_is_a_usage_error(tmp_path):
    (tmp_path / "hw1").mkdir()
    (tmp_path / "hw1" / "homework.toml").write_text("title = 'x'\nfiles = [")
    with pytest.raises(KitError, match=r"homework\.toml cannot be read"):
        homeworks.load("hw1", tmp_path)


def test_plain_pytest_runs_the_checks_too():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "autograder/checks/hw1/test_mann.py", "-k", "test_loss"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "problem 2b is still empty: fill in mann_loss" in done.stdout, done.stdout[-2000:]


def test_an_explanation_that_fails_costs_no_verdict(worker, solved, monkeypatch):
    def explain(*_):
        raise ValueError("a form that nobody foresaw")

    monkeypatch.setattr("autograder.engine.explain", explain)
    wrong = "\n\ndef mann_loss(logits, labels):\n    return logits.sum() * 0\n"
    folder = solved("hw1", "mann.py", wrong)
    result = engine.grade(homeworks.load("hw1"), submission=folder, only="2b", worker=worker)
    assert result.score < 8 and not any(row.causes for row in result.checks)
    told = Note(UNEXPLAINED, STAFF, "2b: no cause was found (ValueError)")
    assert told in result.notes
