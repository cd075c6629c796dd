"""Texts of strangers give plain values within bounds, or say why not."""

import json
import math
import os

import pytest

from common.files import untrusted
from common.files.untrusted import Unreadable, fields, json_of, last_row, numbers_of, toml_of
from staff.grading.submissions import read_metadata


def test_sound_texts_are_as_they_were():
    value = {"a": [1, -2.5, True, None, "ü"], "b": {"c": {}}}
    assert json_of(json.dumps(value).encode()) == value
    assert json_of(b"\xef\xbb\xbf[1]") == [1]
    assert toml_of(b'a = [1, 2.5]\n[b.c]\nd = "x"\n') == {"a": [1, 2.5], "b": {"c": {"d": "x"}}}
    rows = list(numbers_of(b"step,loss\n1,0.5\r\n2,0.25\n"))
    assert rows == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]
    assert last_row(b"step,loss\n1,0.5\n2,0.25\n\n") == {"step": 2, "loss": 0.25}
    assert last_row(b"") == last_row(b"step,loss\n") == {}


NO_JSON = {
    "cut off": b'{"a": ',
    "deep lists": b"[" * 10**6,
    "deep tables": b'{"a":' * 10**5,
    "deep and closed": b"[" * 22 + b"]" * 22,
    "endless digits": b"1" * 10**5,
    "another encoding": "[1]".encode("utf-16"),
    "no letters": b"\xff\xfe",
    "nothing": b"",
}


@pytest.mark.parametrize("data", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_sound_json(data):
    with pytest.raises(Unreadable):
        json_of(data)


NO_TOML = {
    "cut off": b"a = ",
    "deep lists": b"a = " + b"[" * 10**5,
    "a long dotted key": b"a." * 60 + b"a = 1",
    "a long header": b"[" + b"a." * 60 + b"a]",
    "endless digits": b"a = " + b"1" * 10**5,
    "no date": b"a = 2024-02-31",
    "twice": b"a = 1\na = 2",
    "no letters": b"a = '\xff'",
}


@pytest.mark.parametrize("data", NO_TOML.values(), ids=NO_TOML)
def test_what_is_no_sound_toml(data):
    with pytest.raises(Unreadable):
        toml_of(data)


def test_what_would_harm_later_is_taken_out():
    text = b'[NaN, Infinity, 1e999, -1e999, 9223372036854775808, "\\ud800x", {"\\udfff": 1}]'
    assert json_of(text) == [None, None, None, None, None, "?x", {"?": 1}]
    assert toml_of(b"a = nan\nb = inf\nc = 2024-01-01\nd = 0xffffffffffffffffff") == dict.fromkeys(
        "abcd"
    )


NO_NUMBERS = [b"inf", b"nan", b"1e999", b"1" * 100, b"x", b"0x10"]


@pytest.mark.parametrize("cell", NO_NUMBERS)
def test_a_cell_that_is_no_finite_number_is_nan(cell):
    assert math.isnan(last_row(b"loss\n1\n" + cell + b"\n")["loss"])


def test_tables_have_ends():
    with pytest.raises(Unreadable, match="columns"):
        list(numbers_of(b",".join([b"a"] * 1000) + b"\n1\n"))
    with pytest.raises(Unreadable):
        list(numbers_of(b'a\n"' + b"x" * 200_000 + b'"\n'))
    assert list(numbers_of(b"a,b\n1\n1,2,3\n")) == [{"a": 1}, {"a": 1, "b": 2}]


def test_only_plain_files_are_read_and_never_waited_for(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert untrusted.read(tmp_path / "a", 10) == b"x" * 10
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    for path, most in (("a", 9), ("link", 10), ("pipe", 10), ("none", 10), (".", 10)):
        with pytest.raises(Unreadable):
            untrusted.read(tmp_path / path, most)


SHAPES = {
    "text": (untrusted.text(3), ["", "abc"], ["abcd", 3, None, ["a"], b"a"]),
    "number": (untrusted.number(0, 1), [0, 1, 0.5], [-1, 2, "1", True, None, math.nan, math.inf]),
    "flag": (untrusted.flag, [True, False], [0, 1, "true", None]),
    "list": (untrusted.list_of(untrusted.flag, 2), [[], [True]], [[1], [True] * 3, True, (True,)]),
    "table": (
        untrusted.table_of(untrusted.flag, 1, 2),
        [{}, {"ab": True}],
        [{"abc": True}, {"a": 1}, {"a": True, "b": True}, []],
    ),
}


@pytest.mark.parametrize("shape, good, bad", SHAPES.values(), ids=SHAPES)
def test_shapes(shape, good, bad):
    assert all(shape(value) for value in good)
    assert not any(shape(value) for value in bad)


def test_fields_of_a_table():
    shapes = {"name": untrusted.text(5), "signed": untrusted.flag, "more": untrusted.flag}
    found, wrong = fields({"name": "Ada", "signed": "yes", "unknown": 1}, shapes)
    assert found == {"name": "Ada", "signed": None, "more": None} and wrong == ["signed"]
    with pytest.raises(Unreadable):
        fields(["name"], shapes)


def test_a_line_of_an_export_without_end_is_read_at_once(tmp_path):
    """Spaces that a pattern could part in many ways: with one that does, this would take hours."""
    line = f"  :note: a{' ' * 400_000}b{' ' * 400_000}"
    text = f"submission_1:\n  :created_at: 2026-10-05 06:59:00 Z  \n{line}\n  :submitters:\n  - :sid: '7' \n"
    (tmp_path / "metadata.yml").write_text(text)
    found = read_metadata(tmp_path / "metadata.yml")
    told = {"students": ["7"], "created_at": "2026-10-05T06:59:00+00:00"}
    assert found == {"submission_1": told}
