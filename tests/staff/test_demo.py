"""`make demo`: three attempts get the points they deserve, and the picture stands alone."""

import xml.etree.ElementTree as ET

import pytest

from common import homework as homeworks
from staff import demo

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def results(worker):
    homework = homeworks.load(demo.HOMEWORK)
    return {title: demo.attempt(homework, slug, worker) for title, slug in demo.ATTEMPTS}


def test_attempts_earn_nothing_some_and_all(results):
    assert results["wrong"].score == 0 and results["right"].complete
    nearly = results["nearly right"]
    assert 0 < nearly.score < nearly.max_score
    assert "always_first_order" in {row.mistake for row in nearly.checks}


def words(picture):
    """The lines of a picture of a terminal."""
    tree = ET.fromstring(picture)
    return [(text.text or "").replace("\xa0", " ") for text in tree.iter(f"{SPACE}text")]


def test_the_front_page_shows_what_is_said_today(results):
    there = (homeworks.ROOT / demo.PICTURE).read_text(encoding="utf-8")
    now = demo.draw_verdict(results[demo.SHOWN], homeworks.load(demo.HOMEWORK))
    assert words(there) == words(now), f"python -m staff demo --svg {demo.PICTURE}"
    assert f"({demo.PICTURE.as_posix()})" in (homeworks.ROOT / "README.md").read_text("utf-8")


def test_the_picture_shows_the_verdict_and_asks_the_network_for_nothing(results):
    nearly = results[demo.SHOWN]
    picture = demo.draw_verdict(nearly, homeworks.load(demo.HOMEWORK))
    shown = "".join(words(picture))
    assert (
        "first-order MAML" in shown and f"{nearly.score:g} of {nearly.max_score:g} points" in shown
    )
    assert "url(http" not in picture and picture.count("http") == 1, "its name space alone"
