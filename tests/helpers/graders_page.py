"""A page for graders that a script of a test may drive."""

import re

from common.homework import Homework
from staff.written import pages
from staff.written.rubric import Rubric

ANSWER = {
    "ident": "a1",
    "notes": [],
    "marks": [],
    "html": "",
    "set": 0,
    "unset": 0,
    "typed": 0,
    "figures": [],
    "all_figures": [],
    "loose": "",
}


def page_of_one_answer(homework: Homework, question: Rubric) -> str:
    """The page of a question with one empty answer; scripts of any origin run in it."""
    page = pages.render(homework, question, [ANSWER], "store")
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
