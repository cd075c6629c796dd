"""The Gradescope autograder, run from its own zip in a tree laid out like its container."""

import importlib.metadata
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import engine
from autograder.planning import plan
from common import homework as homeworks
from common.errors import KitError
from common.kit import seeds
from staff.authoring.answers import record as record_answers
from staff.authoring.stubs import copy_solutions
from staff.grading import jobs, session
from staff.grading.gradescope import build, image, results
from tests import clumsy

ROOT = homeworks.ROOT
ROW_KEYS = {
    "score",
    "max_score",
    "status",
    "name",
    "name_format",
    "number",
    "output",
    "output_format",
    "tags",
    "visibility",
    "extra_data",
}
TOP_KEYS = {
    "score",
    "execution_time",
    "output",
    "output_format",
    "test_output_format",
    "test_name_format",
    "visibility",
    "stdout_visibility",
    "extra_data",
    "tests",
    "leaderboard",
}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
VISIBLE = {"hidden", "after_due_date", "after_published", "visible"}


def require_schema(result):
    """What the platform accepts, to the letter; and what we promise beyond it."""
    assert set(result) <= TOP_KEYS
    assert type(result["score"]) in (int, float)
    assert len(result["output"]) <= 100_000
    assert result.get("visibility", "visible") in VISIBLE
    assert result.get("stdout_visibility", "hidden") in VISIBLE
    for key in ("output_format", "test_output_format", "test_name_format"):
        assert result.get(key, "text") in FORMATS
    for row in result.get("tests", []):
        assert set(row) <= ROW_KEYS
        assert row.get("status", "passed") in ("passed", "failed")
        assert row["visibility"] == "visible", "a hidden row hides the total"
        assert isinstance(row["number"], str) and isinstance(row["name"], str)
        assert ("score" in row) == ("max_score" in row)
        assert len(row["output"]) <= 100_000 and "\0" not in row["output"]
    for row in result.get("leaderboard", []):
        assert set(row) == {"name", "value", "order"} and row["order"] in ("asc", "desc")
    assert len(json.dumps(result)) < 100_000


# --- the container ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def container(tmp_path_factory, worker):
    """`/autograder` as Gradescope lays it out, with a secret set in the zip."""
    root = tmp_path_factory.mktemp("autograder")
    archive = root / "hw1.zip"
    assert build.main(["hw1", "-o", str(archive)]) == 0
    with zipfile.ZipFile(archive) as files:
        for info in files.infolist():
            path = root / "source" / info.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files.read(info))
            path.chmod(info.external_attr >> 16 & 0o777)
    kit = homeworks.load("hw1", root / "source" / "kit")
    [secret] = seeds.sets_of(seeds.make_term(kit.root), "hw1", 1)
    record_answers(homeworks.load("hw1"), secret, worker).save(kit, secret)
    shutil.copy2(root / "source" / "run_autograder", root / "run_autograder")
    return root


@pytest.fixture
def grade(container):
    """Upload a folder and run the autograder as the harness does; results.json."""

    def run_(fill, metadata=None, seconds=600):
        for name in ("submission", "results"):
            shutil.rmtree(container / name, ignore_errors=True)
            (container / name).mkdir()
        fill(container / "submission")
        text = "not json" if metadata is None else json.dumps(metadata)
        (container / "submission_metadata.json").write_text(text)
        environment = {
            "PATH": os.environ["PATH"],
            "AUTOGRADER_ROOT": str(container),
            "GRADER_PYTHON": sys.executable,
            "TIMEOUT_SECONDS": str(seconds),
        }
        done = subprocess.run(
            [container / "run_autograder"],
            cwd=container,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        result = json.loads((container / "results" / "results.json").read_text())
        require_schema(result)
        assert [p.name for p in (container / "results").iterdir()] == ["results.json"]
        return result, done.stdout + done.stderr

    return run_


def solutions(folder):
    copy_solutions(ROOT, "hw1", folder)


def test_the_solution_earns_everything_and_late_days_come_from_the_metadata(grade, container):
    metadata = {
        "id": 7,
        "created_at": "2026-10-16T01:00:00.000000-07:00",
        "users": None,
        "assignment": {"due_date": "2026-10-14T23:59:00.000000-07:00", "total_points": "42.0"},
    }
    result, said = grade(solutions, metadata)
    code = [
        row
        for row in result["tests"]
        if row.get("max_score") and not row["name"].startswith("Trained run")
    ]
    assert len(code) == 10
    assert all(row["status"] == "passed" for row in code), said
    assert result["score"] == 32  # 30 for code, 2 extra by checks; no run was handed in
    assert sum(row.get("max_score", 0) for row in result["tests"]) == 42
    assert "Handed in 2 days after the due date" in result["output"]
    assert {"name": "points", "value": 32.0, "order": "desc"} in result["leaderboard"]
    kit = container / "source" / "kit"
    secret = [(kit / seeds.KEY).read_text().strip()]
    secret += map(str, seeds.recorded_sets(homeworks.load("hw1", kit)))
    assert len(secret) > 1 and not [text for text in secret if text in json.dumps(result) + said]


@pytest.mark.parametrize("one", clumsy.SAMPLE, ids=str)
def test_a_clumsy_submission_earns_here_what_it_earns_at_home(one, grade):
    result, said = grade(lambda folder: clumsy.write(one.files(), folder))
    rows = [row for row in result["tests"] if "score" in row]
    points: dict[str, float] = {problem.id: 0 for problem in homeworks.load("hw1").problems}
    for row in rows:
        points[row["number"].partition(".")[0]] += row["score"]
    assert not clumsy.earned(points, homeworks.load("hw1"), one.lost()), said
    assert "mann" in result["output"]  # what was done with the file


SPY = """
import torch

def mann_loss(logits, labels):
    print("LEAK", logits.tolist())
    raise ValueError("LEAK" + repr(logits.flatten()[:20].tolist()))
"""


def test_what_a_submission_prints_or_raises_shows_no_secret_input(grade, container, worker):
    def fill(folder):
        solutions(folder)
        with (folder / "mann.py").open("a") as stream:
            stream.write(SPY)

    result, said = grade(fill)
    shown = next(r["output"] for r in result["tests"] if "LEAK" in r["output"])
    assert "LEAK" not in said
    # What is shown is what the student sees at home: the same inputs, the public ones.
    homework = homeworks.load("hw1", container / "source" / "kit")
    public = engine.grade(homework, submission=container / "submission", only="2b", worker=worker)
    at_home = next(row.message for row in public.checks if "LEAK" in row.message)
    assert shown.split("LEAK")[1][:60] == at_home.split("LEAK")[1][:60]


def test_an_unsafe_upload_is_refused_with_every_row_in_place(grade):
    def fill(folder):
        solutions(folder)
        (folder / "mann.py").unlink()
        (folder / "mann.py").symlink_to("../source/settings.sh")

    result, _ = grade(fill)
    assert result["score"] == 0
    assert "mann.py is a link" in result["output"]
    assert sum(row.get("max_score", 0) for row in result["tests"]) == 42


def test_its_own_deadline_lies_below_the_limit(grade):
    def fill(folder):
        solutions(folder)
        with (folder / "mann.py").open("a") as stream:
            stream.write("\n\ndef mann_loss(logits, labels):\n    while True: pass\n")
        text = (folder / "mann.py").read_text()
        text = text.replace("        hidden = ", "        while True: pass\n        hidden = ")
        (folder / "mann.py").write_text(text)

    result, _ = grade(fill, seconds=10)
    assert "took too long" in result["output"]
    assert sum(row.get("max_score", 0) for row in result["tests"]) == 42


HANGING = """
import os, subprocess, sys, time
if sys.argv[2:] == ["grade"]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"], start_new_session=True)
    print("CHILD", child.pid, flush=True)
    import re
    re.search("(a+)+b", "a" * 60)  # holds the interpreter's lock: no thread of this process runs
"""


MAIN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from staff.grading.gradescope import run
run.__file__ = sys.argv[3] if len(sys.argv) > 3 else run.__file__
sys.exit(run.main(Path(sys.argv[2])))
"""


def main(root: Path, *program: Path, **settings: str) -> subprocess.CompletedProcess:
    """Grade as Gradescope does, in a process of its own: it ends all its children, and those of the
    tests are to live on."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, homeworks.ROOT, root, *program],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deadline_does_not_hang_on_a_thread(tmp_path):
    """The grading process is one that cannot even run a timer, and has started others."""
    program = tmp_path / "program.py"
    program.write_text(HANGING)
    done = main(tmp_path, program, TIMEOUT_SECONDS="10")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "results" / "results.json").read_text())
    assert "took too long" in result["output"] and result["score"] == 0
    pid = int(done.stdout.split("CHILD")[1])
    assert not os.path.exists(f"/proc/{pid}"), "what it started is gone, too"


# --- its parts ----------------------------------------------------------------------------------


def test_the_zip_holds_what_it_must_and_no_solution(container):
    with zipfile.ZipFile(container / "hw1.zip") as archive:
        names = set(archive.namelist())
        modes = {i.filename: i.external_attr >> 16 for i in archive.infolist()}
        for name in ("setup.sh", "run_autograder"):
            assert modes[name] == stat.S_IFREG | 0o755
            assert archive.read(name).startswith(b"#!/usr/bin/env bash\n")
            assert b"\r" not in archive.read(name)
        for name in names:
            assert b"BEGIN SOLUTION" not in archive.read(name) or name.endswith(".md"), name
    assert "kit/autograder/checks/hw1/answers.npz" in names
    assert not [n for n in names if "/hw0/" in n or "mistakes/" in n or "/solutions/" in n]
    assert not [n for n in names if n.startswith("/") or ".." in n or "__pycache__" in n]


def test_the_same_files_give_the_same_zip(container, tmp_path):
    build.main(["hw1", "-o", str(tmp_path / "again.zip")])
    assert (tmp_path / "again.zip").read_bytes() == (container / "hw1.zip").read_bytes()


def test_the_package_index_is_the_staffs_to_name():
    homework = homeworks.load("hw1")
    files = build.contents(homework, "INDEX' $(touch x)", None)
    told = subprocess.run(
        ["bash", "-c", '. /dev/stdin; echo "$TORCH_INDEX"'],
        input=files["settings.sh"],
        capture_output=True,
        check=True,
    )
    assert told.stdout == b"INDEX' $(touch x)\n"
    for script in ("setup.sh", "run_autograder"):
        assert b"://" not in files[script]
        subprocess.run(["bash", "-n"], input=files[script], check=True)


def test_a_build_for_cuda_is_told_of_and_stops_a_small_container(tmp_path):
    version, cuda = image.build()
    assert version.startswith(importlib.metadata.version("torch")) and (cuda is None or "." in cuda)
    assert image.judge("2.9.1+cpu", None, 700) == ""
    small, large = (image.judge("2.9.1", "12.8", size) for size in (768, 1536))
    assert small.startswith("error: ") and large.startswith("note: ")
    assert all("--torch-index" in text for text in (small, large))
    (tmp_path / "machine").write_text("MemTotal:       8000000 kB\nMemFree: 1 kB\n")
    for text, found in (("max\n", 7812), ("805306368\n", 768)):
        (tmp_path / "limit").write_text(text)
        assert image.memory((tmp_path / "limit", tmp_path / "none"), tmp_path / "machine") == found


def shown(**changed):
    homework = homeworks.load("hw1")
    job = jobs.Job("a", "hw1", "")
    record = session.blank_record(homework, job) | {"status": "graded"} | changed
    return results.render(record, homework, plan(homework), {})


def test_texts_are_plain_and_within_their_caps():
    ident = plan(homeworks.load("hw1"))[0].id
    check = {
        "id": ident,
        "points": 0,
        "status": "failed",
        "mistake": None,
        "message": "\x1b[31m\0<b>\ud800" + "é" * 10**6,
    }
    result = shown(checks=[check], reason="")
    require_schema(result)
    text = result["tests"][0]["output"]
    assert "\x1b" not in text and "[…]" in text
    assert result["tests"][0]["output_format"] == "text"


def test_extra_credit_that_was_not_earned_is_no_failure():
    homework = homeworks.load("hw1")
    (extra,) = (p.id for p in homework.problems if p.kind == "extra")
    checks = [c for c in plan(homework) if c.problem == extra]
    failed = [
        {"id": c.id, "points": 0, "status": "failed", "message": "", "mistake": None}
        for c in checks
    ]
    for record in (shown(), shown(checks=failed)):
        rows = [row for row in record["tests"] if row["number"].startswith(f"{extra}.")]
        assert len(rows) == len(checks) and not any("status" in row for row in rows)
    passed = shown(checks=[one | {"status": "passed"} for one in failed])
    assert "passed" in [row.get("status") for row in passed["tests"]]


NO_DATA = {"kind": "not measured", "audience": "staff", "text": "1-shot-2-way is missing its data"}


def test_what_was_not_measured_reaches_the_staff_and_no_student():
    result = shown(notes=[NO_DATA])
    assert result["extra_data"] == {"not_measured": [NO_DATA["text"]]}
    assert NO_DATA["text"] not in result["output"]
    told = NO_DATA | {"audience": "student"}
    assert told["text"] in shown(notes=[told])["output"]


def test_the_data_argument_is_checked_when_the_zip_is_built(tmp_path):
    with pytest.raises(KitError, match=r"holds no omniglot/omniglot_28x28\.npz"):
        build.data_set(homeworks.load("hw1"), tmp_path)
    assert build.data_set(homeworks.load("hw0"), tmp_path) is None
    file = tmp_path / build.OMNIGLOT
    file.parent.mkdir()
    file.write_bytes(b"x")
    assert build.data_set(homeworks.load("hw1"), tmp_path) == file


def test_a_refusal_says_why_in_every_row():
    result = shown(status="refused", reason="it is encrypted")
    require_schema(result)
    assert result["score"] == 0
    assert {row["output"] for row in result["tests"]} == {"it is encrypted"}


LATE = {
    "in time": ("2026-10-14T23:58:00-07:00", 0),
    "within the grace": ("2026-10-15T00:04:00-07:00", 0),
    "a minute after the grace": ("2026-10-15T00:15:00-07:00", 1),
    "in another zone": ("2026-10-15T06:58:00+00:00", 0),
    "no time": (None, 0),
    "nonsense": ("soon", 0),
    "without a zone": ("2026-10-15T00:00:00", 0),
}


@pytest.mark.parametrize("created, days", LATE.values(), ids=LATE)
def test_late_days(created, days):
    due = {"due_date": "2026-10-14T23:59:00-07:00"}
    assert results.days_late({"created_at": created, "assignment": due}, 15) == days
    assert results.days_late({"created_at": created, "assignment": None}, 15) == 0


def test_a_fault_of_the_grader_is_a_zero_that_says_so(tmp_path):
    done = main(tmp_path)  # there is no source/settings.sh
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "results" / "results.json").read_text())
    require_schema(result)
    assert result["score"] == 0 and "The grader itself failed" in result["output"]
    assert "settings.sh" in done.stderr
