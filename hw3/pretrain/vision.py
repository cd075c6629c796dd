"""The kit's own network for pictures, trained on pictures that the kit draws."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from common.training.runs import RunFolder
from common.training.trainer import Trainer, warm_up_then_cosine
from hw3.data.pictures import CLASSES, draw_classes
from hw3.experiments.tuning import Pictures, measure
from hw3.models.loading import KIT, prepare
from hw3.models.resnet import small_resnet
from hw3.models.weights import save

DRAWN, BATCH, STEPS, RATE, WARM = 20_000, 64, 1500, 0.15, 300
MOMENTUM, DECAY = 0.9, 5e-4
TINY = {"drawn": 500, "steps": 10}


def run(chosen: Namespace, folder: Path) -> None:
    """Draw pictures, train, and write vision.pt and vision.json."""
    drawn = TINY["drawn"] if chosen.tiny else DRAWN
    steps = chosen.steps or (TINY["steps"] if chosen.tiny else STEPS)
    recipe = {
        "homework": "hw3",
        "experiment": "pretrain-vision",
        "data": "generated",
        "seed": chosen.seed,
        "tiny": chosen.tiny,
        "pictures": drawn,
        "steps": steps,
        "batch": BATCH,
        "optimizer": f"SGD, momentum {MOMENTUM} (Nesterov), decay {DECAY}",
        "lr": RATE,
        "warm_up": min(WARM, steps // 2),
    }
    record = RunFolder(folder, recipe, chosen.resume)
    torch.manual_seed(chosen.seed)
    rng = np.random.default_rng(chosen.seed)
    training = pictures(np.random.RandomState(chosen.seed), drawn)
    validation = pictures(np.random.RandomState(10_000 + chosen.seed), 1000)
    model = small_resnet(CLASSES)
    torch.nn.init.normal_(model.head.weight, std=0.05)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=RATE, momentum=MOMENTUM, nesterov=True, weight_decay=DECAY
    )
    schedule = warm_up_then_cosine(optimizer, recipe["warm_up"], steps)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        rows = torch.from_numpy(rng.integers(drawn, size=BATCH))
        return F.cross_entropy(model(training.images[rows]), training.labels[rows]), {}

    def evaluate() -> dict[str, float]:
        return {"val_accuracy": measure(model, validation)}

    Trainer(record, model, optimizer, rng, steps, max(1, steps // 10), schedule).fit(
        loss_of, evaluate
    )
    test = pictures(np.random.RandomState(20_000 + chosen.seed), 2000)
    facts = {
        **recipe,
        "model": "small_resnet(25), widths 16, 32, 64, 128",
        "test_accuracy": round(measure(model.half().float(), test), 4),
        "seconds": round(record.seconds),
    }
    print(f"weights: {save(model, folder / 'vision.pt', facts)}")
    print(f"  test_accuracy: {facts['test_accuracy']}, {facts['seconds']} s")


def pictures(rng: np.random.RandomState, count: int) -> Pictures:
    """Pictures of all classes, in the forms and the style of pre-training."""
    labels = rng.randint(CLASSES, size=count)
    return Pictures(prepare(draw_classes(rng, labels), KIT), torch.from_numpy(labels))
