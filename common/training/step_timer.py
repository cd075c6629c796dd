"""Measure which parts of a training take its time: the table behind --profile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import torch

_OFF = contextlib.nullcontext()


class StepTimer:
    """Seconds by part. Parts may nest: time counts for the innermost alone.

    Args:
        on: a timer that is off measures nothing and costs nothing.
    """

    def __init__(self, on: bool = False) -> None:
        self.on = on
        self.seconds: dict[str, float] = {}
        self._part, self._since = "other", time.perf_counter()

    def __call__(self, part: str) -> contextlib.AbstractContextManager[None]:
        """`with timer("data"): ...` counts what happens inside for this part."""
        return self._measured(part) if self.on else _OFF

    def start(self) -> None:
        """Forget what was before."""
        self.seconds, self._part, self._since = {}, "other", time.perf_counter()

    def stop(self) -> None:
        """Count the time until now for the part that is on."""
        self._switch(self._part)

    def table(self, steps: int) -> str:
        """Steps per second, then a line for each part, the largest first; of what is counted so far."""
        total = sum(self.seconds.values())
        lines = [f"{steps} steps in {total:.1f} s: {steps / total:.3g} steps/s, of which"]
        for part, seconds in sorted(self.seconds.items(), key=lambda row: -row[1]):
            each = 1000 * seconds / max(steps, 1)
            lines.append(f"  {part:12}{seconds:9.2f} s{seconds / total:7.0%}{each:10.3f} ms a step")
        return "\n".join(lines)

    @contextlib.contextmanager
    def _measured(self, part: str) -> Iterator[None]:
        outer = self._switch(part)
        try:
            yield
        finally:
            self._switch(outer)

    def _switch(self, part: str) -> str:
        """Count the time until now, go on with another part; return the one before."""
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()  # else the next part would pay for this one
        elif torch.backends.mps.is_available():
            torch.mps.synchronize()
        now, outer = time.perf_counter(), self._part
        self.seconds[outer] = self.seconds.get(outer, 0.0) + now - self._since
        self._part, self._since = part, now
        return outer
