"""Recorded training curves, some of them of broken runs, and everybody's own choice of them.

`hwN/curves.json` holds short training runs under names that say nothing. Some are sound; the others
were made with one mistake in the code. What each of them has is not in the kit.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from common import homework as homeworks
from common.errors import KitError
from common.homework import ROOT

DRAWN = 4  # runs that everybody gets
Columns = dict[str, list[float]]  # "step" or a metric → its value in each row


@dataclass(frozen=True)
class Setting:
    """One experiment whose runs were recorded.

    Attributes:
        title: what was trained, and on what.
        metrics: column → what it is, for an axis.
        log: columns for a logarithmic axis.
        causes: name → what may be wrong; one of them says that nothing is wrong.
        reference: a sound run.
        band: metric → lowest and highest value of several sound runs, row by row.
        seeds: how many sound runs made the band.
    """

    title: str
    metrics: dict[str, str]
    log: list[str]
    causes: dict[str, str]
    reference: Columns
    band: dict[str, list[list[float]]]
    seeds: int


@dataclass(frozen=True)
class Curve:
    """One recorded run."""

    name: str
    setting: str
    columns: Columns


@dataclass(frozen=True)
class Curves:
    """All that was recorded for one homework."""

    homework: str
    settings: dict[str, Setting]
    runs: dict[str, Curve]

    def setting_of(self, run: str) -> Setting:
        return self.settings[self.runs[run].setting]


def load(homework: str, root: Path = ROOT) -> Curves:
    """Read a homework's curves.

    Raises:
        KitError: when it has none, or its runs and settings do not belong together.
    """
    path = root / homework / "curves.json"
    known = [name for name in homeworks.names(root) if (root / name / "curves.json").is_file()]
    if homework not in known:
        told = f"those of {', '.join(known)}" if known else "none at all"
        raise KitError(f"no curves of {homework!r} here; there are {told}")
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        settings = {name: Setting(**row) for name, row in table["settings"].items()}
        runs = {name: Curve(name, **row) for name, row in table["runs"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KitError(f"{path} is damaged ({error}); take it from the kit again") from None
    recorded = {run.setting for run in runs.values()}
    if recorded != settings.keys() or len(settings) > DRAWN:
        raise KitError(
            f"{path} has settings without runs, runs without a setting, or more than the {DRAWN} "
            "settings of which everybody gets a run"
        )
    return Curves(homework, settings, runs)


def plain(name: str) -> str:
    """Normalise a name: capitals, extra spaces and the encoding of letters make no difference."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def draw_runs(curves: Curves, name: str) -> list[str]:
    """Return the runs that a student diagnoses: by the name alone, at least one of every setting.

    Args:
        name: see `plain`.
    """

    def place(run: str) -> str:
        return hashlib.sha256(f"{curves.homework}/{plain(name)}/{run}".encode()).hexdigest()

    order = sorted(curves.runs, key=place)
    first: dict[str, str] = {}
    for run in order:
        first.setdefault(curves.runs[run].setting, run)
    chosen = list(dict.fromkeys([*first.values(), *order]))
    return sorted(chosen[:DRAWN])
