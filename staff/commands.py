"""The commands that make a homework, gate it and release it; `staff/__main__.py` reads their options."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time

from rich.console import Console

from common import homework as homeworks
from common.errors import KitError
from common.kit import seeds
from staff.authoring import architecture as house
from staff.authoring.stubs import write as write_stubs
from staff.authoring.tables import redraw as redraw_tables
from staff.gate import report, stamp
from staff.gate import verify as gate
from staff.gate.false_alarms import find_false_alarms
from staff.gate.recording import record_all, record_one
from staff.gate.shared_worker import start_shared_worker
from staff.release.archive import open_homeworks
from staff.release.archive import release as make


def stubs(options: argparse.Namespace) -> int:
    """Write the stubs; say what changed."""
    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        changed = write_stubs(homework.root, name)
        print(f"{name}: {', '.join(p.name for p in changed) or 'nothing'} changed")
    return 0


def tables(options: argparse.Namespace) -> int:
    """Put the points and outcomes into handouts and write-ups; say what changed."""
    for name in options.homework or homeworks.names():
        changed = redraw_tables(homeworks.load(name))
        print(f"{name}: {', '.join(path.name for path in changed) or 'nothing'} changed")
    return 0


def answers(options: argparse.Namespace) -> int:
    """Record answers; say where they are, and which records are of no use."""
    if options.seed != "0":
        raise KitError(
            "--seed N can be guessed; record secret sets with: python -m staff answers --secret"
        )
    if not 0 <= options.secret <= seeds.MOST_SETS:
        raise KitError(f"--secret {options.secret}: at most {seeds.MOST_SETS} sets of a homework")
    names = options.homework or homeworks.names()
    if options.secret:
        seeds.make_term(homeworks.ROOT)  # before two processes want it
    with Console().status(f"{', '.join(names)}: recording, two at a time") as status:
        if len(names) == 1:
            recorded = iter([record_one(names[0], options.secret, status.update)])
        else:
            recorded = record_all(names, options.secret)
        for paths in recorded:
            for path in paths:
                size = path.stat().st_size / 1024
                print(f"{path.relative_to(homeworks.ROOT)}: {size:.0f} kB", flush=True)
    for name in names:
        for told in seeds.left_over(homeworks.load(name)):
            print(f"note: {told}", file=sys.stderr)
    return 0


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
    """Redraw the picture; return 1 when an import is not allowed, or files import one another."""
    found = [f"not allowed: {told}" for told in house.wrong(homeworks.ROOT)]
    if around := house.circle(homeworks.ROOT):
        found.append(f"a circle: {' imports '.join(around)}")
    for told in found:
        print(told)
    print(f"{house.PAGE}: {'redrawn' if house.redraw(homeworks.ROOT) else 'in step'}")
    return 1 if found else 0


def release(options: argparse.Namespace) -> int:
    """Make the students' archive; say where it is."""
    _through_the_gate(open_homeworks(homeworks.ROOT, options.up_to), options.ungated)
    archive = make(homeworks.ROOT, options.output, options.up_to, options.git, options.hints)
    print(f"{archive}: {archive.stat().st_size / 1024:.0f} kB")
    return 0


def _through_the_gate(names: list[str], ungated: bool) -> None:
    """Put homeworks through the gate whose tree it has not seen; say how long that takes."""
    waiting = [one for one in map(homeworks.load, names) if not stamp.has_passed(one)]
    if ungated or not waiting:
        if waiting:
            print(
                f"note: not through the gate: {', '.join(one.name for one in waiting)}; for a try, "
                "not for students"
            )
        return
    print(f"{', '.join(one.name for one in waiting)}: changed since the gate; some minutes each")
    for homework in waiting:
        with Console(highlight=False).status(homework.name) as status:
            stamp.require(homework, status.update)
        print(f"{homework.name}: passes the gate", flush=True)


def verify(options: argparse.Namespace) -> int:
    """Put homeworks through the gate; return 0 when nothing blocks a release."""
    console, verdicts = Console(highlight=False), []
    if options.false_alarms:
        return _find_false_alarms(options, console)
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


def _find_false_alarms(options: argparse.Namespace, console: Console) -> int:
    """Statistical checks on right answers under many seeds; 0 when none failed."""
    raised = 0
    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        with start_shared_worker(homework.preload) as worker, console.status(name) as status:
            found = find_false_alarms(homework, worker, options.false_alarms, status.update)
        print(found.as_text())
        raised += len(found.raised)
    return 1 if raised else 0
