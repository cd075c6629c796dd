"""`hwN/handout.html`: the handout as a page, with its mathematics set and its figures inside."""

from __future__ import annotations

import re
from pathlib import Path

from markupsafe import Markup

from common.files import write_text
from common.pages.images import embed
from common.pages.markdown import to_html
from common.pages.templates import render

SOURCE, PAGE = "README.md", "handout.html"
TEMPLATE = "staff/release/handout.html"
_COMMENT = re.compile(r"(?m)^<!--.*-->\n")  # marks of the staff's commands


def write(folder: Path) -> Path:
    """Make the page of the homework in `folder`; the same bytes for the same handout.

    Raises:
        ValueError: when a figure is missing.
    """
    text = _COMMENT.sub("", (folder / SOURCE).read_text(encoding="utf-8"))

    def figure(alt: str, target: str) -> Markup:
        mark = Markup('<figure><img alt="{}" src="{}"></figure>')
        return mark.format(alt, embed(folder / target))

    title = text.partition("\n")[0].removeprefix("# ")
    body = to_html(text, figure, level=1, anchors=True)
    write_text(folder / PAGE, render(TEMPLATE, title=title, body=body))
    return folder / PAGE
