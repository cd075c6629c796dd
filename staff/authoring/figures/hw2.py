"""Homework 2: prototypes in a space of features; MAML's inner loop in the space of parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from common.plots import COLOURS, STYLES
from staff.authoring.figures.drawing import MARKERS, SOFT, arrow, new, save

CENTRES = np.array([[-1.5, -0.6], [1.4, -1.0], [0.3, 1.5]])
PALE = ("#d7e8f4", "#f9e2d4", "#d6eee6")
# Two tasks: loss = (w - minimum)ᵀ A (w - minimum) / 2, in two parameters
MINIMA = np.array([[2.4, 0.9], [-0.6, 2.6]])
CURVATURE = np.array([[[1.6, 0.3], [0.3, 0.5]], [[0.5, -0.2], [-0.2, 1.5]]])
RATE, STEPS = 0.3, 4


def draw(folder: Path) -> list[Path]:
    """Write prototypes.png and inner_loop.png."""
    return [_prototypes(folder / "prototypes.png"), _inner_loop(folder / "inner_loop.png")]


def _prototypes(path: Path) -> Path:
    rng = np.random.RandomState(3)
    support = CENTRES[:, None] + 0.55 * rng.randn(3, 5, 2)
    middles = support.mean(1)
    query = np.array([0.35, -0.1])
    figure, (axis,) = new(5.6, 4.6)
    grid = np.stack(np.meshgrid(np.linspace(-3, 3, 300), np.linspace(-2.6, 3, 300)), -1)
    nearest = ((grid[:, :, None] - middles) ** 2).sum(-1).argmin(-1)
    axis.contourf(grid[..., 0], grid[..., 1], nearest, levels=[-0.5, 0.5, 1.5, 2.5], colors=PALE)
    axis.contour(
        grid[..., 0], grid[..., 1], nearest, levels=[0.5, 1.5], colors=SOFT, linewidths=0.8
    )
    for c in range(3):
        axis.plot(*support[c].T, MARKERS[c], color=COLOURS[c], markersize=6, linestyle="")
        for point in support[c]:
            axis.plot(*zip(point, middles[c]), color=COLOURS[c], linewidth=0.6)
        axis.plot(*middles[c], MARKERS[c], color=COLOURS[c], markersize=14, markeredgecolor="black")
        axis.annotate(f"prototype {c + 1}", tuple(middles[c]), (8, 10), textcoords="offset points")
        axis.plot(*zip(query, middles[c]), color="black", linestyle=":", linewidth=1.2)
    axis.plot(*query, "*", color="black", markersize=15)
    axis.annotate("query", tuple(query), (9, -13), textcoords="offset points")
    axis.set(xlabel="first feature", ylabel="second feature", xlim=(-3, 3), ylim=(-2.6, 3))
    axis.set_title("5 supports a class, their mean, and whose mean is nearest", fontsize=10)
    return save(figure, path)


def _inner_loop(path: Path) -> Path:
    figure, (axis,) = new(6.2, 4.8)
    start = np.array([0.2, 0.4])
    grid = np.stack(np.meshgrid(np.linspace(-2, 3.6, 200), np.linspace(-0.8, 3.8, 200)), -1)
    for task, (minimum, curvature) in enumerate(zip(MINIMA, CURVATURE)):
        away = grid - minimum
        loss = 0.5 * np.einsum("xyi,ij,xyj->xy", away, curvature, away)
        axis.contour(
            grid[..., 0],
            grid[..., 1],
            loss,
            levels=[0.05, 0.25, 0.6],
            colors=COLOURS[task],
            linestyles=[STYLES[task]],
            linewidths=0.8,
            alpha=0.7,
        )
        way = [start]
        for _ in range(STEPS):
            way.append(way[-1] - RATE * curvature @ (way[-1] - minimum))
        points = np.array(way)
        axis.plot(
            *points.T,
            color=COLOURS[task],
            linestyle=STYLES[task],
            marker=MARKERS[task],
            markersize=5,
            label=f"task {task + 1}: inner loop, {STEPS} steps",
        )
        axis.plot(*minimum, "x", color=COLOURS[task], markersize=10, markeredgewidth=2)
        axis.annotate(
            f"minimum of task {task + 1}",
            tuple(minimum),
            (8, 6),
            textcoords="offset points",
            fontsize=8,
        )
    axis.plot(*start, "o", color="black", markersize=9)
    axis.annotate("initial parameters", tuple(start), (6, -14), textcoords="offset points")
    arrow(axis, tuple(start), (0.62, 0.95), 6)
    axis.annotate("outer step", (0.66, 0.86), fontsize=9)
    axis.legend(loc="lower left", frameon=False, fontsize=8)
    axis.set(xlabel="one parameter", ylabel="another parameter", xlim=(-2, 3.6), ylim=(-0.8, 3.8))
    axis.set_title("each task starts from the same point, which the outer step moves", fontsize=10)
    return save(figure, path)
