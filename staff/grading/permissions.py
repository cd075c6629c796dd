"""Close what students' code must not read, for the user that it runs as."""

from __future__ import annotations

from pathlib import Path

SECRET = ("autograder/checks", "staff", "tests", "data")  # data: what fresh tasks are drawn from


def close_to_others(kit: Path) -> None:
    """Leave expected values, solutions and data sets of a kit to its owner (and root) alone.

    The grader reads them as root before a student's code runs as another user. It is the last line:
    with namespaces or Landlock, that code does not see the kit at all.
    """
    for name in SECRET:
        if (kit / name).is_dir():
            (kit / name).chmod(0o700)
