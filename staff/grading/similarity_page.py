"""Pairs of alike files side by side, with what they share marked: one page that needs nothing else."""

from __future__ import annotations

import functools
import html

import jinja2

from autograder.report.page import STYLE
from common.homework import Homework
from staff.grading.shared_code import Found, Pair

MOST_PAIRS = 200
OWN_STYLE = """
body { max-width: none } .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
.pair pre { margin: 0; font-size: .8rem } mark { background: #ffd54f; color: #000 }
"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{{ homework.name }}: similar code</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{{ style|safe }}</style>
</head><body><main>
<h1>{{ homework.name }}: {{ pairs|length }} pairs that share code of their own</h1>
<p>A number says where to look, never what happened. Marked is what both files have, whatever the names
in it; the kit's code and what most or all right answers have is left out.</p>
<ul>{% for file, told in thresholds.items() %}<li>{{ file }}: {{ told }}</li>{% endfor %}</ul>
{% if unsigned %}<p>The statement is not signed by: {{ unsigned|join(", ") }}.</p>{% endif %}
{% for pair, one, other in pairs %}
<details><summary><span class="title">{{ pair.file }}: {{ pair.one }} and {{ pair.other }}
{% if pair.declared %}(declared collaborators){% endif %}</span><span class="points">
{{ "%.0f"|format(100 * pair.shares[0]) }} % and {{ "%.0f"|format(100 * pair.shares[1]) }} %</span>
</summary><div class="pair"><pre>{{ one|safe }}</pre><pre>{{ other|safe }}</pre></div></details>
{% endfor %}
{% if more %}<p>{{ more }} more pairs are in the table alone.</p>{% endif %}
</main></body></html>
"""


@functools.cache
def _template() -> jinja2.Template:
    return jinja2.Environment(autoescape=True, trim_blocks=True).from_string(PAGE)


def page(found: Found, homework: Homework) -> str:
    """The whole page; everything that students wrote is escaped."""
    shown = found.pairs[:MOST_PAIRS]
    return _template().render(
        homework=homework,
        style=STYLE + OWN_STYLE,
        pairs=[(pair, *_marked(pair)) for pair in shown],
        more=len(found.pairs) - len(shown),
        thresholds=found.thresholds,
        unsigned=found.unsigned,
    )


def _marked(pair: Pair) -> tuple[str, str]:
    one, other = (mark(text, ranges) for text, ranges in zip(pair.texts, pair.matches))
    return one, other


def mark(text: str, ranges) -> str:
    """HTML of a text in which some ranges of characters are marked.

    Args:
        ranges: where they start and where they end: [2, matches], in order.
    """
    parts, at = [], 0
    for start, end in zip(*ranges) if len(ranges) else ():
        parts += [html.escape(text[at:start]), "<mark>", html.escape(text[start:end]), "</mark>"]
        at = end
    return "".join([*parts, html.escape(text[at:])])
