"""The settings of homework 0's trainings, and the names of metrics in pictures."""

from __future__ import annotations

from dataclasses import dataclass

METRICS = ("val_mrr", "val_mse", "rating", "ranking")  # of a run's picture
PANELS = METRICS[:3]  # of the picture of several experiments
LABELS = {
    "val_mse": "validation: mean squared error of the stars",
    "val_mrr": "validation: mean reciprocal rank",
    "rating": "training: rating loss",
    "ranking": "training: ranking loss",
    "cosine": "cosine between the tasks' gradients",
}


@dataclass(frozen=True)
class Setting:
    """What one experiment trains: whose tables, and the weights of ranking and rating."""

    shared: bool
    weights: tuple[float, float]


SETTINGS = {
    "shared-99": Setting(shared=True, weights=(0.99, 0.01)),
    "shared-50": Setting(shared=True, weights=(0.5, 0.5)),
    "separate-99": Setting(shared=False, weights=(0.99, 0.01)),
    "separate-50": Setting(shared=False, weights=(0.5, 0.5)),
}
