"""How the staff's commands read their options."""

from __future__ import annotations

import argparse
from pathlib import Path

from common.kit.machine import usable_cores
from common.options import command_line
from common.options.command_line import Parser, Shared

SHARED: Shared = {
    **command_line.SHARED,
    "folder": {"type": Path, "help": "of submissions: zips, folders, a platform's download"},
    "--hw": {"required": True, "metavar": "hwN", "help": "the homework"},
    "--workers": {
        "type": int,
        "default": usable_cores(),
        "metavar": "N",
        "help": "processes (cores)",
    },
    "--sets": {
        "type": int,
        "default": 1,
        "metavar": "N",
        "help": "secret sets for each: a check counts when it passes under all (1)",
    },
    "--roster": {"type": Path, "metavar": "FILE", "help": "FOLDER/roster.csv, where it is there"},
    "--times": {"type": Path, "metavar": "FILE", "help": "FOLDER/times.csv, where it is there"},
    "--pseudonyms": {
        "action": "store_true",
        "help": "a second page, without names, to show others",
    },
}


def parser(name: str, description: str, epilog: str) -> Parser:
    """A parser whose `--help` ends with examples, laid out as they are written."""
    return Parser(
        prog=f"python -m staff {name}".strip(),
        description=description,
        epilog=epilog,
    )


def add_shared(options: argparse.ArgumentParser, *names: str) -> None:
    """Add options that several of the staff's commands have."""
    command_line.add_shared(options, *names, table=SHARED)
