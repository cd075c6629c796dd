"""`python -m staff mutate`: change the solutions, and see whether the checks notice.

What survives is either the same function (listed with its reason in hwN.toml beside this file) or a
gap in the checks.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from staff import command

EXAMPLE = """
example:
  python -m staff mutate hw1 --json mutants.json --html mutants.html
"""


def main(argv: list[str]) -> int:
    """Run the command; return 0 when every survivor is explained."""
    options = _options().parse_args(argv)
    if options.problem and len(options.homework) != 1:
        raise KitError("--problem needs one homework: python -m staff mutate hw1 --problem 2a")
    from staff.gate.mutants import table

    known = _known(options.json)
    tables = []
    for name in options.homework or homeworks.names():
        tables.append(table.make(homeworks.load(name), options.problem, options.json, known))
        print(table.as_text(tables[-1]))
    if options.html:
        options.html.write_text(table.as_html(tables), encoding="utf-8")
    return 0 if all(one.passed for one in tables) else 1


def _options() -> argparse.ArgumentParser:
    options = command.parser(
        "mutate",
        "Change the solutions in every small way, and list what no check notices.",
        EXAMPLE,
    )
    command.add_shared(options, "homeworks")
    options.add_argument("--problem", metavar="ID", help="one problem's hole")
    options.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="keep every mutant's result here; typed again, only what is new is run",
    )
    options.add_argument("--html", type=Path, metavar="FILE", help="the table, to look at")
    return options


def _known(path: Path | None) -> dict[str, dict]:
    if path is None or not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise KitError(f"{path} is not a record of mutants; remove it, or name another") from None
