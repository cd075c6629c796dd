"""Cause and evidence by questions in the terminal, one run after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from common.diagnose import claims, diagnosis
from common.diagnose.claims import DIRECTIONS, Claim
from common.diagnose.curves import Curves
from common.diagnose.diagnosis import HOLDS, MOST_CLAIMS, Answer, Diagnosis
from common.errors import KitError


def ask(
    given: Diagnosis,
    runs: Iterable[str],
    curves: Curves,
    hint: int,
    keep: Callable[[Diagnosis], None],
) -> Diagnosis:
    """Ask about runs until all are answered, or the input ends.

    Args:
        given: what is answered so far.
        runs: those to ask about.
        hint: how much is said of evidence that does not hold.
        keep: called with the whole diagnosis after each run.
    """
    seen: set[str] = set()
    print(
        "A number, or the beginning of a name. Enter alone leaves a run for later; "
        "Ctrl-D ends, and the runs before are kept."
    )
    try:
        for run in runs:
            setting = curves.runs[run].setting
            answer = _ask_run(run, curves, hint, meanings=setting not in seen)
            seen.add(setting)
            if answer is not None:
                rows = [answer if row.run == run else row for row in given.answers]
                given = replace(given, answers=tuple(rows))
                keep(given)
    except (EOFError, KeyboardInterrupt):
        print()
    return given


def _ask_run(run: str, curves: Curves, hint: int, meanings: bool) -> Answer | None:
    """Cause and evidence of one run; None when it is left for later."""
    setting = curves.setting_of(run)
    print(f"\nRun {run}: {setting.title}")
    cause = _choose("cause", setting.causes, meanings)
    if cause is None:
        return None
    print(
        "Evidence: which metric does what between which steps, unlike a sound run?"
        if cause != diagnosis.SOUND
        else "Evidence: which metric stays inside the band of the sound runs, between which steps?"
    )
    found: list[Claim] = []
    while len(found) < MOST_CLAIMS:
        claim = _ask_claim(run, curves, cause, bool(found))
        if claim is None:
            break
        answer = Answer(run, cause, (*found, claim))
        verdict = diagnosis.verdict(answer, curves)
        for line in (f"{verdict.state}: {claim}", *verdict.messages[:hint]):
            print(f"  {line}")
        if claims.holds(claim, curves.runs[run].columns, setting):
            found.append(claim)
        else:
            print("  this piece is not kept; try another")
        if verdict.state == HOLDS:
            print("  Enter goes on; more evidence is not needed")
    return Answer(run, cause, tuple(found))


def _ask_claim(run: str, curves: Curves, cause: str, more: bool) -> Claim | None:
    """One piece of evidence; None when there is no more. Of a sound run only "inside" is asked."""
    setting, steps = curves.setting_of(run), curves.runs[run].columns["step"]
    metric = _choose("metric", setting.metrics, meanings=not more)
    direction: str | None = "inside"
    if metric and cause != diagnosis.SOUND:
        direction = _choose("what it does", DIRECTIONS, meanings=not more)
    while metric and direction:
        row = {
            "metric": metric,
            "direction": direction,
            "from": _ask_step("from step", steps[0]),
            "to": _ask_step("to step", steps[-1]),
        }
        try:
            return diagnosis.claim_of(f"run {run}", row, run, curves)
        except KitError as error:
            print(f"  {error}")
    return None


def _choose(what: str, known: dict[str, str], meanings: bool) -> str | None:
    """One of some names, by number or by its beginning; None for Enter alone."""
    names = list(known)
    for number, (name, meaning) in enumerate(known.items(), 1):
        print(f"  {number} {name}" + (f": {meaning}" if meanings else ""))
    while typed := input(f"{what} (1 to {len(names)}): ").strip().lower():
        if typed.isdecimal() and 1 <= int(typed) <= len(names):
            return names[int(typed) - 1]
        near = [name for name in names if name == typed] or [
            name for name in names if name.startswith(typed)
        ]
        if len(near) == 1:
            return near[0]
        print(f"  {typed!r} is {'more than one' if near else 'none'} of them")
    return None


def _ask_step(what: str, preset: float) -> float:
    """A step; Enter alone takes the one that is shown."""
    while typed := input(f"{what} ({preset:g}): ").strip():
        try:
            return float(typed)
        except ValueError:
            print(f"  {typed!r} is not a number")
    return preset
