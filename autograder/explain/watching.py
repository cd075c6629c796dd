"""Runs beside the student's code, as a probe does: notes what came out of each expression of a hole.

It stands in a tree's `probes/` and imports nothing of the kit. Only the first call of a hole in a
probe is noted. Nothing here may disturb what the student's code does.
"""

from __future__ import annotations

import builtins
import functools
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

MOST_TEXT = 160  # characters of a description
RAISES = "it raises an exception"
FIELDS = ("kind", "what", "grad", "dtype", "type")
BIG = 10**6  # a number beyond is not asked for


class Notes:
    """What was noted during one probe."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self.given: dict[str, dict[str, str]] = {}
        self.sites: dict[int, dict[str, Any]] = {}
        self.again: dict[str, Callable[[], dict[str, str]]] = {}
        self.closed = False

    def called(self, problem: str, name: str, arguments: dict[str, Any]) -> None:
        """A hole begins."""
        self.calls[problem] = self.calls.get(problem, 0) + 1
        if self.calls[problem] == 1 and not self.closed:
            self.given[problem] = {key: describe(one) for key, one in arguments.items()}
            function = _function(sys._getframe(2).f_globals, name)
            if function is not None and not any(map(_is_inside, arguments.values())):
                self.again[problem] = functools.partial(_with_zeros, function, arguments)

    def see(self, problem: str, site: int, value: Any) -> None:
        """An expression has a value."""
        if self.closed or self.calls.get(problem) != 1:
            return
        found = _noted(value)
        before = self.sites.setdefault(site, {"problem": problem, "count": 0, **found})
        before["count"] += 1
        for key in FIELDS:
            if before[key] != found[key]:
                before[key] = None  # it is not the same each time

    def as_text(self) -> str:
        """Return all notes as JSON."""
        self.closed = True
        zeros = {problem: again() for problem, again in self.again.items()}
        return json.dumps({"given": self.given, "sites": self.sites, "zeros": zeros})


_notes = Notes()


def watch(probe: Callable[..., Any]) -> Callable[..., Any]:
    """A probe that gives, besides its value, what was noted."""

    def run(*arguments: Any, **named: Any) -> dict[str, Any]:
        global _notes  # noqa: PLW0603  # instrumented code has no other way to it
        _notes = Notes()
        value = probe(*arguments, **named)
        return {"value": value, "seen": _notes.as_text()}

    return run


def _see(problem: str, site: int, value: Any) -> Any:
    try:
        _notes.see(problem, site, value)
    except Exception:
        _notes.sites.pop(site, None)  # a value that cannot be looked at is not asked about
    return value


def _called(problem: str, name: str, arguments: dict[str, Any]) -> None:
    try:
        _notes.called(problem, name, arguments)
    except Exception:
        _notes.given.pop(problem, None)


builtins.__see__ = _see  # type: ignore[attr-defined]
builtins.__called__ = _called  # type: ignore[attr-defined]


def _noted(value: Any) -> dict[str, Any]:
    """Note what can be asked of a value; None where nobody would ask."""
    found: dict[str, Any] = dict.fromkeys(FIELDS) | {"type": type(value).__name__}
    if isinstance(value, torch.Tensor | np.ndarray):
        found |= {"kind": "shape", "what": str(list(value.shape)), "dtype": str(value.dtype)}
    if isinstance(value, torch.Tensor) and not _is_inside(value):
        found["grad"] = bool(value.requires_grad)
    elif type(value) is int and abs(value) < BIG:
        found |= {"kind": "value", "what": str(value)}
    elif type(value) in (list, tuple, dict):
        found |= {"kind": "length", "what": str(len(value))}
    return found


def _is_inside(value: Any) -> bool:
    """Whether a tensor belongs to a running `vmap` or `grad`: its gradient is another matter."""
    if isinstance(value, dict):
        return any(map(_is_inside, value.values()))
    return isinstance(value, torch.Tensor) and torch._C._functorch.is_functorch_wrapped_tensor(
        value
    )


def describe(value: Any) -> str:
    """A value in words."""
    if isinstance(value, torch.Tensor):
        grad = ", requires a gradient" if value.requires_grad else ""
        return f"a tensor of shape {list(value.shape)}{grad}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {list(value.shape)}"
    if isinstance(value, dict) and value:
        inside = {describe(one) for one in value.values()}
        of = f": {inside.pop()} each" if len(inside) == 1 else ""
        return f"a dictionary of {len(value)}{of}"
    if type(value) in (list, tuple):
        parts = ", ".join(describe(one) for one in value[:4])
        return f"a {type(value).__name__} of {len(value)}" + (
            f" ({parts})" if len(value) <= 4 else ""
        )
    if isinstance(value, bool | int | float | str | None):
        return repr(value)[:MOST_TEXT]
    return f"a `{type(value).__name__}`"


# --- what would come out if a number were 0 ------------------------------------------------------


def _function(names: dict[str, Any], name: str) -> Callable[..., Any] | None:
    found: Any = None
    for part in name.split("."):
        found = names.get(part) if found is None else getattr(found, part, None)
        if found is None:
            return None
    return found


def _with_zeros(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, str]:
    """Parameter → what comes out if it is 0; "" stands for no change."""
    outcomes = {"": _outcome(function, arguments)}
    for name, value in arguments.items():
        if type(value) is int and value != 0:
            outcomes[name] = _outcome(function, {**arguments, name: 0})
    return outcomes


def _outcome(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    try:
        value = function(**arguments)
    except Exception:
        return RAISES
    return _compared(value, arguments)


def _compared(value: Any, arguments: dict[str, Any]) -> str:
    """A value in words, by the argument that it equals where there is one."""
    for name, one in arguments.items():
        if _equal(value, one):
            return f"what `{name}` holds"
    if type(value) is tuple and len(value) <= 3:
        return "(" + ", ".join(_compared(one, arguments) for one in value) + ")"
    return describe(value).replace(", requires a gradient", "")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and bool(torch.equal(one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return False
