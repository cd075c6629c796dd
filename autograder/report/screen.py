"""The terminal: pictures, or sentences for screen readers (`--plain`, NO_COLOR)."""

from __future__ import annotations

import os

from rich.console import Console

from autograder.report import console as pictures
from autograder.report import plain as sentences
from autograder.report.record import HomeworkResult
from common.homework import Homework


class Screen:
    """Where reports go.

    Args:
        plain: sentences in ASCII; they are also chosen by NO_COLOR.
        errors: write to standard error, because standard output holds the record.
        console: write there instead (for tests).
    """

    def __init__(
        self, plain: bool = False, errors: bool = False, console: Console | None = None
    ) -> None:
        self.plain = plain or bool(os.environ.get("NO_COLOR"))
        live = False if self.plain else None
        self.console = console or Console(stderr=errors, highlight=False, force_terminal=live)

    def show(self, result: HomeworkResult, homework: Homework) -> None:
        """One homework, every check."""
        if self.plain:
            self.say(sentences.report(result, homework))
        else:
            pictures.show(result, homework, self.console)

    def overview(self, results: list[HomeworkResult], homeworks: dict[str, Homework]) -> None:
        """All homeworks, and what to do next."""
        if self.plain:
            self.say(sentences.overview(results, homeworks))
        else:
            pictures.overview(results, homeworks, self.console)

    def say(self, text: str) -> None:
        """Text as it is: wrapped lines would be read aloud as pauses."""
        print(text, file=self.console.file)

    def clear(self) -> None:
        if self.console.is_terminal:
            self.console.clear()
