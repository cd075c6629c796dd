"""Whether moving pictures may be drawn: on a terminal, unless plain text is wanted."""

from __future__ import annotations

import os
import sys


def live() -> bool:
    """Whether standard output is a terminal whose reader wants bars (no NO_COLOR, no --plain)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
