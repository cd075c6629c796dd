"""Staff commands: `python -m staff --help`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder import homework as homeworks
from autograder.errors import UsageError

EXAMPLES = """
examples:
  python -m staff stubs                       make hwN/ from staff/solutions/
  python -m staff answers hw1                 record the public seed's answers
  python -m staff answers --seed 7421         record a secret seed for the course grader
  python -m staff train hw1 --experiment 1-shot-2-way   train with the solutions
"""


def main(argv: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["train"]:  # everything after the homework belongs to its train.py
        return _end(lambda: train(argv[1:]))
    options = argparse.ArgumentParser(
        prog="python -m staff",
        description="Make stubs and answers, train with the solutions.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = options.add_subparsers(dest="command", required=True)
    for name, text in (("stubs", "make hwN/ from the solutions"),
                       ("answers", "record the solutions' answers")):  # fmt: skip
        command = commands.add_parser(name, help=text)
        command.add_argument("homework", nargs="*", help="none means all")
    commands.choices["answers"].add_argument("--seed", type=int, default=0)
    commands.add_parser("train", help="run hwN.train with the solutions in place")
    chosen = options.parse_args(argv)
    return _end(lambda: {"stubs": stubs, "answers": answers}[chosen.command](chosen))


def _end(command) -> int:
    from staff.answers import NotASolution
    from staff.catalog import CatalogError
    from staff.stubs import MarkError

    try:
        return command()
    except (UsageError, NotASolution, CatalogError, MarkError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def stubs(options: argparse.Namespace) -> int:
    """Write the stubs; say what changed."""
    from staff.stubs import write

    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        changed = write(homework.root, name)
        print(f"{name}: {', '.join(p.name for p in changed) or 'nothing'} changed")
    return 0


def answers(options: argparse.Namespace) -> int:
    """Record answers; say where they are."""
    from autograder.run.launch import isolation_of_this_system, start
    from staff.answers import record

    for name in options.homework or homeworks.names():
        homework = homeworks.load(name)
        with start(isolation_of_this_system(), homework.preload) as worker:
            recorded = record(homework, options.seed, worker)
        path = recorded.save(homework, options.seed)
        print(f"{name}: {path.relative_to(homework.root)}, {path.stat().st_size / 1024:.0f} kB")
    return 0


def train(argv: list[str]) -> int:
    """Run `python -m hwN.train …` in a tree that holds the solutions; runs stay in ./runs."""
    from autograder.run.overlay import overlay

    if not argv or argv[0] in ("-h", "--help"):
        print("usage: python -m staff train hwN [options of hwN.train]")
        return 0 if argv else 2
    homework = homeworks.load(argv[0])
    with tempfile.TemporaryDirectory(prefix="train-") as folder:
        solutions = homework.root / "staff" / "solutions" / homework.name
        tree = overlay(homework, Path(folder), solutions)
        code = (
            f"import sys, runpy; sys.path[0] = {str(tree)!r}; sys.argv[0] = 'hw'; "
            f"runpy.run_module({homework.name + '.train'!r}, run_name='__main__', alter_sys=True)"
        )
        process = subprocess.Popen([sys.executable, "-c", code, *argv[1:]])
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # Ctrl-C reached the training too, which saves and ends


if __name__ == "__main__":
    sys.exit(main())
