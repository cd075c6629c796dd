"""CSV files as people and spreadsheets write them."""

import pytest

from staff.course.findings import Findings
from staff.course.moments import order_of_dates, read_moment
from staff.course.table import Numbers, distinct, read_table, require
from tests.staff.course.test_rules import ZONE

PLAIN = "Student ID,Score\n0012,1.5\n0013,2\n"
ENCODED = {
    "utf-8": PLAIN.encode(),
    "a mark": PLAIN.encode("utf-8-sig"),
    "utf-16": PLAIN.encode("utf-16"),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "old line ends": PLAIN.replace("\n", "\r").encode(),
    "Windows line ends and empty lines": PLAIN.replace("\n", "\r\n\r\n").encode(),
    "a spreadsheet's first line": ("sep=;\n" + PLAIN.replace(",", ";")).encode(),
    "texts kept as formulas": PLAIN.replace("0012", '="0012"').encode(),
    "spaces and case": b" student  id , SCORE ,,\n 0012 , 1.5 ,,\n0013,2\n",
    "quotes": b'"Student ID","Score"\n"0012","1.5"\n0013,2\n',
}


def read(tmp_path, data):
    path = tmp_path / "scores.csv"
    path.write_bytes(data)
    findings = Findings()
    return read_table(path, findings), findings


@pytest.mark.parametrize("data", ENCODED.values(), ids=ENCODED)
def test_the_same_table_in_every_dress(data, tmp_path):
    table, findings = read(tmp_path, data)
    assert table.keys == ("student id", "score")
    assert [tuple(row.cells.values()) for row in table.rows] == [("0012", "1.5"), ("0013", "2")]
    assert findings.errors == []


def test_an_old_encoding_is_read_and_said(tmp_path):
    table, findings = read(tmp_path, "student,name\nj,Jörg Müller\n".encode("cp1252"))
    assert table.rows[0].get("name") == "Jörg Müller"
    assert "read as cp1252" in findings.warnings[0]


UNREADABLE = {
    "a picture": (b"\x89PNG\0\0", "NUL"),
    "no encoding": (b"student\n\x81\x8d\n", "neither UTF-8 nor cp1252"),
    "an open quote": (b'student,score\n"a,1\n', "is a quote left open?"),
    "nothing": (b"", "is empty"),
    "blank lines": (b"\n\n", "is empty"),
}


@pytest.mark.parametrize("data, told", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_table_is_an_error(data, told, tmp_path):
    table, findings = read(tmp_path, data)
    assert table is None and told in findings.errors[0]


def test_a_column_that_is_there_twice_is_an_error(tmp_path):
    _, findings = read(tmp_path, b"student,score,Score\n")
    assert findings.errors == ["scores.csv line 1: the column 'Score' is there twice"]


def test_a_place_is_the_line_on_which_the_row_begins(tmp_path):
    table, _ = read(tmp_path, b'student,score\n\n"a\nb",1\nc,2\n')
    assert [row.place for row in table.rows] == ["scores.csv line 3", "scores.csv line 5"]


def test_all_missing_columns_are_named(tmp_path):
    table, findings = read(tmp_path, b"studnet,points\n")
    assert not require(table, findings, "student", "score")
    assert "lacks the column student (is it 'studnet'?)" in findings.errors[0]
    assert "lacks the column score" in findings.errors[1]


@pytest.mark.parametrize(
    "text, values",
    [
        ("a;x\n1;1,5\n2;2\n", [1.5, 2.0]),  # the column agrees
        ("a;x\n1;1,5\n2;2.5\n", [None, 2.5]),  # it does not
        ('a,x\n1,"1,5"\n', [None]),  # commas between cells
        ('a;x\n1;"1.234,5"\n', [None]),  # thousands are not guessed
        ("a,x\n1,1e3\n2,-.5\n3,1_000\n4,٣\n5,inf\n6,0x1\n", [1000, -0.5, None, None, None, None]),
    ],
)
def test_numbers(text, values, tmp_path):
    table, findings = read(tmp_path, text.encode())
    numbers = Numbers(table, "x", table.values("x"), findings)
    assert [numbers.read(row.place, row.get("x")) for row in table.rows] == values
    assert len(findings.errors) == values.count(None)


def test_rows_that_repeat_are_counted_once(tmp_path):
    table, findings = read(tmp_path, b"a,b\n1,2\n1,3\n1,2\n")
    assert len(distinct(table, findings)) == 2
    assert findings.warnings == ["scores.csv line 4: repeats line 2 to the letter; counted once"]


def test_a_large_file_is_read(tmp_path):
    table, _ = read(tmp_path, b"student,score\n" + b"s,1\n" * 300_000)
    assert len(table.rows) == 300_000


MOMENTS = {
    "2026-10-14T23:59": "2026-10-14 23:59:00-07:00",
    "2026-10-14": "2026-10-14 00:00:00-07:00",
    "2026-12-01 20:00:05": "2026-12-01 20:00:05-08:00",
    "2022-06-25 13:16:26 -0600": "2022-06-25 13:16:26-06:00",
    "2026-10-05 06:59:00.000000000 Z": "2026-10-05 06:59:00+00:00",
    "2026-10-05 06:59:00 UTC": "2026-10-05 06:59:00+00:00",
    "2026-10-05T06:59:00.123+02:00": "2026-10-05 06:59:00+02:00",
    "14.10.2026 23:59": "2026-10-14 23:59:00-07:00",
    "10/14/2026 11:59 PM": "2026-10-14 23:59:00-07:00",
    "10/14/2026, 12:30 am": "2026-10-14 00:30:00-07:00",
}


@pytest.mark.parametrize("text, moment", MOMENTS.items(), ids=MOMENTS)
def test_times(text, moment):
    assert str(read_moment(text, ZONE, "month")) == moment


@pytest.mark.parametrize(
    "text", ["noon", "2026-13-01", "10/11/2026", "14.10.26", "46309.99", "2026-10-14T25:00", ""]
)
def test_what_is_no_time(text):
    with pytest.raises(ValueError):  # noqa: PT011  # the caller has the words
        read_moment(text, ZONE)


def test_a_column_of_dates_decides_what_stands_first():
    assert order_of_dates(["10/11/2026", "10/14/2026"]) == "month"
    assert order_of_dates(["10/11/2026", "14/10/2026"]) == "day"
    assert order_of_dates(["10/11/2026", "1.2.2026"]) == ""
    assert order_of_dates(["14/10/2026", "10/14/2026"]) == ""
