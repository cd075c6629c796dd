"""How every command reads its options: `--help` ends with examples, `--version` names the kit."""

from __future__ import annotations

import argparse
from typing import Any

from common.kit.version import kit_version


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
