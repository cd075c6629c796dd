"""Homework 0: shared tables against a pair of tables for each task."""

from __future__ import annotations

from pathlib import Path

from staff.authoring.figures.drawing import SOFT, arrow, box, canvas, new, save

WATCH, RATE = 0, 1  # colours of the tasks


def draw(folder: Path) -> list[Path]:
    """Write tables.png."""
    figure, (shared, separate) = new(9.2, 4.1, 2)
    for axis, title in ((shared, "shared tables"), (separate, "separate tables")):
        canvas(axis, 5, 4.4)
        axis.set_title(title)
        box(axis, (1.2, 2.35), (1.9, 0.5), "watch logit  ⟨u, q⟩ + b", WATCH)
        box(axis, (3.8, 2.35), (2.0, 0.5), "head([u ; q ; u ∗ q])", RATE, dashed=True)
        box(axis, (1.2, 3.6), (1.9, 0.5), "ranking loss × w_rank", WATCH)
        box(axis, (3.8, 3.6), (2.0, 0.5), "rating loss × w_rate", RATE, dashed=True)
        arrow(axis, (1.2, 2.6), (1.2, 3.35), WATCH)
        arrow(axis, (3.8, 2.6), (3.8, 3.35), RATE, "--")
        axis.text(2.5, 0.08, "a user and an item", ha="center", fontsize=9, color=SOFT)
    box(shared, (2.5, 0.9), (2.6, 0.6), "one Tables:  u,  q,  b")
    arrow(shared, (2.1, 1.2), (1.25, 2.1), WATCH)
    arrow(shared, (2.9, 1.2), (3.75, 2.1), RATE, "--")
    shared.text(2.5, 1.52, "both losses\npull at u and q", ha="center", fontsize=8, color=SOFT)
    box(separate, (1.2, 0.9), (1.9, 0.6), "watch_tables\nu,  q,  b", WATCH)
    box(separate, (3.8, 0.9), (2.0, 0.6), "rate_tables\nu′,  q′", RATE, dashed=True)
    arrow(separate, (1.2, 1.2), (1.2, 2.1), WATCH)
    arrow(separate, (3.8, 1.2), (3.8, 2.1), RATE, "--")
    separate.text(2.5, 1.62, "no gradient\ncrosses", ha="center", fontsize=8, color=SOFT)
    for axis, ends in ((shared, (2.5,)), (separate, (1.2, 3.8))):
        for end in ends:
            arrow(axis, (2.5, 0.28), (end, 0.58))
    return [save(figure, folder / "tables.png")]
