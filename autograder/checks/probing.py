"""What probes share. Runs beside the student's code; knows no expected value."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable

import numpy as np
import torch


class Unexpected(Exception):
    """The student's code gave something of another type than the handout says."""


def fill(module: torch.nn.Module, seed: int, scale: float = 0.5) -> torch.nn.Module:
    """Give every parameter values that are the same for every version of torch.

    The parameters are filled in the order of their names, so that the order in which a student
    makes them does not matter.
    """
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for _, parameter in sorted(module.named_parameters()):
            values = rng.uniform(-scale, scale, size=tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(values).to(parameter.dtype))
    return module


def tensor(value, name: str) -> torch.Tensor:
    """The value, when it is a tensor.

    Raises:
        Unexpected: when it is anything else, saying what.
    """
    if isinstance(value, torch.Tensor):
        return value
    raise Unexpected(f"{name} should be a torch.Tensor; it is {described(value)}")


def array(value, name: str) -> np.ndarray:
    """The value as an array, when it is a tensor or a numpy array."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return value
    raise Unexpected(f"{name} should be a numpy array or a tensor; it is {described(value)}")


def several(value, count: int, names: str) -> tuple:
    """The value as a tuple of `count` parts."""
    if isinstance(value, tuple | list) and len(value) == count:
        return tuple(value)
    size = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    raise Unexpected(f"the result should be {names}; it is {described(value)}{size}")


def number(value, name: str) -> float:
    """A float, numpy scalar or tensor of one element as a float."""
    if isinstance(value, torch.Tensor | np.ndarray | np.generic) and np.prod(value.shape) == 1:
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise Unexpected(f"{name} should be one number; it is {described(value)}")


def gradients(output: torch.Tensor, inputs: list[torch.Tensor], name: str) -> list[torch.Tensor]:
    """d output / d inputs; zeros where an input has no influence.

    Raises:
        Unexpected: when no gradient can flow at all.
    """
    if not output.requires_grad:
        raise Unexpected(
            f"{name} carries no gradient: the path from the inputs is cut (detach, no_grad, "
            ".item(), or a new tensor made from numbers)"
        )
    found = torch.autograd.grad(output, inputs, allow_unused=True)
    return [torch.zeros_like(i) if g is None else g for i, g in zip(inputs, found)]


def called_like(own: Callable, other: Callable) -> Callable:
    """`other`, to be called in every way in which `own` can be.

    A hole is the student's whole `def`: its parameters may have other names than the kit's, and more
    with defaults behind them, and another hole may call it by these names.
    """
    form, known = inspect.signature(own), inspect.signature(other).parameters

    def call(*args, **kwargs):
        bound = form.bind(*args, **kwargs)
        bound.apply_defaults()
        named = {name: value for name, value in bound.kwargs.items() if name in known}
        return other(*bound.args[: len(known) - len(named)], **named)

    return call


def reseed(number: int) -> None:
    """Set all generators that belong to nobody: those of Python, numpy and torch."""
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def described(value) -> str:
    """A value's kind, for messages."""
    if value is None:
        return "None (is there a path without a return statement?)"
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {list(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {list(value.shape)}"
    return f"of type {type(value).__name__}"
