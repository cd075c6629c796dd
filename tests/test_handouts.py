"""The handouts' figures are there, small, described, and drawn the same every time."""

import re

import pytest

from common import homework as homeworks
from staff.authoring.figures import hw4
from tests.conftest import HOMEWORKS

IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_figures_are_described_and_small(hw):
    folder = homeworks.load(hw).folder
    shown = IMAGE.findall((folder / "README.md").read_text(encoding="utf-8"))
    drawn = {path.name for path in (folder / "figures").glob("*")}
    assert {name.removeprefix("figures/") for _, name in shown} == drawn
    for text, name in shown:
        assert len(text.split()) >= 12, f"{name} needs a description"
        assert (folder / name).stat().st_size < 150_000


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_a_handout_has_its_parts(hw):
    text = (homeworks.load(hw).folder / "README.md").read_text(encoding="utf-8")
    for part in ("You need", "## Problems", "Why this matters", "Left open", "--tiny", "minute",
                 "## Common pitfalls", "## Hand in", f"python -m autograder submit {hw}"):  # fmt: skip
        assert part in text, part


def test_a_figure_is_the_same_every_time(tmp_path):
    first, second = hw4.draw(tmp_path / "a"), hw4.draw(tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
