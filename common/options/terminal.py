"""Whether the terminal shows signs and bars, and whether a person can answer there."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata

# How a sign is written where its own does not exist.
SPELT = {"✓": "+", "✗": "x", "⏱": "t", "☠": "!", "·": ".", "█": "#", "░": "-", "━": "-", "╸": "-",
         "╺": "-", "…": "...", "→": "->", "←": "<-", "×": "x", "−": "-", "–": "-", "—": "-", "±": "+-",
         "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "‖": "||", "“": '"', "”": '"', "‘": "'", "’": "'",
         "•": "*", "√": "sqrt", "∞": "inf"}  # fmt: skip


def plain() -> bool:
    """Whether sentences are wanted in place of bars and tables: --plain and NO_COLOR."""
    return bool(os.environ.get("NO_COLOR"))


def live() -> bool:
    """Whether standard output is a terminal whose reader wants bars (no NO_COLOR, no --plain)."""
    if sys.stdout is None or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty() and not plain()


def can_ask() -> bool:
    """Whether somebody sits at a terminal: standard input may be a pipe, or closed."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:
        return False


def spell_what_is_missing() -> None:
    """Let standard output and errors write signs that they do not have in others: ✓ as +."""
    codecs.register_error("spelt", _spell)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="spelt")


def spelt(sign: str) -> str:
    """One sign in ASCII: by the table, without its accent, or by its name (α is alpha)."""
    if sign in SPELT:
        return SPELT[sign]
    bare = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return bare or unicodedata.name(sign, "?").rpartition(" ")[2].lower()


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(spelt, error.object[error.start : error.end])), error.end
