"""Optional: a Transformer that learns linear regression in its context (Garg et al. 2022)."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common import plots
from common.experiments.training import check_first
from common.training.trainer import Trainer, warm_up_then_cosine
from hw3.experiments.folder import Settings, adjust, finish, open_folder
from hw3.models.gpt import Block, rotary

SETTINGS = Settings(seeds=1, queries=2000, steps=3000, rate=2e-3)
DIM, PAIRS = 5, 10
WIDTH, LAYERS, HEADS = 64, 3, 4
ROWS = 64
VALIDATION, TEST = 1000, 2000  # seeds


class Regressor(nn.Module):
    """Reads x_1, y_1, x_2, y_2, …; after each x it predicts the y that follows."""

    cos: torch.Tensor
    sin: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(DIM + 1, WIDTH)
        self.blocks = nn.ModuleList(Block(WIDTH, HEADS) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 1)
        cos, sin = rotary(2 * (PAIRS + 1), WIDTH // HEADS)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """x: [B, n, DIM], y: [B, n] → predictions [B, n], each from the pairs before it."""
        places = torch.zeros(*x.shape[:2], 2, DIM + 1)
        places[:, :, 0, :DIM], places[:, :, 1, DIM] = x, y
        z = self.read(places.flatten(1, 2))
        for block in self.blocks:
            z = block(z, self.cos[: z.shape[1]], self.sin[: z.shape[1]])
        return self.head(self.norm(z))[:, ::2, 0]


def draw(rng: np.random.Generator, tasks: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets y = w · x of new tasks, w and x from N(0, 1)."""
    x = rng.normal(size=(tasks, PAIRS + 1, DIM)).astype(np.float32)
    weights = rng.normal(size=(tasks, DIM, 1)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy((x @ weights)[..., 0])


def least_squares(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Squared error of the smallest solution from the pairs before each place [B, n]."""
    errors = [y[:, 0].square()]
    for place in range(1, y.shape[1]):
        weights = torch.linalg.pinv(x[:, :place].double()) @ y[:, :place, None].double()
        predicted = (x[:, place, None].double() @ weights)[:, 0, 0]
        errors.append((y[:, place].double() - predicted).square())
    return torch.stack([e.double() for e in errors], 1)


def run(chosen: Namespace, folder: Path) -> None:
    """Train on tasks drawn anew at each step; compare with least squares on the same pairs."""
    settings = adjust(SETTINGS, chosen)
    record = open_folder("regression", chosen, folder, **asdict(settings))
    model, rng = Regressor(), np.random.default_rng(chosen.seed)
    held_out = draw(np.random.default_rng(VALIDATION), 200)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        x, y = draw(rng, ROWS)
        return (model(x, y) - y).square().mean() / DIM, {}

    @torch.no_grad()
    def evaluate() -> dict[str, float]:
        x, y = held_out
        return {"error": ((model(x, y) - y).square().mean() / DIM).item()}

    optimizer = torch.optim.Adam(model.parameters(), lr=settings.rate)
    schedule = warm_up_then_cosine(optimizer, 50, settings.steps)
    every = max(1, settings.steps // 20)
    trainer = Trainer(record, model, optimizer, rng, settings.steps, every, schedule, clip=1.0)
    check_first(trainer, chosen, {"loss": 1.0})  # the mean of (w · x)² / DIM
    trainer.fit(loss_of, evaluate)
    model.eval()
    x, y = draw(np.random.default_rng(TEST), settings.queries)
    with torch.no_grad():
        learned = ((model(x, y) - y).square().mean(0) / DIM).tolist()
    exact = (least_squares(x, y).mean(0) / DIM).tolist()
    figure, axis = plots.new()
    for index, (name, values) in enumerate(
        {"Transformer, in context": learned, "least squares": exact}.items()
    ):
        axis.plot(range(len(values)), values, marker="o", label=name, **plots.style(index))
    axis.set(xlabel="pairs in the context", ylabel="squared error / dimension")
    plots.legend(figure)
    print(f"picture: {plots.save(figure, record.path / 'curves.png')}")
    finish(
        record,
        {
            "parameters": sum(p.numel() for p in model.parameters()),
            "transformer": dict(zip(map(str, range(PAIRS + 1)), learned)),
            "least squares": dict(zip(map(str, range(PAIRS + 1)), exact)),
        },
    )
