"""Set-up heals what is half made, uses uv where it is there, and names the cause of a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.run import base
from common.homework import ROOT
from common.kit import set_up

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")

# A Python of an environment, and uv: they note what they are asked, and fail where they are told to.
STAND_IN = """#!/bin/sh
echo "NAME $*" >> "$LOG"
case "$*" in
  -c*) exit 0;;
  *"pip --version"*) echo "$PIP"; exit 0;;
  *--no-index*) exit 1;;
esac
case "NAME $*" in $FAILS) echo "$SAYS"; exit 1;; esac
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A folder with an environment and commands of its own; call(options) → (code, output, log)."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tmp_path / "requirements.txt").write_text("torch\n")
    (tmp_path / "constraints.txt").write_text("torch==2\n")
    log = tmp_path / "log"
    settings = {
        "PATH": f"{tools}:/usr/bin:/bin",
        "LOG": str(log),
        "PIP": "pip 24.0 from x",
        "FAILS": "never",
        "SAYS": "",
        "PYTHONPATH": str(ROOT),
    }

    def put(path, name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STAND_IN.replace("NAME", name))
        path.chmod(0o755)

    def call(*options, uv=False, **env):
        put(tmp_path / ".venv/bin/python", "python")
        if uv:
            put(tools / "uv", "uv trust=$UV_SYSTEM_CERTS")
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "common.kit.set_up", *options],
            cwd=tmp_path,
            env=settings | env,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = log.read_text().splitlines()
        installs = [line for line in lines if "install" in line and "--no-index" not in line]
        return done.returncode, done.stdout + done.stderr, installs

    return call


PIP = "python -m pip install --quiet --disable-pip-version-check "
UV = "uv trust=1 pip install --quiet --python .venv/bin/python "
WANTED = "-r requirements.txt -c constraints.txt"


def test_pip_takes_the_versions_of_the_release(machine):
    assert machine()[2] == [PIP + WANTED]
    assert machine("--constraints", "")[2] == [PIP + "-r requirements.txt"]


def test_uv_is_used_where_it_is_there_and_pip_where_uv_fails(machine):
    code, said, log = machine(uv=True)
    assert code == 0 and log == [UV + WANTED]
    code, said, log = machine(uv=True, FAILS="uv*", SAYS="dns error: failed to lookup")
    assert code == 0 and log[-1] == PIP + WANTED
    assert "uv failed (the package index cannot be reached" in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is the usual build")
def test_the_cpu_build_comes_first_and_from_its_publisher(machine):
    build = f"--index-url {set_up.CPU_BUILDS} torch torchvision -c constraints.txt"
    assert machine("--torch", "cpu")[2] == [PIP + build, PIP + WANTED]
    assert machine("--torch", "cpu", uv=True)[2][0].endswith(build)


def test_an_old_pip_is_renewed_and_a_missing_one_put_there(machine):
    assert machine(PIP="pip 9.0.1 from x")[2][0] == "python -m pip install --quiet --upgrade pip"
    _, _, log = machine(PIP="")
    assert log == [PIP + WANTED]


@pytest.mark.parametrize(
    "says, told, tries",
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full", 1),
        ("NewConnectionError(...): Temporary failure in name resolution", "cannot be reached", 1),
        ("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed')", "PIP_CERT", 1),
        ("ERROR: No matching distribution found for torch", "no build for this Python", 2),
        ("OSError: [Errno 13] Permission denied: '/x'", "VENV=/a/folder/of/yours", 1),
        ("OSError: [Errno 30] Read-only file system", "VENV=/a/folder/of/yours", 1),
        ("first\nsomething nobody foresaw", "something nobody foresaw", 2),
    ],
)
def test_a_failure_is_told_by_its_cause(machine, says, told, tries):
    """Other versions are tried where they may help."""
    code, said, log = machine(FAILS="*pip?install*", SAYS=says)
    assert code == 2 and len(log) == tries
    assert ("not available" in said) == (tries == 2)
    last = said.strip().splitlines()[-1]
    assert last.startswith("error: .venv could not be set up: ") and told in last


def test_a_long_installation_gives_signs_of_life(monkeypatch, capsys):
    monkeypatch.setattr(set_up, "SIGN_OF_LIFE", 0.05)
    set_up.run_quietly([sys.executable, "-c", "import time; print('x' * 100_000); time.sleep(0.3)"])
    assert "still at work" in capsys.readouterr().out
    with pytest.raises(set_up.Failed, match="told"):
        set_up.run_quietly([sys.executable, "-c", "import sys; sys.exit('told')"])


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_takes_an_environment_whose_name_has_spaces(tmp_path):
    for name in ("Makefile", "requirements.txt", "common", "autograder"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "my venv").mkdir()
    (tmp_path / "my venv" / ".ready").touch()
    plan = ["make", "-n", "experiments", "VENV=my venv", "HW=hw1", "DATA=my data"]
    done = subprocess.run(plan, cwd=tmp_path, capture_output=True, text=True, check=True)
    command = '"my venv/bin/python" -m common.experiments hw1 --data "my data"'
    assert command in done.stdout.splitlines()  # a make that calls another says where it is


def test_an_environment_whose_python_is_gone_is_made_again(tmp_path):
    venv = tmp_path / "a venv ü"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    for link in (venv / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")
    python = set_up.make(venv)
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0
    set_up.have_pip(python)
    assert set_up.output_of([python, "-m", "pip", "--version"]).startswith("pip ")


def test_where_nothing_may_be_written_it_says_so(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(set_up.Failed):
        set_up.make(file / "venv")


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_doctor_ends_with_the_cause(tmp_path):
    for name in ("Makefile", "requirements.txt", "common"):
        (tmp_path / name).symlink_to(ROOT / name)
    python = Path(tmp_path, ".venv", "bin", "python")
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN.replace("NAME", "python"))
    python.chmod(0o755)
    env = os.environ | {
        "LOG": str(tmp_path / "log"),
        "PIP": "pip 24",
        "FAILS": "*",
        "SAYS": "Errno 28",
    }
    done = subprocess.run(
        ["make", "doctor", f"PYTHON={sys.executable}"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "the disk is full" in done.stderr
    assert not (tmp_path / ".venv" / ".ready").exists()


def test_an_environment_behind_a_link_is_used_by_its_real_path(tmp_path, monkeypatch):
    """The link may lie in the kit's folder, of which a check sees nothing."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    real = os.path.join(os.path.realpath(sys.prefix), os.path.relpath(sys.executable, sys.prefix))
    monkeypatch.setattr(
        sys, "executable", real.replace(os.path.realpath(sys.prefix), str(tmp_path / ".venv"))
    )
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert base.interpreter() == real
