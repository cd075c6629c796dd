"""Points that a mistake in one hole costs in other holes' problems: none, or a reason on record."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass

from common.homework import ROOT


@dataclass(frozen=True)
class Loss:
    """Checks of other problems that a mistake does not pass, and why that is as it should be."""

    homework: str
    mistake: str
    checks: tuple[str, ...]
    why: str


@functools.cache
def load() -> tuple[Loss, ...]:
    """Return all losses of `staff/gate/elsewhere.toml`."""
    text = (ROOT / "staff" / "gate" / "elsewhere.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text).get("loss", [])
    return tuple(
        Loss(row["homework"], row["mistake"], tuple(row["checks"]), row["why"]) for row in rows
    )


def faults(homework: str, mistake: str, missed: set[str], losses: tuple[Loss, ...]) -> list[str]:
    """Return the faults in the losses of one mistake.

    Args:
        missed: ids of the checks of other problems that it does not pass.
        losses: those on record.

    Returns:
        A sentence for the checks that are lost without a reason, and one for the reasons that
        nothing needs any more.
    """
    known = {
        check
        for loss in losses
        if (loss.homework, loss.mistake) == (homework, mistake)
        for check in loss.checks
    }
    found = []
    if new := missed - known:
        found.append(
            f"mistake {mistake} loses points of other holes: {', '.join(sorted(new))}; let these "
            "checks do without it, or say why in staff/gate/elsewhere.toml"
        )
    if gone := known - missed:
        found.append(
            f"mistake {mistake} no longer loses {', '.join(sorted(gone))}: take it out of "
            "staff/gate/elsewhere.toml"
        )
    return found
