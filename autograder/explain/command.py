"""`python -m autograder explain hw2`: questions about one's own code and runs, for practice."""

from __future__ import annotations

import sys
from pathlib import Path

from autograder import asked
from autograder.explain import of_runs
from autograder.explain.question import Question
from common import homework as homeworks
from common.options.command_line import add_shared
from common.options.terminal import can_ask

EXAMPLES = """
examples:
  python -m autograder explain hw2                 five questions, one after another
  python -m autograder explain hw2 --problem 2a    about one function
  python -m autograder explain hw2 --again 1       others
  python -m autograder explain hw2 --answers       all of them with their answers
exit code: 0 all answered rightly, 1 not all, 2 there is nothing to ask about
"""
LETTERS = "abcdefgh"


def main(argv: list[str]) -> int:
    """Ask about a student's own work; return the exit code."""
    description = (
        "Asks you about your own code and runs. The kit computes the answers by running your code; "
        "nothing is recorded."
    )
    parser = asked.parser_of("explain", description, EXAMPLES)
    add_shared(parser, "homework", "--again", "--runs")
    parser.add_argument("--problem", metavar="ID", help="only about this one, such as 2a")
    parser.add_argument("--answers", action="store_true", help="print them with their answers")
    options = parser.parse_args(argv)
    homework = homeworks.load(asked.homework_of(options.homework))
    if options.problem is not None:
        homework.problem(options.problem)
    runs = of_runs.find(options.runs / homework.name)
    found = make_questions(homework, homework.folder, options.problem, runs, options.again)
    if options.answers or not can_ask():
        for number, question in enumerate(found, 1):
            print(as_text(question, number) + (f"\n  answer: {question.answer}" * options.answers))
        return 0
    right = sum(_ask(question, number) for number, question in enumerate(found, 1))
    print(f"\n{right} of {len(found)} right; others with --again {options.again + 1}")
    return 0 if right == len(found) else 1


def make_questions(
    homework: homeworks.Homework,
    folder: Path,
    only: str | None,
    runs: list[of_runs.Run],
    again: int,
) -> list[Question]:
    """The questions, made beside a worker of their own."""
    from autograder.explain.ask import ask
    from autograder.run.launch import isolation_of_this_system, start

    print("reading your code and running its checks …", file=sys.stderr)
    with start(isolation_of_this_system(), homework.preload) as worker:
        return ask(homework, folder, worker, only=only, runs=runs, again=again)


def as_text(question: Question, number: int) -> str:
    """A question with its number and choices."""
    rows = [f"\n{number}. {question.text}"]
    rows += [f"  {letter}) {one}" for letter, one in zip(LETTERS, question.choices)]
    return "\n".join(rows)


def _ask(question: Question, number: int) -> bool:
    """Ask one, and say whether the answer was right."""
    print(as_text(question, number))
    given = input("your answer: ")
    right = question.is_right(given)
    print("right" if right else f"no: it is {question.answer}")
    if question.why:
        print(f"a good explanation {question.why}")
    return right
