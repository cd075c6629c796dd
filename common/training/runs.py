"""A run folder: config.json, metrics.csv, checkpoint.pt, curves.png. Every file is whole or absent."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import KitError
from common.files import replacing, write_text
from common.training import lock, receipts
from common.training.state import PICTURE

if TYPE_CHECKING:  # torch is loaded by what reads or writes a checkpoint, not by `--help`
    from torch import nn

CHECKPOINT_FORMAT = 1
RESULT = "result.json"  # written last


class RunFolder:
    """The record of one run.

    Args:
        path: the folder; made when it is not there.
        config: what the run is: plain types only, with "data", the data source that is used.
        resume: go on with the run that is there; else that run is moved aside, never overwritten.

    The folder belongs to this process until it ends.

    Raises:
        KitError: when the folder cannot be written to, is written by another process, or holds a run
            of another configuration.
    """

    def __init__(self, path: Path, config: dict[str, Any], resume: bool = False) -> None:
        self.path, self.config = Path(path), config
        self._began, self._earlier = time.monotonic(), 0.0
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KitError(f"cannot make {path}: {error.strerror}; choose another --out") from None
        if not os.access(self.path, os.W_OK):
            raise KitError(f"cannot write to {path}; choose another --out")
        self._hold()
        if resume and self.checkpoint_file.is_file():
            self._require_same_config()
        else:
            self._move_aside()
        write_text(self.path / "config.json", json.dumps(config, indent=2) + "\n")

    def _hold(self) -> None:
        try:
            lock.hold(self.path)
        except lock.Taken:
            raise KitError(
                f"{self.path} is being written by another training; wait for it, or choose another --out"
            ) from None

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end, and its picture is there."""
        return is_finished(self.path) and (self.path / PICTURE).is_file()

    @property
    def seconds(self) -> float:
        """The time this run has taken, over all its sittings; NaN if an older kit began it."""
        return self._earlier + time.monotonic() - self._began

    @property
    def checkpoint_file(self) -> Path:
        return self.path / "checkpoint.pt"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.csv"

    def _require_same_config(self) -> None:
        old = read_config(self.path)
        for key in [*self.config, *(key for key in old if key not in self.config)]:
            if old.get(key) != self.config.get(key):
                raise KitError(
                    f"{self.path} holds a run with {key} = {old.get(key)!r}, not "
                    f"{self.config.get(key)!r}; use the same options, another --out, or leave out "
                    "--resume: that run is then moved aside"
                )

    def _move_aside(self) -> None:
        """An earlier run in this folder is kept as `<name>.old1`, `<name>.old2`, …"""
        if not self.metrics_file.exists() and not self.checkpoint_file.exists():
            return
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.old{number}")).exists():
            number += 1
        lock.release(self.path)  # a folder that is held cannot be moved everywhere
        self.path.rename(aside)
        self.path.mkdir()
        self._hold()
        print(f"the earlier run in {self.path} is now {aside}")

    def write_metrics(self, rows: list[dict[str, float]]) -> None:
        """Write all rows; the columns are those of the first."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()}
            )
        write_text(self.metrics_file, text.getvalue())

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Save tensors and plain types, and the time that the run has taken.

        Raises:
            KitError: when the disk is full; the last checkpoint stays.
        """
        import torch

        with replacing(self.checkpoint_file) as temporary:
            try:
                torch.save(
                    {"format": CHECKPOINT_FORMAT, "seconds": self.seconds, **state}, temporary
                )
            except RuntimeError as error:  # torch's writer reports a full disk so
                raise KitError(f"cannot write {self.checkpoint_file}: {error}") from None

    def load_checkpoint(self) -> dict[str, Any]:
        """Load the checkpoint to go on from; its time counts on.

        Raises:
            KitError: as `read_checkpoint`.
        """
        state = read_checkpoint(self.checkpoint_file)
        self._earlier = state.get("seconds", math.nan)
        return state

    def finish(self, result: dict[str, Any]) -> None:
        """Write the receipt and then result.json, last of all: the run is finished then.

        Args:
            result: figures; `seconds`, the time over all sittings, is added.
        """
        result = _without_nan({**result, "seconds": round(self.seconds, 1)})
        text = json.dumps(result, indent=2) + "\n"
        receipts.write(self.path, receipts.AT_THE_END, {RESULT: text})
        write_text(self.path / RESULT, text)


def _without_nan(value: Any) -> Any:
    """The same with None for what could not be measured, such as the interval of a single seed."""
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def is_finished(folder: Path) -> bool:
    """Whether a run has come to its end: the result is written last."""
    return (Path(folder) / RESULT).is_file()


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a run folder.

    Raises:
        KitError: when it is missing or damaged.
    """
    try:
        return json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KitError(f"{folder} holds no run (config.json is missing)") from None
    except (OSError, ValueError) as error:
        raise KitError(f"{folder}/config.json is damaged: {error}") from None


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """The rows of metrics.csv; an empty list when there is none."""
    path = Path(folder) / "metrics.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [{key: float(v) for key, v in row.items()} for row in csv.DictReader(stream)]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Load a checkpoint: tensors and plain types only.

    Raises:
        KitError: when it is missing, damaged, of another format, or holds anything else.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise KitError(f"{path} is missing; train first") from None
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise KitError(f"{path} cannot be read ({reason}); delete it and train again") from None
    if not isinstance(state, dict) or state.get("format") != CHECKPOINT_FORMAT:
        found = state.get("format") if isinstance(state, dict) else type(state).__name__
        raise KitError(
            f"{path} has format {found!r}, expected {CHECKPOINT_FORMAT}: "
            "it was made by another version of the kit; train again"
        )
    return state


def load_weights(module: nn.Module, state: dict[str, Any], what: str) -> None:
    """Load a state dictionary into a module of the same architecture.

    Raises:
        KitError: naming the first parameter that does not fit.
    """
    own = module.state_dict()
    for name in [*own, *(name for name in state if name not in own)]:
        here = list(own[name].shape) if name in own else "not there"
        there = list(state[name].shape) if name in state else "not there"
        if here != there:
            raise KitError(
                f"{what} is of another architecture: {name} is {there} in the file and {here} in "
                "this network; use the options it was trained with"
            )
    module.load_state_dict(state)
