"""Runs beside the student's code in place of the probes of the checks; knows no label to guess."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

LARGEST_MEMORY = 1024


def query_logits(hw: Any, experiment: str, weights: str, images: Tensor, labels: Tensor) -> Tensor:
    """The logits of the query row, [B, N, N]."""
    network = _network(hw, experiment, weights, labels.shape[-1], labels.shape[1])
    with torch.no_grad():
        return network(images.float() / 255, labels)[:, -1].float()


def _network(hw: Any, experiment: str, weights: str, way: int, samples: int) -> nn.Module:
    path = Path(__file__).parents[1] / "runs" / experiment / "checkpoint.pt"
    state, hidden_dim = _read(path)
    module = state["module"] if weights == "last" or not state.get("best") else (
        state["best"]["module"])  # fmt: skip
    network = hw.mann.MANN(way, samples, hidden_dim)
    network.load_state_dict(module)
    return network.eval()


@functools.cache
def _read(path: Path) -> tuple[dict[str, Any], int]:
    state = torch.load(path, map_location="cpu", weights_only=True)
    hidden_dim = state["config"]["hidden_dim"]
    if type(hidden_dim) is not int or not 1 <= hidden_dim <= LARGEST_MEMORY:
        raise ValueError(f"a memory of size {hidden_dim!r}")
    return state, hidden_dim
