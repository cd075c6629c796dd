"""The modules that the experiments train. What they compute with is yours to write."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from hw4.experiments.data import LABELS, NOISE
from hw4.neural_process import aggregate, sample_latent


def mlp(*sizes: int, between: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers with an activation between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), between()]
    return nn.Sequential(*layers[:-1])


class Prior(nn.Module):
    """A Gaussian over d weights, and the noise, as free parameters (float64).

    Args:
        dim: d.
        noise: standard deviation to begin with.
        spread: standard deviation of every weight to begin with.
    """

    def __init__(self, dim: int, noise: float = 1.0, spread: float = 1.0) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(dim, dtype=torch.float64))
        start = math.log(spread) * torch.eye(dim, dtype=torch.float64)
        self.factor = nn.Parameter(start)  # below the diagonal; the diagonal as logarithms
        self.log_noise = nn.Parameter(torch.tensor(math.log(noise), dtype=torch.float64))

    @property
    def covariance(self) -> torch.Tensor:
        """[d, d], positive definite whatever the parameters are."""
        root = self.factor.tril(-1) + torch.diag(self.factor.diagonal().exp())
        return root @ root.mT

    @property
    def noise_variance(self) -> torch.Tensor:
        return (2 * self.log_noise).exp()


class LastLayer(nn.Module):
    """Features of an input, and a prior over the last layer that reads them (ALPaCA)."""

    def __init__(self, hidden: int = 64, dim: int = 32) -> None:
        super().__init__()
        self.features = mlp(1, hidden, hidden, dim, between=nn.Tanh).double()
        self.prior = Prior(dim, noise=0.3, spread=dim**-0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [..., 1] → features [..., d]."""
        return self.features(x.double())


class NeuralProcess(nn.Module):
    """Encoder, latent, decoder (Garnelo et al. 2018)."""

    def __init__(self, hidden: int = 128, latent: int = 64) -> None:
        super().__init__()
        self.encoder = mlp(2, hidden, hidden, hidden)
        self.to_latent = mlp(hidden, hidden, 2 * latent)
        self.decoder_x = nn.Linear(1, hidden)
        self.decoder_z = nn.Linear(latent, hidden, bias=False)
        self.decoder = mlp(hidden, hidden, hidden, 2)

    def latent(
        self, x: torch.Tensor, y: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """q(z | the points of the mask): mean and log variance, each [B, z]."""
        summary = aggregate(self.encoder(torch.cat([x, y], dim=-1)), mask)
        mean, free = self.to_latent(summary).chunk(2, dim=-1)
        return mean, 2 * (0.01 + 0.99 * torch.sigmoid(free)).log()

    def decode(self, z: torch.Tensor, x: torch.Tensor) -> torch.distributions.Normal:
        """z [S, B, z] and x [B, m, 1] → the distribution of y, [S, B, m]."""
        hidden = F.relu(self.decoder_x(x) + self.decoder_z(z)[:, :, None])
        mean, free = self.decoder(hidden).chunk(2, dim=-1)
        spread = 0.05 + 0.95 * F.softplus(free)
        return torch.distributions.Normal(mean.squeeze(-1), spread.squeeze(-1))


class NoisyLinear(nn.Linear):
    """A linear layer whose weights are Gaussian, each by itself; the bias is a plain parameter.

    Not the weights are drawn but what they give, for each input afresh (Kingma et al. 2015). In
    evaluation mode the weights are their means.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.log_sd = nn.Parameter(torch.zeros(outputs, inputs))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        centre = super().forward(inputs)
        if not self.training:
            return centre
        variance = F.linear(inputs.square(), (2 * self.log_sd).exp()) + 1e-10
        flat = centre.flatten(0, -2), variance.log().flatten(0, -2)
        return sample_latent(*flat, 1)[0].reshape(centre.shape)


class ConditionalProcess(nn.Module):
    """A conditional neural process: context in, one prediction a target out.

    Args:
        labels: size of the one-hot label that comes with a task; 0 for none.
        noisy: whether the layers that read x and the label have Gaussian weights.
    """

    def __init__(self, labels: int = LABELS, noisy: bool = False) -> None:
        super().__init__()
        first = NoisyLinear if noisy else nn.Linear
        self.encoder_x, self.encoder_y = first(1 + labels, 100), nn.Linear(1, 100)
        self.encoder = nn.Sequential(nn.ReLU(), mlp(100, 100, 10))
        self.decoder_x, self.decoder_z = first(1 + labels, 100), nn.Linear(10, 100)
        self.decoder = nn.Sequential(nn.ReLU(), mlp(100, 100, 1))

    def forward(
        self, x: torch.Tensor, label: torch.Tensor, y: torch.Tensor, context: int
    ) -> torch.Tensor:
        """Predict all points of each task from its first `context` ones.

        Args:
            x, y: [B, n, 1].
            label: [B, labels].

        Returns:
            [B, n, 1].
        """
        known = torch.cat([x, label[:, None].expand(-1, x.shape[1], -1)], dim=-1)
        seen = self.encoder_x(known[:, :context]) + self.encoder_y(y[:, :context])
        present = torch.ones(seen.shape[:2], dtype=torch.bool, device=x.device)
        summary = aggregate(self.encoder(seen), present)
        return self.decoder(self.decoder_x(known) + self.decoder_z(summary)[:, None])

    def noisy_weights(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Mean and log standard deviation of the weights of each noisy layer."""
        noisy = [layer for layer in self.modules() if isinstance(layer, NoisyLinear)]
        return [(layer.weight, layer.log_sd) for layer in noisy]


def squared_fit(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(prediction − target)² / (2 noise²), averaged: the fit alone, without any price."""
    return F.mse_loss(prediction, target) / (2 * NOISE**2)
