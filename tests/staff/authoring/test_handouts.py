"""Handouts: figures and pages are the same every time, and every formula is set."""

import re
import shutil

import pytest
from markupsafe import Markup

from common import homework as homeworks
from common.pages.markdown import to_html
from staff.authoring.figures import hw4
from staff.release import handout
from tests.conftest import HOMEWORKS
from tests.helpers.browser import faults, needs_chromium


def test_a_figure_is_the_same_every_time(tmp_path):
    first, second = hw4.draw(tmp_path / "a"), hw4.draw(tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.fixture(params=HOMEWORKS)
def folder(request, tmp_path):
    """A homework's folder, to make the page in."""
    copy = tmp_path / request.param
    shutil.copytree(homeworks.ROOT / request.param, copy, ignore=shutil.ignore_patterns("*.py*"))
    return copy


def formulas(text):
    """How many formulas are set, and those that are not."""
    page = to_html(text, lambda alt, target: Markup())
    return page.count("<math"), re.findall(r'<span class="math">(.*?)</span>', page, re.S)


@pytest.mark.parametrize("source", ["README.md", "writeup.md"])
def test_every_formula_is_set(folder, source):
    text = (folder / source).read_text(encoding="utf-8")
    count, left = formulas(text)
    assert not left
    outside = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)
    assert 2 * count == outside.count("$") - outside.count("$$"), "a dollar sign stands alone"
    assert formulas(r"$x$ and $\unheard{y}$") == (1, [r"$\unheard{y}$"])


def test_a_page_is_the_same_every_time_and_needs_nothing_else(folder):
    first = handout.write(folder).read_bytes()
    page = handout.write(folder).read_text(encoding="utf-8")
    assert page.encode() == first and "<!--" not in page and "&lt;!--" not in page
    assert page.count("<h1") == page.count("\n<h1") and "<script" not in page
    assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)"', page))
    assert all(re.findall(r'<img alt="([^"]*)"', page))


@needs_chromium
def test_a_browser_finds_no_fault(folder, tmp_path):
    assert faults(handout.write(folder).read_text(encoding="utf-8"), tmp_path) == []
