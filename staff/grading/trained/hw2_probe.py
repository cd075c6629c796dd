"""Runs in place of the probes of the checks; knows no label to guess.

`stored` runs beside the kit's own code alone, `take` and `query_logits` beside the student's, which
gets the parameters of the network and never sees the checkpoint.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

_methods: dict[
    str, tuple
] = {}  # "best" and "last" → the student's method with those weights, and its kind


def stored(hw: Any, experiment: str, weights: str) -> dict[str, Any]:
    """The parameters in a checkpoint: exactly those of the experiment's method, by name and shape."""
    state = _read(experiment)
    module = (
        state["module"] if weights == "last" or not state.get("best") else (state["best"]["module"])
    )
    methods = hw.experiments.methods
    if hw.experiments.settings.SETTINGS[experiment].method == "protonet":
        network, prefix = methods.Conv4(**methods.PROTONET), ""
    else:
        network, prefix = methods.Conv4(**methods.MAML), "network."
    network.load_state_dict(
        {
            name.removeprefix(prefix): value
            for name, value in module.items()
            if name.startswith(prefix)
        }
    )
    parameters = {prefix + name: value for name, value in network.state_dict().items()}
    rates = {name: value for name, value in module.items() if name not in parameters}
    if prefix:  # what makes them is the student's
        _require_rates(
            rates, [methods.Learner._key(name) for name, _ in network.named_parameters()]
        )
    return {"parameters": parameters | rates}


def _require_rates(rates: dict[str, Tensor], names: Collection[str]) -> None:
    """MAML's inner rates: one number for each parameter."""
    if set(rates) != set(names) or any(rate.numel() != 1 for rate in rates.values()):
        raise ValueError("state_dict: the inner rates are not one number for each parameter")


def take(hw: Any, experiment: str, weights: str, held: dict[str, Any]) -> None:
    """Keep the student's method with these weights."""
    method, kind = _method(hw, experiment)
    method.module.load_state_dict(held["parameters"])
    method.module.eval()
    _methods[weights] = method, kind


def query_logits(hw: Any, weights: str, support: Tensor, labels: Tensor, query: Tensor) -> Tensor:
    """The logits of every query image, [T, N·Q, N]."""
    method, kind = _methods[weights]
    predict = {"protonet": _protonet, "maml": _maml}[kind]
    way = int(labels.max()) + 1
    tasks = zip(_pixels(support), labels, _pixels(query))
    return torch.stack([predict(hw, method.module, *task, way) for task in tasks]).float()


def _pixels(images: Tensor) -> Tensor:
    return images.float().unsqueeze(2) / 255


def _protonet(
    hw: Any, network: Any, support: Tensor, labels: Tensor, query: Tensor, way: int
) -> Tensor:
    with torch.no_grad():
        centres = hw.protonet.prototypes(network(support), labels, way)
        return hw.protonet.prototype_logits(network(query), centres)


def _maml(
    hw: Any, learner: Any, support: Tensor, labels: Tensor, query: Tensor, way: int
) -> Tensor:
    params = dict(learner.network.named_parameters())
    adapted, _ = hw.maml.adapt(
        learner.network, params, learner.rates, support, labels, learner.steps, True
    )
    with torch.no_grad():
        return functional_call(learner.network, adapted, (query,))


def _method(hw: Any, experiment: str) -> tuple[Any, str]:
    setting = hw.experiments.settings.SETTINGS[experiment]
    return hw.experiments.methods.build(setting, "cpu"), setting.method


@functools.cache
def _read(experiment: str) -> dict[str, Any]:
    path = Path(__file__).parents[1] / "runs" / experiment / "checkpoint.pt"
    return torch.load(path, map_location="cpu", weights_only=True)
