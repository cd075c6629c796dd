"""From files to gradebook.csv: every row of the rules' table with its right value, and bad input."""

import csv

import pytest

from common.errors import KitError
from staff.course import gradebook, policy
from staff.course.findings import Findings
from tests.staff.course.test_rules import RULES

FILES = {
    "roster.csv": "\ufeffStudent,Name,Status\nada,Ada L,\nbob,=cmd(),\neve,Eve,dropped\n",
    "hw0-code.csv": "student,score,extra,submitted\nada,60,5,2026-10-01T20:00:00-07:00\n"
    "bob,30,,2026-10-02T20:00\neve,1,,\n",
    "hw0-written.csv": "student,score,submitted\r\nada,40,2026-10-01\r\nbob,20,2026-10-01\r\n",
    "poster.csv": "student,score,submitted\nada,10,2026-12-01T11:00\nbob,,\n",
    "extensions.csv": "student,assignment,days,reason\nbob,hw0,1,ill\n",
    "excused.csv": "student,assignment,reason\nbob,poster,ill\n",
    "regrades.csv": "student,assignment,part,score,reason\nbob,hw0,written,25,2b\n"
    "bob,hw0,written,30,2b again\n",
    "participation.csv": "student,points\nada,1\n",
}


def folder_of(tmp_path, **changed):
    for name, text in (FILES | {f"{k}.csv": v for k, v in changed.items()}).items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    return tmp_path


def book_of(folder, policy_=RULES):
    """The lines of the gradebook by student, and what was said."""
    findings = Findings()
    _, grades = gradebook.make(folder, policy_, findings)
    rows = csv.DictReader(gradebook.write(grades, policy_).splitlines())
    return {row["student"]: row for row in rows}, findings.warnings


def hw1_folder(tmp_path, **files):
    """Files of the course's own homework 1: 57 points (42 code, 13 written, 2 curves) and 5 extra."""
    (tmp_path / "roster.csv").write_text("student,name\nada,Ada L\nbob,Bob M\n")
    for name, text in files.items():
        (tmp_path / f"{name.replace('_', '-')}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def errors_of(folder, policy_=RULES):
    with pytest.raises(KitError) as caught:
        gradebook.make(folder, policy_, Findings())
    return str(caught.value)


def test_a_folder_of_files_to_one_table(tmp_path):
    rows, warnings = book_of(folder_of(tmp_path))
    assert list(rows) == ["ada", "bob"]
    ada, bob = rows.values()
    assert ada["hw0"] == "102.00"  # by checks 5 typed, and 2 there are
    assert ada["total"] == "16.10"  # 5 * 1.02 + 10 + 1
    assert ada["so_far"] == "100.67"  # 15.1 of 15
    assert bob["name"] == "'=cmd()"
    assert bob["hw0"] == "60.00"  # 30 + 30 after the second regrade
    assert bob["late_days"] == "0"
    assert bob["reasons"] == (
        "hw0: extension of 1 day (ill); hw0: written regraded 20 to 25 (2b); hw0: written "
        "regraded 25 to 30 (2b again); poster: excused, its 10 % go to the rest of the project"
    )
    assert warnings == []


def test_extra_credit_is_split_by_who_grades_it_and_capped(tmp_path):
    folder = hw1_folder(
        tmp_path,
        hw1_code="student,score,extra,diagnosis\nada,42,5,2\nbob,42,2,2\n",
        hw1_written="student,score,extra\nada,13,3\nbob,13,3\n",
    )
    rows, _ = book_of(folder, policy.load())
    assert rows["ada"]["hw1"] == rows["bob"]["hw1"] == f"{100 * 62 / 57:.2f}"
    assert "hw1: extra by checks 5 counts as 2" in rows["ada"]["reasons"]
    assert "extra" not in rows["bob"]["reasons"]


def test_extra_credit_stays_below_full_where_the_course_says_so(tmp_path):
    course = policy.COURSE_FILE.read_text().replace("above_full = true", "above_full = false")
    (tmp_path / "course.toml").write_text(course)
    folder = hw1_folder(
        tmp_path,
        hw1_code="student,score,extra\nada,40,2\n",
        hw1_written="student,score,extra\nada,13,3\n",
    )
    rows, _ = book_of(folder, policy.load(tmp_path / "course.toml"))
    assert rows["ada"]["hw1"] == "100.00"
    assert "hw1: extra 5 counts as 4" in rows["ada"]["reasons"]


@pytest.mark.parametrize("status", ["failed", "refused", "not measured"])
def test_what_the_grader_could_not_finish_is_open_and_no_zero(status, tmp_path):
    folder = folder_of(
        tmp_path,
        **{
            "hw0-code": f"student,score,status,reason\nada,0,{status},out of memory\nbob,30,graded,\n"
        },
    )
    rows, _ = book_of(folder)
    assert rows["ada"]["hw0"] == "code open, written 40/40"
    assert rows["ada"]["reasons"].startswith("open: hw0 code: the ")
    assert "(out of memory)" in rows["ada"]["reasons"]
    assert "nothing handed in" not in rows["ada"]["reasons"]
    # 40 of 40 written points, poster 10 of 10
    assert (rows["ada"]["so_far"], rows["ada"]["open"]) == ("100.00", "1")
    assert rows["bob"]["open"] == "0"


def test_a_regrade_closes_what_is_open(tmp_path):
    folder = folder_of(
        tmp_path,
        **{
            "hw0-code": "student,score,status\nada,0,failed\n",
            "regrades": "student,assignment,part,score,reason\nada,hw0,code,30,by hand\n",
        },
    )
    rows, _ = book_of(folder)
    assert rows["ada"]["hw0"] == "70.00"
    assert rows["ada"]["reasons"] == ("hw0: code regraded open to 30 (by hand); participation: +1")


def test_half_graded_work_counts_by_what_is_graded(tmp_path):
    folder = hw1_folder(tmp_path, hw1_code="student,score\nada,42\nbob,21\n")
    rows, _ = book_of(folder, policy.load())
    assert rows["ada"]["hw1"] == "code 42/42, written open"
    assert (rows["ada"]["so_far"], rows["bob"]["so_far"]) == ("100.00", "50.00")
    assert rows["ada"]["reasons"].startswith("open: hw1 written: not graded yet")


def test_a_file_with_a_header_alone_grades_nobody(tmp_path):
    files = {"hw0-written": "student,score\n", "regrades": "student,assignment,part,score,reason\n"}
    rows, warnings = book_of(folder_of(tmp_path, **files))
    assert rows["ada"]["hw0"] == "code 60/60, written open"
    assert rows["ada"]["reasons"].startswith("open: hw0 written: not graded yet")
    assert "hw0-written.csv: has no rows; nothing of it is graded yet" in warnings


def test_files_and_columns_that_are_not_used_are_named(tmp_path):
    folder = folder_of(tmp_path, **{"hw0-code": "student,score,Submitted At\nada,60,2026-10-01\n"})
    (folder / "hw0_written.csv").write_text("student,score\nada,1\n")
    _, warnings = book_of(folder)
    assert "hw0-code.csv: not used: Submitted At (did you mean 'submitted'?)" in warnings
    assert "hw0_written.csv: not used (did you mean 'hw0-written.csv'?)" in warnings
    assert "hw0-code.csv: no times: late days not counted; the other half decides" in warnings


def test_rubric_items_of_the_written_half_are_known(tmp_path):
    folder = folder_of(
        tmp_path, **{"hw0-written": "student,score,item: 4q axis labels\nada,40,2\n"}
    )
    findings = Findings()
    book, _ = gradebook.make(folder, RULES, findings)
    assert not any("not used" in warning for warning in findings.warnings)
    assert book.people["ada"].works["hw0"].items == {"4q axis labels": "2"}


def test_all_homeworks_excused_give_their_weight_to_the_project(tmp_path):
    names = [one.name for one in RULES.assignments if one.kind == "homework"]
    excused = "".join(f"ada,{name},ill\n" for name in names)
    folder = folder_of(tmp_path, excused="student,assignment,reason\n" + excused)
    rows, _ = book_of(folder)
    assert rows["ada"]["project"] == "20.00"  # the poster: 10 of 50, doubled
    assert "all homeworks are excused, their 50 % go to the project" in rows["ada"]["reasons"]


def test_all_homeworks_excused_are_an_error_where_the_course_says_so(tmp_path):
    course = policy.COURSE_FILE.read_text().replace('"other kind"\n', '"error"\n')
    (tmp_path / "course.toml").write_text(course)
    rows = "".join(f"ada,hw{n},\n" for n in range(4))
    folder = hw1_folder(tmp_path, excused="student,assignment,reason\n" + rows)
    told = errors_of(folder, policy.load(tmp_path / "course.toml"))
    assert "all homeworks are excused for ada" in told


def test_a_group_has_one_score_and_a_row_of_ones_own_wins(tmp_path):
    folder = folder_of(
        tmp_path,
        groups="group,student\nred,ada\nred,bob\n",
        poster="student,score,submitted\nred,8,2026-12-01T11:00\nbob,5,2026-12-01T11:00\n",
        excused="student,assignment\n",
    )
    rows, _ = book_of(folder)
    assert (rows["ada"]["poster"], rows["bob"]["poster"]) == ("80.00", "50.00")


ROW = {
    "regrade of 420": ({"regrades": "student,assignment,part,score\nada,hw0,code,420\n"},
                       "420 points; hw0 code has 0 to 60"),
    "regrade of -5": ({"regrades": "student,assignment,part,score\nada,hw0,code,-5\n"},
                      "-5 points; hw0 code has 0 to 60"),
    "extra of 50": ({"hw0-code": "student,score,extra\nada,1,50\n"},
                    "line 2: 50 extra points; that is more than the 5 there are in hw0"),
    "negative extra": ({"hw0-code": "student,score,extra\nada,1,-1\n"}, "less than 0"),
    "negative score": ({"hw0-code": "student,score\nada,-18\n"}, "-18 points"),
    "negative extension": ({"extensions": "student,assignment,days\nada,hw0,-3\n"},
                           "an extension of -3 days"),
    "endless extension": ({"extensions": "student,assignment,days\nada,hw0,300\n"},
                          "300 days; 0 to 60 is possible"),
    "negative participation": ({"participation": "student,points\nada,-1\n"}, "0 or more"),
    "unknown status": ({"roster": "student,status\nada,withdrawn\nbob,\n"},
                       "status 'withdrawn' is not one of course.toml's: '', 'dropped', 'auditor'"),
    "unknown grader's status": ({"hw0-code": "student,score,status\nada,1,fialed\n"},
                                "did you mean 'failed'"),
    "unknown student": ({"hw0-code": "student,score\nadaa,3\n"},
                        r"line 2: 'adaa' is not in roster.csv (near: ada (Ada L))"),
    "no column": ({"hw0-code": "student,scores\nada,3\n"}, "lacks the column score (is it 'scores'?)"),
    "no number": ({"hw0-code": "student,score\nada,abc\n"}, "'abc' is not a number"),
    "not a number": ({"hw0-code": "student,score\nada,nan\n"}, "'nan' is not a number"),
    "a formula": ({"hw0-code": "student,score\nada,=1+2\n"}, "it is a formula"),
    "decimal comma": ({"hw0-code": 'student,score\nada,"1,5"\n'}, "decimal comma is read where"),
    "mixed decimal marks": ({"hw0-code": "student;score\nada;1,5\nbob;1.5\n"}, "'1,5' is not a number"),
    "too many points": ({"hw0-code": "student,score\nada,61\n"}, "61 points (code), but hw0 has 0 to 60"),
    "twice": ({"hw0-code": "student,score\nada,1\nada,2\n"}, "line 3: ada is there twice (line 2)"),
    "roster twice": ({"roster": "student,name\nada,Ada\nada,Eve\nbob,\n"}, "ada is there twice"),
    "no time": ({"hw0-code": "student,score,submitted\nada,1,noon\n"}, "'noon' is not a time"),
    "either date": ({"hw0-code": "student,score,submitted\nada,1,10/11/2026 8:00\n"},
                    "either day or month first"),
    "no assignment": ({"extensions": "student,assignment,days\nada,hw9,1\n"}, "no assignment 'hw9'"),
    "no part": ({"regrades": "student,assignment,part,score\nada,hw0,cod,1\n"},
                "part 'cod' is not one of code, written, diagnosis, extra (did you mean 'code'?)"),
    "regrade of what is not graded": (
        {"regrades": "student,assignment,part,score\nada,hw1,code,1\n"}, "no hw1-code.csv yet"),
    "an open quote": ({"hw0-code": 'student,score\n"ada,1\n'}, "is a quote left open?"),
    "a cell too many": ({"hw0-code": "student,score\nL, Ada,1\n"}, "line 2: has 3 cells"),
    "empty": ({"hw0-code": ""}, "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("changed, told", ROW.values(), ids=ROW)
def test_what_is_impossible_is_an_error_with_its_place(changed, told, tmp_path):
    assert told in errors_of(folder_of(tmp_path, **changed))


def test_all_errors_are_told_in_one_run_and_nothing_is_written(tmp_path, capsys):
    folder = folder_of(
        tmp_path,
        roster="student,status\nada,\nbob,gone\n",
        **{"hw0-code": "student,score\nada,99\nada,x\nzed,1\n"},
        regrades="student,assignment,part,score\nada,hw7,code,1\n",
    )
    told = errors_of(folder)
    for part in (
        "roster.csv line 3",
        "hw0-code.csv line 2",
        "line 3",
        "line 4",
        "regrades.csv line 2",
    ):
        assert part in told
    assert not (folder / "gradebook.csv").exists()


def test_a_million_wrong_rows_are_counted_and_not_all_told(tmp_path):
    rows = "".join(f"nobody{n},1\n" for n in range(200_000))
    told = errors_of(folder_of(tmp_path, **{"hw0-code": "student,score\n" + rows}))
    assert len(told.splitlines()) < 60 and "and 199,960 more" in told


def test_a_german_spreadsheet_is_read_and_what_was_assumed_is_said(tmp_path):
    folder = folder_of(tmp_path)
    text = "student;score;submitted\r\nada;30,5;01.10.2026 20:00\r\nbob;7;02.10.2026 20:00\r\n"
    (folder / "hw0-code.csv").write_bytes(text.encode())
    roster = "student;name\r\nada;Ada L\r\nbob;Bob Müller\r\n".encode("cp1252")
    (folder / "roster.csv").write_bytes(roster)
    rows, warnings = book_of(folder)
    assert rows["bob"]["name"] == "Bob Müller"
    assert rows["ada"]["hw0"] == "70.50"
    assert any("decimal commas in score" in one for one in warnings)
    assert any("read as cp1252" in one for one in warnings)


def test_a_repeated_row_counts_once_and_is_said(tmp_path):
    folder = folder_of(
        tmp_path,
        extensions="student,assignment,days,reason\nbob,hw0,1,ill\nbob,hw0,1,ill\n",
        **{"hw0-code": "student,score\nada,60\nada,60\nbob,1\n"},
    )
    rows, warnings = book_of(folder)
    assert rows["ada"]["hw0"] == "100.00"
    assert rows["bob"]["reasons"].count("extension") == 1
    assert sum("counted once" in one for one in warnings) == 2


GRADESCOPE = (
    "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID,"
    "Submission Time,Lateness (H:M:S),View Count,Submission Count,1: Title (40.0 pts)\n"
    "Ada,L,0001,ADA@x.edu,,38.0,40.0,Graded,77,2026-10-01 13:16:26 -0700,00:00:00,1,1,38.0\n"
    "Bob,M,,bob@x.edu,,,40.0,Missing,,,,,,\n"
    "Eve,Lin,,eve@x.edu,,,40.0,Ungraded,78,2026-10-01 13:16:26 -0700,00:00:00,1,1,\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW0 written (4757),HW1 (4758),Final Score\n"
    ",,,,,Manual Posting,,\n"
    "    Points Possible,,,,,40,100,(read only)\n"
    '"L, Ada",9001,0001,ada1,CS 101-01,38,50,77\n'
    '"M, Bob",9002,0002,bob1,CS 101-01,,,\n'
    '"Lin, Eve",9003,,,CS 101-01,EX,,\n'
    '"Student, Test",9004,,,CS 101-01,,,\n'
)
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    "Participant 12345,Ada L,ada@x.edu,Submitted,38.00,40.00,Yes,-,-,\n"
    "Participant 12346,Bob M,bob@x.edu,-,-,40.00,Yes,-,-,\n"
)
IDS = "student,name,email,sid\nada,Ada L,ada@x.edu,0001\nbob,Bob M,bob@x.edu,0002\neve,Eve Lin,eve@x.edu,\n"


@pytest.mark.parametrize(
    "text", [GRADESCOPE, CANVAS, MOODLE], ids=["gradescope", "canvas", "moodle"]
)
def test_an_export_is_read_as_it_is(text, tmp_path):
    no_regrades = "student,assignment,part,score\n"
    folder = folder_of(tmp_path, roster=IDS, regrades=no_regrades, **{"hw0-written": text})
    rows, warnings = book_of(folder)
    assert rows["ada"]["hw0"] == "100.00"  # 60 + 38 + 2 of 5 extra
    assert "hw0: written half: nothing handed in" in rows["bob"]["reasons"]
    assert any("hw0-written.csv: read as" in one for one in warnings)
    if text is GRADESCOPE:
        assert rows["eve"]["reasons"].startswith("open: hw0 written: not graded yet on Gradescope")
    if text is CANVAS:
        assert "hw0: excused" in rows["eve"]["reasons"]


def test_the_column_of_an_export_must_be_clear(tmp_path):
    text = CANVAS.replace("HW0 written", "Reading A").replace("HW1", "Reading B")
    told = errors_of(folder_of(tmp_path, roster=IDS, **{"hw0-written": text}))
    assert "no one column is hw0 written" in told and "Reading A, Reading B" in told


@pytest.mark.parametrize("title, taken", [("HW2", False), ("Week 3", True)])
def test_the_only_column_of_an_export_is_not_taken_when_it_is_another_assignments(
    title, taken, tmp_path
):
    text = f"Student,ID,SIS User ID,SIS Login ID,Section,{title} (123)\n"
    told = errors_of(folder_of(tmp_path, roster=IDS, **{"hw0-written": text + "x,1,2,3,A,9\n"}))
    assert ("no one column is hw0 written" in told) != taken


def test_ids_that_mean_two_students_are_no_match(tmp_path):
    text = GRADESCOPE.replace("0001,ADA@x.edu", "0001,bob@x.edu")
    told = errors_of(folder_of(tmp_path, roster=IDS, **{"hw0-written": text}))
    assert "0001, bob@x.edu mean ada and bob" in told


def test_the_command(tmp_path, capsys):
    files = {name: text for name, text in FILES.items() if "hw0" not in name}
    for name, text in files.items():
        (tmp_path / name).write_text(text.replace("hw0", "poster"), encoding="utf-8")
    assert gradebook.main([str(tmp_path)]) == 0
    assert "2 students, 1 left out (dropped or auditor); graded: poster" in capsys.readouterr().out
    first = (tmp_path / "gradebook.csv").read_bytes()
    assert gradebook.main([str(tmp_path)]) == 0
    assert (tmp_path / "gradebook.csv").read_bytes() == first


def test_the_command_ends_with_1_where_something_is_open(tmp_path, capsys):
    folder = hw1_folder(tmp_path, hw1_code="student,score\nada,42\nbob,\n")
    assert gradebook.main([str(folder)]) == 1
    assert "hw1 written: not graded yet: ada, bob" in capsys.readouterr().out
    assert (folder / "gradebook.csv").is_file()


def test_the_course_file_is_the_policy_of_the_course():
    rules = policy.load()
    weights = {one.name: one.weight for one in rules.assignments}
    assert [weights[f"hw{n}"] for n in range(5)] == [5, 15, 15, 15, 0]
    assert sum(one.weight for one in rules.assignments if one.kind == "project") == 50
    assert (rules.late_days, rules.most_late_days, rules.most_participation) == (6, 2, 2)
    assert [one.name for one in rules.assignments if not one.late] == ["poster"]
    assert rules.named("hw4").replaces == 15
    hw1 = rules.named("hw1")
    assert (hw1.code, hw1.written, hw1.diagnosis) == (42, 15, 2)
    assert (hw1.extra, hw1.extra_checks, hw1.extra_people) == (5, 2, 3)


@pytest.mark.parametrize(
    "was, now, told",
    [
        ("grace_minutes", "grace_minuts", "has no rule 'grace_minuts'"),
        ("days = 6", "days = -6", "days is -6; it must be 0 or more"),
        ("days = 6", "days = 2.5", "days is 2.5; it must be a whole number"),
        ("weight = 25", "weight = 24", "the weights sum to 99"),
        ('"other kind"\n', '"nobody"\n', "all_of_a_kind is 'nobody'"),
        ('left_out = ["dropped"', 'left_out = ["", "dropped"', "both graded and left out"),
        ('name = "hw0"', "name = []", "it must be a text"),
        ('left_out = ["dropped"', 'left_out = [["dropped"]', "it must be a list of texts"),
        ("due = 2026", "due = 2026-10-01\n# 2026", "is not a time such as"),
        ("most = 2 # per cent", "least = 2 # per cent", "has no rule 'least'"),
    ],
)
def test_a_policy_that_says_nothing_clear_is_refused(was, now, told, tmp_path):
    text = policy.COURSE_FILE.read_text()
    assert was in text
    (tmp_path / "course.toml").write_text(text.replace(was, now))
    with pytest.raises(KitError, match=told.replace("(", r"\(")):
        policy.load(tmp_path / "course.toml")
