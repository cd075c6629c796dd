"""Run commands in parallel, each with a log of its own, and show how far each is."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from common import interrupts
from common.kit.machine import usable_cores
from common.options.terminal import live

if TYPE_CHECKING:  # `--help` loads no rich
    from rich.table import Table

PAUSE = 0.2  # seconds between two looks
TAIL = 4096  # bytes of a log that its last line is looked for in


@dataclass(frozen=True)
class Command:
    """A program to run: a title for people, its command line, and the file for its output."""

    title: str
    arguments: tuple[str, ...]
    log: Path


@dataclass
class Running:
    """A command that runs, since `began` (monotonic seconds)."""

    command: Command
    process: subprocess.Popen
    log: IO[bytes]
    began: float


def nothing(running: list[Running]) -> tuple[list[str], str]:
    """Say nothing of how far the commands are."""
    return [""] * len(running), ""


def run(
    commands: Sequence[Command],
    at_once: int,
    tell: Callable[[list[Running]], tuple[list[str], str]] = nothing,
) -> Iterator[tuple[Command, int | None, float]]:
    """Run the commands in their order, `at_once` of them at a time; the cores are shared out.

    After Ctrl-C, which reaches the commands as well, no other is begun; a second one leaves them.
    A request to end (SIGTERM) reaches this process alone, and is passed on.

    Args:
        tell: how far each running command is, and a line about all of them; asked every now and then.

    Yields:
        (command, None, 0.0) when one begins and (command, exit code, seconds) when it ends.
    """
    waiting: list[Command] = list(commands)
    running: list[Running] = []
    threads = str(max(1, usable_cores() // at_once))
    environment = {"OMP_NUM_THREADS": threads, **os.environ, "NO_COLOR": "1"}
    with _lines() as show, interrupts.hold_back_signals() as stopped:
        told = False
        try:
            while running or (waiting and not stopped()):
                while waiting and len(running) < at_once and not stopped():
                    running.append(_begin(waiting.pop(0), environment))
                    yield running[-1].command, None, 0.0
                if stopped() == signal.SIGTERM and not told:
                    told = True
                    for one in running:
                        one.process.terminate()
                for one in [one for one in running if one.process.poll() is not None]:
                    running.remove(one)
                    one.log.close()
                    yield one.command, one.process.returncode, time.monotonic() - one.began
                show(running, *tell(running))
                time.sleep(PAUSE)
        finally:
            for one in running:  # those that were left: they save, and end
                one.process.send_signal(signal.SIGINT)


def last_line(log: Path) -> str:
    """The last line with something in it; "" when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _begin(command: Command, environment: dict[str, str]) -> Running:
    command.log.parent.mkdir(parents=True, exist_ok=True)
    log = command.log.open("wb")
    process = subprocess.Popen(
        command.arguments, stdout=log, stderr=subprocess.STDOUT, env=environment
    )
    return Running(command, process, log, time.monotonic())


@contextmanager
def _lines() -> Iterator[Callable[[list[Running], list[str], str], None]]:
    """Return a display with a line for each running command, where moving pictures may be drawn."""
    if not live():
        yield lambda *_: None
        return
    from rich.live import Live

    with Live(transient=True, auto_refresh=False) as screen:

        def show(running: list[Running], parts: list[str], line: str) -> None:
            rows = [
                (one.command.title, part, last_line(one.command.log))
                for one, part in zip(running, parts)
            ]
            screen.update(table_of([*rows, ("", "", line)]), refresh=True)

        yield show


def table_of(rows: Sequence[tuple[str, str, str]]) -> Table:
    """Make a table of titles, parts done and last lines; of these the lines alone are cut short."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for title, part, line in rows:
        table.add_row(title, part, Text(line))
    return table
