"""Problem 2: low-rank adaptation (LoRA, Hu et al. 2021): a frozen layer and a small update beside
it.

The update of a layer with weight W is B·A, of rank r: A takes the input down to r numbers, B takes
them up to the output. Nothing but A and B is trained.
"""

from __future__ import annotations

import copy  # noqa: F401
import math  # noqa: F401

import torch
import torch.nn.functional as F  # noqa: F401
from torch import nn


def sizes(layer: nn.Module) -> tuple[int, int]:
    """Return the numbers of inputs and of outputs of a linear layer.

    Args:
        layer: `nn.Linear`, or the `Conv1D` of `transformers`, whose weight is [inputs, outputs].
    """
    outputs, inputs = layer.weight.shape
    return (outputs, inputs) if is_conv1d(layer) else (inputs, outputs)


def is_conv1d(layer: nn.Module) -> bool:
    """Whether a layer is the `Conv1D` of `transformers`: linear, with its weight transposed."""
    return type(layer).__name__ == "Conv1D"


class LoRALinear(nn.Module):
    """A frozen linear layer and a low-rank update.

    Args:
        layer: what is wrapped: `nn.Linear` (weight [outputs, inputs]) or `Conv1D` (weight
            [inputs, outputs]), with a bias or without. It is kept as `self.layer`.
        rank: of the update, at least 1.
        scale: factor of the update.
    """

    def __init__(self, layer: nn.Module, rank: int, scale: float = 1.0) -> None:
        super().__init__()
        self.layer, self.scale = layer, scale
        self.make_update(*sizes(layer), rank)

    def make_update(self, inputs: int, outputs: int, rank: int) -> None:
        """Freeze the wrapped layer, and make A as `self.down` and B as `self.up`.

        They have `rank · (inputs + outputs)` numbers together; the orientation is yours. At the
        start the update is zero but can learn: one of the two is not zero, and its numbers have a
        root mean square between 0.001 and 3.
        """
        # TODO 2a (about 4 lines): freeze the layer; two matrices, one of them zero
        raise NotImplementedError("hw3 2a: LoRALinear.make_update")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the wrapped layer's output plus `scale` times the update's.

        Args:
            x: [..., inputs], any number of leading dimensions.

        Returns:
            [..., outputs]. The product B·A is not formed: it would be as large as the weight.
        """
        # TODO 2b (about 2 lines): the layer, and x through A, then B
        raise NotImplementedError("hw3 2b: LoRALinear.forward")


class LoRAConv2d(nn.Module):
    """A frozen convolution and a low-rank update: k×k down to `rank` channels, then 1×1 up.

    Args:
        layer: an `nn.Conv2d` with `groups == 1`, kept as `self.layer`; any kernel, stride, padding,
            dilation, with a bias or without.
        rank: channels between the two.
        scale: factor of the update.
    """

    def __init__(self, layer: nn.Conv2d, rank: int, scale: float = 1.0) -> None:
        super().__init__()
        self.layer, self.scale = layer, scale
        self.make_update(rank)

    def make_update(self, rank: int) -> None:
        """Freeze the wrapped layer, and make two convolutions without bias: `self.down`, `self.up`.

        `down` looks at the same places as the wrapped layer and gives `rank` channels; `up` is 1×1.
        At the start the update is zero but can learn, as in `LoRALinear`.
        """
        # TODO 2c (about 8 lines): freeze the layer; k×k to `rank`, 1×1 that begins at 0
        raise NotImplementedError("hw3 2c: LoRAConv2d.make_update")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: [batch, in_channels, height, width] → as the wrapped layer gives."""
        return torch.add(self.layer(images), self.up(self.down(images)), alpha=self.scale)


def merge(wrapped: LoRALinear | LoRAConv2d) -> nn.Module:
    """Return one plain layer that does what the wrapped one does, for use after training.

    Returns:
        A new layer of the kind of `wrapped.layer`; `wrapped` and its layer stay as they are.
    """
    # TODO 2d (about 9 lines): the update as a weight, added to a copy of the layer
    raise NotImplementedError("hw3 2d: merge")


def add_lora(
    model: nn.Module, rank: int, scale: float = 1.0, skip: tuple[nn.Module, ...] = ()
) -> int:
    """Wrap every linear layer and every convolution of a model, in place.

    Args:
        skip: modules that are left as they are, with all that is inside them. Convolutions with
            groups, and what is wrapped already, are left too.

    Returns:
        How many layers were wrapped.
    """
    count = 0
    for name, child in list(model.named_children()):
        if any(child is one for one in skip) or isinstance(child, LoRALinear | LoRAConv2d):
            continue
        if isinstance(child, nn.Linear) or is_conv1d(child):
            setattr(model, name, LoRALinear(child, rank, scale))
            count += 1
        elif isinstance(child, nn.Conv2d) and child.groups == 1:
            setattr(model, name, LoRAConv2d(child, rank, scale))
            count += 1
        else:
            count += add_lora(child, rank, scale, skip)
    return count
