"""What makes a verdict. Checks import `problem`, `assert_matches` and `require` from here."""

from autograder.judge.comparing import (
    Mismatch,
    assert_matches,
    close,
    require,
    require_numbers,
    require_unchanged,
    show_drawn,
)
from autograder.judge.plugin import problem

__all__ = [
    "Mismatch",
    "assert_matches",
    "close",
    "problem",
    "require",
    "require_numbers",
    "require_unchanged",
    "show_drawn",
]
