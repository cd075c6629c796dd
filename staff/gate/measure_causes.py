"""`python -m staff causes`: how true are the causes that are told?

Leave one out: each mistake of the catalogue is taken out of the record, its family too, and tried.
What is then told for sure is listed, to be read: it is false unless it is true of the mistake.
Second order: two changes of the solution at different places at once, drawn at random.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import engine
from autograder.judge.answers import Answers
from autograder.judge.knowledge import Knowledge
from autograder.judge.known import MISTAKE, Known
from autograder.planning import plan
from autograder.run.overlay import overlay
from common import homework as homeworks
from common.errors import KitError
from common.homework import PUBLIC_SEED, Homework
from staff import command
from staff.authoring.answers import context_of
from staff.authoring.catalogue import Entry, entries
from staff.gate.causes import body_of
from staff.gate.mutants.judge import plan_mutants
from staff.gate.mutants.operators import Mutant
from staff.gate.mutants.pairs import merge_changes
from staff.gate.shared_worker import SharedWorker

EXAMPLE = """
examples:
  python -m staff causes hw1 --leave-one-out
  python -m staff causes --second-order 50      50 a homework
"""
NAMES = ("mistake", "change")

Told = list[dict]  # entries of `causes`


def main(argv: list[str]) -> int:
    """Print, for each homework, how often the causes that are told are true."""
    options = _options().parse_args(argv)
    if not options.leave_one_out and not options.second_order:
        raise KitError("say what to measure: --leave-one-out, or --second-order 50")
    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        with SharedWorker(homework.preload) as worker, tempfile.TemporaryDirectory() as folder:
            context = _Context(homework, worker, Path(folder))
            if options.leave_one_out:
                print(leave_one_out(context, print), flush=True)
            if options.second_order:
                print(second_order(context, options.second_order, options.draw, print), flush=True)
    return 0


def _options() -> argparse.ArgumentParser:
    options = command.parser("causes", "Measure how often the named causes are true.", EXAMPLE)
    command.add_shared(options, "homeworks")
    options.add_argument("--leave-one-out", action="store_true", help="the catalogue, one by one")
    options.add_argument("--second-order", type=int, metavar="N", help="N random double changes")
    options.add_argument("--draw", type=int, default=0, metavar="SEED", help="which are drawn (0)")
    return options


class _Context:
    """Grades versions of holes, and reads which causes are told."""

    def __init__(self, homework: Homework, worker: SharedWorker, folder: Path) -> None:
        self.homework, self.worker = homework, worker
        self.solutions = homework.root / "staff" / "solutions" / homework.name
        self.tree = overlay(homework, folder / "tree", self.solutions)
        self.answers = Answers.load(homework, PUBLIC_SEED)
        self.knowledge = Knowledge.load(homework)

    def told(self, entry: Entry, without: str = "") -> Told:
        """The causes of an entry's problem; none of one that is passed.

        Args:
            without: a mistake that is not to be known, nor anything that is named after it.
        """
        known = self.knowledge.of(entry.problem)
        kept = [thing for thing in known.things if not _is_named(thing, without)]
        knowledge = Knowledge({entry.problem: replace(known, things=kept)})
        with tempfile.TemporaryDirectory(prefix="causes-") as folder:
            context = context_of(
                entry,
                self.homework,
                PUBLIC_SEED,
                self.worker,
                self.answers,
                Path(folder),
                knowledge,
            )
            checks = plan(self.homework, entry.problem)
            rows = engine.run_checks(context, checks, 3, isolation=self.worker.isolation)
        return next((row.causes for row in rows if not row.passed), [])


def leave_one_out(context: _Context, say: Callable[[str], None]) -> str:
    """Counts over the catalogue of a homework; what is told for sure is said one by one."""
    counts: Counter[str] = Counter()
    for entry in entries(context.homework.name, MISTAKE, context.homework.root):
        told = context.told(entry, without=entry.slug)
        counts[_most(told)] += 1
        if _sure(told):
            say(f"  {entry.problem} {entry.slug}: told for sure: {', '.join(sorted(_sure(told)))}")
    return _line(f"{context.homework.name}, leave one out", counts)


def _is_named(thing: Known, slug: str) -> bool:
    return any(cause.slug == slug for names in (thing.causes, *thing.others) for cause in names)


def second_order(context: _Context, count: int, seed: int, say: Callable[[str], None]) -> str:
    """Counts over random double changes; sure names that neither change has are said one by one."""
    counts: Counter[str] = Counter()
    for pair in itertools.islice(_pairs(context, seed), count):
        told = context.told(pair.entry)
        names = {item["slug"] for item in told if item["kind"] in NAMES}
        sure = _sure(told)
        both = {pair.one.operator, pair.other.operator} <= names
        if sure and not both and not sure & pair.names(context):
            counts["sure name that neither has"] += 1
            say(f"  {pair.one.problem} {', '.join(sorted(sure))} told for sure of:")
            say(f"    {pair.one.now}  |  {pair.other.now}")
        else:
            counts["both operators" if both else _most(told)] += 1
    return _line(f"{context.homework.name}, second order", counts)


@dataclass(frozen=True)
class _Pair:
    """Two changes of one hole, and both at once."""

    file: str
    one: Mutant
    other: Mutant
    entry: Entry

    def names(self, context: _Context) -> set[str]:
        """All names under which either change may rightly be reported."""
        found = {self.one.operator, self.other.operator}
        for mutant in (self.one, self.other):
            body = body_of(mutant.source, mutant.hole)
            alone = replace(self.entry, slug="change", body=body)
            found |= {item["slug"] for item in context.told(alone) if item["kind"] in NAMES}
        return found


def _pairs(context: _Context, seed: int) -> Iterator[_Pair]:
    """Random changes at two statements of one hole."""
    draw, changes = random.Random(seed), list(plan_mutants(context.homework))
    while True:
        (file, one), (other_file, other) = draw.sample(changes, 2)
        if one.hole != other.hole or file != other_file or one.was == other.was:
            continue
        source = (context.solutions / file).read_text(encoding="utf-8")
        body = merge_changes(
            *(body_of(text, one.hole) for text in (source, one.source, other.source))
        )
        if body is not None:
            name = context.homework.name
            yield _Pair(
                file, one, other, Entry("pair", name, one.problem, "pair", "", file, body, "")
            )


def _sure(told: Told) -> set[str]:
    """The names that are told for sure."""
    return {one["slug"] for one in told if one["sure"] and one["kind"] in NAMES}


def _most(told: Told) -> str:
    """The kind of the strongest cause that is told."""
    if _sure(told):
        return "sure name"
    if any(one["kind"] in NAMES for one in told):
        return "name that looks like it"
    return "relation or fact" if told else "nothing"


def _line(title: str, counts: Counter[str]) -> str:
    found = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    return f"{title}: {counts.total()} tried: {found}"
