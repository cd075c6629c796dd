"""The options that every script has, and how a script ends."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from common.errors import KitError, Stopped
from common.options import command_line, terminal

if TYPE_CHECKING:  # `--help` must not load torch
    import torch

RUNS = Path("runs")
DEVICES = ("cpu", "cuda", "mps", "auto")


class _Plain(argparse.Action):
    """Tell everything that draws on the terminal, in this process and those it starts."""

    def __call__(self, *_: object) -> None:
        os.environ["NO_COLOR"] = "1"


class Parser(command_line.Parser):
    """A parser of a training: it tells which options make another run, and errors are one line.

    Args:
        beside: options (by their names in the namespace) that leave the run as it is, because they
            only measure more, or name a folder of their own.
    """

    def __init__(self, *args: Any, beside: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.beside = {*beside, "experiment"}

    def parse_args(  # type: ignore[override]  # argparse overloads it for own namespaces
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse as always, and add `changed`: the options that differ from their defaults."""
        chosen = super().parse_args(args, namespace)
        chosen.changed = {
            action.dest: getattr(chosen, action.dest)
            for action in self._actions
            if action.dest not in self.beside
            and getattr(chosen, action.dest, action.default) != action.default
        }
        return chosen

    def error(self, message: str) -> NoReturn:
        """End with one line."""
        raise KitError(f"{message}; see --help")


def positive(text: str) -> float:
    """A number above zero, for an option such as --lr."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value


def count(text: str) -> int:
    """A whole number of at least 1, for an option such as --steps."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return value


def device_name(text: str) -> str:
    """The name of a device; whether this machine has it is seen later."""
    if text.partition(":")[0] not in DEVICES:
        near = {"gpu": "cuda", "nvidia": "cuda", "apple": "mps", "metal": "mps"}.get(text.lower())
        hint = f"did you mean {near}?" if near else f"choose one of {', '.join(DEVICES)}"
        raise argparse.ArgumentTypeError(f"there is no device {text!r}; {hint}")
    return text


def parser(description: str, example: str, beside: tuple[str, ...] = ()) -> Parser:
    """Make a parser with --data, --seed, --device, --tiny, --out, --resume and --profile.

    Args:
        example: command lines shown under the help.
        beside: see `Parser`.
    """
    options = Parser(
        description=description,
        epilog=f"example:\n{example}",
        beside=beside,
    )
    group = options.add_argument_group("common to all scripts")
    command_line.add_shared(group, "--data", "--seed")
    add = group.add_argument
    add("--device", type=device_name, default="cpu", help="cpu (default), cuda, mps or auto")
    add("--tiny", action="store_true", help="the whole path in a few seconds, on little data")
    add(
        "--out", type=Path, metavar="DIR", help="the run folder (default runs/hwN/EXPERIMENT-seedS)"
    )
    add("--resume", action="store_true", help="go on where the run in this folder stopped")
    add(
        "--check",
        action="store_true",
        help="no training: a rehearsal of seconds that says what looks odd",
    )
    add("--no-check", action="store_true", help="no rehearsal before the first long run")
    add("--profile", action="store_true", help="print at the end where the time went")
    add_plain(options)
    options.beside |= {action.dest for action in options._actions}
    return options


def add_plain(options: argparse.ArgumentParser) -> None:
    """Add --plain, for screen readers."""
    options.add_argument(
        "--plain", action=_Plain, nargs=0, help="lines, no bars; NO_COLOR=1 does the same"
    )


def add_predict(options: Parser) -> None:
    """The option of a script whose experiments are compared."""
    options.add_argument(
        "--predict",
        nargs="?",
        const="",
        metavar='"NAME by 0.05"',
        help="say first which curve will win: without words, you are asked; skip: open the "
        "reference bands without",
    )
    options.beside.add("predict")


def device(name: str) -> torch.device:
    """The torch device of this name.

    Raises:
        KitError: when this machine does not have it.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            name = "cuda"
        else:
            name = "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        chosen = torch.device(name)
        torch.zeros(1, device=chosen)
        return chosen
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise KitError(f"--device {name} does not work here ({reason}); use --device cpu") from None


def begin_on_cpu(chosen: argparse.Namespace) -> None:
    """Seed torch, in a homework whose models are too small for another device.

    Raises:
        KitError: when the device that was asked for is not here.
    """
    import torch

    device(chosen.device)
    if chosen.device not in ("cpu", "auto"):
        print("these networks are so small that the CPU is the fastest device; it is used")
    torch.manual_seed(chosen.seed)


def run_main(main: Callable[[], int | None]) -> None:
    """Run a script's main; end with one clear line, never a traceback of ours.

    Exit codes: 0 done, 1 a hole is still empty, 2 it cannot be done, 130 stopped (Ctrl-C, SIGTERM).
    A traceback of the student's own code is shown whole: it is theirs to read.
    """
    # Before torch is loaded: threads that wait must not spin. On a machine that does other things as
    # well (a browser is enough), spinning makes small steps several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["MPLBACKEND"] = "agg"  # a notebook's is not installed everywhere
    terminal.spell_what_is_missing()
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a request to end is a Ctrl-C
    try:
        code = main() or 0
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:  # whoever read the output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KitError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except NotImplementedError as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        file = Path(last.filename)
        place = f"{file.parent.name}/{file.name}, line {last.lineno}"
        print(f"still empty: {error} ({place}); fill it in first", file=sys.stderr)
        sys.exit(1)
    except Stopped as stop:
        print(
            f"\n{stop}; everything is saved: give the same command again with --resume",
            file=sys.stderr,
        )
        sys.exit(130)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
