"""Training says which given definitions of the files to hand in differ from the kit's."""

from dataclasses import replace

import pytest

from common import homework as homeworks
from common.experiments import given_code
from common.homework import ROOT
from staff.authoring.stubs import copy_solutions
from staff.authoring.with_solutions import training_tree
from tests.conftest import HOMEWORKS


def a_kit(name, tmp_path):
    """A homework whose files to hand in are the solutions, in a folder of its own."""
    homework = homeworks.load(name)
    (tmp_path / "files").mkdir()
    copy_solutions(ROOT, name, tmp_path / "files")
    tree = training_tree(homework, tmp_path / "tree", tmp_path / "files")
    return replace(homework, root=tree)


@pytest.mark.parametrize("name", HOMEWORKS)
def test_nothing_is_said_of_holes_that_are_filled_in(name, tmp_path):
    assert not given_code.notes(homeworks.load(name))
    assert not given_code.notes(a_kit(name, tmp_path))


def test_training_names_the_file_and_what_differs(forks, tmp_path):
    homework = a_kit("hw1", tmp_path)
    path = homework.folder / "mann.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("super().__init__()", "super().__init__()\n        self.mine = 1"))
    (note,) = given_code.notes(homework)
    assert note.startswith("note: hw1/mann.py: MANN.__init__ differs from the kit's;")
    options = ("--tiny", "--steps", "1", "--data", "glyphs", "--out", tmp_path / "run")
    train = forks.run("hw1.train", *options, folder=homework.root)
    assert train.stdout.splitlines().count(note) == 1, train.stdout + train.stderr


def test_a_file_that_cannot_be_parsed_is_left_to_its_import(tmp_path):
    homework = a_kit("hw1", tmp_path)
    (homework.folder / "mann.py").write_text("def (")
    (homework.folder / "sampling.py").unlink()
    assert not given_code.notes(homework)
