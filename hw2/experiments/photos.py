"""Problem 5: few-shot tasks of another kind: vectors of features in place of drawings.

The features are those of photographs, by a frozen network that was trained on ImageNet, where both
are on disk (`KIT_DATA/images`, `KIT_DATA/weights`); else vectors that the kit draws itself. The
student's `protonet_loss` is used as it is: the "network" is the identity, or one linear layer that is
meta-trained on other classes.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from common import plots
from common.data import photos, source
from common.errors import KitError
from common.experiments.training import open_run, trainer_of
from common.statistics.intervals import confidence_interval
from hw2.experiments.evaluation import fixed_tasks, plain, protonet_accuracies
from hw2.experiments.settings import WAY
from hw2.experiments.tasks import TaskSampler
from hw2.protonet import protonet_loss

WEIGHTS = "squeezenet1_1_imagenet_fp16.pth"
EACH = 40  # photographs of each class
SIDE = 160  # pixels; the network was trained at 224, and a smaller picture is faster
TINY = 16, 64  # photographs of each class, pixels
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
OUTPUTS, STEPS, BATCH, LR = 64, 200, 8, 1e-3
SHOTS = (1, 5)
TASKS = 600


@dataclass(frozen=True)
class Features:
    """Vectors by class, for meta-training and for meta-test, in several forms.

    Attributes:
        source: "photos" or "generated".
        train, test: form → float32 [classes, examples, D]; every form shows the same examples.
        main: the form that the linear layer is trained on.
    """

    source: str
    train: dict[str, np.ndarray]
    test: dict[str, np.ndarray]
    main: str


def train(chosen: Namespace, folder: Path) -> None:
    """Meta-train a linear layer on some classes, and test all forms on others."""
    features = load(chosen.data, chosen.tiny)
    steps = chosen.steps or (8 if chosen.tiny else STEPS)
    batch, lr = chosen.batch or BATCH, chosen.lr or LR
    own = {"steps": STEPS, "batch": BATCH, "lr": LR}
    run = open_run(
        "hw2", "photos", folder, chosen, features.source, own, steps=steps, batch=batch, lr=lr
    )
    torch.manual_seed(chosen.seed)
    rng = np.random.default_rng(chosen.seed)
    known = features.train[features.main]
    layer = torch.nn.Linear(known.shape[2], OUTPUTS, bias=False)
    optimizer = torch.optim.Adam(layer.parameters(), lr=lr)
    sampler = TaskSampler(known, WAY, max(SHOTS), 10)
    watched = fixed_tasks(known, max(SHOTS), 20, seed=20)

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        with trainer.timer("data"):
            tasks = sampler.draw(batch, rng)
        loss, support, query = protonet_loss(layer, tasks, WAY)
        return loss, {"support_accuracy": plain(support), "query_accuracy": plain(query)}

    def evaluate() -> dict[str, float]:
        return {"train_classes_accuracy": float(protonet_accuracies(layer, watched).mean())}

    trainer = trainer_of(run, chosen, layer, optimizer, rng, steps, max(1, steps // 5))
    rows = trainer.fit(loss_of, evaluate)
    networks: dict[str, tuple[nn.Module, str]] = {
        form: (torch.nn.Identity(), form) for form in features.test
    }
    networks["learned projection"] = (layer, features.main)
    result: list[dict[str, Any]] = []
    for name, (network, form) in networks.items():
        for shot in SHOTS:
            tasks = fixed_tasks(features.test[form], shot, 20 if chosen.tiny else TASKS, seed=22)
            values = protonet_accuracies(network, tasks)
            result.append(
                {
                    "features": name,
                    "shot": shot,
                    "accuracy": float(values.mean()),
                    "interval": confidence_interval(values),
                    "tasks": len(values),
                }
            )
            print("{features}, {shot} shot: {accuracy:.4f} ± {interval:.4f}".format(**result[-1]))
    figures = ("accuracy", "interval", "tasks")
    run.finish(
        {
            f"{row['features']}, {row['shot']} shot": {name: row[name] for name in figures}
            for row in result
        }
    )
    bands, picture = trainer.reference.bands, folder / "curves.png"
    plots.curves({"learned projection": rows}, ["loss", "query_accuracy"], picture, bands=bands)
    print(f"picture: {_bars(result, folder / 'photos.png')}")


def _bars(result: list[dict], path: Path) -> Path:
    """Accuracy of each form, side by side for each shot, with intervals."""
    figure, axis = plots.new()
    names = list(dict.fromkeys(row["features"] for row in result))
    for index, name in enumerate(names):
        rows = [row for row in result if row["features"] == name]
        places = [at + 0.8 * (index + 0.5) / len(names) - 0.4 for at in range(len(rows))]
        axis.bar(
            places,
            [row["accuracy"] for row in rows],
            0.7 / len(names),
            label=name,
            yerr=[row["interval"] for row in rows],
            capsize=3,
            color=plots.style(index)["color"],
        )
    axis.set_xticks(range(len(SHOTS)), [f"{shot} shot" for shot in SHOTS])
    axis.axhline(1 / WAY, color="black", linewidth=0.8, linestyle=":", label="chance")
    axis.set_ylabel("meta-test accuracy, 5-way (95 % interval)")
    plots.legend(figure)
    return plots.save(figure, path)


# --- where the vectors come from ----------------------------------------------------------------


def load(data: str | None, tiny: bool = False) -> Features:
    """The best features there are; says which in one line.

    Args:
        data: "photos", "generated", a folder that holds images/ and weights/, or None.
        tiny: the generated ones, unless photos are asked for.

    Raises:
        KitError: when what was asked for is not there.
    """
    wanted = None if data in (None, "photos", "generated") else data
    found = None if data == "generated" or (tiny and data is None) else _files(wanted)
    if found is None and data not in (None, "generated"):
        raise KitError(
            f"--data {data}: no photographs; expected "
            f"{', '.join(f'images/{name}' for name in photos.FILES.values())} and "
            f"weights/{WEIGHTS} in that folder or in KIT_DATA"
        )
    if found is None:
        print("data: generated (stand-in: vectors drawn by the kit)")
        return generate()
    print(
        "data: photos (clothes for meta-training, hand signs for meta-test; SqueezeNet's features)"
    )
    return _photos(*found, *(TINY if tiny else (EACH, SIDE)))


def _files(data: str | None) -> tuple[Path, Path, Path] | None:
    places = (folder / WEIGHTS for folder in source.folders("weights", data))
    weights = next((path for path in places if path.is_file()), None)
    clothes, signs = photos.find("clothes", data), photos.find("signs", data)
    if clothes is None or signs is None or weights is None:
        return None
    return clothes, signs, weights


def generate(seed: int = 0) -> Features:
    """Classes around centres in 24 directions, examples that stray most in 8 others.

    What strays is the same for all classes, so that a layer learnt on some helps with others.
    """
    rng = np.random.RandomState(seed)
    centres = np.concatenate([rng.normal(size=(60, 1, 24)), np.zeros((60, 1, 8))], axis=2)
    stray = np.concatenate([np.full(24, 0.9), np.full(8, 3.0)])
    vectors = centres + rng.normal(size=(60, EACH, 32)) * stray
    mixed = (vectors @ np.linalg.qr(rng.normal(size=(32, 32)))[0]).astype(np.float32)
    return Features("generated", {"vectors": mixed[:40]}, {"vectors": mixed[40:]}, "vectors")


def _photos(clothes: Path, digits: Path, weights: Path, each: int, side: int) -> Features:
    """Pixels and features of the photographs: `each` of a class, `side` pixels wide."""
    pictures = {
        "train": photos.load("clothes", clothes, side, each),
        "test": photos.load("signs", digits, side, each),
    }
    forms: dict[str, dict[str, np.ndarray]] = {"train": {}, "test": {}}
    network = _squeezenet(weights)
    for part, images in pictures.items():
        classes, each = images.shape[:2]
        small = images[:, :, ::5, ::5].reshape(classes, each, -1)
        forms[part]["pixels"] = small.astype(np.float32) / 255
        print(f"features of {classes * each} photographs", flush=True)
        vectors = _encode(network, images.reshape(-1, *images.shape[2:]))
        forms[part]["pre-trained network"] = vectors.reshape(classes, each, -1)
    return Features("photos", forms["train"], forms["test"], "pre-trained network")


def _squeezenet(weights: Path) -> nn.Module:
    """SqueezeNet's layers before its classifier, frozen."""
    from torchvision.models import squeezenet1_1

    network = squeezenet1_1()
    try:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError) as error:
        raise KitError(f"{weights} cannot be read ({str(error)[:100]}); fetch it again") from None
    return network.features.eval()


def _encode(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """Features of images, uint8 [n, side, side, 3] → float32 [n, 512], averaged over places."""
    mean, spread = torch.tensor(MEAN)[:, None, None], torch.tensor(SPREAD)[:, None, None]
    parts = []
    with torch.no_grad():
        for start in range(0, len(images), 50):
            pixels = torch.from_numpy(images[start : start + 50]).permute(0, 3, 1, 2) / 255
            parts.append(network((pixels - mean) / spread).mean((2, 3)))
    return torch.cat(parts).numpy()
