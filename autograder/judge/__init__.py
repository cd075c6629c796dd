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
from autograder.judge.drawn import DrawnTask, Tile
from autograder.judge.plugin import problem

__all__ = [
    "DrawnTask",
    "Mismatch",
    "Tile",
    "assert_matches",
    "close",
    "problem",
    "require",
    "require_numbers",
    "require_unchanged",
    "show_drawn",
]
