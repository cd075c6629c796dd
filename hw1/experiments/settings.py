"""The settings of homework 1's trainings, and the numbers of tasks to evaluate on."""

from __future__ import annotations

from dataclasses import dataclass

TEST_TASKS = 2000
VAL_TASKS = 500
TINY_TASKS = 40  # of validation, and of test
PANELS = ("val_accuracy", "loss")


@dataclass(frozen=True)
class Setting:
    """The settings of one experiment."""

    shot: int
    way: int
    hidden_dim: int = 128
    model: str = "mann"


REQUIRED = {
    "1-shot-2-way": Setting(shot=1, way=2),
    "2-shot-2-way": Setting(shot=2, way=2),
    "1-shot-3-way": Setting(shot=1, way=3),
    "1-shot-4-way": Setting(shot=1, way=4),
}
EXTRA = {
    "memory-8": Setting(shot=1, way=3, hidden_dim=8),
    "memory-256": Setting(shot=1, way=3, hidden_dim=256),
    "transformer": Setting(shot=1, way=3, model="transformer"),
}
SETTINGS = REQUIRED | EXTRA
