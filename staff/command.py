"""How the staff's commands read their options."""

from __future__ import annotations

from common.options.command_line import Parser


def parser(name: str, description: str, epilog: str) -> Parser:
    """A parser whose `--help` ends with examples, laid out as they are written."""
    return Parser(
        prog=f"python -m staff {name}".strip(),
        description=description,
        epilog=epilog,
    )
