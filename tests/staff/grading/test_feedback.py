"""One page a student: nothing of the secret inputs, and named as the platform wants it back."""

import json
import zipfile

import pytest

from autograder.planning import plan
from common import homework as homeworks
from common.errors import KitError
from staff.grading import feedback, grade, pool, session
from staff.grading.jobs import PUBLIC
from tests.staff.grading.test_hand_ins import packed

HOMEWORK = homeworks.load("hw1")
CHECKS = plan(HOMEWORK)
SECRET = "987.654"
NOTES = [
    {"kind": "missing file", "audience": "student", "text": "mann.py is missing"},
    {"kind": "not measured", "audience": "staff", "text": "run: no data, NOT MEASURED"},
]


def judge_here(jobs, workers, seconds, keep):
    """In place of the pool: one check fails under secret inputs, another under all."""
    for job in jobs:
        if "refused" in job.ident:
            keep(session.refused_record(HOMEWORK, job, "it is encrypted"))
            continue
        public = job.seed == PUBLIC
        assert job.for_student == public
        rows = []
        for number, check in enumerate(CHECKS):
            lost = number == 1 or (number == 0 and not public)
            rows.append(
                {
                    "id": check.id,
                    "problem": check.problem,
                    "title": check.title,
                    "points": 0 if lost else check.points,
                    "max_points": check.points,
                    "status": "failed" if lost else "passed",
                    "seconds": 0.1,
                    "what": f"inputs {'of home' if public else SECRET}" if lost else "",
                    "mistake": None,
                }
            )
        record = session.blank_record(HOMEWORK, job) | {"status": "graded", "checks": rows}
        record |= {"seeds": [PUBLIC if public else "bcdfghjk"], "score": 25, "isolation": "fork"}
        keep(record | {"notes": NOTES})


@pytest.fixture
def class_(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "run", judge_here)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("s1.zip", "refused.zip"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def book(tmp_path):
    folder = tmp_path / "scores"
    folder.mkdir()
    (folder / "roster.csv").write_text("student,name\ns1,Jane Doe\nrefused,Kim\ns3,Pat\n")
    (folder / "hw1-code.csv").write_text(
        "student,score,submitted\ns1,25,2026-10-15T20:00\nrefused,0,\n"
    )
    (folder / "hw1-written.csv").write_text(
        "student,score,item: 3q names the setting,item: 4 changes one thing,item: not seen\n"
        "s1,9,4,-1,\nrefused,3,,,\n"
    )
    return folder


def pages(folder, *more):
    assert feedback.main([str(folder), "--hw", "hw1", *more]) == 0
    out = folder.with_name("in-grades-hw1") / "feedback"
    return {path.stem: path.read_text(encoding="utf-8") for path in out.glob("*.html")}


def test_a_page_tells_nothing_of_the_secret_inputs(class_):
    grade.main([str(class_), "--hw", "hw1"])
    found = pages(class_)
    assert set(found) == {"s1", "refused"}
    page = found["s1"]
    assert SECRET not in page and "inputs of home" in page
    assert "It passes with the inputs of the local autograder" in page
    assert "mann.py is missing" in page and "NOT MEASURED" not in page
    assert "http:" not in page and "https:" not in page
    assert "could not be graded: it is encrypted" in found["refused"]


def test_the_points_of_a_page_are_the_secret_ones(class_):
    grade.main([str(class_), "--hw", "hw1"])
    lost = CHECKS[0].points + CHECKS[1].points
    most = sum(check.points for check in CHECKS)
    assert f"{most - lost:g} of {most:g} points" in pages(class_)["s1"]


def test_a_second_call_judges_nobody_again(class_, monkeypatch):
    grade.main([str(class_), "--hw", "hw1"])
    first = pages(class_)
    monkeypatch.setattr(pool, "run", lambda *_: pytest.fail("judged again"))
    assert pages(class_) == first


def test_grades_come_first(class_):
    with pytest.raises(KitError, match="2 of 2 uploads have no grade"):
        feedback.main([str(class_), "--hw", "hw1"])


def test_the_gradebook_adds_the_written_half_and_late_days(class_, book):
    grade.main([str(class_), "--hw", "hw1"])
    found = pages(class_, "--book", str(book))
    assert set(found) == {"s1", "refused", "s3"}
    page = found["s1"]
    assert "Jane Doe" in page and "9/15" in page and "34/57" in page
    assert "3q names the setting" in page and "-1" in page and "not seen" not in page
    assert "hw1: 1 day late, 5 left" in page
    assert "Nothing was handed in for the code half." in found["s3"]
    assert "hw1: nothing handed in" in found["s3"]


def test_without_a_gradebook_a_late_upload_says_so(class_):
    (class_ / "times.csv").write_text("student,submitted\ns1,2026-10-16T20:00\n")
    grade.main([str(class_), "--hw", "hw1"])
    assert "Handed in 2 days after the due date." in pages(class_)["s1"]


def download(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, packed("mann.py") if name.endswith(".zip") else b"x = 1\n")


def returned(source, tmp_path, monkeypatch, roster=""):
    monkeypatch.setattr(pool, "run", judge_here)
    options = [str(source), "--hw", "hw1"]
    if roster:
        (tmp_path / "roster.csv").write_text(roster)
        options += ["--roster", str(tmp_path / "roster.csv")]
    grade.main(options)
    assert feedback.main(options) == 0
    (path,) = (tmp_path / "download-grades-hw1" / "feedback").glob("*.zip")
    return path.name, zipfile.ZipFile(path)


def test_a_zip_for_canvas(tmp_path, monkeypatch):
    download(
        tmp_path / "download.zip",
        ["doejane_LATE_9001_77001_hw1-submission.zip", "leekim_9002_77002_mann.py"],
    )
    name, archive = returned(tmp_path / "download.zip", tmp_path, monkeypatch)
    assert name == "feedback-canvas.zip"
    zipped, page = archive.namelist()
    assert zipped == "doejane_LATE_9001_77001_hw1-submission.zip", "the very name it came with"
    assert page == "leekim_9002_77002_hw1-feedback.html"
    for entry, numbers in ((zipped, ["9001", "77001"]), (page, ["9002", "77002"])):
        assert [piece for piece in entry.split("_") if piece.isdigit()][:2] == numbers
    with archive.open(zipped) as inner:
        assert zipfile.ZipFile(inner).namelist() == ["hw1-feedback.html"]


def test_a_zip_for_moodle_without_a_teams_folder(tmp_path, monkeypatch, capsys):
    download(
        tmp_path / "download.zip",
        [
            "Jane Doe_12345_assignsubmission_file/hw1.zip",
            "Kim Lee_12346_assignsubmission_file_mann.py",
        ],
    )
    name, archive = returned(
        tmp_path / "download.zip", tmp_path, monkeypatch, "student,name\ns1,Jane Doe\ns2,Kim Lee\n"
    )
    assert name == "feedback-moodle.zip"
    assert archive.namelist() == [
        "Jane Doe_12345_assignsubmission_file/hw1-feedback.html",
        "Kim Lee_12346_assignsubmission_file/hw1-feedback.html",
    ]
    download(
        tmp_path / "download.zip",
        [
            "Red team_77_assignsubmission_file/hw1.zip",
            "Jane Doe_12345_assignsubmission_file/hw1.zip",
        ],
    )
    _, archive = returned(
        tmp_path / "download.zip", tmp_path, monkeypatch, "student,name\ns1,Jane Doe\n"
    )
    assert len(archive.namelist()) == 1
    assert "is not in the zip" in capsys.readouterr().out


def test_no_record_of_the_public_seed_is_taken_for_a_grade(class_):
    grade.main([str(class_), "--hw", "hw1"])
    pages(class_)
    out = class_.with_name("in-grades-hw1")
    record = json.loads((out / "students" / "s1.json").read_text())
    assert record["seeds"] == ["bcdfghjk"] and SECRET in json.dumps(record)
