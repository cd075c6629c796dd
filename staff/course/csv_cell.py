"""Texts in tables that people open with a spreadsheet."""

from __future__ import annotations


def cell(text: object) -> str:
    """One line that no spreadsheet takes for a formula."""
    line = " ".join(str(text).split())
    return "'" + line if line[:1] in ("=", "+", "-", "@") else line
