"""Whom an id, an e-mail address or a name means."""

import unicodedata

import pytest

from staff.course.findings import Findings
from staff.course.roster import Ambiguous, Roster, Student, read_roster

STATUSES = ("", "dropped")
CLASS = Roster(
    [
        Student("s01", "Zoë Müller", email="zoe@x.edu", sid="0042", canvas="9001", login="zmuller"),
        Student("s02", "O'Brien, Pat", email="pat@x.edu"),
        Student("s03", "Kim Lee"),
        Student("s04", "Kim Lee"),
        Student("Müller Jörg", "Jörg Müller"),
    ]
)


@pytest.mark.parametrize(
    "ids, name, student",
    [
        (("S01",), "", "s01"),
        (("0042",), "", "s01"),
        (("9001",), "", "s01"),
        (("ZOE@x.edu ",), "", "s01"),
        (("", "zmuller"), "", "s01"),
        ((), unicodedata.normalize("NFD", "zoë  müller"), "s01"),
        ((), "Müller, Zoë", "s01"),
        (("unknown",), "Zoë Müller", "s01"),
        ((), "Pat O’Brien", "s02"),
        ((unicodedata.normalize("NFD", "Müller Jörg"),), "", "Müller Jörg"),
        (("Zoë Müller",), "", "s01"),
    ],
)
def test_who_is_meant(ids, name, student):
    assert CLASS.find(*ids, name=name).student == student


@pytest.mark.parametrize("ids, name", [(("42",), ""), ((), "Zoe Muller"), ((), "")])
def test_nobody_is_guessed(ids, name):
    assert CLASS.find(*ids, name=name) is None


def test_two_of_a_name_are_no_match_and_neither_are_ids_of_two():
    with pytest.raises(Ambiguous, match="'Kim Lee' is the name of s03 and s04"):
        CLASS.find(name="Kim Lee")
    with pytest.raises(Ambiguous, match="mean s01 and s02"):
        CLASS.find("0042", "pat@x.edu")
    assert CLASS.find("s03", name="Kim Lee").student == "s03"


def test_the_nearest_are_named():
    assert CLASS.near("zoe muler") == ["s01 (Zoë Müller)"]


OWN = "student,name,status,email\ns1,Jane Doe,,j@x.edu\ns2,Max,dropped,\n"
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4757)\n"
    "    Points Possible,,,,,100\n"
    '"Doe, Jane",9001,s1,jdoe,CS 101-01,92.5\n'
    '"Student, Test",9002,,,CS 101-01,\n'
)
GRADESCOPE = (
    "First Name,Last Name,SID,Email,Role,Section\n"
    "Jane,Doe,s1,j@x.edu,Student,A\nTina,Ta,s9,t@x.edu,TA,A\n"
)
MOODLE = "First name,Last name,ID number,Email address\nJane,Doe,s1,j@x.edu\n"


@pytest.mark.parametrize("text", [OWN, CANVAS, GRADESCOPE, MOODLE])
def test_a_roster_as_platforms_export_it(text, tmp_path):
    (tmp_path / "roster.csv").write_text(text)
    findings = Findings()
    roster = read_roster(tmp_path / "roster.csv", findings, STATUSES)
    assert findings.errors == [] and findings.warnings == []
    assert next(iter(roster)).student == "s1"
    assert len([one for one in roster if one.status != "dropped"]) == 1
    assert roster.find(name="Jane Doe").student == "s1"


WRONG = {
    "no id": ("name\nJane\n", "lacks the column student"),
    "a row without an id": ("student,name\n,Jane\n", "has no student id"),
    "an id of two": ("student,email\na,j@x.edu\nb,J@x.edu\n", "is an id of both a and b"),
    "twice": ("student,name\na,A\na,B\n", "a is there twice"),
}


@pytest.mark.parametrize("text, told", WRONG.values(), ids=WRONG)
def test_a_roster_that_is_wrong(text, told, tmp_path):
    (tmp_path / "roster.csv").write_text(text)
    findings = Findings()
    read_roster(tmp_path / "roster.csv", findings, STATUSES)
    assert any(told in error for error in findings.errors)
