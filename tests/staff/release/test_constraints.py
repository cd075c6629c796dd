"""constraints.txt: whole, allowed by requirements.txt, used by set-up, and compared by the doctor."""

import importlib.metadata
import os
import shutil
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from autograder import doctor
from common.errors import KitError
from common.homework import ROOT
from common.kit import constraints
from staff.release import constraints as noting

KNOWN = constraints.load(ROOT)


def requirements():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_every_requirement_has_a_version_that_it_allows():
    assert KNOWN
    for wanted in requirements():
        assert wanted.specifier.contains(KNOWN[wanted.name]), wanted


def test_they_can_be_had_with_the_oldest_python():
    for name, version in KNOWN.items():
        if constraints.installed_version(name) == version:
            wants = importlib.metadata.metadata(name).get("Requires-Python")
            assert SpecifierSet(wants or "").contains("3.11.9"), name


def test_what_is_noted_is_installed_and_belongs_to_every_system():
    noted = noting.versions(ROOT)
    assert {wanted.name for wanted in requirements()} <= set(noted)
    assert all(constraints.installed_version(name) == version for name, version in noted.items())
    assert not any(name.startswith(("nvidia", "cuda", "triton", "setuptools")) for name in noted)


def test_what_is_required_and_not_installed_is_an_error(tmp_path):
    only_there = 'no-such-thing; os_name == "posix"\nno-such-thing; extra == "more"\n'
    (tmp_path / "requirements.txt").write_text(only_there)
    assert noting.versions(tmp_path) == {}
    (tmp_path / "requirements.txt").write_text("no-such-thing>=1\n")
    with pytest.raises(KitError, match="no-such-thing is not installed"):
        noting.versions(tmp_path)


def test_the_doctor_says_when_one_differs(tmp_path):
    (tmp_path / "requirements.txt").write_text("numpy>=1\n")
    assert [one.what for one in doctor.packages(tmp_path)] == ["Packages"]
    here = constraints.installed_version("numpy")
    (tmp_path / constraints.NAME).write_text(f"# why\nnumpy=={here}\nno-such-thing==1\n")
    assert [one.what for one in doctor.packages(tmp_path)] == ["Packages"]
    (tmp_path / constraints.NAME).write_text("numpy==0.9\n")
    finding = doctor.packages(tmp_path)[-1]
    assert finding.state == "note" and f"numpy {here} (0.9)" in finding.found


FAKE = """#!/bin/sh
echo "$*" >> pip.log
case "$*" in *--no-index*) exit $HAS;; *"-c constraints.txt"*) exit $CODE;; esac
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(
    "has, code, more, asked",
    [
        (1, 0, [], ["-c constraints.txt"]),
        (1, 1, [], ["-c constraints.txt", ""]),
        (1, 0, ["CONSTRAINTS="], [""]),
        (0, 0, [], []),  # an environment that has all
    ],
)
def test_set_up_takes_them_and_does_without_where_it_must(has, code, more, asked, tmp_path):
    for name in ("Makefile", "requirements.txt", constraints.NAME):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "common").symlink_to(ROOT / "common")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE)
    python.chmod(0o755)
    path = os.environ["PATH"].split(os.pathsep)
    no_uv = os.pathsep.join(place for place in path if not shutil.which("uv", path=place))
    done = subprocess.run(
        [shutil.which("make"), "setup", f"PYTHON={sys.executable}", *more],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"HAS": str(has), "CODE": str(code), "PATH": no_uv},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "pip.log").read_text().splitlines()
    installs = [line.partition("-r requirements.txt")[2].strip() for line in log if "-r " in line]
    assert installs == ["", *asked], "it looks first whether all is there"
    assert ("are not available" in done.stdout) == (code == 1)
