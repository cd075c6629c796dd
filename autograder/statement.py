"""The statement that is signed with a homework, by what the course allows of AI tools."""

from __future__ import annotations

from pathlib import Path

from common.kit import course

_TO_ALL = "Everyone I worked with is named, and I will not publish it."
STATEMENTS = {
    course.NONE: f"I wrote this homework myself, without AI tools. {_TO_ALL}",
    course.EXPLAIN: (
        "I wrote every line and every answer of this homework myself. AI tools have at most "
        f"explained things to me, and I have named them. {_TO_ALL}"
    ),
    course.OPEN: (
        "I can explain every line and every answer of this homework. The AI tools that I used are named. "
        f"{_TO_ALL}"
    ),
}
OF_OLDER_KITS = STATEMENTS[course.NONE]  # what was signed where the file does not say it


def statement(root: Path) -> str:
    """Return the statement that is signed under the policy of the course.

    Raises:
        KitError: when course.toml names another policy.
    """
    return STATEMENTS[course.assistants(root)]


def asks_for_tools(root: Path) -> bool:
    """Whether AI tools may be used, and are to be named."""
    return course.assistants(root) != course.NONE
