"""A label that gives the task away: what memorising costs on new tasks, and three cures."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from common import plots
from hw4.experiments.data import NOISE, labelled_sinusoids
from hw4.experiments.fitting import TEST, VALIDATION, Fit, Settings
from hw4.experiments.networks import ConditionalProcess, squared_fit
from hw4.memorisation import augment, random_one_hot, regularised_loss

SETTINGS = Settings(steps=6000, batch=16, lr=2e-3)
POINTS, CONTEXT = 20, 10
DRAWS = 10  # networks drawn from the Gaussian weights, whose predictions are averaged
NAMES = {
    "cnp": "nothing done",
    "regularised": "price on the weights",
    "random_label": "random labels",
    "augmented": "meta-augmentation",
}


def run(chosen: Namespace, folder: Path) -> None:
    """Train the four networks side by side; test each on new tasks."""
    fit = Fit("memorisation", chosen, SETTINGS, folder, beta=chosen.beta)
    networks = {n: ConditionalProcess(noisy=n == "regularised") for n in NAMES}
    rng, count = fit.rng, 50 if chosen.tiny else 500

    def tasks(seed: int, new: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return labelled_sinusoids(np.random.default_rng(seed), count, POINTS, new)

    known, validation = tasks(VALIDATION, False), tasks(VALIDATION + 1, True)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        losses = {}
        for name, network in networks.items():
            with fit.timer("data"):
                x, label, y = labelled_sinusoids(rng, fit.settings.batch, POINTS, new=False)
            if name == "random_label":
                label = random_one_hot(label, rng)
            if name == "augmented":
                y = augment(y, rng)
            predicted, targets = network(x, label, y, CONTEXT)[:, CONTEXT:], y[:, CONTEXT:]
            if name == "regularised":
                weights = network.noisy_weights()
                losses[name] = regularised_loss(predicted, targets, NOISE, weights, chosen.beta)
            else:
                losses[name] = squared_fit(predicted, targets)
        return sum(losses.values(), torch.zeros(())), {}

    def evaluate() -> dict[str, float]:
        row = {}
        for name, network in networks.items():
            row[f"{name}_known"] = error(network, known)
            row[f"{name}_new"] = error(network, validation)
        return row

    rows = fit.train(nn.ModuleDict(networks), loss_of, evaluate)
    known, new = tasks(TEST, False), tasks(TEST + 1, True)
    found = {name: error(network, new) for name, network in networks.items()}
    fit.result(
        {
            "known_tasks_mse": {name: error(network, known) for name, network in networks.items()},
            "new_tasks_mse": found,
            "ratio": {name: found["cnp"] / value for name, value in found.items() if name != "cnp"},
        }
    )
    _draw(rows, fit)


@torch.no_grad()
def error(
    network: ConditionalProcess, tasks: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> float:
    """Mean squared error of the targets; Gaussian weights are averaged over some draws."""
    x, label, y = tasks
    noisy = bool(network.noisy_weights())
    before = network.training
    network.train(noisy)
    state = torch.get_rng_state()  # measuring must not move the training's random numbers
    draws = [network(x, label, y, CONTEXT) for _ in range(DRAWS if noisy else 1)]
    torch.set_rng_state(state)
    network.train(before)
    return F.mse_loss(sum(draws)[:, CONTEXT:] / len(draws), y[:, CONTEXT:]).item()


def _draw(rows: list[dict[str, float]], fit: Fit) -> None:
    """New tasks (left) and known ones (right), one curve a network."""
    figure, axes = plots.new(width=5.6, panels=2)
    for axis, kind in zip(axes, ("new", "known")):
        for index, (name, label) in enumerate(NAMES.items()):
            steps, values = zip(*[(row["step"], row[f"{name}_{kind}"]) for row in rows])
            axis.semilogy(steps, values, label=label, **plots.style(index))
            if f"{name}_{kind}" in fit.bands:
                plots.band(axis, fit.bands[f"{name}_{kind}"], index)
        axis.axhline(NOISE**2, color="grey", linewidth=0.8, label="variance of the noise")
        axis.set(xlabel="step", ylabel="mean squared error", title=f"{kind} tasks")
    low = min(axis.get_ylim()[0] for axis in axes)
    high = max(axis.get_ylim()[1] for axis in axes)
    for axis in axes:
        axis.set_ylim(low, high)
    plots.legend(figure)
    print(f"picture: {plots.save(figure, fit.picture())}")
