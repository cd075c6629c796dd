"""Prompt orders: the same examples in other orders, and what entropy says of them (problem X)."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import plots
from hw3.data.tasks import grades as task
from hw3.experiments.adapting import label_probabilities, prompts_for
from hw3.experiments.folder import Settings, adjust, finish, open_folder, seeds_of
from hw3.experiments.measuring import measure_all
from hw3.models.language import kit_model
from hw3.prompting import order_entropies

SETTINGS = Settings(seeds=8, queries=200)
SIZES = ("small", "large")
SUPPORTS = 5  # one of each number of stars
ORDERS = 24  # drawn; some may be alike


def run(chosen: Namespace, folder: Path) -> None:
    """Ask the same questions after the same five examples, in many orders."""
    settings = adjust(SETTINGS, chosen)
    record = open_folder("orders", chosen, folder, **asdict(settings))
    models = {size: kit_model(size) for size in SIZES}
    orders = range(4 if chosen.tiny else ORDERS)

    def measure(seed: int) -> dict[str, float]:
        rng = np.random.default_rng(seed)
        asked = task(rng)
        supports, queries = asked.draw(rng, SUPPORTS), asked.draw(rng, settings.queries)
        wanted = np.array([asked.names.index(answer) for _, answer in queries])
        found: dict[str, float] = {}
        for size in SIZES:
            beliefs = [
                label_probabilities(
                    models[size], prompts_for(supports, queries, asked.style, order), asked.names
                )
                for order in orders
            ]
            right = np.array([belief.argmax(-1).numpy() == wanted for belief in beliefs])
            found |= {f"{size}_{order}": share for order, share in enumerate(right.mean(1))}
            found[f"{size}_halves"] = lasting_variance(right)
            found |= _by_entropy(size, beliefs, found)
        return found

    rows = measure_all(record, [{"seed": s} for s in seeds_of(chosen, settings.seeds)], measure)
    figures = {}
    for size in SIZES:
        table = np.array([[row[f"{size}_{order}"] for order in orders] for row in rows])
        figures[f"{size} model"] = {
            "mean": float(table.mean()),
            "spread over orders (sd)": float(table.std(1, ddof=1).mean()),
            "of it, on any queries (sd)": lasting_spread([row[f"{size}_halves"] for row in rows]),
            "spread over sets (sd)": float(table.mean(1).std(ddof=1)),
            "worst": float(table.min(1).mean()),
            "best": float(table.max(1).mean()),
        }
        for kind in ("global", "local"):
            if f"{size}_by_{kind}" in rows[0]:
                values = [row[f"{size}_by_{kind}"] for row in rows]
                figures[f"{size} model"][f"chosen by {kind} entropy"] = float(np.mean(values))
    _draw(rows, orders, record.path / "curves.png")
    finish(record, figures)


def lasting_variance(right: np.ndarray) -> float:
    """Return the variance over orders that does not come from which queries were drawn.

    It is the covariance, over the orders, of the accuracies on two halves of the queries: what the
    draw of one half adds, the other half does not have.

    Args:
        right: whether each query was answered right after each order, [orders, queries].
    """
    return float(np.cov(right[:, ::2].mean(1), right[:, 1::2].mean(1))[0, 1])


def lasting_spread(variances: list[float]) -> float:
    """Return the root of their mean, which is 0 where chance made it negative."""
    return float(np.sqrt(max(0.0, float(np.mean(variances)))))


def _by_entropy(size: str, beliefs: list, found: dict[str, float]) -> dict[str, float]:
    """The accuracy of the order of the largest entropy; nothing while problem X is empty."""
    try:
        wide, narrow = order_entropies(torch.stack(beliefs))
    except NotImplementedError:
        return {}
    return {
        f"{size}_by_global": found[f"{size}_{int(wide.argmax())}"],
        f"{size}_by_local": found[f"{size}_{int(narrow.argmax())}"],
    }


def _draw(rows: list[dict[str, Any]], orders: range, path: Path) -> None:
    """A box for each set of examples, over its orders; crosses where entropy chose."""
    figure, axes = plots.new(width=5.6, panels=2)
    for axis, size, colour in zip(axes, SIZES, plots.COLOURS):
        table = [[row[f"{size}_{order}"] for order in orders] for row in rows]
        places = list(range(1, len(rows) + 1))
        axis.boxplot(
            table,
            positions=places,
            widths=0.6,
            whis=(0, 100),
            showfliers=False,
            medianprops={"color": "black"},
        )
        jitter = np.random.default_rng(0).uniform(-0.15, 0.15, size=(len(rows), len(orders)))
        for place, values, move in zip(places, table, jitter):
            axis.plot(place + move, values, ".", color=colour, alpha=0.5)
        for kind, marker in (("global", "x"), ("local", "+")):
            if f"{size}_by_{kind}" in rows[0]:
                axis.plot(
                    places,
                    [row[f"{size}_by_{kind}"] for row in rows],
                    marker,
                    color="black",
                    markersize=9,
                    label=f"chosen by {kind} entropy",
                    linestyle="none",
                )
        axis.axhline(1 / SUPPORTS, color="grey", linewidth=0.8, linestyle=":", label="chance")
        axis.set(
            xlabel=f"set of {SUPPORTS} examples",
            ylabel="accuracy",
            ylim=(0.1, 0.9),
            title=f"{size} model, {len(orders)} orders",
        )
    plots.legend(figure)
    print(f"picture: {plots.save(figure, path)}")
