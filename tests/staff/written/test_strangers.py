"""Write-ups as strangers write them: every format of a number, and a few that no run bears out.

In `strangers/hwN.md` what stands in << >> was planted; everything else is true of the runs.
"""

import random
import re
from pathlib import Path

import pytest

from common import homework as homeworks
from staff.written import made_up, pages
from staff.written.answers import Paper
from tests.conftest import HOMEWORKS

_PLANTED = re.compile(r"<<(.*?)>>")


class Exactly(random.Random):
    """Draws without noise: the runs are those of the file."""

    def gauss(self, mu=0.0, sigma=1.0):
        return mu


def read(name: str) -> tuple[str, list[tuple[int, int]]]:
    """A write-up without the signs, and where its planted numbers are."""
    text = (Path(__file__).parent / "strangers" / f"{name}.md").read_text(encoding="utf-8")
    spans, gone = [], 0
    for found in _PLANTED.finditer(text):
        spans.append((found.start() - gone, found.end() - gone - 4))
        gone += 4
    return _PLANTED.sub(r"\1", text), spans


def marks_of(name: str, folder: Path) -> tuple[list, list[tuple[int, int]], str]:
    """The marks on a stranger's write-up, where the planted numbers are, and the text."""
    homework = homeworks.load(name)
    made_up.write_runs(folder / "s" / "runs", homework, Exactly(0))
    text, spans = read(name)
    judge = pages.checker(homework, [Paper(("s",), folder / "s")])
    return judge.check("s", text).marks, spans, text


@pytest.mark.parametrize("name", HOMEWORKS)
def test_no_honest_number_is_marked_and_what_was_planted_is(name, tmp_path):
    marks, spans, text = marks_of(name, tmp_path)
    touches = lambda mark, span: mark.start < span[1] and span[0] < mark.end  # noqa: E731
    wrongly = [m for m in marks if not any(touches(m, span) for span in spans)]
    missed = [text[a:b] for a, b in spans if not any(touches(m, (a, b)) for m in marks)]
    assert [(text[m.start : m.end], m.text) for m in wrongly] == []
    assert missed == []
