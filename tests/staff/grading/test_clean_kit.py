"""A batch whose kit is changed says so, goes on from a clean copy, and grades again who was at work."""

import multiprocessing
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.run.notes import KIT_CHANGED
from common import homework as homeworks
from staff.grading import pool, session
from staff.grading.clean_kit import OWNER_ALONE, CleanKit, originals
from staff.grading.jobs import Job

HOMEWORK = homeworks.load("hw1")


@pytest.fixture
def root(tmp_path):
    """A kit of a few files, none of which Python would import."""
    for name in ("autograder/checks/hw1/answers.txt", "common/deep/er/a.txt", "staff/b.txt"):
        (tmp_path / "kit" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "kit" / name).write_text(name)
    return tmp_path / "kit"


@pytest.fixture
def kit(root):
    made = CleanKit(root)
    yield made
    made.close()


def rewrite(path):
    """Other contents of the same size and time."""
    status = path.stat()
    path.write_text("x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


CHANGES = {
    "contents": (lambda kit: rewrite(kit / "staff/b.txt"), ["staff/b.txt"]),
    "the mode of a file": (lambda kit: (kit / "staff/b.txt").chmod(0o666), ["staff/b.txt"]),
    "the mode of a folder": (lambda kit: (kit / "common/deep").chmod(0o777), ["common/deep"]),
    "the time": (lambda kit: os.utime(kit / "staff/b.txt", (1, 1)), ["staff/b.txt"]),
    "a new file": (lambda kit: (kit / "staff/c.txt").write_text("x"), ["staff/c.txt"]),
    "a file less": (lambda kit: (kit / "staff/b.txt").unlink(), ["staff/b.txt"]),
    "a link": (lambda kit: (kit / "common/l").symlink_to("/etc"), ["common/l"]),
    "a folder less": (
        lambda kit: shutil.rmtree(kit / "common/deep/er"),
        ["common/deep/er", "common/deep/er/a.txt"],
    ),
    "nothing": (lambda kit: None, []),
    "a cache": (lambda kit: (kit / "staff/__pycache__").mkdir(), []),
    "what the grader closes": (lambda kit: (kit / "autograder/checks").chmod(OWNER_ALONE), []),
}


@pytest.mark.parametrize("change, seen", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen_and_a_clean_copy_is_made(change, seen, root, kit):
    change(root)
    assert kit.changes() == seen
    kit.renew()
    assert kit.folder != root and kit.changes() == []
    for name in ("autograder/checks/hw1/answers.txt", "common/deep/er/a.txt", "staff/b.txt"):
        assert (kit.folder / name).read_text() == name
    (kit.folder / "staff/b.txt").write_text("y")  # the copy is watched as well
    first = kit.folder
    assert kit.changes() == ["staff/b.txt"]
    kit.renew()
    assert not first.exists() and (kit.folder / "staff/b.txt").read_text() == "staff/b.txt"


def test_a_folder_that_nobody_may_enter_is_opened_again(root, kit):
    (root / "common").chmod(0)
    assert "common" in kit.changes()
    kit.renew()
    assert (root / "common").stat().st_mode & 0o777 == 0o755


def tell_root(line):
    line.send((str(homeworks.ROOT), list(map(str, originals()))))


def test_processes_import_the_copy():
    kit = CleanKit(homeworks.ROOT)
    kit.renew()
    try:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        with kit.first_to_import():
            process = context.Process(target=tell_root, args=(theirs,))
            process.start()
        assert ours.poll(120) and ours.recv() == (str(kit.folder), [str(homeworks.ROOT)])
        process.join()
    finally:
        kit.close()
    assert originals() == () and not kit.folder.exists()


class Fake:
    """A session in which some code may change the kit, once; or the copy of it, too."""

    def __init__(self, name):
        self.name = name

    def grade(self, job):
        place = Path(os.environ["FAKE_KIT"], "staff/b.txt")
        if job.ident == "evil" and place.read_text() != "evil":
            place.write_text("evil")
        if job.ident == "worse":
            place.write_text("worse")
            if originals():
                Path(sys.path[0], "staff/b.txt").write_text("worse")
        return session.blank_record(HOMEWORK, job) | {
            "status": "graded",
            "reason": str(originals()),
        }

    def close(self):
        """Nothing was started."""


def fake_serve(line, folder):
    pool.Session = Fake
    real_serve(line, folder)


real_serve = pool.serve


@pytest.mark.parametrize("workers", [1, 2])
def test_a_batch_goes_on(workers, root, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(pool, "serve", fake_serve)
    monkeypatch.setattr(pool, "ROOT", root)
    monkeypatch.setenv("FAKE_KIT", str(root))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    kept = []
    jobs = [Job(name, "hw1", "") for name in ("a", "evil", "b")]
    pool.run(jobs, workers, 60.0, kept.append)
    by_name = {record["id"]: record for record in kept}
    assert sorted(by_name) == ["a", "b", "evil"] and len(kept) == 3
    assert {by_name[name]["status"] for name in "ab"} == {"graded"}
    if workers == 1:  # nobody else can have done it
        assert by_name["b"]["reason"] == str((root,))  # from the copy
        assert by_name["evil"]["status"] == "failed"
        assert by_name["evil"]["reason"].startswith(pool.CHANGED_KIT)
    told = capsys.readouterr().err
    assert told.count("the kit was changed while") == 1 and "evil" in told and "staff/b.txt" in told
    assert not any((tmp_path / "temporary").iterdir())


def test_one_who_grades_alone_goes_on(root, monkeypatch, tmp_path):
    """As beside a Dask worker: others may work beside it, so the first change accuses nobody."""
    monkeypatch.setattr(pool, "serve", fake_serve)
    monkeypatch.setattr(pool, "ROOT", root)
    monkeypatch.setenv("FAKE_KIT", str(root))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    alone = pool.Alone()
    records = [alone.grade(Job(name, "hw1", ""), 60.0) for name in ("a", "evil", "b", "worse", "c")]
    alone.end()
    assert [record["status"] for record in records] == ["graded"] * 3 + ["failed", "graded"]
    assert [record["reason"] for record in records[:3]] == ["()", str((root,)), str((root,))]
    noted = [[note["kind"] for note in record["notes"]] for record in records]
    assert noted == [[], [KIT_CHANGED], [], [], []]
    assert "staff/b.txt" in records[1]["notes"][0]["text"]
    assert records[3]["reason"] == f"{pool.CHANGED_KIT}: staff/b.txt"
    assert not any((tmp_path / "temporary").iterdir())
