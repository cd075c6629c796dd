"""Every platform's files, held against literal examples of them."""

import csv
import io

import pytest

from common.errors import KitError
from staff.course import gradebook
from staff.course.findings import Findings
from staff.course.platforms import Upload, canvas, gradescope, moodle
from staff.course.table import parse

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4757),Reading (81),Final Score\n"
    ",,,,,Manual Posting,,\n"
    "    Points Possible,,,,,57,10,(read only)\n"
    '"Doe, Jane",9001,s1,jdoe,CS 101-01,42.5,EX,77\n'
    '"Lee, Kim",9002,s2,klee,CS 101-01,N/A,-,\n'
    '"Student, Test",9003,,,CS 101-01,,,\n'
)
WORKSHEET = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade,"
    "Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\n"
    "Participant 12345,Jane Doe,s1,j@x.edu,Submitted for grading,-,57.00,Yes,"
    '"Wednesday, 14 October 2026, 8:00 PM",-,\n'
    "Participant 12346,Kim Lee,s2,k@x.edu,No submission,-,57.00,Yes,-,-,\n"
)
GRADESCOPE = (
    "First Name,Last Name,SID,Email,Sections,section_name,Total Score,Max Points,Status,"
    "Submission ID,Submission Time,Lateness (H:M:S),View Count,Submission Count,"
    "1: Plots (4.0 pts),1.1 (3.0 pts)\n"
    "Jane,Doe,0001,j@x.edu,A,A,11.5,13.0,Graded,501,2026-10-14 13:16:26 -0600,00:00:00,2,1,4.0,3.0\n"
    "Kim,Lee,0002,k@x.edu,A,A,,13.0,Missing,,,,,,,\n"
)
COURSE = (
    "First Name,Last Name,SID,Email,HW1,HW1 - Max Points,HW1 - Submission Time,"
    "HW1 - Lateness (H:M:S),Total Lateness (H:M:S)\n"
    "Jane,Doe,0001,j@x.edu,11.5,13.0,2026-10-14 13:16:26 -0600,00:00:00,00:00:00\n"
)


def table(text):
    return parse(text, "export.csv", Findings())


def test_canvas_export():
    export = table(CANVAS)
    assert canvas.is_export(export)
    assert canvas.assignments(export) == {"HW1": "HW1 (4757)", "Reading": "Reading (81)"}
    jane, kim = canvas.scores(export, "HW1 (4757)")
    assert (jane.ids, jane.score, jane.most) == (("s1", "jdoe", "9001"), "42.5", "57")
    assert (kim.score, kim.excused) == ("", False)  # not assigned
    assert canvas.scores(export, "Reading (81)")[0].excused


def test_canvas_import():
    person = dict(zip(canvas.HEAD, ("Doe, Jane", "9001", "s1", "jdoe", "CS 101-01")))
    other = dict(zip(canvas.HEAD, ("=Kim", "9002", "s2", "", "")))
    text = canvas.write_import("HW1 (4757)", 57, [(person, 42.456), (other, None)])
    assert text.splitlines() == [
        "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4757)",
        "    Points Possible,,,,,57",
        '"Doe, Jane",9001,s1,jdoe,CS 101-01,42.46',
        '"=""=Kim""",9002,s2,,,EX',
    ]
    assert_canvas_header(text)
    for title in ("Final Score of HW1", "Current Points", "Override Grade"):
        with pytest.raises(KitError, match="drops a column"):
            canvas.write_import(title, 57, [])


def assert_canvas_header(text):
    """The importer's own rule: one of three beginnings, and Section right after the ids."""
    header = next(csv.reader(io.StringIO(text)))
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert len(header) == 6 and not canvas.DROPPED.search(header[5])


@pytest.mark.parametrize(
    "name, upload",
    [
        ("doejane_9001_77001_hw1.zip", Upload("doejane", "9001", "hw1.zip", "77001")),
        (
            "doejane_LATE_9001_77001_my_hw 1.py",
            Upload("doejane", "9001", "my_hw 1.py", "77001", True),
        ),
        ("müllerjörg_9001_77001_hw1.zip", Upload("müllerjörg", "9001", "hw1.zip", "77001")),
        ("doejane_9001_text.html", Upload("doejane", "9001", "text.html")),
        ("hw1.zip", None),
        ("jane_doe.zip", None),
    ],
)
def test_canvas_names(name, upload):
    assert canvas.read_name(name) == upload


def test_canvas_feedback_keeps_both_numbers():
    name = canvas.feedback_name("doejane_LATE_9001_77001_hw1.zip", "hw1-feedback.html")
    numbers = [piece for piece in name.split("_") if piece.isdigit()]
    assert numbers[:2] == ["9001", "77001"] and name.endswith("hw1-feedback.html")


def test_moodle_worksheet():
    sheet = table(WORKSHEET)
    assert moodle.is_worksheet(sheet)
    filled = moodle.fill_worksheet(sheet, {"12345": 42.5}, {"12345": "see the page"})
    header, jane, kim = csv.reader(io.StringIO(filled))
    assert ",".join(header) == WORKSHEET.splitlines()[0]
    assert (jane[5], jane[-1], jane[0]) == ("42.50", "see the page", "Participant 12345")
    assert kim[5] == "-"
    with pytest.raises(KitError, match=r"line 2: 60 points are above Moodle's maximum of 57\.00"):
        moodle.fill_worksheet(sheet, {"12345": 60})
    with pytest.raises(KitError, match="interface in English"):
        moodle.fill_worksheet(table("Kennung,Bewertung\n"), {})


@pytest.mark.parametrize(
    "name, upload",
    [
        ("Jane Doe_12345_assignsubmission_file", Upload("Jane Doe", "12345", "")),
        ("Jane Doe_12345_assignsubmission_file_", Upload("Jane Doe", "12345", "")),
        ("Zoë M_12345_assignsubmission_file_my_hw.py", Upload("Zoë M", "12345", "my_hw.py")),
        ("Participant_12345_assignsubmission_file", Upload("Participant", "12345", "")),
        ("Jane Doe_12345_assignsubmission_onlinetext", Upload("Jane Doe", "12345", "")),
        ("Jane Doe_12345", None),
    ],
)
def test_moodle_names(name, upload):
    assert moodle.read_name(name) == upload


def test_moodle_feedback_goes_into_the_folder_it_came_in():
    for name in (
        "Jane Doe_12345_assignsubmission_file",
        "Jane Doe_12345_assignsubmission_file_a.py",
    ):
        assert moodle.feedback_folder(name) == "Jane Doe_12345_assignsubmission_file"


def test_moodle_grades_leave_nobody_with_a_dash():
    text = moodle.write_grades("hw1", 57, [("j@x.edu", "s1", "Jane Doe", 42.456)])
    assert text == (
        "Email address,ID number,Full name,hw1,hw1 maximum\nj@x.edu,s1,Jane Doe,42.46,57\n"
    )


def test_gradescope_scores():
    export = table(GRADESCOPE)
    assert gradescope.is_scores(export) and not gradescope.is_course(export)
    jane, kim = gradescope.scores(export)
    assert (jane.ids, jane.name, jane.score) == (("0001", "j@x.edu"), "Jane Doe", "11.5")
    assert (jane.submitted, jane.most) == ("2026-10-14 13:16:26 -0600", "13.0")
    assert (kim.score, kim.open) == ("", "")
    one_name = GRADESCOPE.replace("First Name,Last Name", "Name").replace("Jane,Doe", "Jane Doe")
    assert gradescope.scores(table(one_name))[0].name == "Jane Doe"


def test_gradescope_course():
    export = table(COURSE)
    assert gradescope.is_course(export) and not gradescope.is_scores(export)
    (jane,) = gradescope.course_scores(export, "HW1")
    assert (jane.score, jane.most) == ("11.5", "13.0")
    assert jane.submitted == "2026-10-14 13:16:26 -0600"


# --- the gradebook's exports ---------------------------------------------------------------------


@pytest.fixture
def scores(tmp_path):
    """Jane has 55 of 57; Kim's code could not be graded; Pat is excused."""
    (tmp_path / "roster.csv").write_text(
        "student,name,email,sid\ns1,Jane Doe,j@x.edu,\ns2,Kim Lee,k@x.edu,\ns3,Pat O,p@x.edu,\n"
    )
    (tmp_path / "hw1-code.csv").write_text("student,score,status\ns1,42,graded\ns2,0,failed\n")
    (tmp_path / "hw1-written.csv").write_text("student,score\ns1,13\ns2,10\n")
    (tmp_path / "excused.csv").write_text("student,assignment\ns3,hw1\n")
    (tmp_path / "export.csv").write_text(CANVAS)
    (tmp_path / "sheet.csv").write_text(WORKSHEET)
    return tmp_path


def test_a_canvas_file_holds_those_with_a_grade_alone(scores, capsys):
    assert gradebook.main([str(scores), "--canvas", str(scores / "export.csv")]) == 1
    text = (scores / "canvas-hw1.csv").read_text()
    assert text.splitlines() == [
        "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4757)",
        "    Points Possible,,,,,57",
        '"Doe, Jane",9001,s1,jdoe,CS 101-01,55',
    ]
    told = capsys.readouterr().err
    assert "canvas hw1: 1 students left out, theirs is open" in told
    assert "not in the export: s3" in told


def test_a_canvas_file_without_an_export_names_a_new_assignment(scores):
    gradebook.main([str(scores), "--canvas"])
    text = (scores / "canvas-hw1.csv").read_text()
    assert_canvas_header(text)
    assert text.splitlines()[2:] == ["Jane Doe,,s1,,,55", "Pat O,,s3,,,EX"]


def test_moodle_files(scores):
    sheet = f"hw1={scores / 'sheet.csv'}"
    assert gradebook.main([str(scores), "--moodle", "--worksheet", sheet]) == 1
    assert (scores / "moodle-hw1.csv").read_text().splitlines()[1:] == [
        "j@x.edu,s1,Jane Doe,55.00,57"
    ]
    rows = list(csv.DictReader(io.StringIO((scores / "moodle-hw1-worksheet.csv").read_text())))
    assert [row["Grade"] for row in rows] == ["55.00", "-"]


@pytest.mark.parametrize("most, said", [("57", False), ("62", False), ("100", True)])
def test_another_maximum_on_the_platform_is_said(most, said, scores, capsys):
    """5 points of extra credit may be on top of 57; Moodle skips what is above its maximum."""
    head = next(line for line in CANVAS.splitlines() if "Points Possible" in line)
    column = CANVAS.splitlines()[0].split(",").index("HW1 (4757)")
    cells = head.split(",")
    cells[column] = most
    (scores / "export.csv").write_text(CANVAS.replace(head, ",".join(cells)))
    rows = list(csv.DictReader(io.StringIO(WORKSHEET)))
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(row | {"Maximum grade": f"{most}.00"} for row in rows)
    (scores / "sheet.csv").write_text(text.getvalue())
    sheet = f"hw1={scores / 'sheet.csv'}"
    gradebook.main([str(scores), "--canvas", str(scores / "export.csv"), "--worksheet", sheet])
    told = capsys.readouterr().err
    for where in ("canvas HW1 (4757)", "worksheet hw1"):
        assert (f"{where}: its maximum there is {most}, hw1 has 57 points" in told) == said


def test_one_page_a_student(scores):
    gradebook.main([str(scores), "--pages", str(scores / "pages")])
    jane, kim = ((scores / "pages" / f"s{n}.html").read_text() for n in (1, 2))
    assert "55 of 57" in jane and "96.49" in jane
    assert "code open, written 10/15" in kim and "open: hw1 code: the grader could not" in kim
    assert "http:" not in jane and "https:" not in jane


def test_nothing_is_written_when_an_export_cannot_be_used(scores, tmp_path):
    with pytest.raises(KitError, match="not a gradebook export of Canvas"):
        gradebook.main([str(scores), "--canvas", str(scores / "sheet.csv")])
    assert not (scores / "gradebook.csv").exists()
    for text in ("hw1", "hw9=x.csv"):
        with pytest.raises(KitError, match="type ASSIGNMENT=FILE"):
            gradebook.main([str(scores), "--worksheet", text])
