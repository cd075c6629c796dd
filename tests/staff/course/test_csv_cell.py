"""No text in a table that we write begins a formula, and what was written is read again."""

import csv
import io

import pytest

from staff.course.csv_cell import cell, csv_text, plain_text

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", " =1", "\t=1", "\n=1", "\r=1", "\u200b=1",
    "\ufeff=1", "\u200e\u200f=1", "\u2060+1+2", "\u00ad-1+2", "\u3164=1"[1:], "\u00a0=1", "\u3000=1",
    "\ufe66 1", "\ufe621", "\u207c1", "\u22121+1", "\x00=1", "\uff1d1+1", "\uff0b1+1", "\u200b\uff20x", "\u0301=1", "\ue000=1", "--1",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_a_formula_is_a_text(text):
    assert cell(text).startswith("'")
    (row,) = csv.reader(io.StringIO(csv_text([[text, 1]])))
    assert row[0].startswith("'")


@pytest.mark.parametrize("text", ["a;=1+1", "a; \u200b@x", "a;b;\uff1d1"], ids=ascii)
def test_no_part_begins_a_formula_where_a_semicolon_parts_cells(text):
    assert all(cell(part) == part for part in cell(text).split(";"))
    assert plain_text(cell(text)) == text


@pytest.mark.parametrize(
    "text", ["a; -5; 1,5", "a;b", "", "Ada", "O'Brien", "a=b", "-1.5", "+3", "-12,5", "'x'", "100%"]
)
def test_other_texts_and_numbers_stay(text):
    assert cell(text) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "\u200b=1", "\uff1d1", "Ada", "'quoted'", "O'Brien", "-5"]
)
def test_what_was_written_is_read_again(text):
    assert plain_text(cell(text)) == text


def test_a_cell_is_one_line_that_can_be_written():
    assert cell("two\nlines\r\n") == "two lines"
    assert cell("half \ud800 a letter") == "half ? a letter"


def test_numbers_stay_numbers():
    assert csv_text([["a", -1, 2.5, None, True]]) == "a,-1,2.5,None,True\n"
