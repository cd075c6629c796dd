"""Up to five questions about a student's code and runs: which ones depends on the code itself."""

from __future__ import annotations

import ast
import hashlib
import itertools
import random
import tempfile
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.explain import gather, kinds, left_out, of_runs
from autograder.explain.holes import Hole, find
from autograder.explain.question import Question
from autograder.run.base import Worker
from common.errors import KitError
from common.homework import Homework

COUNT = 5
# In the order of how much they tell of who answers.
KINDS = (
    "shape",
    "gradient",
    "left out",
    "what if",
    "count",
    "value",
    "uses",
    "type",
    "gradient of one",
)


def ask(
    homework: Homework,
    folder: Path,
    worker: Worker,
    *,
    only: str | None = None,
    runs: list[of_runs.Run] | None = None,
    again: int = 0,
) -> list[Question]:
    """Questions of as many kinds, about as many holes, as there are.

    The same files give the same questions, until `again` asks for others.

    Args:
        folder: the files that were handed in.
        only: the problem to ask about; None takes all that is there.
        runs: the student's own; one question is about them where there are any.

    Raises:
        KitError: when nothing is written yet that could be asked about.
    """
    holes = find(homework, folder, only)
    if not holes:
        raise KitError(f"{homework.name}: nothing to ask about: no hole is filled in yet")
    draw = random.Random(f"{_fingerprint(holes)} {again}")
    about = holes if only is not None else draw.sample(holes, min(COUNT - 1, len(holes)))
    found = list(itertools.islice(of_runs.questions(runs or [], draw), 1))
    with tempfile.TemporaryDirectory(prefix="explain-", ignore_cleanup_errors=True) as work:
        told = gather.gather(homework, folder, about, worker, Path(work, "seen"))
        pools = {hole.problem: _pools(hole, told.get(hole.problem, []), draw) for hole in about}
        _try_left_out(homework, folder, about, worker, Path(work), draw, pools)
    return [*_choose(pools, COUNT - len(found)), *found]


def _fingerprint(holes: list[Hole]) -> str:
    """A number of the code itself: layout and comments aside."""
    text = "\n".join(ast.unparse(ast.Module(hole.body, [])) for hole in holes)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


Pools = dict[str, list[Question]]


def _pools(hole: Hole, happened: list[gather.Happened], draw: random.Random) -> Pools:
    """Kind → questions about one hole, in random order."""
    found: list[Question] = list(kinds.uses(hole, draw))
    for one in draw.sample(happened, min(2, len(happened))):
        for make in (
            kinds.shapes,
            kinds.gradients,
            kinds.zeros,
            kinds.counts,
            kinds.values,
            kinds.types,
            kinds.whether_gradients,
        ):
            found += make(hole, one, draw)
    found = _unambiguous(one for one in found if one.choices or one.kind == "uses")
    draw.shuffle(found)
    pools: Pools = {kind: [] for kind in KINDS}
    for question in found:
        pools[question.kind].append(question)
    return pools


def _unambiguous(questions: Iterable[Question]) -> list[Question]:
    """Each question once; those that two checks answer differently are left out."""
    answers: dict[str, set[str]] = {}
    by_text: dict[str, Question] = {}
    for one in questions:
        answers.setdefault(one.text, set()).add(one.answer)
        by_text.setdefault(one.text, one)
    return [one for text, one in by_text.items() if len(answers[text]) == 1]


def _try_left_out(
    homework: Homework,
    folder: Path,
    about: list[Hole],
    worker: Worker,
    work: Path,
    draw: random.Random,
    pools: dict[str, Pools],
) -> None:
    """Add a question about a line that is left out, of the first hole that gives one."""
    for hole in draw.sample(about, len(about)):
        made = left_out.question(
            homework, folder, hole, worker, work / f"without-{hole.problem}", draw
        )
        if made is not None:
            pools[hole.problem]["left out"].append(made)
            return


def _choose(pools: dict[str, Pools], count: int) -> list[Question]:
    """Questions of different kinds about different holes as far as there are any."""
    chosen: list[Question] = []
    turns = deque(pools)
    for _ in range(count):
        asked = {one.kind for one in chosen}
        found = _next(pools, turns, [kind for kind in KINDS if kind not in asked])
        found = found or _next(pools, turns, list(KINDS))
        if found is not None:
            chosen.append(found)
            turns.rotate(-1)
    return chosen


def _next(pools: dict[str, Pools], order: Sequence[str], wanted: list[str]) -> Question | None:
    """The next question of the first kind that some hole has; it is taken out."""
    for kind in wanted:
        for problem in order:
            if pools[problem][kind]:
                return pools[problem][kind].pop()
    return None
