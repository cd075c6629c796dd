"""Homework 4: the exact posterior of functions as the context grows, and the graphical model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.patches import Circle, Rectangle

from common.plots import COLOURS
from staff.authoring.figures.drawing import SOFT, arrow, canvas, new, save

LENGTH, NOISE = 0.6, 0.05  # of the kernel, of the observations (a standard deviation)
CONTEXTS = (1, 3, 7)


def draw(folder: Path) -> list[Path]:
    """Write posterior.png and model.png."""
    return [_posterior(folder / "posterior.png"), _model(folder / "model.png")]


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.exp(-((a[:, None] - b[None]) ** 2) / (2 * LENGTH**2))


def _posterior(path: Path) -> Path:
    rng = np.random.RandomState(5)
    at = np.linspace(-2, 2, 161)
    root = np.linalg.cholesky(_kernel(at, at) + 1e-8 * np.eye(len(at)))
    truth = root @ rng.randn(len(at))
    order = rng.permutation(len(at))[: max(CONTEXTS)]
    noise = NOISE * rng.randn(max(CONTEXTS))
    figure, axes = new(9.4, 3.2, len(CONTEXTS))
    for axis, count in zip(axes, CONTEXTS):
        seen = order[:count]
        x, y = at[seen], truth[seen] + noise[:count]
        gain = np.linalg.solve(_kernel(x, x) + NOISE**2 * np.eye(count), _kernel(x, at)).T
        mean, covariance = gain @ y, _kernel(at, at) - gain @ _kernel(x, at)
        spread = 2 * np.sqrt(np.maximum(np.diag(covariance), 0))
        axis.fill_between(
            at,
            mean - spread,
            mean + spread,
            color=COLOURS[0],
            alpha=0.18,
            label="mean ± 2 standard deviations",
        )
        axis.plot(at, mean, color=COLOURS[0])
        axis.plot(at, truth, color=COLOURS[1], linestyle="--", label="the function of this task")
        axis.plot(x, y, "o", color="black", label="context")
        word = "point" if count == 1 else "points"
        axis.set(title=f"{count} {word} of context", xlabel="x", ylim=(-3.4, 3.4))
    axes[0].set_ylabel("y")
    axes[0].legend(loc="lower left", fontsize=7, frameon=False)
    return save(figure, path)


def _model(path: Path) -> Path:
    figure, (axis,) = new(5.6, 4.4)
    canvas(axis, 7, 5.5)
    places = {
        "θ": (1.0, 2.9),
        "w_i": (2.9, 2.9),
        "y_ij": (5.0, 2.9),
        "x_ij": (5.0, 1.2),
        "v": (5.0, 4.95),
    }
    for name, (x, y) in places.items():
        given = name in ("y_ij", "x_ij")
        axis.add_patch(
            Circle(
                (x, y),
                0.42,
                facecolor="#dcdcdc" if given else "white",
                edgecolor="black",
                linewidth=1.4,
                zorder=2,
            )
        )
        head, _, index = name.partition("_")
        symbol = {"θ": "\\theta"}.get(head, head)
        axis.text(x, y, f"${symbol}_{{{index}}}$", ha="center", va="center")
    arrow(axis, (1.42, 2.9), (2.48, 2.9))
    arrow(axis, (3.32, 2.9), (4.58, 2.9))
    arrow(axis, (5.0, 1.62), (5.0, 2.48))
    arrow(axis, (5.0, 4.53), (5.0, 3.32))
    for (x, y), (width, height), name, row in (
        ((4.0, 0.35), (2.3, 3.35), "points j", 0),
        ((2.1, 0.1), (4.6, 4.3), "tasks i", 1),
    ):
        axis.add_patch(
            Rectangle(
                (x, y),
                width,
                height,
                fill=False,
                edgecolor=COLOURS[row],
                linestyle="-" if row == 0 else "--",
            )
        )
        axis.text(x + width - 0.1, y + 0.1, name, ha="right", fontsize=9, color=COLOURS[row])
    axis.text(1.0, 2.1, "prior,\nmeta-learned", ha="center", va="top", fontsize=8, color=SOFT)
    axis.text(2.9, 2.3, "weights,\nnever seen", ha="center", va="top", fontsize=8, color=SOFT)
    axis.text(4.45, 4.95, "noise,\nmeta-learned", ha="right", va="center", fontsize=8, color=SOFT)
    axis.text(1.0, 4.95, "grey: observed", ha="center", va="center", fontsize=8, color=SOFT)
    return save(figure, path)
