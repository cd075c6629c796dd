"""One student's line of the gradebook as a page that needs nothing else."""

from __future__ import annotations

import functools

import jinja2

from autograder.report.page import STYLE
from staff.course.policy import Policy
from staff.course.rules import Grade

TABLE_STYLE = """
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{{ student }}: grades</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{{ style|safe }}</style>
</head><body><main>
<h1>{{ name }}</h1>
<p class="score">{{ student }}; {{ "%.2f" % grade.so_far }} % of what is graded;
{{ "%.2f" % grade.total }} % of the course{{ ", some of it open" if grade.open }}</p>
<table><tr><th scope="col">Assignment</th><th class="n" scope="col">Points</th>
<th class="n" scope="col">Per cent</th><th class="n" scope="col">Late days</th></tr>
{% for row in rows %}<tr><td>{{ row[0] }}</td><td class="n">{{ row[1] }}</td>
<td class="n">{{ row[2] }}</td><td class="n">{{ row[3] }}</td></tr>
{% endfor %}</table>
{% if grade.reasons %}<h2>Why</h2><ul>
{% for reason in grade.reasons %}<li>{{ reason }}</li>
{% endfor %}</ul>{% endif %}
</main></body></html>
"""


@functools.cache
def _template() -> jinja2.Template:
    return jinja2.Environment(autoescape=True, trim_blocks=True).from_string(PAGE)


def page(grade: Grade, policy: Policy) -> str:
    """The whole page."""
    rows = []
    for one in policy.assignments:
        mark, work = grade.marks.get(one.name), grade.person.works.get(one.name)
        if mark is not None:
            points = f"{mark.points:g} of {mark.known:g}" + (" graded" if mark.open else "")
            rows.append((one.name, points, mark.cell, grade.late.get(one.name, 0)))
        elif work is not None and work.excused:
            rows.append((one.name, "", "excused", 0))
    return _template().render(
        student=grade.person.student,
        name=grade.person.name or grade.person.student,
        style=STYLE + TABLE_STYLE,
        grade=grade,
        rows=rows,
    )
