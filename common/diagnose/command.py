"""Find the bug in this curve: `python -m common.diagnose --help`."""

from __future__ import annotations

import argparse
import shutil
import tomllib
from pathlib import Path

from common import options
from common.diagnose import curves as recorded
from common.diagnose import diagnosis, form, picture, telling
from common.diagnose.curves import Curves
from common.diagnose.diagnosis import Diagnosis
from common.errors import KitError
from common.files import write_text
from common.homework import name_of
from common.options.command_line import Parser
from common.options.terminal import can_ask

EXAMPLE = """example:
  python -m common.diagnose hw2 --name "Ada L"   draws your runs, asks you about them
  python -m common.diagnose hw2                  holds your evidence against the curves
  python -m common.diagnose hw2 --ask E          asks about run E again
Answers stand in hw2/diagnosis.toml, which you may edit as well.
exit code: 0 all evidence holds, 1 not yet, 2 it cannot be read
"""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="python -m common.diagnose",
        description="Some training runs, most of them broken by one mistake: name cause and "
        "evidence from the curves alone. Which runs are yours is decided by your name.",
        epilog=EXAMPLE,
    )
    parser.add_argument("homework", type=name_of, help="hw1, hw2, …")
    parser.add_argument("--name", help="yours, as you sign; default: the one you signed with")
    parser.add_argument(
        "--ask",
        nargs="*",
        metavar="RUN",
        help="answer by questions: these runs; none named: all that do not hold yet",
    )
    parser.add_argument(
        "--hint",
        metavar="LEVEL",
        type=int,
        choices=(1, 2, 3),
        default=3,
        help="1 what differs, 2 the idea, 3 the place to look at (3)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the picture (runs/hwN/diagnosis.png); its numbers go beside it, as .txt",
    )
    options.add_plain(parser)
    return parser.parse_args()


def main() -> int:
    """Draw the runs, ask about them, and hold what is answered against the curves."""
    chosen = arguments()
    curves = recorded.load(chosen.homework)
    path = recorded.ROOT / chosen.homework / "diagnosis.toml"
    begun = path.is_file()
    given = _answers(path, curves, chosen)
    runs = [answer.run for answer in given.answers]
    _draw(curves, runs, chosen.out or options.RUNS / chosen.homework / "diagnosis.png")
    if chosen.ask is not None or (not begun and can_ask()):
        given = _asked(given, path, curves, chosen)
    elif not begun:
        telling.tell_causes(curves, runs)
        print(f"Write cause and evidence of each run into {path}, and give the command again.")
        return 1
    done = telling.tell_verdicts(given, diagnosis.verdicts(given, curves), chosen.hint)
    if not done:
        print(
            f"Go on by questions (python -m common.diagnose {chosen.homework} --ask), or in {path}."
        )
    return 0 if done else 1


def _answers(path: Path, curves: Curves, chosen: argparse.Namespace) -> Diagnosis:
    """Read the answers so far; begin a new file where there is none."""
    if path.is_file():
        given = diagnosis.read(path, curves)
        if chosen.name is not None and recorded.plain(chosen.name) != recorded.plain(given.name):
            raise KitError(
                f"{path} is for {given.name!r}; move it away to start as {chosen.name!r}"
            )
        return given
    name = chosen.name or signed_name(recorded.ROOT)
    if not name.strip():
        raise KitError(f'whose runs? python -m common.diagnose {chosen.homework} --name "Ada L"')
    given = diagnosis.blank(curves, name)
    diagnosis.write(path, curves, given)
    return given


def signed_name(root: Path) -> str:
    """The name in submission.toml, or nothing."""
    try:
        return str(tomllib.loads((root / "submission.toml").read_text(encoding="utf-8"))["name"])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError):
        return ""


def _draw(curves: Curves, runs: list[str], path: Path) -> None:
    """The picture and its numbers, and where they are."""
    text = path.with_suffix(".txt")
    picture.draw(curves, runs, path)
    write_text(text, picture.as_text(curves, runs))
    print(f"picture: {path}, its numbers: {text}")


def _asked(given: Diagnosis, path: Path, curves: Curves, chosen: argparse.Namespace) -> Diagnosis:
    """The answers after questions about the runs that are named, or about all that do not hold."""
    known = {answer.run: answer for answer in given.answers}
    wanted = [run.upper() for run in chosen.ask or ()]
    if strange := [run for run in wanted if run not in known]:
        raise KitError(f"run {strange[0]} is not one of yours ({', '.join(known)})")
    open_runs = [v.run for v in diagnosis.verdicts(given, curves) if v.state != diagnosis.HOLDS]
    if path.read_text(encoding="utf-8") != diagnosis.as_toml(given, curves):
        before = path.with_suffix(".toml.old")
        shutil.copyfile(path, before)
        print(f"what you wrote yourself is kept as {before}")
    return form.ask(
        given,
        wanted or open_runs,
        curves,
        chosen.hint,
        lambda now: diagnosis.write(path, curves, now),
    )
