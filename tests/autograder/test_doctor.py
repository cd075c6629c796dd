"""What the doctor finds, and whether it can be heard by ear."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from autograder import doctor
from autograder.doctor import Finding
from common import homework as homeworks

ROOT = homeworks.ROOT
TORCH = {"version": "2.6", "threads": 2, "devices": ["cpu"], "cuda": None, "sum": 64**3}


def test_this_machine_is_well():
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "doctor"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.isascii()
    for told in ("Python: ", "torch: works", "Memory: ", "Isolation: ", "Data: omniglot: "):
        assert told in done.stdout


def test_what_is_broken_is_named_with_a_remedy_and_exit_code_1(monkeypatch, capsys):
    broken = [Finding("torch", "broken", "No module named 'torch'", "pip install torch")]
    monkeypatch.setattr(doctor, "examine", lambda root: broken)
    for options in ([], ["--plain"]):
        assert doctor.main(options) == 1
        out = capsys.readouterr().out
        assert "No module named 'torch'" in out and "pip install torch" in out
        assert "To mend: torch." in out


@pytest.mark.parametrize(
    "answer, error, told",
    [
        (None, "ModuleNotFoundError: No module named 'torch'", "No module named"),
        (TORCH | {"sum": 3.0}, "", "expected 262144"),
    ],
)
def test_torch_that_does_not_work(answer, error, told):
    (finding,) = doctor.torch_findings(answer, error)
    assert finding.state == "broken" and told in finding.found and "pip install" in finding.mend


def test_a_device_that_does_not_work_is_no_obstacle():
    findings = doctor.torch_findings(TORCH | {"broken": "cuda: no kernel image"}, "")
    assert [finding.state for finding in findings] == ["works", "note"]
    assert "--device cpu" in findings[1].mend


def test_old_and_missing_packages(tmp_path):
    (tmp_path / "requirements.txt").write_text("# why\nnumpy>=999.1\nno-such-thing>=1\npytest>=8\n")
    (finding,) = doctor.packages(tmp_path)
    assert finding.state == "broken"
    assert "expected 999.1" in finding.found and "no-such-thing is missing" in finding.found


def test_a_kit_with_a_missing_file(tmp_path):
    (tmp_path / "hw1").mkdir()
    table = (ROOT / "hw1" / "homework.toml").read_text()
    (tmp_path / "hw1" / "homework.toml").write_text(table)
    assert "hw1/mann.py is missing" in doctor.kit(tmp_path).found
    assert doctor.kit(ROOT).state == "works"
    (tmp_path / "hw1" / "homework.toml").write_text("title =")
    assert "cannot be read" in doctor.kit(tmp_path).found


def test_a_folder_that_cannot_be_written(tmp_path):
    finding = doctor.writing(tmp_path / "nowhere")
    assert finding.state == "broken" and "nowhere" in finding.found


def test_a_full_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    assert doctor.disk(tmp_path).state == "broken"


def test_data_are_optional():
    rows = [
        {"name": "a", "where": "/here", "stand_in": "", "get": ""},
        {"name": "b", "where": "", "stand_in": "made up", "get": "fetch b"},
        {"name": "c", "where": "", "stand_in": "", "get": "fetch c"},
    ]
    found = doctor.data_findings(json.loads(json.dumps(rows)), "")
    assert [(one.what, one.state) for one in found] == [("Data: a", "works"), ("Data: b", "note")]
    assert doctor.data_findings(None, "KIT_DATA=/x")[0].state == "broken"
