"""How the staff's commands read their options."""

from __future__ import annotations

import argparse


def parser(name: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """A parser whose `--help` ends with examples, laid out as they are written."""
    return argparse.ArgumentParser(
        prog=f"python -m staff {name}".strip(),
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
