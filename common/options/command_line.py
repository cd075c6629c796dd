"""How every command reads its options: `--help` ends with examples, `--version` names the kit."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from common.homework import name_of
from common.kit.version import kit_version

Shared = Mapping[str, dict[str, Any]]
SHARED: Shared = {  # what several commands ask for, in the same words
    "homework": {"type": name_of, "help": "hw0, hw1, …"},
    "homeworks": {"type": name_of, "nargs": "*", "help": "hw0, hw1, …; none means all"},
    "--data": {
        "metavar": "SOURCE",
        "help": "a data set's name or a folder; default: the best there is",
    },
    "--seed": {"type": int, "default": 0, "help": "of weights and tasks (default 0)"},
    "--runs": {
        "type": Path,
        "default": Path("runs"),
        "metavar": "DIR",
        "help": "where the runs are (runs)",
    },
    "--plain": {
        "action": "store_true",
        "help": "sentences in ASCII, for screen readers; NO_COLOR=1 does the same",
    },
    "--again": {"type": int, "default": 0, "metavar": "N", "help": "other questions"},
}


class _Taker(Protocol):
    """A parser, or a group of its options."""

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action: ...


def add_shared(options: _Taker, *names: str, table: Shared = SHARED) -> None:
    """Add options that several commands have; "homeworks" is read as `homework`, a list."""
    for name in names:
        options.add_argument("homework" if name == "homeworks" else name, **table[name])


class _Version(argparse.Action):
    """Print the version and end; it is read only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"meta-learning-homework {kit_version()}")
        parser.exit()


class Parser(argparse.ArgumentParser):
    """A parser with `--version`, whose help keeps the lines of its texts as they are written."""

    def __init__(self, *args: Any, **more: Any) -> None:
        more.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **more)
        self.add_argument(
            "--version",
            action=_Version,
            nargs=0,
            default=argparse.SUPPRESS,
            dest=argparse.SUPPRESS,
            help="print the version of the kit",
        )
