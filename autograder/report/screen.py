"""The terminal: pictures, or sentences for screen readers (`--plain`, NO_COLOR)."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator

from rich.console import Console

from autograder.report import console as pictures
from autograder.report import plain as sentences
from autograder.report.record import CheckResult, HomeworkResult
from common.homework import Homework
from common.options import terminal


class Screen:
    """Prints reports on the console.

    Args:
        plain: sentences in ASCII; they are also chosen by NO_COLOR.
        errors: write to standard error, because standard output holds the record.
        console: write there instead (for tests).
    """

    def __init__(
        self, plain: bool = False, errors: bool = False, console: Console | None = None
    ) -> None:
        self.plain = plain or terminal.plain()
        force_terminal = False if self.plain else None
        # A dumb terminal's width is known, too; rich takes 80 columns there.
        width = shutil.get_terminal_size().columns if os.environ.get("TERM") == "dumb" else None
        self.console = console or Console(
            stderr=errors, highlight=False, force_terminal=force_terminal, width=width
        )

    def show(self, result: HomeworkResult, homework: Homework) -> None:
        """One homework, every check."""
        if self.plain:
            self.say(sentences.report(result, homework))
        else:
            pictures.show(result, homework, self.console)

    def overview(self, results: list[HomeworkResult], homeworks: dict[str, Homework]) -> None:
        """Show all homeworks, and what to do next."""
        if self.plain:
            self.say(sentences.overview(results, homeworks))
        else:
            pictures.overview(results, homeworks, self.console)

    def say(self, text: str) -> None:
        """Text as it is: wrapped lines would be read aloud as pauses."""
        print(text, file=self.console.file)

    @contextlib.contextmanager
    def progress(self, homework: Homework) -> Iterator[Callable[[CheckResult], None]]:
        """A line that says what is going on, on a terminal only."""
        done = 0
        with self.console.status(f"{homework.name}: loading …") as status:

            def advance(result: CheckResult) -> None:
                nonlocal done
                done += 1
                status.update(f"{homework.name}: {done} checks done")

            yield advance

    def clear(self) -> None:
        if self.console.is_terminal:
            self.console.clear()
