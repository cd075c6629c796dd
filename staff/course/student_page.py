"""One student's line of the gradebook as a page that needs nothing else."""

from __future__ import annotations

from common.pages.templates import render
from staff.course.policy import Policy
from staff.course.rules import Grade

PAGE = "staff/course/student_page.html"


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
    return render(
        PAGE,
        student=grade.person.student,
        name=grade.person.name or grade.person.student,
        grade=grade,
        rows=rows,
    )
