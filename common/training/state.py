"""Whether a run folder holds the run that is asked for: one answer for training, report and hand-in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILES = ("config.json", "metrics.csv", "result.json", "checkpoint.pt")  # of a run
PICTURE = "curves.png"  # of a run; drawn after its result, at the latest
ABSENT, STOPPED, FINISHED, OTHER = "absent", "stopped", "finished", "other"


@dataclass(frozen=True)
class State:
    """The state of a run.

    Attributes:
        kind: absent, stopped (it can be gone on with), finished, or other: not the run asked for.
        why: of an other run, how it was made.
    """

    kind: str
    why: str = ""

    def command(self, command: str) -> str:
        """Return the command that makes the run, or goes on with it; it loses nothing."""
        return f"{command} --resume" if self.kind == STOPPED else command


def state_of(folder: Path, tiny: bool = False, data: str | None = None) -> State:
    """Say how far the run in a folder is.

    Args:
        tiny: whether a run of --tiny is asked for.
        data: the data source asked for; None means any. A folder is not compared.
    """
    there = {name for name in FILES if (folder / name).is_file()}
    if not there - {"config.json"}:
        return State(ABSENT)
    if why := _other(folder, tiny, data):
        return State(OTHER, why)
    return State(FINISHED if "result.json" in there else STOPPED)


def _other(folder: Path, tiny: bool, data: str | None) -> str:
    """Why a run is not the one asked for; empty when it is."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        made_tiny, changed = bool(config.get("tiny", False)), config.get("options") or {}
        if made_tiny != tiny:
            return f"made {'with' if made_tiny else 'without'} --tiny"
        if changed:
            return f"made with {as_options(changed)}"
        source = config.get("data")
    except (OSError, ValueError, AttributeError):
        return "its config.json cannot be read"
    if data is not None and not Path(data).is_dir() and source != data:
        return f"made with data {source}"
    return ""


def as_options(changed: dict[str, object]) -> str:
    """Options as they are typed: `--lr 0.01 --steps 20`."""
    words = []
    for name, value in changed.items():
        option = f"--{name.replace('_', '-')}"
        words.append(option if value is True else f"{option} {value}")
    return " ".join(words)
