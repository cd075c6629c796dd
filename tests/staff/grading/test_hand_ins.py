"""Whose upload it is, when it came, and which of several counts."""

import csv
import io
import json
import os
import unicodedata
import zipfile

import pytest

from common import homework as homeworks
from common.errors import KitError
from staff.course import gradebook
from staff.course.findings import Findings
from staff.course.roster import Roster, Student
from staff.grading import class_page, compare, downloads, grade, pool, session, submissions, unpack
from staff.grading.attention import attention
from staff.grading.hand_ins import read_times, sort_out
from staff.grading.jobs import Job
from tests.staff.course.test_rules import ZONE

HOMEWORK = homeworks.load("hw1")
CLASS = Roster(
    [
        Student("s1", "Jane Doe", email="jane@x.edu", canvas="9001"),
        Student("s2", "Jörg Müller", email="j@x.edu"),
        Student("s3", "Pat O'Brien"),
        Student("s4", "Zoë van der Berg"),
        Student("s5", "Max Gone", status="dropped"),
    ]
)


def uploads(*names, **more):
    return [Job(submissions.plain(name), "hw1", f"/in/{name}", **more) for name in names]


def owners(*names, roster=CLASS, times=None):
    found = sort_out(uploads(*names), roster, times or {})
    return {one.job.source[4:]: one.students for one in found.kept}, found


@pytest.mark.parametrize(
    "name, student",
    [
        ("s1.zip", "s1"),
        ("S1.ZIP", "s1"),
        ("jane@x.edu.tar.gz", "s1"),
        ("Jane Doe.zip", "s1"),
        ("Müller Jörg", "Müller Jörg"),  # last name first without a comma: not guessed
        ("Müller, Jörg.zip", "s2"),
        (unicodedata.normalize("NFD", "Jörg Müller.zip"), "s2"),
        ("O'Brien, Pat.zip", "s3"),
        ("Pat O’Brien.zip", "s3"),
        ("s1 (2).zip", "s1"),
        ("doejane_9001_0_upload.zip", "s1"),
        ("müllerjörg_77_0_upload.zip", "s2"),
        ("vanderbergzoë_78_0_upload.zip", "s4"),
        ("Jane Doe_12345_assignsubmission_file", "s1"),
    ],
)
def test_the_owner_of_an_upload(name, student):
    kept, found = owners(name)
    assert kept == {name: (student,)}
    assert list(found.unmatched) == ([] if student.startswith("s") else [name])


def test_who_is_not_in_the_roster_is_listed_with_the_nearest_names():
    _, found = owners("jane deo.zip", "qqqq.zip")
    assert found.unmatched == {
        "jane deo.zip": "near: s1 (Jane Doe)",
        "qqqq.zip": "nobody has a name like it",
    }
    assert found.without == ["s1", "s2", "s3", "s4"]  # who dropped the course is not missed


def test_without_a_roster_a_name_stays_as_it_was():
    kept, found = owners("Müller Jörg.zip", roster=None)
    assert kept == {"Müller Jörg.zip": ("Müller Jörg",)} and not found.unmatched


def test_a_groups_upload_is_of_all_its_students():
    jobs = uploads("submission_1", students=("jane@x.edu", "J@X.edu", "who@x.edu"))
    found = sort_out(jobs, CLASS, {})
    assert found.kept[0].students == ("s1", "s2", "who@x.edu")
    assert "submission_1" in found.unmatched


def test_the_latest_upload_counts_by_its_time():
    times = {"s1.zip": "2026-10-14T20:00:00-07:00", "jane doe.zip": "2026-10-14T19:00:00-07:00"}
    kept, found = owners("Jane Doe.zip", "s1.zip", times=times)
    assert list(kept) == ["s1.zip"] and found.kept[0].submitted == times["s1.zip"]
    assert found.superseded == {"Jane Doe.zip": "s1.zip"} and found.timed


def test_the_latest_upload_counts_by_a_browsers_number():
    kept, found = owners("s1.zip", "s1 (2).zip", "s1 (10).zip")
    assert list(kept) == ["s1 (10).zip"]
    assert set(found.superseded) == {"s1.zip", "s1 (2).zip"} and not found.timed


def test_trailing_digits_are_no_number_of_an_upload():
    kept, found = owners("s1.zip", "s2.zip")
    assert len(kept) == 2 and not found.superseded


@pytest.mark.parametrize("names", [("s1.zip", "Jane Doe.zip"), ("s1.zip", "s1.tar.gz")])
def test_staff_choose_where_nothing_says_which_is_later(names):
    kept, found = owners(*names)
    assert kept == {} and found.undecided[0][0] == "s1"
    lists = attention([], found)
    assert "2 uploads and no times: keep one of" in str(lists.decide[0])
    table = grade.table([], HOMEWORK, found)
    assert table.splitlines()[1].startswith("s1,s1,undecided,,0,")


TIMES = {
    "own": "student,submitted\ns1,2026-10-14T20:00\nother,\n",
    "by upload": "upload,submitted\ns1.zip,2026-10-14 20:00\n",
    "gradescope": "Name,SID,Email,Total Score,Status,Submission Time\n"
    "Jane Doe,s1,jane@x.edu,1,Graded,2026-10-14 20:00:00 -0700\n",
    "moodle": "Identifier,Full name,Last modified (submission)\n"
    'Participant 1,Jane Doe,"Wednesday, 14 October 2026, 8:00 PM"\nParticipant 2,Pat,-\n',
}


@pytest.mark.parametrize("text", TIMES.values(), ids=TIMES)
def test_times_from_files(text, tmp_path):
    (tmp_path / "times.csv").write_text(text)
    findings = Findings()
    times = read_times(tmp_path / "times.csv", ZONE, findings)
    name = "Jane Doe.zip" if "Identifier" in text else "s1.zip"
    (one,) = sort_out(uploads(name), CLASS, times).kept
    assert one.submitted == "2026-10-14T20:00:00-07:00" and findings.errors == []


def test_times_that_are_none_are_errors(tmp_path):
    findings = Findings()
    (tmp_path / "times.csv").write_text("student,when\ns1,noon\n")
    assert read_times(tmp_path / "times.csv", ZONE, findings) == {}
    (tmp_path / "times.csv").write_text("student,submitted\ns1,noon\n")
    read_times(tmp_path / "times.csv", ZONE, findings)
    assert "and a column submitted" in findings.errors[0] and "line 2" in findings.errors[1]


def test_the_time_inside_an_archive_is_shown_and_never_counted(tmp_path):
    path, target = tmp_path / "s1.zip", tmp_path / "taken"
    target.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for day, name in ((3, "mann.py"), (5, "sampling.py")):
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, day, 20, 0, 0)), "")
    assert unpack.accept(path, target, HOMEWORK).packed == "2026-10-05 20:00"
    assert sort_out([Job("s1", "hw1", str(path))], CLASS, {}).kept[0].submitted == ""
    record = session.blank_record(HOMEWORK, Job("s1", "hw1", "")) | {"packed": "2026-10-05 20:00"}
    assert "not known; packed 2026-10-05 20:00" in class_page.page([record], HOMEWORK)


# --- downloads ----------------------------------------------------------------------------------


def packed(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"x = 1\n")
    return stream.getvalue()


def test_a_canvas_download_is_one_upload_a_student(tmp_path):
    path = tmp_path / "submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doejane_LATE_9001_77001_hw1-submission.zip", packed("mann.py"))
        archive.writestr("müllerjörg_9002_77002_mann.py", b"x = 1\n")
        archive.writestr("müllerjörg_9002_77003_sampling.py", b"x = 1\n")
    folder = downloads.gather(path, tmp_path / "out")
    assert sorted(one.name for one in folder.iterdir()) == [
        "doejane_9001_0_upload.zip",
        "müllerjörg_9002_0_upload",
    ]
    inside = folder / "müllerjörg_9002_0_upload"
    assert sorted(one.name for one in inside.iterdir()) == ["mann.py", "sampling.py"]
    assert downloads.original_names(tmp_path / "out")["doejane_9001_0_upload"] == [
        "doejane_LATE_9001_77001_hw1-submission.zip"
    ]
    kept = sort_out(submissions.find(folder, HOMEWORK, None), CLASS, {}).kept
    assert [one.students for one in kept] == [("s1",), ("s2",)]


def test_a_moodle_download_is_one_upload_a_student(tmp_path):
    path = tmp_path / "CS-HW1-77.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Jane Doe_12345_assignsubmission_file/hw1.zip", packed("mann.py"))
        archive.writestr("Jörg Müller_12346_assignsubmission_file_/mann.py", b"x = 1\n")
        archive.writestr("Pat O'Brien_12347_assignsubmission_file_hw1.zip", packed("mann.py"))
        archive.writestr("Pat O'Brien_12347_assignsubmission_onlinetext/text.html", b"<p>")
    folder = downloads.gather(path, tmp_path / "out")
    kept = sort_out(submissions.find(folder, HOMEWORK, None), CLASS, {}).kept
    assert sorted(one.students for one in kept) == [("s1",), ("s2",), ("s3",)]


def test_another_folder_is_taken_as_it_is(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "s1.zip").write_bytes(packed("mann.py"))
    assert downloads.gather(tmp_path / "in", tmp_path / "out") == tmp_path / "in"
    assert not (tmp_path / "out").exists()


def test_a_download_with_a_link_in_it_is_refused(tmp_path):
    path = tmp_path / "submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("doejane_9001_77001_hw1.zip")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(KitError, match="holds a link"):
        downloads.gather(path, tmp_path / "out")


# --- a batch ------------------------------------------------------------------------------------


def judge_here(jobs, workers, seconds, keep):
    """In place of the pool: `bad` cannot be finished, and others earn what their name is long."""
    for job in jobs:
        status = "failed" if "bad" in job.ident else "graded"
        keep(
            session.blank_record(HOMEWORK, job)
            | {"status": status, "score": len(job.ident), "reason": "out of memory"}
        )


@pytest.fixture
def class_(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "run", judge_here)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("s1.zip", "s1 (2).zip", "Jörg Müller.zip", "bad.zip"):
        (folder / name).write_bytes(name.encode())
    (folder / "roster.csv").write_text("student,name\ns1,Jane Doe\ns2,Jörg Müller\ns3,Pat\n")
    (folder / "times.csv").write_text("student,submitted\ns2,2026-10-14T20:00\n")
    return folder


def test_a_batch_ends_with_two_lists(class_, capsys):
    assert grade.main([str(class_), "--hw", "hw1"]) == 1
    said = capsys.readouterr().out
    assert "decide: 2" in said
    assert "bad.zip: not in the roster (nobody has a name like it)" in said
    assert "bad: not graded: out of memory" in said
    assert "s1.zip: not graded: s1 (2).zip is the later upload" in said
    assert "nothing handed in: 1 students" in said
    out = class_.with_name("in-grades-hw1")
    table = (out / "table.csv").read_text()
    assert [line.split(",")[0] for line in table.splitlines()] == ["student", "s2", "bad", "s1"]
    assert "2026-10-14T20:00:00-07:00" in table
    page = (out / "overview.html").read_text()
    assert "nothing handed in" in page and "is the later upload" in page


def test_a_file_that_is_no_upload_is_its_students_or_told(class_, capsys):
    (class_ / "s3.doc").write_bytes(b"x")
    (class_ / "how to grade.txt").write_bytes(b"x")
    grade.main([str(class_), "--hw", "hw1"])
    said = capsys.readouterr().out
    assert "how to grade.txt: not graded: no upload" in said and "s3.doc" not in said
    table = (class_.with_name("in-grades-hw1") / "table.csv").read_text()
    assert "\ns3,s3," in table
    others = submissions.find_others(class_, HOMEWORK, None)
    assert [one.upload for one in others] == ["how to grade.txt", "s3.doc"]
    assert sort_out([], None, {}, others).ignored == ["how to grade.txt", "s3.doc"]


def test_pairs_that_are_alike_are_worth_a_look(class_, capsys):
    table = "file,one,other,share_of_one,share_of_other,tokens,declared\n"
    table += "mann.py,s1,s2,0.91,0.40,9,\nmann.py,s1,bad,0.95,0.95,9,yes\n"
    class_.with_name("in-similarity-hw1.csv").write_text(table)
    grade.main([str(class_), "--hw", "hw1"])
    said = capsys.readouterr().out
    assert "s1, s2: 91% of mann.py is alike" in said and "95%" not in said


def test_a_roster_that_comes_later_grades_nobody_again(class_, monkeypatch, capsys):
    roster = (class_ / "roster.csv").read_text()
    (class_ / "roster.csv").unlink()
    (class_ / "bad.zip").unlink()
    assert grade.main([str(class_), "--hw", "hw1"]) == 0
    monkeypatch.setattr(pool, "run", lambda jobs, *_: jobs and pytest.fail("graded again"))
    (class_ / "roster.csv").write_text(roster)
    assert grade.main([str(class_), "--hw", "hw1"]) == 0
    assert "s2," in (class_.with_name("in-grades-hw1") / "table.csv").read_text()


def test_one_student_again_and_no_other(class_, monkeypatch, capsys):
    grade.main([str(class_), "--hw", "hw1"])
    before = (class_.with_name("in-grades-hw1") / "table.csv").read_text()
    seen = []
    monkeypatch.setattr(
        pool,
        "run",
        lambda jobs, w, s, keep: (seen.extend(jobs), judge_here(jobs, w, s, keep)),
    )
    assert grade.main([str(class_), "--hw", "hw1", "--only", "S2"]) == 1
    assert [job.source.rpartition("/")[2] for job in seen] == ["Jörg Müller.zip"]
    assert (class_.with_name("in-grades-hw1") / "table.csv").read_text() == before
    with pytest.raises(KitError, match="--only s22: no such student or upload"):
        grade.main([str(class_), "--hw", "hw1", "--only", "s22"])


def test_what_changed_since_an_earlier_grading(class_, capsys):
    out = class_.with_name("in-grades-hw1")
    grade.main([str(class_), "--hw", "hw1"])
    old = compare.load(out)
    new = json.loads(json.dumps(old))
    name = next(ident for ident in new if ident.startswith("s1"))
    check = {"id": "test_mann::test_loss", "status": "failed", "points": 0}
    old[name]["checks"] = [check | {"status": "passed", "points": 5}]
    new[name] |= {"checks": [check], "score": old[name]["score"] - 5}
    (line,) = compare.changes(old, new)
    assert line.endswith("points: test_mann::test_loss passed 5 to failed 0")
    del new[name]
    assert compare.changes(old, new) == [f"{name}: only in the older grading"]
    grade.main([str(class_), "--hw", "hw1", "--compare", str(out)])
    assert f"compared with {out}: no changes" in capsys.readouterr().out
    with pytest.raises(KitError, match="holds no records"):
        compare.load(class_)


def test_files_that_are_named_must_be_there_and_right(class_):
    with pytest.raises(KitError, match=r"nowhere\.csv is not there"):
        grade.main([str(class_), "--hw", "hw1", "--roster", "nowhere.csv"])
    (class_ / "roster.csv").write_text("student,status\na,gone\nb,gone\n")
    with pytest.raises(KitError, match="2 errors in the input"):
        grade.main([str(class_), "--hw", "hw1"])


# --- every upload has a row -----------------------------------------------------------------------

BAD_RECORDS = {
    "a number that is none": {"score": float("nan")},
    "another type": {"manifest": {"name": {1, 2}}},
    "half a letter": {"manifest": {"name": "\ud800"}},
    "half a letter in a note": {"notes": [{"kind": "x", "audience": "staff", "text": "\udfff"}]},
}


@pytest.mark.parametrize("fields", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_record_that_cannot_be_written_is_a_failed_one(fields, class_, monkeypatch, capsys):
    def judge(jobs, workers, seconds, keep):
        for job in jobs:
            more = fields if job.ident.startswith("s1") else {}
            keep(session.blank_record(HOMEWORK, job) | {"status": "graded", "score": 7} | more)

    monkeypatch.setattr(pool, "run", judge)
    assert grade.main([str(class_), "--hw", "hw1"]) == 1
    rows = (class_.with_name("in-grades-hw1") / "table.csv").read_text().splitlines()
    status = {row.split(",")[0]: row.split(",")[2] for row in rows}
    assert status["s1"] == "failed" and status["s2"] == status["bad"] == "graded"
    assert "its record cannot be written" in capsys.readouterr().out


NAMES = [
    b"M\xfcller, J\xf6rg.zip",
    b"\xff\xfe.zip",
    "\u540d".encode() * 80 + b".zip",
    b"a\nb.zip",
    b"=1+1.zip",
    "\u200b=1.zip".encode(),
    b"\x1b[31m.zip",
    b"-rf.tar.gz",
    b"a.b.c.tgz",
    b"%s.7z",
    b"x.rar",
    b"y.py",
    b"z.ipynb",
    b"no suffix",
]


def test_every_name_makes_a_row_of_its_own(class_, monkeypatch, capsys):
    for path in class_.glob("*.zip"):
        path.unlink()
    (class_ / "times.csv").unlink()
    for name in NAMES:
        (class_ / os.fsdecode(name)).write_bytes(b"PK\3\4" + name)
    grade.main([str(class_), "--hw", "hw1"])
    out = class_.with_name("in-grades-hw1")
    assert len(list((out / "students").iterdir())) == len(NAMES)
    table = (out / "table.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert "\x1b" not in capsys.readouterr().out, "no name speaks to the terminal"
    assert len({row["submission"] for row in rows}) == len(rows) == len(NAMES)
    assert "s2" in {row["student"] for row in rows}, "Windows wrote Jörg's name"
    assert not [row for row in rows if row["student"].lstrip("\u200b")[:1] == "="]


def test_an_upload_whose_bytes_cannot_be_read_costs_itself_alone(class_, monkeypatch, capsys):
    def broken(source):
        if "bad" in str(source):
            raise RuntimeError("boom")
        return real(source)

    real = submissions.pieces_of
    monkeypatch.setattr(submissions, "pieces_of", broken)
    assert grade.main([str(class_), "--hw", "hw1"]) == 1
    assert "not graded: its bytes cannot be read (RuntimeError: boom)" in capsys.readouterr().out
    table = (class_.with_name("in-grades-hw1") / "table.csv").read_text()
    assert "\ns2,J" in table and "\nbad,bad,failed" in table


def test_who_was_not_graded_yet_has_an_open_row(class_, capsys):
    grade.main([str(class_), "--hw", "hw1", "--only", "s2"])
    table = (class_.with_name("in-grades-hw1") / "table.csv").read_text()
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(table))}
    assert rows["s2"]["status"] == "graded"
    assert rows["s1"]["status"] == "failed" and "not graded yet" in rows["s1"]["reason"]


def test_a_row_without_a_grade_is_an_open_question_of_the_gradebook(class_, capsys):
    """Whatever was uploaded: no zero with the words that nothing was handed in."""
    (class_ / "s3.rar").write_bytes(b"Rar!")
    grade.main([str(class_), "--hw", "hw1"])
    scores = class_.with_name("scores")
    scores.mkdir()
    text = (class_.with_name("in-grades-hw1") / "table.csv").read_text()
    (scores / "hw1-code.csv").write_text(text.replace("\ns3,s3,graded", "\ns3,s3,refused"))
    (scores / "roster.csv").write_text((class_ / "roster.csv").read_text() + "bad,Bad\n")
    assert gradebook.main([str(scores)]) == 1
    book = (scores / "gradebook.csv").read_text()
    (line,) = [line for line in book.splitlines() if line.startswith("s3,")]
    assert "open: hw1 code: the upload could not be graded" in line
