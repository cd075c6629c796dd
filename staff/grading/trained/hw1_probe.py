"""Runs in place of the probes of the checks; knows no label to guess.

`stored` runs beside the kit's own code alone, `take` and `query_logits` beside the student's, which
gets the parameters of the network and never sees the checkpoint.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

LARGEST_MEMORY = 1024
_networks: dict[
    str, torch.nn.Module
] = {}  # "best" and "last" → the student's network with those weights


def stored(hw: Any, experiment: str, weights: str) -> dict[str, Any]:
    """The network's size and parameters in a checkpoint: exactly these, by name and shape."""
    state, hidden_dim = _read(experiment)
    module = (
        state["module"] if weights == "last" or not state.get("best") else (state["best"]["module"])
    )
    network = _network(hw, experiment, hidden_dim)
    network.load_state_dict(module)
    return {"hidden_dim": hidden_dim, "parameters": dict(network.state_dict())}


def take(hw: Any, experiment: str, weights: str, held: dict[str, Any]) -> None:
    """Keep the student's network with these weights."""
    network = _network(hw, experiment, held["hidden_dim"])
    network.load_state_dict(held["parameters"])
    _networks[weights] = network.eval()


def query_logits(hw: Any, weights: str, images: Tensor, labels: Tensor) -> Tensor:
    """The logits of the query row, [B, N, N]."""
    with torch.no_grad():
        return _networks[weights](images.float() / 255, labels)[:, -1].float()


def _network(hw: Any, experiment: str, hidden_dim: int) -> nn.Module:
    shot, way = map(int, re.findall(r"\d+", experiment))
    return hw.mann.MANN(way, shot + 1, hidden_dim)


@functools.cache
def _read(experiment: str) -> tuple[dict[str, Any], int]:
    path = Path(__file__).parents[1] / "runs" / experiment / "checkpoint.pt"
    state = torch.load(path, map_location="cpu", weights_only=True)
    hidden_dim = state["config"]["hidden_dim"]
    if type(hidden_dim) is not int or not 1 <= hidden_dim <= LARGEST_MEMORY:
        raise ValueError(f"a memory of size {hidden_dim!r}")
    return state, hidden_dim
