"""Homework 3's answer to the common problem: a pre-trained network, fine-tuned on three images."""

from __future__ import annotations

from common import options, rival

STEPS, BATCH, RATE, FILTERS = 1500, 64, 3e-3, 32
PROBE = {"probe_steps": 30, "probe_rate": 0.01}  # of LP-FT, on each task
TUNE = {"tune_steps": 5, "tune_rate": 3e-4}
WARM = 3


def finetuned(problem: rival.Problem) -> rival.Method:
    """Learn to tell all training characters apart; a new task is LP-FT from there.

    The characters are not turned to make more classes: a head of four times as many would see each of
    them too seldom in so few steps.
    """
    import copy

    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn

    from common.networks import Conv4
    from common.training import warm_up_then_cosine
    from hw3.blocks import freeze, parameters_to_tune
    from hw3.finetune import fine_tune_step, lp_ft

    class Network(nn.Module):
        """Blocks and a head, as homework 3 has them."""

        def __init__(self, classes: int) -> None:
            super().__init__()
            whole = Conv4(filters=FILTERS, running=True)
            layers = list(whole.features)
            self.blocks = nn.ModuleList(
                nn.Sequential(*layers[start : start + 3]) for start in range(0, len(layers) - 1, 3)
            )
            self.width = whole.width
            self.new_head(classes)

        def new_head(self, classes: int) -> None:
            self.head = nn.Linear(self.width, classes)
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

        def forward(self, images):
            for block in self.blocks:
                images = block(images)
            return self.head(images.flatten(1))

    training, rng = problem.training, np.random.default_rng(problem.seed)
    network = Network(len(training))
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = warm_up_then_cosine(optimizer, STEPS // 20, STEPS)
    for _ in problem.steps(STEPS):
        names = rng.integers(len(training), size=BATCH)
        drawings = training[names, rng.integers(training.shape[1], size=BATCH)]
        images = torch.from_numpy(drawings).float()[:, None] / 255
        optimizer.zero_grad()
        F.cross_entropy(network(images), torch.from_numpy(names)).backward()
        optimizer.step()
        schedule.step()
    network.eval()

    def answer(support, query):
        model, labels = copy.deepcopy(network), torch.arange(len(support))
        model.new_head(len(support))
        model.eval()  # three images have no statistics of their own

        def tune(mode: str, steps: int, rate: float) -> list[float]:
            tuned = list(parameters_to_tune(model, mode))
            freeze(model, tuned)
            adam = torch.optim.Adam(tuned, lr=rate)
            return [
                fine_tune_step(model, adam, support, labels, step, WARM, rate)
                for step in range(steps)
            ]

        lp_ft(tune, **PROBE, **TUNE)
        with torch.no_grad():
            return model(query).softmax(-1)

    return rival.Method((network,), answer)


if __name__ == "__main__":
    options.run_main(lambda: rival.main({"finetuned": finetuned}))
