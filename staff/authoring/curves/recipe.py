"""A homework's recipe: settings, possible causes, and which catalogue mistake each run has."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from common.errors import KitError
from common.homework import ROOT

SOUND = "sound"  # the cause of a run without a mistake


@dataclass(frozen=True)
class Setting:
    """One experiment whose runs are recorded.

    Attributes:
        title: what students are told of it.
        command: options of `hwN.train`; seed, folder and the number of rows are added.
        metrics: column of metrics.csv → its axis label.
        log: columns to be drawn on a logarithmic axis.
        sound: seeds of the sound runs; the first is the reference that students see as such, all
            of them make the band around it.
        causes: name → what may be wrong, in the field's words.
        steps: of every run.
    """

    title: str
    command: tuple[str, ...]
    metrics: dict[str, str]
    sound: tuple[int, ...]
    causes: dict[str, str]
    steps: int
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One recorded run.

    Attributes:
        name: what students know it by; it says nothing.
        mistake: slug of the catalogue; none for a sound run.
        cause: the right answer, a key of the setting's causes.
    """

    name: str
    setting: str
    seed: int
    cause: str
    mistake: str = ""


@dataclass(frozen=True)
class Recipe:
    """Everything that is recorded for one homework.

    Attributes:
        rows: of metrics, in every run.
        constants: of `hwN.experiments.settings`, with other values: fewer tasks to validate on are enough here.
    """

    homework: str
    rows: int
    constants: dict[str, int]
    settings: dict[str, Setting]
    runs: tuple[Run, ...]

    @property
    def answers(self) -> dict[str, str]:
        """Run → its cause."""
        return {run.name: run.cause for run in self.runs}


def path_of(homework: str, root: Path = ROOT) -> Path:
    """Return the path of a homework's recipe."""
    return root / "staff" / "authoring" / "curves" / f"{homework}.toml"


def load(homework: str, root: Path = ROOT) -> Recipe:
    """Read a recipe.

    Raises:
        KitError: when there is none, or it does not fit together.
    """
    path = path_of(homework, root)
    if not path.is_file():
        raise KitError(
            f"{homework} has no curves to record: staff/authoring/curves/{path.name} is missing"
        )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        settings = {
            name: Setting(
                row["title"],
                tuple(row["command"]),
                row["metrics"],
                tuple(row["sound"]),
                row["causes"],
                row["steps"],
                tuple(row.get("log", ())),
            )
            for name, row in table["settings"].items()
        }
        runs = tuple(Run(**row) for row in table["runs"])
        recipe = Recipe(homework, table["rows"], table.get("constants", {}), settings, runs)
        for run in runs:
            known = settings[run.setting].causes
            if run.cause not in known or (run.cause == SOUND) != (not run.mistake):
                raise ValueError(f"run {run.name}: cause {run.cause!r} does not fit")
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise KitError(
            f"staff/authoring/curves/{path.name}: {type(error).__name__}: {error}"
        ) from None
    if len(recipe.answers) != len(runs):
        raise KitError(f"staff/authoring/curves/{path.name}: two runs have one name")
    return recipe
