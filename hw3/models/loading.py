"""Pre-trained networks by name: the kit's own, those in the folder weights/, torchvision's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common.data import source
from common.errors import KitError
from hw3.data.pictures import CLASSES
from hw3.models import weights
from hw3.models.classifier import Classifier
from hw3.models.resnet import CifarResNet, small_resnet


@dataclass(frozen=True)
class Preparation:
    """How pictures become inputs: their side in pixels, and what is taken off and divided by."""

    side: int
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]


IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
KIT = Preparation(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
PREPARATIONS = {
    "kit": KIT,
    "resnet20": Preparation(32, *IMAGENET),
    "squeezenet": Preparation(160, *IMAGENET),  # trained at 224; smaller is faster
    "resnet18": Preparation(160, *IMAGENET),
}
FILES = {"resnet20": "resnet20_cifar10.pth", "squeezenet": "squeezenet1_1_imagenet_fp16.pth"}


def prepare(images: np.ndarray, how: Preparation) -> torch.Tensor:
    """Pictures as a network wants them.

    Args:
        images: float32 [n, 3, side, side] in [0, 1].
    """
    mean, spread = (np.array(part, np.float32)[:, None, None] for part in (how.mean, how.spread))
    return torch.from_numpy((images - mean) / spread)


def load(name: str, data: str | None = None, random: bool = False) -> Classifier:
    """A pre-trained network.

    Args:
        name: "kit", "resnet20" (CIFAR-10), "squeezenet" or "resnet18" (ImageNet).
        data: a folder that holds weights/, or None for KIT_DATA and the kit's own folder.
        random: leave the weights random, for trying the path without any file.

    Raises:
        KitError: when the weights are not there or cannot be read.
    """
    if name == "kit":
        model = small_resnet(CLASSES)
        if not random:
            weights.load(model, "vision")
        return model
    if name == "resnet18":
        return _resnet18(random)
    if name == "squeezenet" and not (random or source.offline() or _find(FILES[name], data)):
        return _squeezenet_blocks(_published_squeezenet())
    state = None if random else _state(FILES[name], data)
    network = CifarResNet() if name == "resnet20" else _squeezenet()
    if state is not None:
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise KitError(f"{FILES[name]} is of another network: {str(error)[:120]}") from None
    return network.classifier() if isinstance(network, CifarResNet) else _squeezenet_blocks(network)


def _find(file: str, data: str | None) -> Path | None:
    """Return the place of a file of a folder weights/, or None."""
    folders = source.folders("weights", data)
    return next((folder / file for folder in folders if (folder / file).is_file()), None)


def _state(file: str, data: str | None) -> dict[str, torch.Tensor]:
    """The state dictionary in a file of the folder weights/."""
    path = _find(file, data)
    if path is None:
        raise KitError(f"{file} is not there; expected it in weights/ of KIT_DATA or of --data DIR")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise KitError(f"{path} cannot be read ({str(error)[:80]}); fetch it again") from None


def _squeezenet() -> nn.Module:
    from torchvision.models import squeezenet1_1

    return squeezenet1_1()


def _published_squeezenet() -> nn.Module:
    """Return SqueezeNet 1.1 with the weights that torchvision downloads and verifies; says so."""
    from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1

    print(f"{FILES['squeezenet']} is not on disk: torchvision's own weights are used")
    try:
        return squeezenet1_1(weights=SqueezeNet1_1_Weights.IMAGENET1K_V1)
    except OSError as error:
        raise KitError(
            f"cannot download SqueezeNet's weights ({error}); put {FILES['squeezenet']} into weights/ "
            "of KIT_DATA or of --data DIR"
        ) from None


def _squeezenet_blocks(network: nn.Module) -> Classifier:
    """Four blocks, cut where the pictures get smaller; the classifier of ImageNet is left out."""
    layers = network.features
    assert isinstance(layers, nn.Sequential)
    return Classifier([layers[:3], layers[3:6], layers[6:9], layers[9:]], 512, 1000)


def _resnet18(random: bool) -> Classifier:
    """torchvision's ResNet-18: the stem with the first stage, and the other three."""
    from torchvision.models import ResNet18_Weights, resnet18

    try:
        network = resnet18(weights=None if random else ResNet18_Weights.IMAGENET1K_V1)
    except OSError as error:
        raise KitError(
            f"cannot download ResNet-18's weights ({error}); try --model squeezenet"
        ) from None
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool, network.layer1)
    found = Classifier([stem, network.layer2, network.layer3, network.layer4], 512, 1000)
    found.head = network.fc
    return found
