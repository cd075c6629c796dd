"""Shared code is found whatever its names; the kit's own code does not count."""

import shutil

import pytest

from common import homework as homeworks
from staff.authoring.stubs import masters
from staff.grading import similarity

pytest.importorskip("copydetect")
HOMEWORK = homeworks.load("hw1")


def hand_in(folder, files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_renamed_copies_are_found_and_the_kit_itself_is_not(tmp_path):
    solved = {path.name: path.read_text() for path in masters(homeworks.ROOT, "hw1")
              if path.name != "__init__.py"}  # fmt: skip
    renamed = {name: text.replace("memory", "m").replace("hidden =", "h =").replace("[hidden", "[h")
               .replace("images, hidden]", "images, h]") for name, text in solved.items()}  # fmt: skip
    stub = {name: (HOMEWORK.folder / name).read_text() for name in HOMEWORK.files}
    hand_in(tmp_path / "class/ada", solved)
    hand_in(tmp_path / "class/bob", renamed)
    hand_in(tmp_path / "class/eve", stub)
    hand_in(tmp_path / "class/zoe", stub)
    hand_in(tmp_path / "last-year/old", solved)
    found = similarity.pairs(tmp_path / "class", HOMEWORK, [tmp_path / "last-year"], 0.5)
    alike = {(pair.one, pair.other) for pair in found}
    assert ("ada", "bob") in alike
    assert {("ada", "last-year/old"), ("bob", "last-year/old")} <= alike
    assert not any("eve" in pair or "zoe" in pair for pair in alike)
    assert similarity.main([str(tmp_path / "class"), "--hw", "hw1"]) == 0
    assert (tmp_path / "class-similarity-hw1.csv").read_text().count("ada,bob") >= 1
    shutil.rmtree(tmp_path / "class")
