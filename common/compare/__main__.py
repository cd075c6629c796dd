"""One problem, five answers: `python -m common.compare --help`."""

from __future__ import annotations

import argparse
from pathlib import Path

from common import homework as homeworks
from common import options
from common.options.command_line import Parser, add_shared


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="python -m common.compare",
        description="Train your own five methods for a short while each, give them the same 3-way "
        "1-shot tasks, and draw accuracy, calibration, time and memory in one picture.",
        epilog="example:\n  python -m common.compare\n"
        "  python -m common.compare --data glyphs --seed 1 --without hw4",
    )
    add_shared(parser, "--data")
    add = parser.add_argument
    add("--seed", type=int, default=0, help="of weights, training and tasks (default 0)")
    add("--tiny", action="store_true", help="the whole path in seconds, on little data")
    add("--out", type=Path, metavar="DIR", help="where to write (runs/compare-seedS)")
    add("--without", action="append", default=[], metavar="hwN", help="leave a homework out")
    chosen = parser.parse_args()
    chosen.without = [homeworks.load(homeworks.name_of(name)).name for name in chosen.without]
    return chosen


def main() -> int:
    """Run the comparison; return its exit code."""
    chosen = arguments()
    from common.compare import comparison  # loads what draws and calculates

    return comparison.compare(chosen)


if __name__ == "__main__":
    options.run_main(main)
