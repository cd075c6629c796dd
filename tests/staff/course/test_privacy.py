"""What is kept of students: never where a commit takes it along, and not for longer than wanted."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.course import forget, gradebook, private
from staff.course.private import require_private
from staff.grading import feedback, grade, similarity
from staff.written import command as written

ROOT = homeworks.ROOT
OLD, NEW = 1_700_000_000, 1_790_000_000  # seconds: 2023 and 2026


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "course"
    root.mkdir()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".gitignore").write_text("/private/\n*-grades-hw1\n")
    return root


@pytest.mark.parametrize("place", ["grades", "private.csv", "notes/private/x", "class.html"])
def test_a_place_that_would_be_committed_is_refused(place, repository):
    with pytest.raises(KitError, match=r"would be committed with .*course"):
        require_private(repository / place)


@pytest.mark.parametrize("place", ["private/grades", "private", "in-grades-hw1", "private/a/b.csv"])
def test_a_place_that_is_ignored_is_fine(place, repository):
    require_private(repository / place)


def test_a_place_outside_of_any_repository_is_fine(tmp_path):
    require_private(tmp_path / "grades", tmp_path / "x.csv")


def test_where_git_cannot_tell_nothing_is_written(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(KitError):
        require_private(repository / "private" / "x")


def test_every_command_that_writes_about_students_looks(repository, monkeypatch):
    monkeypatch.chdir(repository)
    folder = repository / "uploads"
    folder.mkdir()
    (folder / "roster.csv").write_text("student,name\ns1,Jane\n")
    (folder / "s1.zip").write_bytes(b"x")
    commands = {
        grade: [str(folder), "--hw", "hw1"],
        feedback: [str(folder), "--hw", "hw1"],
        similarity: [str(folder), "--hw", "hw1"],
        gradebook: [str(folder)],
        written: ["hw1", str(folder)],
    }
    before = sorted(repository.rglob("*"))
    monkeypatch.setattr(grade, "default_out", lambda folder, homework: folder.with_name("out"))
    monkeypatch.setattr(feedback, "default_out", lambda folder, homework: folder.with_name("out"))
    for module, arguments in commands.items():
        with pytest.raises(KitError, match="would be committed"):
            module.main(arguments)
    assert sorted(repository.rglob("*")) == before


def test_this_repository_ignores_the_places_that_the_page_names():
    require_private(ROOT / private.PLACE, ROOT / "written" / "hw1")
    with pytest.raises(KitError):
        require_private(ROOT / "grades")


# --- forgetting -----------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A folder with old and new files, and a temporary folder of a killed grading."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    for name, moment in {
        "kept/a/old.json": OLD,
        "kept/new.csv": NEW,
        "kept/b/old.zip": OLD,
        "kept/b/new.zip": NEW,
        "other/old": OLD,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        os.utime(path, (moment, moment))
    (tmp_path / "kept" / "link").symlink_to(tmp_path / "other")
    os.utime(tmp_path / "kept" / "link", (OLD, OLD), follow_symlinks=False)
    for name in ("grade-abcdefgh", "grading-abcdefgh", "somebody-abcdefgh", "grade-of-a-class"):
        (tmp_path / "tmp" / name / "inside").mkdir(parents=True)
        os.utime(tmp_path / "tmp" / name, (OLD, OLD))
    return tmp_path


def files(root):
    return sorted(
        p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir() or p.is_symlink()
    )


def test_nothing_is_deleted_unasked(kept, capsys):
    before = files(kept)
    assert forget.main([str(kept / "kept"), "--before", "2025-01-01"]) == 1
    said = capsys.readouterr().out
    assert files(kept) == before and (kept / "tmp" / "grade-abcdefgh").exists()
    assert "old.json" in said and "new.csv" not in said and "nothing was deleted" in said


def test_what_is_old_goes_and_nothing_else(kept, capsys):
    assert forget.main([str(kept / "kept"), "--before", "2025-01-01", "--yes"]) == 0
    assert files(kept) == ["kept/b/new.zip", "kept/new.csv", "other/old"]
    assert not (kept / "kept" / "a").exists(), "an empty folder goes, too"
    assert sorted(p.name for p in (kept / "tmp").iterdir()) == [
        "grade-of-a-class",
        "somebody-abcdefgh",
    ]
    assert "5 deleted" in capsys.readouterr().out
    assert forget.main([str(kept / "kept"), "--before", "2025-01-01"]) == 0
    assert "nothing was last changed before 2025-01-01" in capsys.readouterr().out


@pytest.mark.parametrize(
    "place", [ROOT, ROOT / "hw1", ROOT.parent, Path.home(), Path("/"), Path("nowhere")]
)
def test_a_folder_that_holds_more_is_refused(place):
    with pytest.raises(KitError):
        forget.main([str(place), "--before", "2025-01-01", "--yes"])


def test_a_repository_is_refused(repository):
    with pytest.raises(KitError, match="holds more"):
        forget.main([str(repository), "--before", "2025-01-01", "--yes"])


def test_the_page_names_every_command_that_writes():
    page = (ROOT / "staff" / "PRIVACY.md").read_text(encoding="utf-8")
    for command in ("grade", "feedback", "similarity", "written", "gradebook", "forget"):
        assert f"staff {command}" in page
