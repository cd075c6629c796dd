"""What students are to learn, and which problems and rubric items show it: `python -m staff outcomes`."""

from __future__ import annotations

from collections.abc import Iterator

from common import homework as homeworks
from common.homework import Homework
from staff import command
from staff.authoring.outcomes import Outcome, load
from staff.written import rubric
from staff.written.rubric import Rubric

FEWEST, MOST = 3, 5
EXAMPLES = """
example:
  python -m staff outcomes hw2
They stand in staff/writeup/hwN.toml: `by` names problems, or a part of a question ("3q.4").
exit code: 0 all is tied to an outcome, 1 something is not (`verify` finds it, too)
"""


def main(argv: list[str]) -> int:
    """Print the table of homeworks; return the exit code."""
    options = command.parser("outcomes", "Learning outcomes, and what shows them.", EXAMPLES)
    command.add_shared(options, "homeworks")
    wrong: list[str] = []
    for name in options.parse_args(argv).homework or homeworks.names():
        homework = homeworks.load(name)
        print(as_text(homework))
        wrong += [f"{name}: {complaint}" for complaint in complaints(homework)]
    for complaint in wrong:
        print(complaint)
    return 1 if wrong else 0


def complaints(homework: Homework) -> Iterator[str]:
    """Say which outcomes are too few or too many or name nothing, and what shows none."""
    outcomes, rubrics = load(homework), rubric.load(homework)
    if not FEWEST <= len(outcomes) <= MOST:
        yield f"{len(outcomes)} learning outcomes; {FEWEST} to {MOST} are expected"
    yield from _unknown_names(homework, outcomes, rubrics)
    for problem in homework.problems:
        if problem.id not in rubrics and not any(o.covers(problem.id) for o in outcomes):
            yield f"{problem.id} shows no learning outcome"
    for graded in rubrics.values():
        yield from _items(graded, outcomes)


def _unknown_names(
    homework: Homework, outcomes: list[Outcome], rubrics: dict[str, Rubric]
) -> Iterator[str]:
    """Say which problems or parts outcomes name that are not there."""
    known = {problem.id for problem in (*homework.problems, *homework.dropped)} | rubrics.keys()
    known |= {f"{r.question}.{item.part}" for r in rubrics.values() for item in r.items}
    for outcome in outcomes:
        for name in outcome.by:
            if name not in known:
                yield f"an outcome names {name!r}; there is no such problem or part"


def _items(graded: Rubric, outcomes: list[Outcome]) -> Iterator[str]:
    """The rubric items of a question that show no outcome; of extra credit the whole is enough."""
    if graded.extra and any(outcome.touches(graded.question) for outcome in outcomes):
        return
    for item in graded.items:
        if not any(outcome.covers(graded.question, item.part) for outcome in outcomes):
            yield f"{graded.question}, rubric item {item.id} shows no learning outcome"


def as_text(homework: Homework) -> str:
    """The table: each outcome with its points, problems and rubric items."""
    rubrics, rows = rubric.load(homework), [f"{homework.name} · {homework.title}"]
    for number, outcome in enumerate(load(homework), 1):
        rows.append(f"  {number}. {outcome.text}")
        shown = []
        for problem in homework.problems:
            if not outcome.touches(problem.id):
                continue
            graded = rubrics[problem.id].items if problem.id in rubrics else ()
            items = [item.id for item in graded if outcome.covers(problem.id, item.part)]
            of_rubric = f" (rubric {', '.join(items)})" if items else ""
            shown.append(f"{problem.id}, {problem.points:g} points{of_rubric}")
        rows += [f"       {problem}" for problem in shown]
    return "\n".join(rows)
