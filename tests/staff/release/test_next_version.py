"""The next version, and the gate's stamp: a release is what the gate has seen."""

import shutil
import subprocess

import pytest

from common import homework as homeworks
from common.errors import KitError
from common.homework import ROOT
from staff.gate import stamp
from staff.gate.verify import Verdict
from staff.release import version


@pytest.mark.parametrize(
    "part, expected", [("patch", "1.4.3"), ("minor", "1.5.0"), ("major", "2.0.0")]
)
def test_it_grows_wherever_it_stands(part, expected, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.4.2"\nother = "1.4.2"\n')
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 1.4.2\n")
    (tmp_path / "CHANGELOG.md").write_text(
        "# C\n\n## Unreleased\n- code: a\n\n## 1.4.2 (2026-01)\n"
    )
    texts = {path.name: text for path, text in version.with_next_version(tmp_path, part).items()}
    assert texts["pyproject.toml"] == f'[project]\nversion = "{expected}"\nother = "1.4.2"\n'
    assert texts["CITATION.cff"] == f"cff-version: 1.2.0\nversion: {expected}\n"
    assert f"## Unreleased\n\n## {expected} (20" in texts["CHANGELOG.md"]
    (tmp_path / "CHANGELOG.md").write_text("# C\n")
    with pytest.raises(KitError, match="Unreleased"):
        version.with_next_version(tmp_path, part)


@pytest.mark.parametrize(
    "version_, citation, told",
    [("1.2", "version: 1.2.0", "three numbers"), ("1.2.0", "version 1.2.0", "CITATION.cff has no")],
)
def test_a_version_that_is_not_found_is_an_error(version_, citation, told, tmp_path):
    (tmp_path / "pyproject.toml").write_text(f'[project]\nversion = "{version_}"\n')
    (tmp_path / "CITATION.cff").write_text(citation + "\n")
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n")
    with pytest.raises(KitError, match=told):
        version.with_next_version(tmp_path, "minor")


@pytest.fixture
def homework(tmp_path):
    """Homework 1 in a small checkout."""
    for name in ("hw0/homework.toml", "hw1/homework.toml", "constraints.txt", "staff/README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "staff" / "solutions" / "hw1").mkdir(parents=True)
    (tmp_path / "staff" / "solutions" / "hw1" / "mann.py").write_text("one\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return homeworks.load("hw1", tmp_path)


@pytest.mark.parametrize(
    "file, seen",
    [
        ("staff/solutions/hw1/mann.py", False),
        ("hw1/new.py", False),
        ("constraints.txt", False),
        ("staff/README.md", True),
        ("hw0/homework.toml", True),
        ("README.md", True),
    ],
)
def test_a_stamp_holds_for_the_same_tree_alone(file, seen, homework):
    assert not stamp.has_passed(homework)
    stamp.put(homework, stamp.tree(homework))
    assert stamp.has_passed(homework)
    (homework.root / file).write_text("other\n")
    assert stamp.has_passed(homework) == seen


def test_the_gate_runs_once_and_what_it_refuses_gets_no_stamp(homework, monkeypatch):
    faults, asked = [["a mistake passes"], []], []

    def verify(one, seeds, say):
        asked.append(one.name)
        return Verdict(one.name, faults=faults.pop(0))

    monkeypatch.setattr(stamp.gate, "verify", verify)
    with pytest.raises(KitError, match="a mistake passes"):
        stamp.require(homework, str)
    stamp.require(homework, str)
    stamp.require(homework, str)
    assert asked == ["hw1", "hw1"]
