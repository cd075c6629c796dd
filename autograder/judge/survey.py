"""One check, run to its end: every output, and every condition with whether it holds.

A verdict ends at the first thing that is wrong. An explanation needs the rest as well: the outcome
of each call, and which of the check's conditions hold. So a failed check is run a second time with
the outcomes that it has seen; calls that it has not reached are made now, and a condition that does
not hold is noted instead of raised.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from autograder.judge.quantities import quantities, settings

Ask = Callable[..., dict]  # probe, args, kwargs → outcome
Inputs = dict[str, Any]  # name → what a call is given


@dataclass(frozen=True)
class Condition:
    """One condition of a check.

    `key` names its place in the check and its turn there; `compares` says that it compares values,
    so that `what` is no fact of its own.
    """

    key: str
    holds: bool
    what: str
    compares: bool = False


@dataclass
class Survey:
    """What a check saw from its first call to its last.

    `outcomes` are those of the calls, `inputs` what each was given, `quantities` the numbers of it by
    name and `settings` what it was set to; `conditions` end early where a call gave no value, because
    what the check compares then is not the student's.
    """

    probes: list[str] = field(default_factory=list)
    outcomes: list[dict] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    quantities: list[dict[str, float]] = field(default_factory=list)
    inputs: list[Inputs] = field(default_factory=list)
    settings: list[dict[str, Any]] = field(default_factory=list)

    def given(self, call: int) -> Inputs:
        """Return what a call was given; nothing where that is not known."""
        return self.inputs[call] if call < len(self.inputs) else {}


_noting: ContextVar[_Notes | None] = ContextVar("_noting", default=None)


class _Notes:
    """Takes down conditions while a survey runs."""

    def __init__(self) -> None:
        self.conditions: list[Condition] = []
        self.open = True
        self._turns: dict[str, int] = {}

    def add(self, holds: bool, what: str, compares: bool, place: str) -> None:
        if self.open:
            turn = self._turns[place] = self._turns.get(place, 0) + 1
            self.conditions.append(Condition(f"{place}#{turn}", holds, what, compares))


@contextlib.contextmanager
def condition() -> Iterator[Callable[[bool, str, bool], None] | None]:
    """While a survey runs, what takes down a condition; conditions inside are parts of that one."""
    notes = _noting.get()
    if notes is None:
        yield None
        return
    place = _place()
    token = _noting.set(None)
    try:
        yield lambda holds, what, compares: notes.add(holds, what, compares, place)
    finally:
        _noting.reset(token)


def _place() -> str:
    """The line of the check, or of its helper, that states the condition."""
    frame = sys._getframe(1)
    while not _of_a_check(frame.f_globals.get("__name__", "")) and frame.f_back:
        frame = frame.f_back
    return f"{frame.f_code.co_name}:{frame.f_lineno}"


def _of_a_check(module: str) -> bool:
    return module.rpartition(".")[2].startswith("test_")


class _End(Exception):
    """The check asks for a call that is not to be made."""


class Surveyed:
    """Plays the student in a survey: it repeats known outcomes and makes calls that are new.

    A call that raises does not stop the survey.

    Args:
        known: (probe, outcome) of the calls that were made already.
        ask: makes a call that is not known: probe, args, kwargs → outcome; None makes none.
        expected: the solution's outcomes, which stand in where a call gave no value.
        begin_anew: lets the next call that is asked for find a new process.
        seen: whether the check is shown the student's values (else the solution's).
    """

    def __init__(
        self,
        known: list[tuple[str, dict]],
        ask: Ask | None,
        expected: list[dict],
        begin_anew: Callable[[], None],
        notes: _Notes,
        seen: bool,
    ) -> None:
        self._known, self._ask, self._expected = known, ask, expected
        self.begin_anew = begin_anew
        self._notes, self._seen = notes, seen
        self.calls: list[Any] = []

    def __getattr__(self, probe: str) -> Callable[..., Any]:
        if probe.startswith("_"):
            raise AttributeError(probe)
        return lambda *args, **kwargs: self._call(probe, args, kwargs)

    def advise(self, *args: Any) -> None:
        """Advice was given with the verdict."""

    @property
    def changed(self) -> list[str]:
        """Inputs that the last call wrote to."""
        outcome = self.calls[-1].outcome if self.calls else {}
        return outcome.get("changed", []) if self._seen else []

    def _call(self, probe: str, args: tuple, kwargs: dict) -> Any:
        index = len(self.calls)
        if index < len(self._known) and self._known[index][0] == probe:
            outcome = self._known[index][1]
        elif self._ask is None:
            raise _End
        else:
            outcome = self._last_end() or self._ask(probe, args, kwargs)
        self.calls.append(_Made(probe, outcome, args, kwargs))
        if "error" not in outcome and self._seen:
            return outcome["value"]
        self._notes.open = False
        return self._expected[index]["value"]

    def _last_end(self) -> dict | None:
        """The outcome of a call that ended the process: no further call is tried."""
        ends = ("timeout", "crashed")
        return next(
            (c.outcome for c in self.calls if c.outcome.get("error", {}).get("kind") in ends), None
        )


@dataclass(frozen=True)
class _Made:
    probe: str
    outcome: dict
    args: tuple
    kwargs: dict[str, Any]


def survey(
    run: Callable[[Any], None],
    known: list[tuple[str, dict]],
    ask: Ask | None,
    expected: list[dict],
    parameters: dict[str, list[str]],
    begin_anew: Callable[[], None] = lambda: None,
) -> Survey:
    """Run a check to its end.

    Args:
        run: the check, given what stands in for the student.
        known, ask, expected, begin_anew: as of `Surveyed`.
        parameters: probe → what its positional arguments are called.
    """
    for seen in (True, False):
        notes = _Notes()
        student = Surveyed(known, ask, expected, begin_anew, notes, seen)
        token = _noting.set(notes)
        try:
            run(student)
            whole = True
        except Exception:  # a value of a form that the check did not foresee
            whole = False
        finally:
            _noting.reset(token)
        known = [(call.probe, call.outcome) for call in student.calls]
        if seen:
            conditions = notes.conditions
        if whole or ask is None:
            break
    given = [dict(zip(parameters.get(c.probe, []), c.args)) | c.kwargs for c in student.calls]
    outcomes = [outcome for _, outcome in known]
    sizes, chosen = list(map(quantities, given)), list(map(settings, given))
    return Survey([p for p, _ in known], outcomes, conditions, sizes, given, chosen)
