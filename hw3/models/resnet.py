"""Residual networks: the kit's own small one, and ResNet-20 for CIFAR-10 (He et al. 2016)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from hw3.models.classifier import Classifier


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a way around them, which is a 1x1 convolution.

    Args:
        inputs, outputs: channels.
        stride: of the first convolution and of the way around.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.around = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: [batch, inputs, side, side] → [batch, outputs, side / stride, side / stride]."""
        hidden = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(hidden)) + self.bn3(self.around(x)))


def small_resnet(classes: int, widths: tuple[int, ...] = (16, 32, 64, 128)) -> Classifier:
    """The kit's own network, for pictures of 32x32: each block halves the sides.

    Args:
        classes: outputs of the head.
        widths: channels after each block.
    """
    pairs = zip((3, *widths), widths)
    blocks = [ResidualBlock(before, width, stride=2) for before, width in pairs]
    return Classifier(blocks, widths[-1], classes)


class CifarBlock(nn.Module):
    """Two 3x3 convolutions; the way around drops every second place and adds empty channels.

    Shortcut "A" of the paper, section 4.2: it has no parameters.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.missing = stride, outputs - inputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: [batch, inputs, side, side] → [batch, outputs, side / stride, side / stride]."""
        hidden = torch.relu(self.bn1(self.conv1(x)))
        before = self.missing // 2
        around = F.pad(
            x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, self.missing - before)
        )
        return torch.relu(self.bn2(self.conv2(hidden)) + around)


class CifarResNet(nn.Module):
    """ResNet-20: one convolution, three stages of three blocks, a linear layer.

    Its parameters have the names that they have in the published weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (
            nn.Sequential(
                CifarBlock(before, width, stride),
                CifarBlock(width, width, 1),
                CifarBlock(width, width, 1),
            )
            for before, width, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2))
        )
        self.linear = nn.Linear(64, 10)

    def classifier(self) -> Classifier:
        """The same network as blocks and a head; the head keeps its weights."""
        stem = nn.Sequential(self.conv1, self.bn1, nn.ReLU())
        found = Classifier([stem, self.layer1, self.layer2, self.layer3], 64, 10)
        found.head = self.linear
        return found
