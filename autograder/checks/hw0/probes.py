"""Probes of homework 0: run beside the student's code, know no expected value."""

import contextlib

import numpy as np
import torch
from probes.probing import (
    Unexpected,
    array,
    called_like,
    described,
    gradients,
    number,
    reseed,
    several,
    tensor,
)
from torch import nn

PARTS = ("users", "items", "bias")


def tables_lookup(hw, counts, dim, shared, ids, weights):
    """The sizes of both tasks' tables, and the gradient that looking up rows sends to them.

    Args:
        counts: numbers of users and of items.
        ids: int64 [B], valid for every table.
        weights: float32 [B, 1]; the gradient is that of the weighted sum of the looked-up rows.
    """
    pair = _tables(hw, *counts, dim, shared)
    tables = [getattr(one, part) for one in pair for part in PARTS]
    shapes = [list(table.weight.shape) for table in tables]
    found, moved, sparse = [], 0.0, 0
    for table, part in zip(tables, PARTS * 2):
        before = table.weight.detach().clone()
        rows = table(ids)
        moved = max(moved, float((rows - before[ids]).detach().abs().max()))
        (gradient,) = gradients((rows * weights).sum(), [table.weight], f"a row of {part}")
        sparse += int(gradient.is_sparse)
        found.append(gradient.to_dense()[: int(ids.max()) + 2].sum(-1))
    return {
        "shapes": shapes,
        "distinct": len({id(table.weight) for table in tables}),
        "equal": int(all(torch.equal(a.weight, b.weight) for a, b in zip(tables[:2], tables[3:5]))),
        "gradients": found,
        "moved": moved,
        "sparse": sparse,
    }


def tables_statistics(hw, counts, dim, shared, seed):
    """Sums over the numbers of the tables of users and items, and over products between tables."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    pair = _tables(hw, *counts, dim, shared)
    watch, rate = ([getattr(t, part).weight.detach().double() for part in PARTS] for t in pair)
    drawn = watch[:2] if shared else watch[:2] + rate[:2]
    rows = min(counts) // 2 * 2
    halves = [half for table in drawn for half in (table[:rows:2], table[1:rows:2])]
    return {
        "mean": torch.stack([table.mean() for table in drawn]),
        "root_mean_square": torch.stack([table.pow(2).mean().sqrt() for table in drawn]),
        "mean_absolute": torch.stack([table.abs().mean() for table in drawn]),
        "spread_of_lengths": torch.stack([table.norm(dim=1).std() for table in drawn]),
        "cosines": torch.stack([_cosine(a, b) for n, a in enumerate(halves) for b in halves[:n]]),
        "bias": torch.stack([tables[2].abs().max() for tables in (watch, rate)]),
    }


def _cosine(one, other):
    return (one * other).sum() / (one.norm() * other.norm()).clamp_min(1e-30)


def _tables(hw, users, items, dim, shared):
    """The student's two Tables."""
    result = several(
        hw.model.embedding_tables(users, items, dim, shared), 2, "(watch tables, rate tables)"
    )
    for tables in result:
        for part in PARTS:
            if not isinstance(getattr(tables, part, None), nn.Embedding):
                raise Unexpected(
                    f"{part} of the tables should be an nn.Embedding; it is "
                    f"{described(getattr(tables, part, tables))}"
                )
    return result


def head_outputs(hw, sizes, features, weights):
    """Return what a head of these sizes gives once its layers hold known numbers; sizes all differ.

    A layer's weights are known by their shape, so that names and order are free.
    """
    asked = list(sizes)
    head = hw.model.rating_head(asked)
    if not isinstance(head, nn.Module):
        raise Unexpected(f"the head should be an nn.Module; it is {described(head)}")
    untrained = tensor(head(features.clone()), "what the head gives").detach()
    shapes = sorted(sorted(parameter.shape) for parameter in head.parameters())
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(_known(parameter.shape))
    features.requires_grad_(True)
    outputs = tensor(head(features.clone()), "what the head gives")
    same = outputs.shape == weights.shape
    summed = (outputs * weights).sum() if same else outputs.sum()
    return {
        "parameters": [list(shape) for shape in shapes],
        "outputs": outputs,
        "gradient": gradients(summed, [features], "what the head gives")[0],
        "alive": int(untrained.double().std() > 1e-3),
        "sizes": asked,
    }


def _known(shape):
    """Numbers for a parameter of this shape; a transposed shape gets them transposed."""
    small, large = min(shape), max(shape)
    rng = np.random.RandomState(1000 * len(shape) + 31 * small + large)
    values = torch.from_numpy(rng.uniform(-0.8, 0.8, size=(large, small))).float()
    if len(shape) == 1:
        return values[:, 0]
    return values if shape[0] == large else values.T


class Head(nn.Module):
    """A known head: features [B, F] → [B, 1]."""

    def __init__(self, features: int, rng) -> None:
        super().__init__()
        self.first = nn.Parameter(_uniform(rng, features, 5))
        self.last = nn.Parameter(_uniform(rng, 5, 1))

    def forward(self, features):
        return torch.tanh(features @ self.first) @ self.last


def _uniform(rng, *shape):
    return torch.from_numpy(rng.uniform(-1, 1, size=shape)).float()


def _known_tables(hw, counts, dim, rng):
    """Tables that hold known numbers, biases too."""
    made = []
    for rows, columns in ((counts[0], dim), (counts[1], dim), (counts[1], 1)):
        made.append(nn.Embedding.from_pretrained(_uniform(rng, rows, columns), freeze=False))
    return hw.model.Tables(*made)


def shared(hw, users, items, counts, dim, seed):
    """Both outputs of forward_shared."""
    rng = np.random.RandomState(seed)
    tables, head = _known_tables(hw, counts, dim, rng), Head(3 * dim, rng)
    return _outputs(hw.model.forward_shared(tables, head, users, items))


def shared_gradients(hw, users, items, weights, counts, dim, seed):
    """Gradients of a weighted sum of each output by the tables and the head, a few numbers each."""
    rng = np.random.RandomState(seed)
    tables, head = _known_tables(hw, counts, dim, rng), Head(3 * dim, rng)
    outputs = _outputs(hw.model.forward_shared(tables, head, users, items))
    return _sketches(outputs, weights, [("tables", tables), ("head", head)])


def separate(hw, users, items, counts, dim, seed):
    """Both outputs of forward_separate."""
    rng = np.random.RandomState(seed)
    watch, rate = (_known_tables(hw, counts, dim, rng) for _ in range(2))
    head = Head(3 * dim, rng)
    return _outputs(hw.model.forward_separate(watch, rate, head, users, items))


def separate_gradients(hw, users, items, weights, counts, dim, seed):
    """Gradients of a weighted sum of each output by the tables of both tasks and the head."""
    rng = np.random.RandomState(seed)
    watch, rate = (_known_tables(hw, counts, dim, rng) for _ in range(2))
    head = Head(3 * dim, rng)
    outputs = _outputs(hw.model.forward_separate(watch, rate, head, users, items))
    return _sketches(outputs, weights, [("watch", watch), ("rate", rate), ("head", head)])


def _outputs(result):
    logit, rating = several(result, 2, "(watch logits, ratings)")
    return {"watch": tensor(logit, "the watch logits"), "rating": tensor(rating, "the ratings")}


def _sketches(outputs, weights, modules):
    """{output: {part: three numbers}}: gradients, by fixed random directions."""
    named = [(f"{kind}.{name}", p) for kind, m in modules for name, p in m.named_parameters()]
    rng = np.random.RandomState(3)
    directions = [torch.from_numpy(rng.normal(size=(3, p.numel()))).float() for _, p in named]
    sketches = {}
    for number_, (key, output) in enumerate(outputs.items()):
        if output.shape != weights[number_].shape:
            raise Unexpected(
                f"the output {key} has shape {list(output.shape)}; expected [B] = "
                f"{list(weights[number_].shape)}"
            )
        summed = (output * weights[number_]).sum()
        if not summed.requires_grad:
            raise Unexpected(
                f"the output {key} carries no gradient: the path is cut "
                "(detach, no_grad, .item(), or a new tensor)"
            )
        found = torch.autograd.grad(
            summed, [p for _, p in named], retain_graph=True, allow_unused=True
        )
        sketches[key] = {
            name: direction @ (torch.zeros_like(p) if g is None else g).flatten()
            for (name, p), g, direction in zip(named, found, directions)
        }
    return sketches


def ranking(hw, positive, negative):
    """The ranking loss and its gradients."""
    return _loss(hw.losses.ranking_loss, positive, negative, "the ranking loss")


def rating(hw, predicted, ratings):
    """The rating loss and its gradients."""
    return _loss(hw.losses.rating_loss, predicted, ratings, "the rating loss")


def _loss(function, one, other, name):
    one.requires_grad_(True)
    other.requires_grad_(True)
    value = tensor(function(one, other), name)
    if value.numel() != 1:
        raise Unexpected(f"{name} has shape {list(value.shape)}; expected one number")
    found = gradients(value.reshape(()), [one, other], name)
    return {"loss": value.reshape(()), "first": found[0], "second": found[1]}


class ToyNet(nn.Module):
    """Known tables of watch logits and ratings in place of a network."""

    def __init__(self, watch, stars) -> None:
        super().__init__()
        self.watch, self.stars = nn.Parameter(watch.clone()), nn.Parameter(stars.clone())

    def forward(self, users, items):
        return self.watch[users, items], self.stars[users, items]


def joint(hw, batch, logits, stars, weights, stand_ins):
    """The joint loss of a toy network, and the gradients of the weighted sum.

    Args:
        batch: users, items, ratings and negatives.
        logits, stars: [users, items], what the network gives for every pair.
        stand_ins: whether two other known functions take the place of the losses of 3a and 3b, so
            that 3c can be right where they are not.
    """
    net = ToyNet(logits, stars)
    before = [part.clone() for part in batch]
    with _stand_ins(hw.losses) if stand_ins else contextlib.nullcontext():
        result = hw.losses.joint_loss(net, *batch, tuple(weights))
    names = ("the weighted sum", "the ranking loss", "the rating loss")
    parts = several(result, 3, f"({', '.join(names)})")
    values = [number(part, name) for part, name in zip(parts, names)]
    watch, rate = [], []
    for part, name in zip(parts, names):
        total = tensor(part, name).reshape(())
        if not total.requires_grad:
            raise Unexpected(f"{name} carries no gradient: the path to the network is cut")
        found = torch.autograd.grad(
            total, [net.watch, net.stars], retain_graph=True, allow_unused=True
        )
        for row, gradient in zip((watch, rate), found):
            row.append(torch.zeros_like(logits) if gradient is None else gradient)
    return {
        "losses": values,
        "watch": torch.stack(watch),
        "rate": torch.stack(rate),
        "moved": [float((a - b).abs().max()) for a, b in zip(before, batch)],
    }


@contextlib.contextmanager
def _stand_ins(losses):
    """Two other functions in place of the student's losses, for a while."""
    own = losses.ranking_loss, losses.rating_loss
    losses.ranking_loss = called_like(own[0], lambda p, n: (p - 3 * n).tanh().mean())
    losses.rating_loss = called_like(own[1], lambda p, r: (2 * p - 5 * r).cos().mean())
    try:
        yield
    finally:
        losses.ranking_loss, losses.rating_loss = own


def cosine(hw, first, second, shapes, scale):
    """The cosine of the gradients of two quadratics of several parameters, and side effects.

    Args:
        first, second: [P]; loss k is the scalar product of its vector with all parameters, plus
            a square that makes a second use of the graph fail when it was freed.
        shapes: of the parameters, P numbers in all; the second loss leaves the last one out.
        scale: factor of both losses.
    """
    rng = np.random.RandomState(11)
    parameters = [_uniform(rng, *shape).requires_grad_(True) for shape in shapes]
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    flat = [parameter.flatten() for parameter in parameters]
    whole, rest = torch.cat(flat), torch.cat(flat[:-1])
    one = scale * ((whole * first).sum() + (whole**2).sum() / 4)
    other = scale * ((rest * second[: len(rest)]).sum() + (rest**2).sum() / 6)
    value = number(hw.surgery.gradient_cosine(one, other, parameters), "the cosine")
    kept = [float((p.grad - 1).abs().max()) for p in parameters if p.grad is not None]
    (one + other).backward()
    return {
        "cosine": value,
        "grad_moved": max(kept) if len(kept) == len(parameters) else 1.0,
    }


def cosine_of_nothing(hw, vector):
    """The cosine where the second loss does not depend on the parameters at all."""
    parameters = [torch.ones(len(vector), requires_grad=True)]
    other = torch.ones(2, requires_grad=True)
    first = (parameters[0] * vector).sum()
    return number(hw.surgery.gradient_cosine(first, (other**2).sum(), parameters), "the cosine")


def projected(hw, gradient, seed):
    """One call of the surgery."""
    return tensor(hw.surgery.surgery(gradient, np.random.default_rng(seed)), "what is left")


def projected_often(hw, gradient, seed, times):
    """Every result for the last task that came up in many calls, in increasing order."""
    different = []
    for left in _many_left(hw, gradient, np.random.default_rng(seed), times):
        if all(np.abs(left[-1] - known).max() > 1e-3 for known in different):
            different.append(left[-1])
    return np.stack(sorted(different[:24], key=lambda row: tuple(row)))


def projected_together(hw, gradient, seed, times):
    """Return what comes up in many calls, task by task and for all tasks together.

    Returns:
        For each task its different results, in increasing order; how many different results there
        were of all tasks together; whether a generator of the same seed leads to the same ones.
    """
    reseed(1)
    calls = _many_left(hw, gradient, np.random.default_rng(seed), times)
    reseed(2)
    again = _many_left(hw, gradient, np.random.default_rng(seed), 40)
    each = []
    for rows in np.stack(calls).swapaxes(0, 1):
        different = np.unique(rows.round(4), axis=0)[:24]
        each.append(different)
    return {
        "each": each,
        "together": len(np.unique(np.stack(calls).round(4), axis=0)),
        "repeated": bool(all(np.array_equal(a, b) for a, b in zip(calls, again))),
    }


def _many_left(hw, gradient, rng, times):
    """Return what is left of all tasks after each of many calls."""
    found = []
    for _ in range(times):
        left = array(hw.surgery.surgery(gradient.clone(), rng), "what is left")
        if left.shape != tuple(gradient.shape):
            raise Unexpected(
                f"what is left has shape {list(left.shape)}; expected [T, P] = "
                f"{list(gradient.shape)}"
            )
        found.append(left)
    return found
