"""Grading a class: nothing lost, nothing wrong, nothing stopped by one; and going on after a kill."""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder import planning
from autograder.judge.knowledge import Knowledge
from autograder.run.base import WorkerDied
from autograder.run.fork import ForkWorker
from autograder.run.launch import isolation_of_this_system
from autograder.run.overlay import overlay
from common import homework as homeworks
from common.errors import KitError
from common.kit import seeds
from common.kit.seeds import Secret
from staff.authoring.answers import record as record_answers
from staff.grading import class_page, grade, jobs, pool, submissions, synthetic_class
from staff.grading import session as session_module
from staff.grading.archives import Refused
from staff.grading.jobs import Job
from staff.grading.session import Session

HOMEWORK = homeworks.load("hw1")
SECRET = Secret(bytes(range(16)))


@pytest.fixture(scope="module")
def session(worker):
    return Session("hw1", worker=worker)


@pytest.fixture(scope="module")
def class_(tmp_path_factory, session):
    """A small class and the records that it must get."""
    folder = tmp_path_factory.mktemp("class")
    made = synthetic_class.make(folder, HOMEWORK, 7, seed=3)
    jobs = [submissions.fingerprint(o, HOMEWORK) for o in submissions.find(folder, HOMEWORK, None)]
    return folder, made, [session.grade(job) for job in jobs]


def test_every_submission_of_a_class_gets_what_it_must(class_):
    _, made, records = class_
    assert [record["id"] for record in records] == [one.ident for one in made]
    assert [one.complaint(r, HOMEWORK) for one, r in zip(made, records)] == [""] * len(made)
    assert {one.kind for one in made} == set(synthetic_class.KINDS)


def test_answers_that_are_missing_are_said_once_and_nobody_is_recorded(class_, tmp_path):
    folder, _, _ = class_
    with pytest.raises(
        KitError, match="no answers are recorded for hw1 and seed 424242; there are: 0"
    ):
        grade.grade_folder(folder, HOMEWORK, tmp_path / "out", 1, seed="424242")
    assert not (tmp_path / "out").exists()


def test_killed_at_any_moment_it_goes_on_to_the_same_table(class_, tmp_path):
    folder, _, records = class_
    command = [sys.executable, "-m", "staff", "grade", str(folder), "--hw", "hw1", "--workers",
               "1", "--out", str(tmp_path / "out")]  # fmt: skip
    first = subprocess.Popen(
        command,
        cwd=homeworks.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    students = tmp_path / "out" / "students"
    until = time.monotonic() + 60
    while len(list(students.glob("*.json"))) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = {path.name: path.stat().st_mtime_ns for path in students.glob("*.json")}
    assert 3 <= len(before) < len(records)
    assert not (tmp_path / "out" / "table.csv").exists()

    second = subprocess.run(
        command, cwd=homeworks.ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert second.returncode == 0, second.stderr
    assert f"{len(before)} of {len(records)} are graded already" in second.stdout
    after = {path.name: path.stat().st_mtime_ns for path in students.glob("*.json")}
    assert {name: after[name] for name in before} == before, "graded twice"
    assert (tmp_path / "out" / "table.csv").read_text() == grade.table(records, HOMEWORK)
    assert _nothing_runs(first.pid)


def _nothing_runs(group, seconds=15):
    """Whether every process of the killed command's session is gone."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = subprocess.run(["pgrep", "-s", str(group)], capture_output=True, check=False)
        if not found.stdout:
            return True
        time.sleep(0.2)
    return False


def judge_here(jobs, workers, seconds, keep):
    """In place of the pool: what a submission earns follows from its name."""
    for job in jobs:
        keep(
            session_module.blank_record(HOMEWORK, job)
            | {"status": "graded", "score": len(job.ident)}
        )


def grade_and_die(folder, out, moment):
    """Grade in a process that is killed at one moment of its writing; whether it lived on."""
    pid = os.fork()
    if pid == 0:
        left, replace_, write = [moment], os.replace, Path.write_text

        def now():
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def half_then_whole(path, text, **options):
            write(path, text[: len(text) // 2], **options)
            now()
            return write(path, text, **options)

        def before_and_after(*paths):
            now()
            replace_(*paths)
            now()

        os.replace, Path.write_text = before_and_after, half_then_whole
        grade.grade_folder(folder, HOMEWORK, out, 1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_killed_at_every_single_moment_of_writing_the_table_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "run", judge_here)
    folder = tmp_path / "class"
    folder.mkdir()
    for name in ("a", "bb", "ccc"):
        (folder / f"{name}.zip").write_bytes(name.encode())
    grade.grade_folder(folder, HOMEWORK, tmp_path / "whole", 1)
    expected = files_of(tmp_path / "whole")
    assert len(expected) == 5  # three records, the table, the overview
    for moment in range(1, 100):
        out = tmp_path / f"killed-{moment}"
        if grade_and_die(folder, out, moment):
            break
        kept = {path: path.stat().st_ino for path in (out / "students").glob("[!.]*")}
        grade.grade_folder(folder, HOMEWORK, out, 1)
        assert files_of(out) == expected, moment
        assert all(path.stat().st_ino == number for path, number in kept.items()), "graded twice"
    assert moment == 1 + 3 * len(expected)


def files_of(out):
    return {
        path.relative_to(out): path.read_text() for path in sorted(out.rglob("*")) if path.is_file()
    }


# --- processes that die -------------------------------------------------------------------------


BEGUN = "begun"  # a file that says that a process hangs


class NotLong(pool.Grader):
    """A process whose time to start is over as soon as it has begun to hang."""

    def result(self, ready):
        if (Path(self.folder) / BEGUN).exists():
            self.deadline = min(self.deadline, time.monotonic() + self.seconds)
        return super().result(ready)


class Fake:
    """A session that does what the job's name says."""

    def __init__(self, name):
        self.name = name

    def grade(self, job):
        if job.ident.startswith("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if job.ident.startswith("hang"):
            Path(tempfile.gettempdir(), BEGUN).touch()
            time.sleep(60)
        if job.ident.startswith("raise"):
            raise RuntimeError("boom")
        Path(tempfile.mkdtemp(), "left").mkdir(mode=0)
        return session_module.blank_record(HOMEWORK, job) | {"status": "graded"}

    def close(self):
        """Nothing was started."""


def fake_serve(line, folder):
    pool.Session = Fake
    real_serve(line, folder)


real_serve = pool.serve


def in_a_pool(jobs, keep):
    pool.run(jobs, 2, 1.0, keep)


def one_after_the_other(jobs, keep):
    """As the worker of a cluster does."""
    alone = pool.Alone()
    for job in jobs:
        keep(alone.grade(job, 1.0))
    alone.end()


@pytest.mark.parametrize("way", [in_a_pool, one_after_the_other])
def test_a_process_that_dies_hangs_or_raises_costs_its_own_order_alone(way, monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "serve", fake_serve)
    monkeypatch.setattr(pool, "Grader", NotLong)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names = ["a", "die", "b", "hang", "c", "raise", "d"]
    kept = {}
    way(
        [Job(name, "hw1", "") for name in names],
        lambda record: kept.__setitem__(record["id"], record),
    )
    assert not any(tmp_path.iterdir()), "what they wrote went with them"
    assert sorted(kept) == sorted(names)
    graded = {name for name, record in kept.items() if record["status"] == "graded"}
    assert graded == {"a", "b", "c", "d"}
    assert "ended (exit code -9)" in kept["die"]["reason"]
    assert "not finished after" in kept["hang"]["reason"]
    assert kept["raise"]["reason"] == "RuntimeError: boom"
    assert {kept[n]["score"] for n in names} == {0}


SLEEPER = "4711.4712"
STARTS_A_SLEEPER = f"""
import os
def start(hw):
    if os.fork() == 0:
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", "{SLEEPER}"])
        os._exit(0)
"""


class Hanging:
    """A session that hangs while a check of its worker has left a process behind."""

    def __init__(self, name):
        self.worker = ForkWorker((), without=("user", "namespaces"))

    def grade(self, order):
        tree = overlay(HOMEWORK, Path(tempfile.mkdtemp(), "tree"))
        (tree / "probes" / "hw1.py").write_text(STARTS_A_SLEEPER)
        line = self.worker.open(tree, "hw1", 60)
        line.call({"call": "start", "args": [], "kwargs": {}})
        Path(tempfile.gettempdir(), BEGUN).touch()
        time.sleep(60)


def hanging_serve(line, folder):
    pool.Session = Hanging
    real_serve(line, folder)


def sleepers():
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if SLEEPER in (process / "cmdline").read_text():
                found.append(process.name)
    return found


@pytest.mark.skipif(isolation_of_this_system() != "fork", reason="needs fork")
@pytest.mark.parametrize("patience", [5.0, 0.0], ids=["it ends itself", "it is killed"])
def test_what_a_check_started_ends_with_the_process_that_hangs(patience, monkeypatch, tmp_path):
    """Without namespaces nothing ends a grandchild whose worker is killed."""
    monkeypatch.setattr(pool, "serve", hanging_serve)
    monkeypatch.setattr(pool, "TRIES", 1)
    monkeypatch.setattr(pool, "Grader", NotLong)
    monkeypatch.setattr(pool, "PATIENCE", patience)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = []
    real = pool.children_of
    monkeypatch.setattr(pool, "children_of", lambda pid: (seen.extend(sleepers()), real(pid))[1])
    pool.run([Job("hang", "hw1", "")], 1, 1.0, lambda record: None)
    until = time.monotonic() + 5
    while sleepers() and time.monotonic() < until:
        time.sleep(0.1)
    assert seen and not sleepers()
    assert not any(tmp_path.iterdir())


def test_what_failed_is_tried_again_and_what_stands_is_not(tmp_path, class_):
    _, _, records = class_
    assert grade.is_final(records[0])
    assert not grade.is_final(records[0] | {"status": "failed"})
    assert not grade.is_final(
        records[0] | {"notes": [{"kind": "not measured", "audience": "staff", "text": "no data"}]}
    )
    assert not grade.is_final(None)
    store = grade.Store(tmp_path)
    store.keep(records[0])
    job = Job(records[0]["id"], "hw1", "", fingerprint=records[0]["fingerprint"])
    assert store.find(job) == json.loads(json.dumps(records[0]))
    assert store.find(replace(job, fingerprint="another")) is None
    (tmp_path / "students" / f"{job.ident}.json").write_text("{ cut off")
    assert store.find(job) is None


def test_another_byte_another_seed_or_other_checks_are_graded_anew(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(b"1")
    job = Job("a", "hw1", str(tmp_path / "a.zip"))
    first = submissions.fingerprint(job, HOMEWORK).fingerprint
    assert first == submissions.fingerprint(job, HOMEWORK).fingerprint
    assert first != submissions.fingerprint(replace(job, seed="0"), HOMEWORK).fingerprint
    (tmp_path / "a.zip").write_bytes(b"2")
    assert first != submissions.fingerprint(job, HOMEWORK).fingerprint
    (tmp_path / "a.zip").write_bytes(b"1")
    assert first != submissions.fingerprint(replace(job, sets=2), HOMEWORK).fingerprint
    monkeypatch.setattr(jobs, "VERSION", 99)
    assert first != submissions.fingerprint(job, HOMEWORK).fingerprint


# --- secret inputs ------------------------------------------------------------------------------


def test_inputs_are_chosen_by_the_submission_and_by_what_is_secret(monkeypatch):
    def choose(sets, count=1):
        monkeypatch.setattr(seeds, "recorded_sets", lambda homework: sets)
        job = Job("a", "hw1", "", sets=count)
        return [jobs.choose_seeds(HOMEWORK, job, f"{n}") for n in range(60)]

    three = seeds.sets_of(SECRET, "hw1", 3)
    chosen = choose(three)
    assert {one for [one] in chosen} == set(three) and choose(three) == chosen
    moved = sum(a != b for a, b in zip(chosen, choose(seeds.sets_of(SECRET, "hw1", 4))))
    assert 0 < moved < 30  # of 60: a set more is nothing new for the others
    pairs = choose(three, 2)
    assert [pair[:1] for pair in pairs] == chosen and all(len(set(pair)) == 2 for pair in pairs)
    assert choose(seeds.sets_of(SECRET.derive("another term"), "hw1", 3)) != chosen
    assert choose([]) == [[0]] * 60
    assert jobs.choose_seeds(HOMEWORK, Job("a", "hw1", "", seed="0"), "x") == [0]


def test_what_staff_are_told_of_inputs(monkeypatch):
    def told(sets, left=(), seed=None, count=1):
        monkeypatch.setattr(seeds, "recorded_sets", lambda homework: sets)
        monkeypatch.setattr(seeds, "left_over", lambda homework: list(left))
        return jobs.inputs_told(HOMEWORK, seed, count)

    assert "no secret set is recorded for hw1" in told([])[0]
    assert told([SECRET]) == [] and told([SECRET], ["old"]) == ["old"] and told([], seed="0") == []
    with pytest.raises(KitError, match="old"):
        told([], ["old"])  # never quietly under the public one
    with pytest.raises(KitError, match=r"--sets 3: 1 are recorded for hw1.* --secret 3"):
        told([SECRET], count=3)


def test_a_check_counts_when_it_passes_under_every_set(session, class_, monkeypatch):
    """One set has another answer to one check: that one is lost, and every row is told once."""
    folder, made, _ = class_
    first, second = seeds.sets_of(SECRET, "hw1", 2)
    sets, seen = [(first, "test_mann::test_forward"), (second, "test_mann::test_loss")], []
    for one, check in sets:
        answers = record_answers(HOMEWORK, one, session.worker)
        answers.calls[check] = [{"value": np.array(987.0), "changed": []}] * 9
        monkeypatch.setitem(session.records, one, (answers, Knowledge({})))
    monkeypatch.setattr(session_module, "choose_seeds", lambda *_: [first, second])
    solution = next(one.ident for one in made if one.kind == "solution")
    record = session.grade(Job(solution, "hw1", str(folder / f"{solution}.zip")), seen.append)
    lost = [row.id for row in seen if row.status == "failed" and row.id.startswith("test_")]
    assert lost == [check for _, check in sets]  # the second is judged again, the first is not
    assert record["seeds"] == [str(first), str(second)]
    names = [row.id for row in seen]
    assert len(names) == len(set(names)) and {check.id for check in session.checks} <= set(names)
    assert [c["id"] for c in record["checks"]][: len(session.checks)] == [
        c.id for c in session.checks
    ]


def test_a_submission_has_time_for_every_set(monkeypatch, tmp_path):
    monkeypatch.setattr(grade, "_require_answers", lambda homework, seed: None)
    (tmp_path / "a.zip").write_bytes(b"1")
    limits = []
    monkeypatch.setattr(pool, "run", lambda todo, workers, limit, keep: limits.append(limit))
    for sets in (1, 3):
        grade.grade_folder(tmp_path, HOMEWORK, tmp_path / "out", 1, sets=sets)
    assert limits[1] - limits[0] == 2 * len(planning.plan(HOMEWORK)) * HOMEWORK.time_limit


def test_points_come_from_the_secret_seed_and_messages_from_the_public_one(
    session, class_, monkeypatch
):
    folder, made, _ = class_
    answers = record_answers(HOMEWORK, SECRET, session.worker)
    secret = "test_mann::test_loss"
    answers.calls[secret] = [{"value": {"loss": 987.654, "gradient": 0.0}, "changed": []}] * 9
    monkeypatch.setitem(session.records, SECRET, (answers, Knowledge({})))
    solution = next(one.ident for one in made if one.kind == "solution")
    monkeypatch.setattr(session_module, "choose_seeds", lambda *_: [SECRET])
    job = Job(solution, "hw1", str(folder / f"{solution}.zip"))
    told = {c["id"]: c for c in session.grade(job)["checks"]}[secret]
    assert told["status"] == "failed" and "987.6" in told["message"]
    record = session.grade(replace(job, for_student=True))
    told = {c["id"]: c for c in record["checks"]}[secret]
    assert told["status"] == "failed" and told["message"] == session_module.OTHER_INPUTS
    assert "987" not in json.dumps(record["checks"])
    assert record["seeds"] == [str(SECRET)] and record["score"] == 25


@pytest.mark.parametrize(
    "layers, closed",
    [("user+limits", True), ("user+limits+landlock", True), ("limits", False)],
)
def test_answers_are_closed_wherever_code_runs_as_another_user(layers, closed, monkeypatch):
    class Worker:
        isolation = f"fork+{layers}"

    done = []
    monkeypatch.setattr(session_module, "close_to_others", done.append)
    Session("hw1", worker=Worker()).protect_answers()
    assert done == ([HOMEWORK.root] if closed else [])


@pytest.mark.parametrize(
    "error, replaced",
    [(WorkerDied("the worker ended"), True), (KitError("answers.npz cannot be read"), False)],
)
def test_only_a_worker_that_died_is_replaced(error, replaced, worker, class_, monkeypatch):
    class Broken:
        isolation = "fork+limits"

        def open(self, *_):
            raise error

        def close(self):
            closed.append(self)

    closed = []
    monkeypatch.setattr(session_module, "start", lambda *_: worker)
    session = Session("hw1", worker=Broken())
    folder, made, records = class_
    place = next(i for i, one in enumerate(made) if one.kind == "solution")
    job = submissions.find(folder, HOMEWORK, None)[place]
    if replaced:
        assert session.grade(job)["score"] == records[place]["score"] > 0
    else:
        with pytest.raises(KitError, match="cannot be read"):
            session.grade(job)
    assert len(closed) == replaced


# --- what a folder holds ------------------------------------------------------------------------

EXPORT = """---
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0042'
    :email: ada@example.edu
  - :name: 'Bob :sid: 7'
    :email: bob@example.edu
  :created_at: 2026-10-14 23:10:05.123456789 Z
  :score: 12.0
  :results:
    :tests:
    - :name: evil
      :sid: '9999'
    :created_at: 1999-01-01 00:00:00 Z
  :history: []
submission_102:
  :submitters:
  - :name: Eve
    :sid:
    :email: eve@example.edu
  :created_at: 2026-10-15 00:00:00.000000000 -07:00
"""


def test_a_gradescope_export(tmp_path, session, class_):
    folder, made, _ = class_
    (tmp_path / "submission_metadata.yml").write_text(EXPORT)
    solution = next(one.ident for one in made if one.kind == "solution")
    with zipfile.ZipFile(folder / f"{solution}.zip") as archive:
        archive.extractall(tmp_path / "submission_101")
    first, second = submissions.find(tmp_path, HOMEWORK, None)
    assert first.students == ("0042", "bob@example.edu")
    assert first.submitted == "2026-10-14T23:10:05+00:00"
    assert second.students == ("eve@example.edu",), "who has no folder has a row, too"
    table = list(
        csv.DictReader(
            io.StringIO(grade.table([session.grade(first), session.grade(second)], HOMEWORK))
        )
    )
    assert [row["student"] for row in table] == ["0042", "bob@example.edu", "eve@example.edu"]
    assert [row["status"] for row in table] == ["graded", "graded", "refused"]
    assert table[0]["score"] == table[1]["score"] == "30"
    assert table[0]["submitted"] == "2026-10-14T23:10:05+00:00"


def test_names_of_all_kinds_make_files_of_their_own(tmp_path):
    for name in ("ada.zip", "a%b.zip", "a b.zip", "a_b.zip", "é.zip", "-rf.zip"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "ada").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    names = [job.ident for job in submissions.find(tmp_path, HOMEWORK, None)]
    assert len(set(names)) == len(names) == 7
    assert not any("/" in name or name.startswith(".") for name in names)
    with pytest.raises(KitError, match="not a folder"):
        submissions.find(tmp_path / "nowhere", HOMEWORK, None)
    with pytest.raises(KitError, match="neither archives nor folders"):
        submissions.find(tmp_path / "ada", HOMEWORK, None)


def test_a_folder_can_be_sent_to_another_machine(tmp_path, session):
    folder = tmp_path / "ada"
    folder.mkdir()
    for name in HOMEWORK.files:
        shutil.copyfile(HOMEWORK.folder / name, folder / name)
    job = submissions.with_content(Job("ada", "hw1", str(folder)))
    shutil.rmtree(folder)
    record = session.grade(job)
    assert record["status"] == "graded" and record["score"] == 0
    folder.mkdir()
    (folder / "mann.py").symlink_to("elsewhere")
    with pytest.raises(Refused, match="a link"):
        submissions.with_content(Job("ada", "hw1", str(folder)))


# --- the overview -------------------------------------------------------------------------------


def test_the_overview_shows_everything_and_runs_nothing(class_):
    _, _, records = class_
    evil = "<script>alert(1)</script>"
    refused = session_module.refused_record(HOMEWORK, Job(evil, "hw1", ""), evil)
    page = class_page.page([*records, refused], HOMEWORK)
    assert page.count("<script") == 1 and evil not in page and "&lt;script&gt;" in page
    assert "http:" not in page and "https:" not in page and "src=" not in page, (
        "the page needs nothing from elsewhere"
    )
    for part in (
        "Scores",
        "Hardest checks",
        "Commonest mistakes",
        "Time and memory",
        "<svg",
        "Decide",
        "Worth a look",
        "Students (8)",
    ):
        assert part in page
    mistakes = {c["mistake"] for r in records for c in r["checks"] if c["mistake"]}
    assert mistakes and all(slug.replace("_", " ") in page for slug in mistakes)
    assert class_page.page([], HOMEWORK)
