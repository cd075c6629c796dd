# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 2: low-rank adaptation (LoRA, Hu et al. 2021): a frozen layer and a small update beside
it.

The update of a layer with weight W is B·A, of rank r: A takes the input down to r numbers, B takes
them up to the output. Nothing but A and B is trained.
"""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
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
        ### BEGIN SOLUTION 2a (about 4 lines): freeze the layer; two matrices, one of them zero
        self.layer.requires_grad_(False)
        self.down = nn.Parameter(torch.empty(rank, inputs))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.up = nn.Parameter(torch.zeros(outputs, rank))
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the wrapped layer's output plus `scale` times the update's.

        Args:
            x: [..., inputs], any number of leading dimensions.

        Returns:
            [..., outputs]. The product B·A is not formed: it would be as large as the weight.
        """
        ### BEGIN SOLUTION 2b (about 2 lines): the layer, and x through A, then B
        update = F.linear(F.linear(x, self.down), self.up)
        return self.layer(x) + self.scale * update
        ### END SOLUTION


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
        ### BEGIN SOLUTION 2c (about 8 lines): freeze the layer; k×k to `rank`, 1×1 that begins at 0
        layer = self.layer
        layer.requires_grad_(False)
        self.down = nn.Conv2d(
            layer.in_channels,
            rank,
            layer.kernel_size,
            layer.stride,
            layer.padding,
            layer.dilation,
            bias=False,
            padding_mode=layer.padding_mode,
        )
        self.up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
        nn.init.zeros_(self.up.weight)
        ### END SOLUTION

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: [batch, in_channels, height, width] → as the wrapped layer gives."""
        return torch.add(self.layer(images), self.up(self.down(images)), alpha=self.scale)


def merge(wrapped: LoRALinear | LoRAConv2d) -> nn.Module:
    """Return one plain layer that does what the wrapped one does, for use after training.

    Returns:
        A new layer of the kind of `wrapped.layer`; `wrapped` and its layer stay as they are.
    """
    ### BEGIN SOLUTION 2d (about 9 lines): the update as a weight, added to a copy of the layer
    plain = copy.deepcopy(wrapped.layer)
    if isinstance(wrapped, LoRAConv2d):
        down, up = wrapped.down.weight, wrapped.up.weight[:, :, 0, 0]
        update = torch.einsum("or,rikl->oikl", up, down)
    else:
        update = wrapped.up @ wrapped.down
        update = update.T if is_conv1d(plain) else update
    with torch.no_grad():
        plain.weight += wrapped.scale * update
    return plain
    ### END SOLUTION


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
