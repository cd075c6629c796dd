"""`python -m staff demo`: what the kit does, seen in a minute with nothing filled in."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from autograder import engine
from autograder.report import console as report
from autograder.report import page
from autograder.report.record import HomeworkResult
from autograder.run.launch import Worker, isolation_of_this_system, start
from common import homework as homeworks
from common.errors import KitError
from common.files import write_text
from common.homework import Homework
from staff import command
from staff.authoring import catalogue
from staff.authoring.stubs import copy_solutions

HOMEWORK, PROBLEM, EXPERIMENT = "hw2", "2a", "maml"
# Three attempts at MAML's inner loop: a mistake of the catalogue, one that is harder to see, the solution.
ATTEMPTS = (
    ("wrong", "ascent"),
    ("nearly right", "always_first_order"),
    ("right", None),
)
SHOWN = "nearly right"  # on the page, and in the picture of README.md
PICTURE = Path("autograder", "report", "verdict.svg")
WIDTH = 92  # characters of the picture
# As rich has it, without the fonts that it would fetch from the network.
SVG = """<svg role="img" aria-label="A verdict in the terminal: the adapted parameters are right, the
meta-gradient is not, and the mistake is named." viewBox="0 0 {width} {height}"
xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def main(argv: list[str]) -> int:
    """Grade three attempts, train a tiny run, say what to look at; return the exit code."""
    options = command.parser(
        "demo",
        "Grade three prepared attempts at MAML's inner loop, train a tiny run with the solutions, and\n"
        "leave a page and a picture. Takes under a minute.",
        f"example:\n  python -m staff demo\n  python -m staff demo --svg {PICTURE}    after another wording",
    )
    options.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("dist", "demo"),
        metavar="DIR",
        help="for page, picture and run (dist/demo)",
    )
    options.add_argument(
        "--svg", type=Path, metavar="FILE", help="also draw the verdict, as README.md shows it"
    )
    chosen = options.parse_args(argv)
    homework, console = homeworks.load(HOMEWORK), Console(highlight=False)
    with start(isolation_of_this_system(), homework.preload) as worker:
        for title, slug in ATTEMPTS:
            console.rule(f"[bold]an attempt that is {title}")
            result = attempt(homework, slug, worker)
            report.show(result, homework, console)
            if title == SHOWN:
                page.write([result], {HOMEWORK: homework}, chosen.out / "report.html")
                if chosen.svg is not None:
                    write_text(chosen.svg, draw_verdict(result, homework))
    console.rule("[bold]a tiny run with the solutions")
    run = train(chosen.out / "run")
    console.print(f"\npage:    {chosen.out / 'report.html'}\npicture: {run / 'curves.png'}")
    return 0


def attempt(homework: Homework, slug: str | None, worker: Worker) -> HomeworkResult:
    """The verdict on one problem of a mistake of the catalogue, or of the solution."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        if slug is None:
            copy_solutions(homework.root, homework.name, Path(folder))
        else:
            entries = catalogue.entries(homework.name, "mistake", homework.root)
            (entry,) = (one for one in entries if (one.problem, one.slug) == (PROBLEM, slug))
            catalogue.submission(entry, Path(folder), homework.root)
        return engine.grade(homework, submission=Path(folder), only=PROBLEM, worker=worker)


def draw_verdict(result: HomeworkResult, homework: Homework) -> str:
    """Return the verdict as an SVG picture of a terminal, which needs nothing from the network.

    The time is left out: it is another one on every machine.
    """
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(
            record=True,
            width=WIDTH,
            file=nowhere,
            force_terminal=True,
            color_system="truecolor",
            highlight=False,
        )
        report.show(replace(result, seconds=0), homework, console)
        title = f"python -m autograder {homework.name} --problem {PROBLEM}"
        return console.export_svg(title=title, code_format=SVG, unique_id="verdict")


def train(out: Path) -> Path:
    """Train a tiny run into a folder; return the folder.

    Raises:
        KitError: when it fails.
    """
    asked = [HOMEWORK, "--experiment", EXPERIMENT, "--tiny", "--out", str(out)]
    done = subprocess.run([sys.executable, "-m", "staff", "train", *asked], check=False)
    if done.returncode:
        raise KitError(f"the tiny run ended with exit code {done.returncode}")
    return out
