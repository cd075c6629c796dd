"""Probes of homework 2: run beside the student's code, know no expected value."""

import contextlib

import numpy as np
import torch
from probes.probing import (
    Unexpected,
    called_like,
    described,
    fill,
    gradients,
    number,
    several,
    tensor,
)
from torch import nn

# --- prototypical networks ----------------------------------------------------------------------


def prototypes(hw, features, labels, weights, way):
    """The prototypes of one task, and the gradient of their weighted sum by the features."""
    features.requires_grad_(True)
    centres = _shaped(hw.protonet.prototypes(features, labels, way), weights.shape, "prototypes")
    (gradient,) = gradients((centres * weights).sum(), [features], "the prototypes")
    return {"prototypes": centres, "gradient": gradient}


def logits(hw, features, prototypes, weights):
    """The logits of some queries, and the gradients of their weighted sum."""
    features.requires_grad_(True)
    prototypes.requires_grad_(True)
    found = _shaped(hw.protonet.prototype_logits(features, prototypes), weights.shape, "the logits")
    by_features, by_centres = gradients(
        (found * weights).sum(), [features, prototypes], "the logits"
    )
    return {"logits": found, "by_features": by_features, "by_centres": by_centres}


class Encoder(nn.Module):
    """Encodes each image by itself, whatever comes with it: images [B, 2, 3, 3] → [B, 4]."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(18, 6), nn.Linear(6, 4)
        fill(self, seed, 1.0)

    def forward(self, images):
        return self.last(torch.tanh(self.first(images.flatten(1))))


def protonet(hw, tasks, way, seed, stand_ins):
    """The loss of a batch of tasks, both accuracies, the gradient by the encoder, side effects.

    Args:
        tasks: the four parts of `Tasks`.
        stand_ins: whether two other known functions take the place of 1a and 1b, so that 1c can be
            right where they are not.
    """
    encoder = Encoder(seed)
    before = [part.clone() for part in tasks]
    places = {"prototypes": _other_centres, "prototype_logits": _other_logits} if stand_ins else {}
    with _replaced(hw.protonet, places):
        result = hw.protonet.protonet_loss(encoder, hw.experiments.tasks.Tasks(*tasks), way)
    loss, support, query = several(result, 3, "(loss, support accuracy, query accuracy)")
    loss = _scalar(loss, "the loss")
    found = gradients(loss, list(encoder.parameters()), "the loss")
    return {
        "loss": loss,
        "accuracies": [
            number(support, "the support accuracy"),
            number(query, "the query accuracy"),
        ],
        "gradient": _sketch(found),
        "moved": _distance(before, tasks) + float(not encoder.training),
    }


def _other_centres(features, labels, way):
    picked = [(features * (labels == name)[:, None].to(features.dtype)) for name in range(way)]
    return torch.stack([part.abs().amax(0) + part.sum(0) for part in picked])


def _other_logits(features, centres):
    return 3 * torch.sin(features @ centres.T + centres[:, 0])


# --- MAML ---------------------------------------------------------------------------------------


class _Bias(nn.Module):
    """Some numbers called bias."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(size, dtype=torch.float64))


class Quadratic(nn.Module):
    """A network whose cross-entropy is a known quadratic function of its parameters.

    An "image" is a row (label, least, curvature[7], centre[7]), and its cost is
    least + sum(curvature * (parameters - centre)^2) / 2. The logits are such that cross-entropy at
    the image's label is exactly that cost.
    """

    def __init__(self, way: int) -> None:
        super().__init__()
        self.way = way
        self.body = nn.Linear(2, 2, bias=False).double()  # for their names, which tell nothing:
        self.norm, self.head = _Bias(1), _Bias(2)  # body.weight, norm.bias and head.bias
        fill(self, 99, 2.0)

    def forward(self, images):
        place = torch.cat([self.body.weight.flatten(), self.norm.bias, self.head.bias])
        size = len(place)
        curvature, centre = images[:, 2 : 2 + size], images[:, 2 + size :]
        cost = images[:, 1] + (curvature * (place - centre).square()).sum(1) / 2
        wrong = (cost.expm1() / (self.way - 1)).log()
        right = images[:, 0, None] == torch.arange(self.way)
        return torch.where(right, torch.zeros_like(wrong)[:, None], wrong[:, None])


def adapted(hw, params, rates, images, labels, weights, steps, first_order, way, stand_ins):
    """One inner loop: what it returns, and gradients of a weighted sum of the new parameters.

    Args:
        weights: name → what to weigh each new parameter with.
        stand_ins: whether another known function takes the place of 2d.
    """
    network, leaves = Quadratic(way), _leaves(params, rates)
    own = [p.detach().clone() for p in network.parameters()]
    inputs = [p.detach().clone() for p in leaves] + [images.clone(), labels.clone()]
    params, rates = leaves.params, leaves.rates
    with _replaced(hw.maml, {"inner_gradient": _other_gradient} if stand_ins else {}):
        result = hw.maml.adapt(network, params, rates, images, labels, steps, first_order)
    after, accuracies = several(result, 2, "(parameters, accuracies)")
    after = _named_like(after, weights, "the adapted parameters")
    total = sum((after[name] * weights[name]).sum() for name in weights)
    found = gradients(total, list(leaves), "the sum of the adapted parameters")
    return {
        "after": {name: after[name] for name in weights},
        "accuracies": _numbers(accuracies, "the accuracies"),
        "by_params": dict(zip(params, found[: len(params)])),
        "by_rates": dict(zip(rates, found[len(params) :])),
        "moved": _distance(inputs, [*leaves, images, labels])
        + _distance(own, list(network.parameters()))
        + float(leaves.exchanged()),
    }


def task_loss(hw, params, rates, task, steps, first_order, way, stand_ins):
    """The query loss after adaptation, its gradients, and the accuracies.

    Args:
        task: the four parts of one task.
        stand_ins: whether another known function takes the place of 2a.
    """
    network, leaves = Quadratic(way), _leaves(params, rates)
    own = [p.detach().clone() for p in network.parameters()]
    inputs = [p.detach().clone() for p in leaves] + [part.clone() for part in task]
    params, rates = leaves.params, leaves.rates
    with _replaced(hw.maml, {"adapt": _other_adapt} if stand_ins else {}):
        result = hw.maml.task_loss(
            network, params, rates, hw.experiments.tasks.Tasks(*task), steps, first_order
        )
    loss, support, query = several(result, 3, "(loss, support accuracies, query accuracy)")
    loss = _scalar(loss, "the loss")
    found = gradients(loss, list(leaves), "the loss")
    return {
        "loss": loss,
        "support": _numbers(support, "the support accuracies"),
        "query": number(query, "the query accuracy"),
        "by_params": dict(zip(params, found[: len(params)])),
        "by_rates": dict(zip(rates, found[len(params) :])),
        "moved": _distance(inputs, [*leaves, *task])
        + _distance(own, list(network.parameters()))
        + float(leaves.exchanged()),
    }


def _other_gradient(loss_of, params, first_order):
    """Not a gradient, but it depends on the loss, on the parameters and on the switch."""
    pull = loss_of(params) * (0.6 if first_order else 0.4)
    return {name: pull * p for name, p in params.items()}


def _other_adapt(network, params, rates, images, labels, steps, first_order=False):
    """Not an inner loop, but it depends on everything that an inner loop depends on."""
    slope = torch.linspace(0.5, 1.5, len(labels), dtype=torch.float64)  # labels in this order
    pull = images[:, 2:].mean() * steps + (slope * labels).mean() * (2 if first_order else 1)
    moved = {name: p * (1 - 0.2 * rates[name] * pull) for name, p in params.items()}
    return moved, [torch.tensor(0.1 * count) for count in range(1, steps + 2)]


def rates(hw, params, rate, learned, weights, outer):
    """The rates as they are made, their gradients, and their values after one outer step.

    Args:
        weights: of each rate in a loss that is the weighted sum of their squares.
        outer: the outer learning rate; 0: do not step.
    """
    for value in params.values():
        value.requires_grad_(True)
    before = [value.detach().clone() for value in params.values()]
    made = hw.maml.make_rates(params, rate, learned)
    if not isinstance(made, dict) or set(made) != set(params):
        names = sorted(map(str, made)) if isinstance(made, dict) else described(made)
        raise Unexpected(
            f"the rates should be a dictionary with the parameters' names "
            f"{sorted(params)}; it is {names}"
        )
    made = {name: tensor(made[name], f"the rate of {name}") for name in params}
    seen = {
        "values": {name: value.detach().clone() for name, value in made.items()},
        "dtypes": [str(value.dtype) for value in made.values()],
        "learned": [bool(value.requires_grad) for value in made.values()],
        "leaves": [bool(value.is_leaf) for value in made.values()],
        "gradients": {},
        "stepped": {},
    }
    if outer:
        loss = sum((value**2 * weights[name]).sum() for name, value in made.items())
        found = gradients(loss, list(made.values()), "a sum of the rates")
        seen["gradients"] = dict(zip(made, found))
        if all(value.is_leaf and value.requires_grad for value in made.values()):
            optimizer = torch.optim.SGD(list(made.values()), lr=outer)
            sum((value**2 * weights[name]).sum() for name, value in made.items()).backward()
            optimizer.step()
        seen["stepped"] = {name: value.detach() for name, value in made.items()}
    seen["moved"] = _distance(before, list(params.values()))
    return seen


def inner_gradient(hw, params, curvature, slope, weights, own, first_order):
    """An inner gradient of a known loss, and how a sum that uses it depends on the parameters.

    The loss is sum(curvature * p^3) / 6 over all parameters, and half the square of sum(slope * p).

    Args:
        weights: what the gradient is weighed with; `own`: the parameters themselves, in the sum.
    """
    for value in params.values():
        value.requires_grad_(True)
    before, given = [value.detach().clone() for value in params.values()], dict(params)

    def loss_of(params):
        cubes = sum((curvature[name] * p**3).sum() for name, p in params.items()) / 6
        return cubes + sum((slope[name] * p).sum() for name, p in params.items()) ** 2 / 2

    found = hw.maml.inner_gradient(loss_of, params, first_order)
    written = sum(value.grad is not None for value in given.values())
    found = _named_like(found, given, "the gradient")
    total = sum((given[n] * own[n] + found[n] * weights[n]).sum() for n in given)
    through = gradients(total, list(given.values()), "the sum")
    return {
        "gradient": dict(found),
        "through": dict(zip(given, through)),
        "written": written,
        "moved": _distance(before, list(given.values()))
        + float(any(params.get(name) is not value for name, value in given.items())),
    }


# --- what they share ----------------------------------------------------------------------------


class _leaves(list):
    """Parameters, then rates, as leaves that require gradients."""

    def __init__(self, params, rates) -> None:
        self.params = {name: value.requires_grad_(True) for name, value in params.items()}
        self.rates = {name: value.requires_grad_(True) for name, value in rates.items()}
        super().__init__([*self.params.values(), *self.rates.values()])
        self._places = dict(self.params), dict(self.rates)

    def exchanged(self) -> bool:
        """Whether one of the dictionaries holds other tensors than at the beginning."""
        return not all(
            was.keys() == now.keys() and all(was[name] is now[name] for name in was)
            for was, now in zip(self._places, (self.params, self.rates))
        )


@contextlib.contextmanager
def _replaced(module, places):
    """Other functions in a student's file for a while."""
    own = {name: getattr(module, name) for name in places}
    for name, function in places.items():
        setattr(module, name, called_like(own[name], function))
    try:
        yield
    finally:
        for name, function in own.items():
            setattr(module, name, function)


def _shaped(value, shape, name):
    value = tensor(value, name)
    if value.shape != shape:
        raise Unexpected(f"{name} has shape {list(value.shape)}; expected {list(shape)}")
    return value


def _scalar(value, name):
    value = tensor(value, name)
    if value.numel() != 1:
        raise Unexpected(f"{name} has shape {list(value.shape)}; expected one number")
    return value.reshape(())


def _named_like(values, pattern, name):
    if not isinstance(values, dict) or set(values) != set(pattern):
        names = sorted(map(str, values)) if isinstance(values, dict) else described(values)
        raise Unexpected(
            f"{name} should be a dictionary with the names {sorted(pattern)}; it is {names}"
        )
    return {key: _shaped(values[key], pattern[key].shape, f"{name}[{key}]") for key in pattern}


def _numbers(values, name):
    """A list, tuple or vector of numbers as a list of floats."""
    if isinstance(values, torch.Tensor | np.ndarray) and values.ndim == 1:
        values = list(values)
    if not isinstance(values, list | tuple):
        raise Unexpected(f"{name} should be a list of numbers; it is {described(values)}")
    return [number(value, f"one of {name}") for value in values]


def _distance(before, after):
    """How far tensors moved, in all."""
    if any(one.shape != other.shape for one, other in zip(before, after)):
        return 1.0
    return float(sum((one - other.detach()).abs().sum() for one, other in zip(before, after)))


def _sketch(found):
    """Gradients by fixed random directions: three numbers a parameter."""
    rng = np.random.RandomState(4)
    made = []
    for part in found:
        directions = torch.from_numpy(rng.normal(size=(3, part.numel()))).to(part.dtype)
        made.append(directions @ part.flatten())
    return torch.stack(made)
