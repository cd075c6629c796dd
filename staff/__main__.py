"""Staff commands: `python -m staff --help`."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.options import terminal
from staff.authoring.with_solutions import run_module, training_tree
from staff.command import add_shared, parser

EXAMPLES = """examples, for who runs a course:
  python -m staff demo                            what the kit does, in a minute
  python -m staff release --up-to hw1             the students' archive, later homeworks closed
  python -m staff release --git ../students       commit it to the students' repository too
  python -m staff answers --secret 3              record three secret sets for the course grader
  python -m staff rehearse                        a made-up class from uploads to grades
  python -m staff grade submissions --hw hw1      grade a class
  python -m staff gradescope hw1                  the zip to upload
  python -m staff written hw2 submissions         pages to grade written answers on
  python -m staff viva hw2 ada                    five questions about her own code, with answers
  python -m staff gradebook scores                late days, weights, extra credit: one table
  python -m staff feedback submissions --hw hw1 --book scores    a page a student
  python -m staff forget --before 2026-09-01      delete student data that is older

examples, for who writes homeworks:
  python -m staff stubs                           make hwN/ from staff/solutions/
  python -m staff tables                          points and outcomes into handouts and write-ups
  python -m staff answers hw1                     record the public seed's answers
  python -m staff verify hw1 --html gate.html     the gate, and its table of mistakes by checks
  python -m staff verify hw1 --false-alarms 200   statistical checks on right answers, 200 seeds
  python -m staff cases FILE --json OUT           versions of holes with known causes, one line each
  python -m staff mutate hw1                      change the solution: do the checks notice?
  python -m staff causes hw1 --leave-one-out      are the named causes true?
  python -m staff train hw1 --experiment 1-shot-2-way    train with the solutions
  python -m staff experiments hw1                 every required one, with the solutions
  python -m staff bands hw1 runs/hw1/*-seed?      reference bands from those runs
  python -m staff compare --seed 1                one problem, five answers, with the solutions
  python -m staff curves hw2                      record the curves to diagnose, once
  python -m staff figures                         draw the figures of the handouts
"""

TRAIN = """example:
  python -m staff train hw1 --experiment 1-shot-2-way
  python -m staff train hw1 --help"""

# commands that read their own options: module, help
COURSE = {
    "demo": ("staff.demo", "three attempts graded, a tiny run trained: what the kit does"),
    "new-term": ("staff.release.new_term", "dates, canary, version and letters of another term"),
    "next-version": ("staff.release.version", "a version of its own for a corrected release"),
    "constraints": ("staff.release.constraints", "note the versions that are installed here"),
    "rehearse": ("staff.grading.rehearse", "take a made-up class the whole way"),
    "grade": ("staff.grading.grade", "grade a folder of submissions"),
    "cluster-keys": ("staff.grading.cluster_keys", "make the keys of a cluster that grades"),
    "gradescope": ("staff.grading.gradescope.build", "build the zip for Gradescope"),
    "similarity": ("staff.grading.similarity", "pairs of submissions that share code"),
    "written": ("staff.written.command", "grade written answers on offline pages"),
    "viva": ("staff.written.viva", "questions about a student's own code, with answers"),
    "gradebook": ("staff.course.gradebook", "scores and rules to one table"),
    "feedback": ("staff.grading.feedback", "make one page a student, to send back"),
    "forget": ("staff.course.forget", "delete student data that is no longer needed"),
}
AUTHORING = {
    "mutate": ("staff.gate.mutants", "change the solutions, and list what no check notices"),
    "cases": ("staff.gate.cases", "grade versions of holes with known causes"),
    "combined": ("staff.gate.combined", "right ways of several holes at once: graded, and trained"),
    "causes": ("staff.gate.measure_causes", "measure how often the named causes are true"),
    "experiments": (
        "staff.authoring.experiments",
        "run every required experiment with the solutions",
    ),
    "bands": ("staff.authoring.bands", "make a homework's reference bands from run folders"),
    "compare": ("staff.authoring.compare", "compare the five methods, with the solutions"),
    "curves": ("staff.authoring.curves.record", "record the curves to diagnose"),
    "remeasure": ("staff.authoring.remeasure", "measure cheap figures of the handouts again"),
    "outcomes": ("staff.written.outcomes", "learning outcomes, and what shows them"),
    "overlap": (
        "staff.authoring.overlap",
        "what students are shown that answers a graded question",
    ),
}
OWN_OPTIONS = COURSE | AUTHORING
Commands = argparse._SubParsersAction  # argparse has no public name for it
# functions of staff/commands.py
COMMANDS = ("verify", "stubs", "tables", "answers", "figures", "release", "architecture")


def main(argv: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    terminal.spell_what_is_missing()
    if argv[:1] == ["train"]:  # everything after the homework belongs to its train.py
        return _end(lambda: train(argv[1:]))
    if argv and argv[0] in OWN_OPTIONS:
        module = importlib.import_module(OWN_OPTIONS[argv[0]][0])
        return _end(lambda: module.main(argv[1:]))
    chosen = _options().parse_args(argv)
    module = importlib.import_module("staff.commands")
    return _end(lambda: getattr(module, chosen.command)(chosen))


def _options() -> argparse.ArgumentParser:
    """The options of `staff/commands.py`, and the names of all other commands."""
    options = parser("", "Run a course, and write its homeworks.", EXAMPLES)
    commands = options.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_release(commands)
    _add_names(commands, COURSE)
    for name, text in (
        ("stubs", "make hwN/ from the solutions"),
        ("tables", "put points, titles and outcomes into the handouts"),
        ("figures", "draw the figures of the handouts"),
    ):
        add_shared(commands.add_parser(name, help=text), "homeworks")
    _add_answers(commands)
    _add_verify(commands)
    commands.add_parser("architecture", help="redraw the picture in ARCHITECTURE.md")
    commands.add_parser("train", help="run hwN.train with the solutions in place")
    _add_names(commands, AUTHORING)
    return options


def _add_names(commands: Commands, own: dict[str, tuple[str, str]]) -> None:
    """Add commands that read their own options."""
    for name, (_, text) in own.items():
        commands.add_parser(name, help=text)


def _add_release(commands: Commands) -> None:
    add = commands.add_parser("release", help="make the students' archive in dist/").add_argument
    add("--up-to", metavar="hwN", help="keep later homeworks closed")
    add(
        "-o",
        "--output",
        type=Path,
        default=Path("dist"),
        metavar="DIR",
        help="where to write the archive (dist)",
    )
    add(
        "--ungated",
        action="store_true",
        help="do not wait for the gate: for a try, not for students",
    )
    add(
        "--hints",
        type=int,
        choices=(1, 2, 3),
        metavar="N",
        help="leave out what hint levels above N tell (course.toml)",
    )
    add(
        "--git",
        type=Path,
        metavar="DIR",
        help="the students' repository, to commit the kit to as well",
    )


def _add_answers(commands: Commands) -> None:
    command = commands.add_parser("answers", help="record the solutions' answers")
    add_shared(command, "homeworks")
    command.add_argument(
        "--secret",
        type=int,
        nargs="?",
        const=1,
        default=0,
        metavar="N",
        help="record the term's first N secret sets of inputs (1)",
    )
    command.add_argument("--seed", default="0", help=argparse.SUPPRESS)  # of older kits


def _add_verify(commands: Commands) -> None:
    command = commands.add_parser("verify", help="the gate: grade the grader")
    add_shared(command, "homeworks")
    command.add_argument("--seeds", type=int, default=3, help="secret seeds to compare with (3)")
    command.add_argument("--table", action="store_true", help="print mistakes by checks")
    command.add_argument("--html", type=Path, metavar="FILE", help="table of mistakes by checks")
    command.add_argument(
        "--false-alarms",
        type=int,
        metavar="N",
        help="instead: statistical checks on every right answer under N seeds",
    )


def _end(command: Callable[[], int]) -> int:
    try:
        return command()
    except KitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def train(argv: list[str]) -> int:
    """Run `python -m hwN.train …` in a tree that holds the solutions; runs stay in ./runs."""
    options = parser("train", "Run hwN.train with the solutions in place.", TRAIN)
    options.add_argument("homework", help="hw0, hw1, …; all that follows goes to its train.py")
    homework = homeworks.load(options.parse_args(argv[:1]).homework)
    with tempfile.TemporaryDirectory(prefix="train-") as folder:
        solutions = homework.root / "staff" / "solutions" / homework.name
        tree = training_tree(homework, Path(folder), solutions)
        return run_module(tree, f"{homework.name}.train", argv[1:])


if __name__ == "__main__":
    sys.exit(main())
