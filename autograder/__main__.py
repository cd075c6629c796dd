"""The command line: `python -m autograder --help`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from autograder import asked
from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.options import terminal
from common.options.command_line import Parser, add_shared

EXAMPLES = """
examples:
  python -m autograder                     the state of all homeworks, as one picture
  python -m autograder hw1                 grade homework 1
  python -m autograder hw1 --problem 2a    one problem only; --problem 2 is all of its parts
  python -m autograder hw1 --problem 2a --replay    its smallest failing inputs, as a script
  python -m autograder hw1 --watch         a verdict each time a file is saved
  python -m autograder doctor              what works on this machine
  python -m autograder explain hw1         questions about your own code and runs
  python -m autograder ask hw1 2a          a text for the forum: verdict, versions, shapes, no code
  python -m autograder submit hw1          make the zip to hand in
exit code: 0 every point asked for was earned, 1 not yet, 2 it could not be graded
"""


def parser() -> argparse.ArgumentParser:
    """The options of grading; `submit` has its own."""
    options = Parser(
        prog="python -m autograder",
        description="Judges your homework on this machine, in seconds, and says what to look at.",
        epilog=EXAMPLES,
    )
    add = options.add_argument
    add("homework", nargs="*", help="hw0, hw1, or a file such as hw1/mann.py; none means all")
    add("--problem", metavar="ID", help="only the checks of one problem, such as 2a")
    add("--watch", action="store_true", help="stay, and grade again whatever is saved")
    add("--html", metavar="FILE", type=Path, help="write a report with pictures, one file")
    add(
        "--hint",
        metavar="LEVEL",
        type=int,
        choices=(1, 2, 3),
        help="1 what differed, 2 the idea to look at, 3 the recognised mistake",
    )
    add("--in-process", action="store_true", help="no isolation, so that breakpoint() works")
    add(
        "--replay",
        action="store_true",
        help="write the smallest failing inputs of --problem as a script for a debugger",
    )
    add_shared(options, "--plain")
    add = options.add_argument_group("for graders and other programs").add_argument
    add("--submission", metavar="DIR", type=Path, help="take the files to hand in from this folder")
    add("--json", metavar="FILE", help="write the record here; - is standard output")
    add("--junit", metavar="FILE", type=Path, help="write JUnit XML, for continuous integration")
    add("--seed", metavar="NAME", default="0", help="which recorded inputs (the kit has 0)")
    add("--isolation", choices=("fork", "spawn"), help="how student code is isolated")
    add("--fresh", action="store_true", help="ignore the state of earlier runs (none is kept)")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    terminal.spell_what_is_missing()
    try:
        if argv[:1] == ["submit"]:
            from autograder import submit

            return submit.main(argv[1:])
        if argv[:1] == ["explain"]:
            from autograder.explain import command

            return command.main(argv[1:])
        if argv[:1] == ["ask"]:
            from autograder import forum

            return forum.main(argv[1:])
        if argv[:1] == ["doctor"]:
            from autograder import doctor

            return doctor.main(argv[1:])
        return _grade(parser().parse_args(argv))
    except KitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D in answer to a question
        print("\nstopped; nothing was changed. Run the same command again.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"error: {error.filename or 'disk'}: {error.strerror}", file=sys.stderr)
        return 2


def _grade(options: argparse.Namespace) -> int:
    found = asked.understand(options.homework, options.problem)
    options.homework, options.problems = found.names, found.problems
    names = options.homework or homeworks.names()
    if not names:
        raise KitError("no homework is here; run this in the folder that holds hw0/")
    chosen = [homeworks.load(name) for name in names]
    if options.replay and len(options.problems or ()) != 1:
        raise KitError(
            "--replay needs one problem, as in: python -m autograder hw1 --problem 2a --replay"
        )
    if options.submission is not None and not options.submission.is_dir():
        raise KitError(f"--submission {options.submission} is not a folder; unpack the zip first")
    if options.json not in (None, "-"):
        _check_writable(Path(options.json))

    for homework in chosen:
        if homework.hints(options.hint) < (options.hint or 0):
            opens = f"; level 3 opens on {homework.hints_open}" if homework.hints_open else ""
            print(
                f"note: {homework.name} tells hint levels up to {homework.hint_level} here{opens}",
                file=sys.stderr,
            )
    for path in (options.html, options.junit):
        if path is not None:
            _check_writable(path)
    if options.watch and len(chosen) != 1:
        raise KitError("--watch needs one homework, as in: python -m autograder hw1 --watch")

    results = _run(chosen, options)
    _write_json(results, options)
    if options.html is not None:
        from autograder.report import page

        page.write(results, {homework.name: homework for homework in chosen}, options.html)
    if options.junit is not None:
        from autograder.report import junit

        junit.write(results, options.junit)
    return 0 if all(result.complete for result in results) else 1


def _run(chosen: list, options: argparse.Namespace) -> list:
    from autograder.run.launch import isolation_of_this_system, start

    isolation = options.isolation or isolation_of_this_system()
    if options.in_process:
        isolation = "in-process"
    # One warm worker serves all homeworks: start it before anything else is imported here.
    preload = tuple(dict.fromkeys(name for homework in chosen for name in homework.preload))
    results = []
    with start(isolation, preload) as worker:
        from autograder import engine
        from autograder.report.screen import Screen
        from common.kit import seeds

        screen = Screen(options.plain, errors=options.json == "-")
        if options.watch:
            from autograder.watch import watch

            return [
                watch(
                    chosen[0],
                    worker,
                    screen,
                    submission=options.submission,
                    seed=seeds.find(chosen[0], options.seed),
                    hint=options.hint,
                    isolation=isolation,
                    html=options.html,
                    only=options.problems,
                )
            ]
        for homework in chosen:
            with screen.progress(homework) as advance:
                result = engine.grade(
                    homework,
                    submission=options.submission,
                    only=options.problems,
                    seed=seeds.find(homework, options.seed),
                    isolation=isolation,
                    hint=options.hint,
                    worker=worker,
                    progress=advance,
                )
            if options.homework:
                screen.show(result, homework)
                if due := homework.due():
                    screen.say(f"  {homework.name} {due}")
            if options.replay:
                from autograder import replay

                screen.say(replay.write(homework, options.problems[0], worker, options.submission))
            results.append(result)
        if len(results) > 1 or not options.homework:
            screen.overview(results, {homework.name: homework for homework in chosen})
    return results


def _check_writable(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise KitError(f"cannot write {path}: {folder} is not a writable folder")


def _write_json(results: list, options: argparse.Namespace) -> None:
    if options.json is None:
        return
    records = [result.as_json() for result in results]
    several = len(options.homework) != 1
    text = json.dumps(records if several else records[0], indent=2, allow_nan=False)
    if options.json == "-":
        print(text)
        return
    write_text(Path(options.json), text + "\n")


if __name__ == "__main__":
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if sys.flags.optimize:  # it would strip assertions and titles from the checks
        left = {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE"}
        command = [sys.executable, "-m", "autograder", *sys.argv[1:]]
        sys.exit(subprocess.call(command, env=left))
    sys.exit(main())
