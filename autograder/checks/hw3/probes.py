"""Probes of homework 3: run beside the student's code, know no expected value."""

import copy
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from probes.probing import (
    Unexpected,
    array,
    described,
    fill,
    gradients,
    number,
    several,
    tensor,
)
from torch import nn
from torch.overrides import TorchFunctionMode

# --- 1: what is tuned, what is still ------------------------------------------------------------


class Odd(nn.Module):
    """A layer some of whose names look like others."""

    def __init__(self):
        super().__init__()
        self.bias_table = nn.Parameter(torch.zeros(3))
        self.head = nn.Linear(3, 2)
        self.bias = nn.Parameter(torch.zeros(2))


def toy(blocks):
    """A model with some blocks, no two alike; a head of two parts; more that belongs to neither."""
    model = nn.Module()
    model.table = nn.Embedding(7, 3)
    model.bias_net = nn.Linear(2, 3, bias=False)
    parts = [
        nn.Sequential(nn.Conv2d(i + 1, i + 2, 3), nn.BatchNorm2d(i + 2)) for i in range(blocks)
    ]
    parts[0].add_module("odd", Odd())
    model.blocks = nn.ModuleList(parts)
    model.head = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 5))
    model.headroom = nn.Parameter(torch.zeros(2))
    return model


def counts(model, found):
    """How often each parameter of a model is in a list, in the order of their names; the length."""
    for parameter in found:
        tensor(parameter, "each of the parameters")
    named = sorted(model.named_parameters())
    times = [sum(one is p for one in found) for _, p in named]
    names = " ".join(name for name, _ in named)
    return {"names": names, "counts": np.array([*times, len(found)])}


def listed(hw, model, mode):
    """The list of parameters, or a word on what came instead."""
    found = hw.blocks.parameters_to_tune(model, mode)
    if isinstance(found, types.GeneratorType | set | tuple):
        raise Unexpected(f"the result should be a list; it is {described(found)}")
    if not isinstance(found, list):
        raise Unexpected(f"the result should be a list of parameters; it is {described(found)}")
    return found


def chosen(hw, mode, blocks, frozen):
    """Return what is chosen from a toy model; some parameters may be frozen before."""
    model = toy(blocks)
    for parameter in model.blocks.parameters():
        parameter.requires_grad_(not frozen)
    return counts(model, listed(hw, model, mode))


def chosen_of_tied(hw, mode):
    """Return the choice where the first block shares weights with the second, the head with the table."""
    model = toy(3)
    model.blocks[1] = model.blocks[0]
    model.head = nn.Linear(3, 7)
    model.head.weight = model.table.weight
    return counts(model, listed(hw, model, mode))


def chosen_of_lora(hw, mode, rank):
    """Return the choice from a model with LoRA layers: numbers in updates, wrapped layers, elsewhere.

    LoRA layers stand in a block, in the head and in neither, one of them under the name `layer`. A
    plain MLP has layers called `up` and `down`, as the kit's GPT does.
    """
    return in_any_style(
        hw, lambda make: _chosen_of_lora(hw, mode, make, rank), nn.Linear(5, 4), rank
    )


def _chosen_of_lora(hw, mode, make, rank):
    model = toy(2)
    wrapped = [
        make(nn.Linear(5, 4), rank, 1.0),
        lora_conv(hw, nn.Conv2d(2, 3, 3), rank, 1.0),
        make(nn.Linear(3, 6), rank, 1.0),
        make(nn.Linear(6, 2), rank, 1.0),
    ]
    model.blocks[1].add_module("layer", nn.Sequential(*wrapped[:2]))
    model.stem = wrapped[2]
    model.head.add_module("last", wrapped[3])
    model.blocks[0].add_module(
        "mlp",
        nn.ModuleDict({"up": nn.Linear(4, 16), "down": nn.Linear(16, 4), "lora": nn.Linear(2, 2)}),
    )
    found = listed(hw, model, mode)
    inside = [list(layer.layer.parameters()) for layer in wrapped]
    updates = [
        [p for p in layer.parameters() if not any(p is q for q in own)]
        for layer, own in zip(wrapped, inside)
    ]

    def numbers(group):
        return sum(one.numel() for one in found for p in group if one is p)

    return {
        "updates": np.array([numbers(group) for group in updates]),
        "wrapped": np.array([numbers(group) for group in inside]),
        "all": sum(one.numel() for one in found),
        "length": len(found) - len({id(one) for one in found}) + 1,
    }


def refused(hw, modes, rank):
    """For each mode 1 when a ValueError says no, 0 when there is a result; and a list that is due.

    With a rank the model has a LoRA layer.
    """
    model, found = toy(3), []
    if rank:
        wrapped = next(lora_linears(hw, nn.Linear(5, 4), rank))
        model.blocks[2].add_module("wrapped", wrapped(nn.Linear(5, 4), rank, 1.0))
    for mode in modes:
        try:
            hw.blocks.parameters_to_tune(model, mode)
            found.append(0)
        except ValueError:
            found.append(1)
    return {"refused": np.array(found), "head": counts(model, listed(hw, model, "linear"))}


class Moody(nn.Module):
    """In training another function than in evaluation, as dropout is, without its random numbers."""

    def forward(self, x):
        return 1.3 * x if self.training else x


class Normed(nn.Module):
    """Layers with three BatchNorms, one of them for vectors."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)
        self.inner = nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4), Moody())
        self.bn3, self.head = nn.BatchNorm1d(4), nn.Linear(4, 2)

    def forward(self, x):
        x = self.inner(torch.tanh(self.bn1(self.conv1(x))))
        return self.head(self.bn3(x.mean((2, 3))))


def frozen(hw, batch, choices, mode):
    """After each of some calls of `freeze`: what takes gradients, statistics before and after a step.

    Args:
        choices: names of the tuned parameters, by prefix, for one call after the other.
        mode: "train" or "eval", called after `freeze`; "" calls neither; "parts" calls train() of a
            module that holds the model's parts and not the model, as training a model from its first
            changing block on does.
    """
    model = fill(Normed(), seed=3)
    whole = nn.ModuleDict({"model": model})
    parts = nn.ModuleList(model.children())
    with torch.no_grad():
        for name, buffer in sorted(model.named_buffers()):
            if buffer.dtype.is_floating_point:
                buffer.copy_(torch.linspace(0.4, 1.3, len(buffer)) + 0.1 * name.count("1"))
    found = []
    for prefixes in choices:
        tuned = [p for n, p in model.named_parameters() if n.startswith(tuple(prefixes))]
        model.zero_grad(set_to_none=True)
        if hw.blocks.freeze(model, tuned) is not None:
            raise Unexpected("freeze works in place and should return nothing")
        flags = [p.requires_grad for _, p in sorted(model.named_parameters())]
        if mode == "parts":
            parts.train()
        elif mode:
            getattr(whole, mode)()
        output = model(batch)
        output.square().sum().backward()
        found.append(
            {
                "flags": np.array(flags).astype(int),
                "output": output.detach(),
                "statistics": torch.cat(
                    [buffer.double().flatten() for _, buffer in sorted(model.named_buffers())]
                ),
                "gradients": np.array(
                    [
                        -1.0 if p.grad is None else p.grad.abs().sum().item()
                        for _, p in sorted(model.named_parameters())
                    ]
                ),
            }
        )
    return found


# --- 2: low-rank adaptation ---------------------------------------------------------------------


class Conv1D(nn.Module):
    """A linear layer that keeps its weight transposed, as `transformers` has it."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


def plain_linear(weight, bias, transposed):
    """A linear layer of a kind, with the weights [outputs, inputs]."""
    outputs, inputs = weight.shape
    if transposed:
        layer = Conv1D(outputs, inputs)
    else:
        layer = nn.Linear(inputs, outputs, bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(weight.T if transposed else weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer


def plain_conv(weight, bias, stride, padding, dilation, padding_mode="zeros"):
    """A convolution with given weights."""
    outputs, inputs, *kernel = weight.shape
    layer = nn.Conv2d(
        inputs,
        outputs,
        tuple(kernel),
        tuple(stride),
        tuple(padding),
        tuple(dilation),
        bias=bias is not None,
        padding_mode=padding_mode,
    )
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer


def bare(kind, layer, scale):
    """A LoRA layer whose update is still to be made; for when that hole is empty."""
    made = kind.__new__(kind)
    nn.Module.__init__(made)
    made.layer, made.scale = layer, scale
    return made


Maker = Callable[[nn.Module, int, float], nn.Module]


def lora_linears(hw, layer, rank):
    """Ways to make a LoRA layer, for a hole that needs one: maker(layer, rank, scale).

    The student's own, when its A and B are what 2a asks for: then there is no other. Else the
    probe's, in each style that 2a leaves open, so that a slip in 2a costs 2a alone.
    """
    inputs, outputs = hw.lora.sizes(layer)
    try:
        made = hw.lora.LoRALinear(copy.deepcopy(layer), rank, 1.0)
        require_sound(made, layer, torch.zeros(rank, inputs), torch.zeros(outputs, rank))
    except Exception:
        yield from (_maker(hw, style) for style in (_matrices, _turned_matrices, _layers))
    else:
        yield hw.lora.LoRALinear


def require_sound(wrapped, layer, down, up):
    """A LoRA layer has A and B of these shapes, which can be trained, around a layer like this."""
    filled(wrapped, down, up)
    if not all(p.requires_grad for p in update_parameters(wrapped).values()):
        raise Unexpected("A and B take no gradients")
    pairs = zip(layer.parameters(), wrapped.layer.parameters(), strict=True)
    if not all(torch.equal(one, other) for one, other in pairs):
        raise Unexpected("the wrapped layer has changed")


def _maker(hw, style) -> Maker:
    def make(layer, rank, scale):
        made = bare(hw.lora.LoRALinear, layer, scale)
        for parameter in layer.parameters():
            parameter.requires_grad = False
        made.down, made.up = style(*hw.lora.sizes(layer), rank)
        return made

    return make


def _matrices(inputs, outputs, rank):
    return nn.Parameter(torch.zeros(rank, inputs)), nn.Parameter(torch.zeros(outputs, rank))


def _turned_matrices(inputs, outputs, rank):
    return nn.Parameter(torch.zeros(inputs, rank)), nn.Parameter(torch.zeros(rank, outputs))


def _layers(inputs, outputs, rank):
    return nn.Linear(inputs, rank, bias=False), nn.Linear(rank, outputs, bias=False)


def in_any_style(hw, use: Callable[[Maker], Any], layer, rank):
    """Return what `use` returns for a LoRA layer: the styles are tried until one raises nothing.

    Raises:
        Exception: that of the first style, when every style raises one.
    """
    first = None
    for make in lora_linears(hw, layer, rank):
        try:
            return use(make)
        except Exception as error:
            first = first or error
    raise first


def lora_conv(hw, layer, rank, scale):
    """The student's LoRA convolution, when it is what 2c asks for; else the probe's."""
    try:
        made = hw.lora.LoRAConv2d(copy.deepcopy(layer), rank, scale)
        down = torch.zeros(rank, *layer.weight.shape[1:])
        require_sound(made, layer, down, torch.zeros(layer.out_channels, rank))
        require_layers(made)
        return hw.lora.LoRAConv2d(layer, rank, scale)
    except Exception:
        made = bare(hw.lora.LoRAConv2d, layer, scale)
        for parameter in layer.parameters():
            parameter.requires_grad = False
        made.down, made.up = (
            copy.deepcopy(layer),
            nn.Conv2d(rank, layer.out_channels, 1, bias=False),
        )
        made.down.weight = nn.Parameter(torch.zeros(rank, *layer.weight.shape[1:]))
        made.down.bias, made.down.out_channels = None, rank
        return made


def require_layers(wrapped):
    """A LoRA convolution's update is made of two layers, which its given `forward` calls."""
    for name in ("down", "up"):
        part = getattr(wrapped, name, None)
        if not isinstance(part, nn.Module):
            raise Unexpected(
                f"self.{name} should be a convolution, which `forward` calls; it is "
                f"{described(part)}"
            )


def update_parameters(wrapped):
    """A and B of a LoRA layer, by name; whatever else it has is unexpected."""
    own = {id(p) for p in wrapped.layer.parameters()}
    named = {n: p for n, p in wrapped.named_parameters() if id(p) not in own}
    found = {}
    for part in ("down", "up"):
        names = [n for n in named if n == part or n.startswith(part + ".")]
        if len(names) != 1:
            raise Unexpected(
                f"self.{part} should hold one parameter (a matrix, or a layer without bias); found "
                f"{', '.join(names) or 'none'}"
            )
        found[part] = named.pop(names[0])
    if named:
        raise Unexpected(f"an update has A and B and nothing else; found {', '.join(named)} too")
    return found


def put(parameter, values, name):
    """Copy values into a parameter, turned when it has the other orientation."""
    shape = tuple(parameter.shape)
    if values.dim() == 2 and shape == (*values.shape, 1, 1):
        values = values[:, :, None, None]
    elif shape == tuple(reversed(values.shape)) and values.dim() == 2:
        values = values.T
    elif shape != tuple(values.shape):
        raise Unexpected(
            f"self.{name} has shape {list(shape)}; {list(values.shape)} or its transpose is due"
        )
    with torch.no_grad():
        parameter.copy_(values)


def oriented(gradient, like):
    """A gradient in the orientation of `like`; zeros where there is none."""
    if gradient is None:
        return torch.zeros_like(like)
    if gradient.dim() == 4 and like.dim() == 2:
        gradient = gradient[:, :, 0, 0]
    return gradient if gradient.shape == like.shape else gradient.T


def frozen_flags(wrapped):
    """1 for each parameter of the wrapped layer that takes gradients, and of the update."""
    return np.array(
        [
            sum(p.requires_grad for p in wrapped.layer.parameters()),
            sum(p.requires_grad for p in update_parameters(wrapped).values()),
        ]
    )


def matrices(wrapped, before):
    """Return sizes of an update, which part is zero, size and rank of the other part, and the layer."""
    parts = update_parameters(wrapped)
    flat = {name: p.detach().reshape(len(p), -1).double() for name, p in parts.items()}
    zero = [int(not p.any()) for p in flat.values()]
    filled = next((p for p in flat.values() if p.any()), torch.zeros(1, 1).double())
    strength = torch.linalg.svdvals(filled)
    return {
        "sizes": np.array([p.numel() for p in parts.values()]),
        "zeros": sum(zero),
        "rank": int((strength > 0.02 * strength[0]).sum()) if strength[0] > 0 else 0,
        "typical": float(filled.square().mean().sqrt()),
        "flags": frozen_flags(wrapped),
        "layer": [p.detach().clone() for p in wrapped.layer.parameters()],
        "same_layer": int(wrapped.layer is before),
    }


def linear_matrices(hw, weight, bias, rank, transposed):
    """The matrices of a fresh LoRA layer."""
    torch.manual_seed(0)
    layer = plain_linear(weight, bias, transposed)
    return matrices(hw.lora.LoRALinear(layer, rank), layer)


def start(wrapped, x, weights, forward):
    """The output of a fresh update, and what gradients A and B get before and after one step.

    Args:
        forward: x → the layer's output, whichever hole it comes from.
    """
    parts = update_parameters(wrapped)
    norms = []
    for _ in range(2):
        for p in wrapped.parameters():
            p.grad = None
        output = forward(x)
        if not norms:
            first = output.detach()
        (output * weights).sum().backward()
        norms.append([0.0 if p.grad is None else p.grad.norm().item() for p in parts.values()])
        with torch.no_grad():
            for p in parts.values():
                p -= 0.1 * (0 if p.grad is None else p.grad)
    moving = [int(all(n > 1e-6 for n in pair)) for pair in norms]
    still = sum(int(n < 1e-9) for n in norms[0])
    frozen = sum(int(p.grad is not None and p.grad.any()) for p in wrapped.layer.parameters())
    return {
        "output": first,
        "both_move": np.array(moving),
        "still_at_first": still,
        "wrapped_gradients": frozen,
    }


def linear_start(hw, weight, bias, x, weights, rank, transposed):
    """The first two steps of a LoRA layer as it was made; what 2b makes of it plays no part."""
    torch.manual_seed(1)
    layer = plain_linear(weight, bias, transposed)
    wrapped = hw.lora.LoRALinear(layer, rank)
    parts = update_parameters(wrapped)
    outputs, inputs = weight.shape

    def forward(x):
        down = upright(parts["down"], (rank, inputs), "down")
        return layer(x) + x @ down.T @ upright(parts["up"], (outputs, rank), "up").T

    return start(wrapped, x, weights, forward)


def upright(parameter, shape, name):
    """A matrix in the orientation of this shape."""
    if tuple(parameter.shape) not in (shape, shape[::-1]):
        raise Unexpected(
            f"self.{name} has shape {list(parameter.shape)}; {list(shape)} or its transpose is due"
        )
    return parameter if tuple(parameter.shape) == shape else parameter.T


def linear_forward(hw, weight, bias, a, b, x, weights, scale, transposed):
    """The output with given A and B, and the gradients by A, B and x."""
    layer = plain_linear(weight, bias, transposed)

    def use(make):
        wrapped = make(layer, len(a), scale)
        return outputs(wrapped, filled(wrapped, a, b), a, b, x, weights)

    return in_any_style(hw, use, layer, len(a))


class Made(TorchFunctionMode):
    """Collects the sizes of the tensors that operators make.

    Args:
        given: tensors that are there before; views of them are not new.
    """

    def __init__(self, given):
        super().__init__()
        self.given = {one.untyped_storage().data_ptr() for one in given}
        self.sizes = [0]

    def __torch_function__(self, operator, types, args=(), kwargs=None):
        made = operator(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.untyped_storage().data_ptr() not in self.given:
            self.sizes.append(made.numel())
        return made


def large_tensors(hw, weight, bias, a, b, x):
    """1 when `forward` makes a tensor with as many numbers as the weight."""
    layer = plain_linear(weight, bias, False)

    def use(make):
        wrapped = make(layer, len(a), 2.0)
        filled(wrapped, a, b)
        with Made([x, *wrapped.parameters()]) as made:
            wrapped(x)
        return int(max(made.sizes) >= weight.numel())

    return in_any_style(hw, use, layer, len(a))


def filled(wrapped, a, b):
    """A and B of a LoRA layer, holding these numbers."""
    parts = update_parameters(wrapped)
    put(parts["down"], a, "down")
    put(parts["up"], b, "up")
    return parts


def outputs(wrapped, parts, a, b, x, weights):
    """The output, and the gradients of its weighted sum."""
    x = x.clone().requires_grad_(True)
    output = tensor(wrapped(x), "the output")
    if output.shape != weights.shape:
        raise Unexpected(f"the output has shape {list(output.shape)}; {list(weights.shape)} is due")
    if not output.requires_grad:
        raise Unexpected("the output carries no gradient: the path to A, B or x is cut")
    inputs = [parts["down"], parts["up"], x]
    found = torch.autograd.grad(
        (output * weights).sum(), [i for i in inputs if i.requires_grad], allow_unused=True
    )
    found = iter(found)
    grads = [next(found) if i.requires_grad else None for i in inputs]
    return {
        "output": output.detach(),
        "gradient_a": oriented(grads[0], a),
        "gradient_b": oriented(grads[1], b),
        "gradient_x": torch.zeros_like(x) if grads[2] is None else grads[2],
    }


def linear_map(hw, weight, bias, a, b, scale, transposed):
    """Return what the LoRA layer adds to the wrapped one at each unit vector and at zero, also in eval."""
    layer = plain_linear(weight, bias, transposed)
    inputs = weight.shape[1]

    def use(make):
        wrapped, found = make(layer, len(a), scale), []
        filled(wrapped, a, b)
        with torch.no_grad():
            for mode in (True, False):
                wrapped.train(mode)
                points = torch.cat([torch.eye(inputs), torch.zeros(1, inputs)])
                found.append(wrapped(points) - layer(points))
        return {
            "training": found[0],
            "evaluation": found[1],
            "weight": layer.weight.detach().clone(),
        }

    return in_any_style(hw, use, layer, len(a))


def conv_matrices(hw, weight, bias, stride, padding, dilation, rank):
    """The layers of a fresh LoRA convolution."""
    torch.manual_seed(0)
    layer = plain_conv(weight, bias, stride, padding, dilation)
    wrapped = hw.lora.LoRAConv2d(layer, rank)
    require_layers(wrapped)
    return matrices(wrapped, layer)


def conv_start(hw, weight, bias, x, weights, stride, padding, dilation, rank):
    """The first two steps of a LoRA convolution as it was made."""
    torch.manual_seed(1)
    wrapped = hw.lora.LoRAConv2d(plain_conv(weight, bias, stride, padding, dilation), rank)
    require_layers(wrapped)
    return start(wrapped, x, weights, wrapped)


def conv_forward(
    hw, weight, bias, a, b, x, weights, stride, padding, dilation, padding_mode, scale
):
    """The output with given down [r, in, k, k] and up [out, r], and gradients."""
    layer = plain_conv(weight, bias, stride, padding, dilation, padding_mode)
    wrapped = hw.lora.LoRAConv2d(layer, len(a), scale)
    require_layers(wrapped)
    return outputs(wrapped, filled(wrapped, a, b), a, b, x, weights)


def merged(hw, wrapped, x):
    """Return what `merge` gives, and whether anything else has changed."""
    layer = wrapped.layer
    kept = {name: value.clone() for name, value in wrapped.state_dict().items()}
    plain = hw.lora.merge(wrapped)
    if not isinstance(plain, nn.Module):
        raise Unexpected(f"merge should return a layer; it is {described(plain)}")
    if type(plain) is not type(layer):
        raise Unexpected(
            f"merge should return a plain {type(layer).__name__}; it is a {type(plain).__name__}"
        )
    changed = sum(int(not torch.equal(v, kept[n])) for n, v in wrapped.state_dict().items())
    shared = sum(
        int(p.data_ptr() == q.data_ptr()) for p in plain.parameters() for q in wrapped.parameters()
    )
    difference = (plain.weight - kept["layer.weight"]).detach()
    return {
        "output": plain(x).detach(),
        "parameters": sum(p.numel() for p in plain.parameters()),
        "update": difference.flatten(1) if difference.dim() == 4 else difference,
        "changed": np.array([changed, shared]),
    }


def merged_linear(hw, weight, bias, a, b, x, scale, transposed):
    """A merged linear layer."""
    layer = plain_linear(weight, bias, transposed)

    def use(make):
        wrapped = make(layer, len(a), scale)
        filled(wrapped, a, b)
        return merged(hw, wrapped, x)

    return in_any_style(hw, use, layer, len(a))


def merged_conv(hw, weight, bias, a, b, x, stride, padding, dilation, scale):
    """A merged convolution."""
    wrapped = lora_conv(hw, plain_conv(weight, bias, stride, padding, dilation), len(a), scale)
    filled(wrapped, a, b)
    return merged(hw, wrapped, x)


# --- 3: how it is tuned -------------------------------------------------------------------------


def plain_loss(value):
    """A loss as a float; one that keeps the graph of its batch is none."""
    if isinstance(value, torch.Tensor) and value.requires_grad:
        raise Unexpected(
            "the loss should be a plain number; this tensor still holds on to the graph of its "
            "batch, and a list of such losses to the graphs of all"
        )
    return number(value, "the loss")


def steps_of(hw, first, second, batches, labels, warmup_steps, lr, at, momentum, training):
    """Some steps on a network of two layers, each in a parameter group of its own.

    Args:
        first, second: weights [hidden, inputs] and [classes, hidden].
        batches, labels: [steps, batch, inputs], [steps, batch].
        at: the number of the first step.
    """
    model = nn.Sequential(
        plain_linear(first, None, False), nn.Tanh(), plain_linear(second, None, False)
    ).train(training)
    groups = [
        {"params": layer.parameters(), "lr": lr} for layer, lr in ((model[0], 9.0), (model[2], 7.0))
    ]
    optimizer = torch.optim.SGD(groups, momentum=momentum)
    model(batches[0]).sum().backward()  # gradients that an earlier step has left
    losses, rates, modes = [], [], []
    for step in range(len(batches)):
        given = model, optimizer, batches[step], labels[step], at + step, warmup_steps, lr
        losses.append(plain_loss(hw.finetune.fine_tune_step(*given)))
        rates.append([group["lr"] for group in optimizer.param_groups])
        modes.append(int(model.training))
    return {
        "losses": np.array(losses),
        "rates": np.array(rates, float),
        "modes": np.array(modes),
        "first": model[0].weight.detach(),
        "second": model[2].weight.detach(),
    }


PHASES = {"linear": 1, "full": 2, "last": 3, "first": 4, "middle": 5, "bias": 6}


def phases(hw, probe_steps, tune_steps, probe_lr, tune_lr):
    """Return what `lp_ft` asks `tune` for and what it returns; the losses follow from the requests."""
    calls = []

    def tune(mode, steps, lr):
        calls.append([float(PHASES.get(mode, 0)), float(steps), float(lr)])
        return [len(calls) + lr * (step + 1) for step in range(steps)]

    losses = hw.finetune.lp_ft(tune, probe_steps, tune_steps, probe_lr, tune_lr)
    if not isinstance(losses, list | tuple):
        raise Unexpected(f"the result should be a list of losses; it is {described(losses)}")
    losses = several(losses, len(losses), "losses")
    return {
        "calls": np.array(calls).reshape(-1, 3),
        "losses": np.array([number(loss, "each loss") for loss in losses]),
    }


# --- 4 and X: language --------------------------------------------------------------------------


def token_loss(hw, logits, labels):
    """Loss and accuracy of a batch."""
    loss, accuracy = several(hw.tokens.token_loss(logits, labels), 2, "(loss, accuracy)")
    return {"loss": number(loss, "the loss"), "accuracy": number(accuracy, "the accuracy")}


def token_loss_gradient(hw, logits, labels):
    """The gradient of the loss by the logits."""
    logits.requires_grad_(True)
    loss, _ = several(hw.tokens.token_loss(logits, labels), 2, "(loss, accuracy)")
    return gradients(tensor(loss, "the loss"), [logits], "the loss")[0]


def make_batch(hw, prompts, answers, pad_id, eos_id, context_length):
    """The three tensors of a batch, and whether the caller's lists are as they were."""
    before = [[*row] for row in prompts], [[*row] for row in answers]
    tokens, labels, attention_mask = several(
        hw.tokens.make_batch(prompts, answers, pad_id, eos_id, context_length),
        3,
        "(tokens, labels, attention_mask)",
    )
    for name, value in (("tokens", tokens), ("labels", labels)):
        if tensor(value, name).dtype != torch.int64:
            raise Unexpected(f"{name} should be int64; its dtype is {value.dtype}")
    return {
        "tokens": tokens,
        "labels": labels,
        "attention_mask": tensor(attention_mask, "attention_mask"),
        "prompts_kept": before[0] == prompts,
        "answers_kept": before[1] == answers,
    }


class Table(torch.nn.Module):
    """A model whose next token depends on every token it reads and on where that stands."""

    def __init__(self, scores, context):
        super().__init__()
        self.scores = torch.nn.Parameter(scores)  # [mixtures, V]
        self.context, self.lengths, self.grads = context, [], []

    def forward(self, tokens):
        if tokens.dim() != 2 or tokens.shape[0] != 1:
            raise Unexpected(f"the model reads tokens [1, T]; it was given {list(tokens.shape)}")
        if tokens.shape[1] > self.context:
            raise Unexpected(
                f"the model was given {tokens.shape[1]} tokens; its context is {self.context}"
            )
        self.lengths.append(tokens.shape[1])
        self.grads.append(torch.is_grad_enabled())
        places = torch.arange(1, tokens.shape[1] + 1)
        mixed = (tokens * places).cumsum(1) % len(self.scores)
        return self.scores[mixed]


def greedy_decode(hw, scores, prompt, max_new_tokens, eos_id, context_length):
    """The new tokens; how much was read each time; whether gradients and the prompt were left."""
    model, before = Table(scores, context_length), [*prompt]
    found = hw.prompting.greedy_decode(model, prompt, max_new_tokens, eos_id, context_length)
    if isinstance(found, torch.Tensor):
        found = found.tolist()
    if not isinstance(found, list | tuple) or any(isinstance(t, list | tuple) for t in found):
        raise Unexpected("the new tokens should be a list of numbers")
    return {
        "tokens": np.array([int(token) for token in found], np.int64),
        "read": np.array(model.lengths, np.int64),
        "gradient": any(model.grads),
        "kept": before == prompt,
    }


def _codes(text):
    """A text as an array, so that it crosses like any other answer."""
    if not isinstance(text, str):
        raise Unexpected(f"the prompt should be a str; it is of type {type(text).__name__}")
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64)


def in_context_prompt(hw, supports, query, style, seed):
    """One prompt."""
    pairs = [tuple(pair) for pair in supports]
    rng = np.random.default_rng(seed)
    return _codes(hw.prompting.in_context_prompt(pairs, query, style, rng))


def prompt_orders(hw, supports, query, style, seed, draws):
    """In which place of the prompt each support's text stands, draw after draw [draws, K]."""
    pairs = [tuple(pair) for pair in supports]
    before, rng = [*pairs], np.random.default_rng(seed)
    starts, kept = [], True
    for _ in range(draws):
        text = hw.prompting.in_context_prompt(pairs, query, style, rng)
        _codes(text)
        starts.append([text.find(support) for support, _ in before])
        kept = kept and pairs == before
    return {"starts": np.array(starts, np.int64), "kept": kept}


def prompts_repeat(hw, supports, query, style, seed):
    """Two prompts from generators of one seed, and one of another seed."""
    pairs = [tuple(pair) for pair in supports]
    return [
        _codes(hw.prompting.in_context_prompt([*pairs], query, style, np.random.default_rng(s)))
        for s in (seed, seed, seed + 1)
    ]


def order_entropies(hw, probabilities):
    """GlobalE and LocalE of each order."""
    found = several(hw.prompting.order_entropies(probabilities), 2, "(GlobalE, LocalE)")
    return {"global": tensor(found[0], "GlobalE"), "local": tensor(found[1], "LocalE")}


class _Recorder(torch.optim.SGD):
    """Notes the gradients at every step, and when a step is taken."""

    def __init__(self, parameters, events):
        super().__init__(parameters, lr=0.1)
        self.events, self.seen = events, []

    def step(self, closure=None):
        self.events.append("step")
        parameters = self.param_groups[0]["params"]
        self.seen.append(
            [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters]
        )
        return super().step(closure)


def accumulated_step(hw, tokens, labels, weights, counts, seed):
    """One step on parts of a batch, with a loss that is linear in the logits.

    The mean loss of part i is the sum of logits · weights[i], divided by counts[i].

    Returns:
        The value, the gradients at the (first) step, how many steps there were, the largest number
        of parts that were in memory at once, and the parameters after the step.
    """
    events = []

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Parameter(torch.zeros(7, 5))
            self.head = torch.nn.Parameter(torch.zeros(5, weights[0].shape[-1]))

        def forward(self, x):
            events.append("forward")
            logits = torch.tanh(self.table[x]) @ self.head
            logits.register_hook(lambda gradient: events.append("backward"))
            return logits

    def mean_loss(logits, wanted):
        for weight, count in zip(weights, counts):
            if weight.shape == logits.shape:
                total = (logits * weight).sum()
                return total / count if count else total * float("nan")
        raise Unexpected(f"mean_loss was given logits {list(logits.shape)} of none of the parts")

    model = fill(Model(), seed)
    for parameter in model.parameters():  # what an earlier batch left
        parameter.grad = torch.full_like(parameter, 3.0)
    optimizer = _Recorder(model.parameters(), events)
    value = hw.accumulation.accumulated_step(model, list(zip(tokens, labels)), optimizer, mean_loss)
    steps = events.count("step")
    held = most = 0
    for event in events:
        held += {"forward": 1, "backward": -1}.get(event, 0)
        most = max(most, held)
    return {
        "loss": plain_loss(value),
        "gradients": [array(g, "a gradient") for g in optimizer.seen[0]] if steps else None,
        "steps": steps,
        "held": most,
        "parameters": [p.detach() for p in model.parameters()],
    }


# --- X2: task vectors ---------------------------------------------------------------------------


def merge_task_vectors(hw, task_vectors, density):
    """The merged vector, and the interference."""
    found = several(
        hw.extras.merge_task_vectors(task_vectors, density), 2, "(merged, interference)"
    )
    return {
        "merged": tensor(found[0], "the merged vector"),
        "interference": number(found[1], "the interference"),
    }
