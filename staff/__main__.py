"""Staff commands: `python -m staff --help`."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from staff.authoring.with_solutions import run_module
from staff.command import parser

EXAMPLES = """
examples:
  python -m staff stubs                       make hwN/ from staff/solutions/
  python -m staff tables                      points and outcomes into handouts and write-ups
  python -m staff answers hw1                 record the public seed's answers
  python -m staff answers --seed 7421         record a secret seed for the course grader
  python -m staff verify hw1 --html gate.html the gate, and its table of mistakes by checks
  python -m staff verify hw1 --alarms 200     statistical checks on right answers, 200 seeds
  python -m staff cases FILE --json OUT       versions of holes with known causes, one line each
  python -m staff mutate hw1                  change the solution: do the checks notice?
  python -m staff causes hw1 --leave-one-out  are the causes true that are told?
  python -m staff release --up-to hw1         the students' archive, later homeworks closed
  python -m staff release --git ../students   commit it to the students' repository too
  python -m staff figures                     draw the figures of the handouts
  python -m staff train hw1 --experiment 1-shot-2-way   train with the solutions
  python -m staff experiments hw1             every required one, with the solutions
  python -m staff bands hw1 runs/hw1/*-seed?  reference bands from those runs
  python -m staff compare --seed 1            one problem, five answers, with the solutions
  python -m staff curves hw2                  record the curves to diagnose, once
  python -m staff grade submissions --hw hw1  grade a class
  python -m staff gradescope hw1              the zip to upload
  python -m staff feedback submissions --hw hw1 --book scores   a page a student
  python -m staff rehearse                    a made-up class from uploads to grades
  python -m staff written hw2 submissions     pages to grade written answers on
  python -m staff viva hw2 ada                five questions about her own code, with answers
  python -m staff forget --before 2026-09-01  what is kept of students and is older
  python -m staff gradebook scores            late days, weights, extra credit: one table
"""

TRAIN = """example:
  python -m staff train hw1 --experiment 1-shot-2-way
  python -m staff train hw1 --help"""

OWN_OPTIONS = {  # commands that read their own: module, help
    "demo": ("staff.demo", "three attempts graded, a tiny run trained: what the kit does"),
    "compare": ("staff.authoring.compare", "compare the five methods, with the solutions"),
    "curves": ("staff.authoring.curves.record", "record the curves to diagnose"),
    "grade": ("staff.grading.grade", "grade a folder of submissions"),
    "experiments": (
        "staff.authoring.experiments",
        "run every required experiment with the solutions",
    ),
    "bands": ("staff.authoring.bands", "make a homework's reference bands from run folders"),
    "feedback": ("staff.grading.feedback", "make one page a student, to send back"),
    "rehearse": ("staff.grading.rehearse", "take a made-up class the whole way"),
    "gradescope": ("staff.grading.gradescope.build", "build the zip for Gradescope"),
    "similarity": ("staff.grading.similarity", "pairs of submissions that share code"),
    "remeasure": ("staff.authoring.remeasure", "measure cheap figures of the handouts again"),
    "overlap": (
        "staff.authoring.overlap",
        "what students are shown that answers a graded question",
    ),
    "cases": ("staff.gate.cases", "grade versions of holes with known causes"),
    "combined": ("staff.gate.combined", "right ways of several holes at once: graded, and trained"),
    "constraints": ("staff.release.constraints", "note the versions that are installed here"),
    "next-version": ("staff.release.version", "a version of its own for a corrected release"),
    "new-term": ("staff.release.new_term", "dates, canary, version and letters of another term"),
    "mutate": ("staff.gate.mutants", "change the solutions, and list what no check notices"),
    "written": ("staff.written.command", "grade written answers on offline pages"),
    "outcomes": ("staff.written.outcomes", "learning outcomes, and what shows them"),
    "viva": ("staff.written.viva", "questions about a student's own code, with answers"),
    "causes": ("staff.gate.measure_causes", "measure how true the causes are that are told"),
    "gradebook": ("staff.course.gradebook", "scores and rules to one table"),
    "forget": ("staff.course.forget", "delete what is kept of students and has had its time"),
}


def main(argv: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["train"]:  # everything after the homework belongs to its train.py
        return _end(lambda: train(argv[1:]))
    if argv and argv[0] in OWN_OPTIONS:
        module = importlib.import_module(OWN_OPTIONS[argv[0]][0])
        return _end(lambda: module.main(argv[1:]))
    options = parser("", "Make stubs and answers, train with the solutions.", EXAMPLES)
    commands = options.add_subparsers(dest="command", required=True)
    for name, text in (("stubs", "make hwN/ from the solutions"),
                       ("tables", "put points, titles and outcomes into the handouts"),
                       ("answers", "record the solutions' answers")):  # fmt: skip
        command = commands.add_parser(name, help=text)
        command.add_argument("homework", nargs="*", help="none means all")
    commands.choices["answers"].add_argument("--seed", type=int, default=0)
    command = commands.add_parser("verify", help="the gate: grade the grader")
    command.add_argument("homework", nargs="*", help="none means all")
    command.add_argument("--seeds", type=int, default=3, help="secret seeds to compare with (3)")
    command.add_argument("--table", action="store_true", help="print mistakes by checks")
    command.add_argument("--html", type=Path, metavar="FILE", help="table of mistakes by checks")
    command.add_argument(
        "--alarms", type=int, metavar="N",
        help="instead: statistical checks on every right answer under N seeds",
    )  # fmt: skip
    command = commands.add_parser("release", help="make the students' archive in dist/")
    command.add_argument("--up-to", metavar="hwN", help="keep later homeworks closed")
    command.add_argument("-o", "--output", type=Path, default=Path("dist"), metavar="DIR")
    command.add_argument("--ungated", action="store_true",
                         help="do not wait for the gate: for a try, not for students")  # fmt: skip
    command.add_argument("--hints", type=int, choices=(1, 2, 3), metavar="N",
                         help="leave out what hint levels above N tell (course.toml)")  # fmt: skip
    command.add_argument("--git", type=Path, metavar="DIR",
                         help="the students' repository, to commit the kit to as well")  # fmt: skip
    commands.add_parser("architecture", help="redraw the picture in ARCHITECTURE.md")
    command = commands.add_parser("figures", help="draw the figures of the handouts")
    command.add_argument("homework", nargs="*", help="none means all")
    commands.add_parser("train", help="run hwN.train with the solutions in place")
    for name, (_, text) in OWN_OPTIONS.items():
        commands.add_parser(name, help=text)
    chosen = options.parse_args(argv)
    return _end(lambda: COMMANDS[chosen.command](chosen))


def _end(command) -> int:
    try:
        return command()
    except KitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def stubs(options: argparse.Namespace) -> int:
    """Write the stubs; say what changed."""
    from staff.authoring.stubs import write

    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        changed = write(homework.root, name)
        print(f"{name}: {', '.join(p.name for p in changed) or 'nothing'} changed")
    return 0


def tables(options: argparse.Namespace) -> int:
    """Put the points and outcomes into handouts and write-ups; say what changed."""
    from staff.authoring.tables import redraw

    for name in options.homework or homeworks.names():
        changed = redraw(homeworks.load(name))
        print(f"{name}: {', '.join(path.name for path in changed) or 'nothing'} changed")
    return 0


def answers(options: argparse.Namespace) -> int:
    """Record answers; say where they are."""
    from rich.console import Console

    from staff.gate.recording import record_all, record_one

    names = options.homework or homeworks.names()
    with Console().status(f"{', '.join(names)}: recording, two at a time") as status:
        if len(names) == 1:
            recorded = iter([record_one(names[0], options.seed, status.update)])
        else:
            recorded = record_all(names, options.seed)
        for paths in recorded:
            for path in paths:
                size = path.stat().st_size / 1024
                print(f"{path.relative_to(homeworks.ROOT)}: {size:.0f} kB", flush=True)
    return 0


def train(argv: list[str]) -> int:
    """Run `python -m hwN.train …` in a tree that holds the solutions; runs stay in ./runs."""
    from staff.authoring.with_solutions import training_tree

    options = parser("train", "Run hwN.train with the solutions in place.", TRAIN)
    options.add_argument("homework", help="hw0, hw1, …; all that follows goes to its train.py")
    homework = homeworks.load(options.parse_args(argv[:1]).homework)
    with tempfile.TemporaryDirectory(prefix="train-") as folder:
        solutions = homework.root / "staff" / "solutions" / homework.name
        tree = training_tree(homework, Path(folder), solutions)
        return run_module(tree, f"{homework.name}.train", argv[1:])


def figures(options: argparse.Namespace) -> int:
    """Draw the handouts' figures into hwN/figures/."""
    for name in options.homework or homeworks.names():
        if importlib.util.find_spec(f"staff.authoring.figures.{name}") is None:
            print(f"{name}: no figures")
            continue
        folder = homeworks.load(name).folder / "figures"
        for path in importlib.import_module(f"staff.authoring.figures.{name}").draw(folder):
            print(f"{path.relative_to(homeworks.ROOT)}: {path.stat().st_size / 1024:.0f} kB")
    return 0


def architecture(options: argparse.Namespace) -> int:
    """Redraw the picture; 1 when an import is not allowed."""
    from staff.authoring import architecture as house

    for told in (found := house.wrong(homeworks.ROOT)):
        print(f"not allowed: {told}")
    print(f"{house.PAGE}: {'redrawn' if house.redraw(homeworks.ROOT) else 'in step'}")
    return 1 if found else 0


def release(options: argparse.Namespace) -> int:
    """Make the students' archive; say where it is."""
    from staff.release.archive import opened
    from staff.release.archive import release as make

    _through_the_gate(opened(homeworks.ROOT, options.up_to), options.ungated)
    archive = make(homeworks.ROOT, options.output, options.up_to, options.git, options.hints)
    print(f"{archive}: {archive.stat().st_size / 1024:.0f} kB")
    return 0


def _through_the_gate(names: list[str], ungated: bool) -> None:
    """Put homeworks through the gate whose tree it has not seen; say how long that takes."""
    from rich.console import Console

    from staff.gate import stamp

    waiting = [one for one in map(homeworks.load, names) if not stamp.passed(one)]
    if ungated or not waiting:
        if waiting:
            print(f"note: not through the gate: {', '.join(one.name for one in waiting)}; for a try, "
                  "not for students")  # fmt: skip
        return
    print(f"{', '.join(one.name for one in waiting)}: changed since the gate; some minutes each")
    for homework in waiting:
        with Console(highlight=False).status(homework.name) as status:
            stamp.require(homework, status.update)
        print(f"{homework.name}: passes the gate", flush=True)


def verify(options: argparse.Namespace) -> int:
    """Put homeworks through the gate; 0 when nothing blocks a release."""
    import time

    from rich.console import Console

    from staff.gate import report, stamp
    from staff.gate import verify as gate

    console, verdicts = Console(highlight=False), []
    if options.alarms:
        return _alarms(options, console)
    for name in options.homework or homeworks.names():
        began = time.monotonic()
        with console.status(name) as status:
            homework, seeds = homeworks.load(name), gate.SECRET_SEEDS[: options.seeds]
            seen = stamp.tree(homework)
            verdicts.append(gate.verify(homework, seeds, status.update))
            if verdicts[-1].passed and seeds == gate.SECRET_SEEDS:
                stamp.put(homework, seen)
        if options.table:
            print(report.as_matrix(verdicts[-1]))
        print(f"{report.as_text(verdicts[-1])}\n  {time.monotonic() - began:.0f} s")
    if options.html is not None:
        options.html.write_text(report.as_html(verdicts), encoding="utf-8")
        print(options.html)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _alarms(options: argparse.Namespace, console) -> int:
    """Statistical checks on right answers under many seeds; 0 when none failed."""
    from staff.gate.false_alarms import alarms
    from staff.gate.shared_worker import start_trusted

    raised = 0
    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        with start_trusted(homework.preload) as worker, console.status(name) as status:
            found = alarms(homework, worker, options.alarms, status.update)
        print(found.as_text())
        raised += len(found.raised)
    return 1 if raised else 0


COMMANDS = {
    "verify": verify,
    "stubs": stubs,
    "tables": tables,
    "answers": answers,
    "figures": figures,
    "release": release,
    "architecture": architecture,
}

if __name__ == "__main__":
    sys.exit(main())
