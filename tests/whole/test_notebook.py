"""The notebook for Colab and JupyterHub: its cells run, one after another, as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

from common.homework import ROOT
from staff.authoring.stubs import copy_solutions

NOTEBOOK = Path("common", "colab.ipynb")
SIGN = b"n\n"  # typed into `submit`: not signed


@pytest.fixture
def kit(tmp_path):
    """A kit of homework 1, solved, in a folder with a space and an umlaut."""
    root = tmp_path / "my kït"
    root.mkdir()
    for name in ("common", "autograder", "requirements.txt", "pyproject.toml", "constraints.txt"):
        shutil.copytree(ROOT / name, root / name) if (ROOT / name).is_dir() else shutil.copy(
            ROOT / name, root
        )
    shutil.copytree(ROOT / "hw1", root / "hw1")
    copy_solutions(ROOT, "hw1", root / "hw1")
    return root


def cells():
    for cell in json.loads((ROOT / NOTEBOOK).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def run(source, names, said):
    """One cell: Python is executed, `!` goes to the shell, `%cd` changes the folder."""
    python = []
    for line in [*source.splitlines(), "%end"]:
        if not line.startswith(("!", "%")):
            python.append(line)
            continue
        exec("\n".join(python), names)
        python = []
        command = re.sub(r"\{(\w+)\}", lambda found: str(names[found[1]]), line)
        if line.startswith("%cd "):
            os.chdir(command.removeprefix("%cd "))
        elif line.startswith("!"):
            done = subprocess.run(
                command[1:], shell=True, input=SIGN, capture_output=True, check=False
            )
            said.append((command, done.returncode, (done.stdout + done.stderr).decode()))


def test_the_cells_run(kit, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # a notebook's
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # what is missing would be an error, not a download
    monkeypatch.chdir(kit / "common")
    said, names = [], {}
    for source in cells():
        run(source.replace('"1-shot-2-way", ""', '"1-shot-2-way", "--tiny"'), names, said)
    assert Path.cwd() == kit
    wrong = {command: text for command, code, text in said if code}
    assert not wrong
    assert (kit / "runs/hw1/1-shot-2-way-seed0/result.json").is_file()
    assert (kit / "hw1-submission.zip").is_file()


def test_on_colab_the_kit_is_in_the_drive(kit, monkeypatch):
    mounted, drive = [], types.ModuleType("google.colab.drive")
    drive.mount = mounted.append
    parts = {"google": types.ModuleType("google"), "google.colab": types.ModuleType("google.colab")}
    parts["google.colab"].drive = drive
    for name, module in parts.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(kit / "common")
    run(next(cells()).replace("/content/drive/MyDrive/meta-learning-homework", str(kit)), {}, [])
    assert mounted == ["/content/drive"] and Path.cwd() == kit


def test_the_readme_names_it():
    assert NOTEBOOK.as_posix() in (ROOT / "README.md").read_text(encoding="utf-8")
