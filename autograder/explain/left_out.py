"""Find the check that notices when a line is left out, by leaving it out."""

from __future__ import annotations

import ast
import random
from pathlib import Path

from autograder.context import CheckContext
from autograder.engine import run_check
from autograder.explain.holes import Hole
from autograder.explain.kinds import place
from autograder.explain.question import Question, choices
from autograder.judge.answers import Answers
from autograder.planning import plan
from autograder.run.base import Worker
from autograder.run.overlay import overlay
from common.homework import PUBLIC_SEED, Homework

SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign)
NONE = "none of them"


def candidates(hole: Hole) -> list[ast.stmt]:
    """Statements of one line that can be left out, and leave something."""
    inside = [node for one in hole.body for node in ast.walk(one) if isinstance(node, SIMPLE)]
    return [node for node in inside if node.lineno == node.end_lineno]


def question(
    homework: Homework, folder: Path, hole: Hole, worker: Worker, work: Path, draw: random.Random
) -> Question | None:
    """Leave out one line, chosen by chance, and see which check is the first to fail.

    Args:
        folder: the files that were handed in.
        work: an empty folder.

    Returns:
        None where no line can be left out, or the problem has one check alone that fails anyway.
    """
    lines, checks = candidates(hole), plan(homework, hole.problem)
    titles = list(dict.fromkeys(check.title for check in checks))
    if not lines:
        return None
    chosen = draw.choice(lines)
    tree = overlay(homework, work / "tree", folder)
    (tree / homework.name / hole.file).write_text(without(hole, chosen), encoding="utf-8")
    answers = Answers.load(homework, PUBLIC_SEED)
    context = CheckContext(homework, worker, tree, answers, PUBLIC_SEED)
    answer = NONE
    for check in checks:
        if not run_check(context, check, hint=1)[0].passed:
            answer = check.title
            break
    offered = choices(answer, draw.sample([*titles, NONE], len(titles) + 1), draw)
    if not offered:
        return None
    return Question(
        "left out",
        hole.problem,
        f"{place(hole, chosen.lineno)}\nIf this line were left out of `{hole.name}`: which of these checks "
        f"of problem {hole.problem}, in the order in which they are run, would be the first to fail?",
        answer,
        offered,
        "says what the line is for, and what the check looks at",
    )


def without(hole: Hole, statement: ast.stmt) -> str:
    """The file with `pass` in the place of a statement of one line."""
    lines = hole.source.splitlines()
    row = lines[statement.lineno - 1].encode()
    assert statement.end_col_offset is not None
    before, behind = row[: statement.col_offset], row[statement.end_col_offset :]
    lines[statement.lineno - 1] = (before + b"pass" + behind).decode()
    return "\n".join(lines) + "\n"
