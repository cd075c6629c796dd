"""What students get, and how a correction reaches them."""

import json
import re
import subprocess

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.release import archive
from staff.release.publishing import publish

ROOT = homeworks.ROOT
PROMISED = {"hw0", "hw1", "hw2", "hw3", "hw4", "common", "autograder", "requirements.txt", "constraints.txt", "README.md",
            "Makefile", "pyproject.toml", "LICENSE", "AGENTS.md"}  # fmt: skip
DOTTED = {".gitignore", ".vscode", ".devcontainer", ".github"}


def shipped():
    return {
        archive.place_in_kit(path.relative_to(ROOT)): path
        for path in archive.shipped_files(ROOT, homeworks.names())
    }


def test_the_tree_is_what_was_promised():
    tops = {place.parts[0] for place in shipped()}
    assert tops - DOTTED <= PROMISED and tops >= DOTTED | {"README.md", "hw0"}
    assert not any("staff" in place.parts or "tests" in place.parts for place in shipped())
    up_to = {path.relative_to(ROOT).parts[0] for path in archive.shipped_files(ROOT, ["hw0"])}
    assert "hw0" in up_to and "hw1" not in up_to


def test_what_only_the_staff_needs_is_cut_out():
    for name, gone in (("Makefile", "staff"), ("pyproject.toml", "mypy")):
        text = archive.for_students(ROOT / name, ROOT).decode()
        assert gone not in text.replace("per-file-ignores", "").split("[tool.ruff")[0]
    assert 'testpaths = ["autograder/checks"]' in text
    page = archive.for_students(ROOT / "README.md", ROOT).decode()
    assert "make grade" in page and not re.search("staff|make test|AUTHORING|ARCHITECTURE", page)


def test_the_front_page_names_what_is_there():
    places = shipped()
    page = archive.for_students(ROOT / "README.md", ROOT).decode()
    made = {"handout.html"}  # by the release itself
    for target in re.findall(r"\]\(([\w./-]+)\)|`([\w-]+/[\w./-]*)`", page):
        name = "".join(target).rstrip("/")
        known = any(place.as_posix() == name or place.is_relative_to(name) for place in places)
        assert known or name.rpartition("/")[2] in made or name == "runs", name


def test_json_files_for_editors_can_be_read():
    for path in (*archive.STUDENTS.rglob("*.json"), ROOT / "common" / "colab.ipynb"):
        json.loads((ROOT / path).read_text(encoding="utf-8"))


def test_the_readme_fits_one_screen():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 110


def test_the_version_is_that_of_the_newest_changes():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    released = (line for line in changes if line.startswith("## ") and line != "## Unreleased")
    newest = next(released)
    assert newest.split()[1] == archive.kit_version(ROOT)


def git(folder, *arguments):
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def out(tmp_path, monkeypatch):
    """A kit that is out, and a student's checkout of it."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Staff")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "staff@course.invalid")
    kit = tmp_path / "kit"
    (kit / "hw1").mkdir(parents=True)
    (kit / "hw1" / "mann.py").write_text("def f():\n    # TODO\n" + "\n" * 20 + "LAST = 1\n")
    (kit / "README.md").write_text("first\n")
    (kit / ".gitignore").write_text("README.md\n")  # even what is ignored ships
    assert publish(kit, tmp_path / "students", "Kit 1")
    git(tmp_path, "clone", "--quiet", "students", "mine")
    return tmp_path, kit


def test_a_correction_reaches_a_student_without_touching_their_work(out):
    folder, kit = out
    mine = folder / "mine" / "hw1" / "mann.py"
    mine.write_text(mine.read_text().replace("# TODO", "return 42"))
    (folder / "mine" / "notes.txt").write_text("mine")
    git(folder / "mine", "commit", "--all", "--quiet", "--message", "my work")
    (kit / "README.md").write_text("corrected\n")
    (kit / "hw1" / "mann.py").write_text(
        (kit / "hw1" / "mann.py").read_text().replace("1\n", "2\n")
    )
    (kit / "hw2").mkdir()
    (kit / "hw2" / "new.py").write_text("opened later\n")
    assert publish(kit, folder / "students", "Kit 2")
    git(folder / "mine", "pull", "--quiet", "--no-rebase", "--no-edit")
    assert "return 42" in mine.read_text() and "LAST = 2" in mine.read_text()
    assert (folder / "mine" / "README.md").read_text() == "corrected\n"
    assert (folder / "mine" / "hw2" / "new.py").is_file()
    assert (folder / "mine" / "notes.txt").read_text() == "mine"


def test_the_same_kit_makes_no_second_commit_and_removed_files_go(out):
    folder, kit = out
    assert not publish(kit, folder / "students", "Kit 1 again")
    (kit / "README.md").unlink()
    assert publish(kit, folder / "students", "Kit 2")
    assert not (folder / "students" / "README.md").exists()


def test_a_correction_needs_a_version_of_its_own(out):
    folder, kit = out
    (kit / "course.toml").write_text("two homeworks are open\n")
    (kit / "hw2").mkdir()
    (kit / "hw2" / "new.py").write_text("opened later\n")
    assert publish(kit, folder / "students", "Kit 1, hw1 to hw2"), "nothing was corrected"
    (kit / "README.md").write_text("corrected\n")
    with pytest.raises(KitError, match=r"another README\.md.*next-version"):
        publish(kit, folder / "students", "Kit 1, hw1 to hw3")
    assert (folder / "students" / "README.md").read_text() == "first\n"
    assert publish(kit, folder / "students", "Kit 1.1, hw1 to hw2")


def test_an_archive_is_not_written_over_by_another_of_the_same_version(out):
    folder, kit = out
    archive.write_zip(kit, folder / "kit-1.zip")
    before = (folder / "kit-1.zip").read_bytes()
    archive.write_zip(kit, folder / "kit-1.zip")
    (kit / "README.md").write_text("corrected\n")
    with pytest.raises(KitError, match="next-version"):
        archive.write_zip(kit, folder / "kit-1.zip")
    assert (folder / "kit-1.zip").read_bytes() == before


def test_a_folder_that_is_no_repository_is_left_alone(out):
    folder, kit = out
    with pytest.raises(KitError, match="neither empty nor a repository"):
        publish(kit, folder / "kit", "x")
    (folder / "students" / "README.md").write_text("somebody was here")
    with pytest.raises(KitError, match="changes of its own"):
        publish(kit, folder / "students", "x")
