"""`hwN/diagnosis.toml`: the cause and the evidence that a student names for each drawn run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from common.diagnose import claims
from common.diagnose.claims import DIRECTIONS, LEAST_ROWS, Claim
from common.diagnose.curves import Columns, Curves, Setting, draw_runs
from common.errors import KitError
from common.files import untrusted, write_text

SOUND = "sound"  # the cause of a run with which nothing is wrong
LARGEST = 2**16  # bytes
LONGEST_NAME = 200  # characters
MOST_CLAIMS = 5  # for one run
EMPTY = Claim("", 0, 0, "")  # as it stands in a file that is not filled in
HOLDS, FALSE, SILENT, OPEN = "holds", "does not hold", "says nothing", "open"


@dataclass(frozen=True)
class Answer:
    """The answer to one run: a cause and a claim, empty while nothing is answered."""

    run: str
    cause: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Diagnosis:
    """A whole file."""

    name: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Verdict:
    """What became of one run's evidence; whether the cause is right is not known here.

    Attributes:
        state: HOLDS; FALSE when the curve does something else; SILENT when a sound run does the
            same; OPEN when there is no answer yet.
        messages: what differs, the idea to look at, the place to look at.
    """

    run: str
    state: str
    messages: tuple[str, ...] = ()


# --- the file -----------------------------------------------------------------------------------


def write(path: Path, curves: Curves, given: Diagnosis) -> None:
    """Write a file whole: what is answered, and room for what is not."""
    write_text(path, as_toml(given, curves))


def blank(curves: Curves, name: str) -> Diagnosis:
    """A diagnosis of this name's runs of which nothing is answered yet."""
    return Diagnosis(name, tuple(Answer(run, "", ()) for run in draw_runs(curves, name)))


def as_toml(given: Diagnosis, curves: Curves) -> str:
    """A diagnosis as the text of its file, with what may stand there as comments."""
    runs = [answer.run for answer in given.answers]
    lines = [
        f"# {curves.homework}: what is wrong with these runs? The pictures come from",
        f"# python -m common.diagnose {curves.homework}",
        "#",
        "# evidence: one or more lines, all of which must be true of the curve, and at least one not",
        "# of a sound run. `from` and `to` are steps. direction is one of",
        *(f"#   {direction:<6} {meaning}" for direction, meaning in DIRECTIONS.items()),
        '# For a run with which nothing is wrong: cause = "sound", and where it is "inside" the band.',
    ]
    for setting in dict.fromkeys(curves.runs[run].setting for run in runs):
        told = curves.settings[setting]
        lines += [
            "#",
            f"# {told.title}",
            f"#   metrics: {', '.join(told.metrics)}",
            f"#   causes: {', '.join(told.causes)}",
        ]
    lines += ["", f"name = {json.dumps(given.name, ensure_ascii=False)}"]
    for answer in given.answers:
        lines += [
            "",
            f"# {curves.setting_of(answer.run).title}",
            f"[runs.{answer.run}]",
            f'cause = "{answer.cause}"',
            "evidence = [",
            *(_claim_row(claim) for claim in answer.claims or (EMPTY,)),
            "]",
        ]
    return "\n".join(lines) + "\n"


def _claim_row(claim: Claim) -> str:
    return (
        f'    {{ metric = "{claim.metric}", from = {claim.first:g}, to = {claim.last:g}, '
        f'direction = "{claim.direction}" }},'
    )


def read(path: Path, curves: Curves) -> Diagnosis:
    """Read and check a file.

    Raises:
        KitError: in one line, with the place and what may stand there.
    """
    if not path.exists():
        raise KitError(
            f"{path} is missing; make it with: python -m common.diagnose "
            f'{curves.homework} --name "YOUR NAME"'
        )
    try:
        table = untrusted.toml_of(untrusted.read(path, LARGEST))
    except untrusted.Unreadable as error:
        raise KitError(f"{path} cannot be read: {error}") from None
    name, given = table.get("name"), table.get("runs")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise KitError(f'{path} has no name; add a line such as: name = "Ada L"')
    if not isinstance(given, dict):
        raise KitError(f"{path} has no runs; delete it and make it again")
    runs = draw_runs(curves, name)
    for run in runs:
        if run not in given:
            raise KitError(
                f"{path}: run {run} is missing; add [runs.{run}] with cause and evidence"
            )
    for run in given:
        if run not in runs:
            raise KitError(
                f"{path}: run {run[:20]!r} is not one of yours ({', '.join(runs)}); a "
                "choice belongs to a name"
            )
    return Diagnosis(name, tuple(_answer(f"{path}, run {r}", r, given[r], curves) for r in runs))


def _answer(place: str, run: str, row: object, curves: Curves) -> Answer:
    if not isinstance(row, dict):
        raise KitError(f"{place}: cause and evidence are expected, as in the file that was made")
    causes, cause = curves.setting_of(run).causes, row.get("cause", "")
    if cause != "" and (not isinstance(cause, str) or cause not in causes):
        raise KitError(f"{place}: no cause {str(cause)[:40]!r}; choose one of {', '.join(causes)}")
    claims = row.get("evidence", [])
    if not isinstance(claims, list) or len(claims) > MOST_CLAIMS:
        raise KitError(f"{place}: evidence is a list of at most {MOST_CLAIMS} claims")
    found = [claim_of(place, claim, run, curves) for claim in claims]
    return Answer(run, cause, tuple(claim for claim in found if claim is not None))


def claim_of(place: str, row: object, run: str, curves: Curves) -> Claim | None:
    """One claim; None for one that is not filled in yet.

    Raises:
        KitError: for one that cannot be: one line, after its place.
    """
    wanted = ("metric", "from", "to", "direction")
    if not isinstance(row, dict) or set(row) != set(wanted):
        raise KitError(f"{place}: a claim has {', '.join(wanted)}, no more and no less")
    if row["metric"] == "" and row["direction"] == "":
        return None
    metrics = curves.setting_of(run).metrics
    if not isinstance(row["metric"], str) or row["metric"] not in metrics:
        raise KitError(
            f"{place}: no metric {str(row['metric'])[:40]!r}; choose one of {', '.join(metrics)}"
        )
    if not isinstance(row["direction"], str) or row["direction"] not in DIRECTIONS:
        raise KitError(
            f"{place}: no direction {str(row['direction'])[:40]!r}; choose one of "
            f"{', '.join(DIRECTIONS)}"
        )
    first, last = row["from"], row["to"]
    if not all(type(step) in (int, float) for step in (first, last)):
        raise KitError(f"{place}: from and to are steps, numbers without quotes")
    columns = curves.runs[run].columns
    if len(claims.rows_between(columns, first, last)) < LEAST_ROWS:
        steps = columns["step"]
        raise KitError(
            f"{place}: from {first:g} to {last:g} has fewer than {LEAST_ROWS} points; "
            f"steps go from {steps[0]} to {steps[-1]}, every {steps[0]}"
        )
    return Claim(row["metric"], first, last, row["direction"])


# --- the evidence -------------------------------------------------------------------------------


def verdicts(diagnosis: Diagnosis, curves: Curves) -> list[Verdict]:
    """Hold the evidence for every run against its curve."""
    return [verdict(answer, curves) for answer in diagnosis.answers]


def verdict(answer: Answer, curves: Curves) -> Verdict:
    """Hold the evidence for one run against its curve."""
    setting, columns = curves.setting_of(answer.run), curves.runs[answer.run].columns
    if not answer.cause or not answer.claims:
        what = "cause and evidence" if not answer.cause else "evidence"
        return Verdict(answer.run, OPEN, (f"{what} not filled in yet",))
    for claim in answer.claims:
        if not claims.holds(claim, columns, setting):
            return Verdict(
                answer.run,
                FALSE,
                (
                    f"{claim}? {_seen(claim, columns, setting)}",
                    "read the values at both ends of the range, against the numbers of the axis",
                    _place(columns, setting),
                ),
            )
    if answer.cause == SOUND:
        if any(claim.direction != "inside" for claim in answer.claims):
            return Verdict(
                answer.run,
                SILENT,
                (
                    'for a sound run, say where it is "inside" the band',
                    "a run is sound when nothing tells it from other sound runs: compare every metric",
                    _place(columns, setting),
                ),
            )
        return Verdict(answer.run, HOLDS)
    if not any(claims.says_something(claim, setting) for claim in answer.claims):
        return Verdict(
            answer.run,
            SILENT,
            (
                f"{answer.claims[0]}: so it does in the sound reference",
                "evidence is what a sound run would not do: look where the curve leaves the band",
                _place(columns, setting),
            ),
        )
    return Verdict(answer.run, HOLDS)


def _seen(claim: Claim, columns: Columns, setting: Setting) -> str:
    """Return what the curve does instead."""
    if claim.direction in ("rises", "falls", "stays"):
        begin, end = claims.ends(claim, columns, setting)
        if claims.is_logarithmic(claim.metric, columns, setting):
            begin, end = 10**begin, 10**end
        return f"it goes from {begin:.3g} to {end:.3g}"
    rows = claims.rows_between(columns, claim.first, claim.last)
    low, high = setting.band[claim.metric]
    values = columns[claim.metric]
    above = sum(values[row] > high[row] for row in rows)
    below = sum(values[row] < low[row] for row in rows)
    return f"of {len(rows)} points {above} lie above the band of sound runs, {below} below"


def _place(columns: Columns, setting: Setting) -> str:
    gap = claims.widest_gap(columns, setting)
    if gap is None:
        return "no metric is outside the band of sound runs for long"
    return "it is farthest from the sound runs in {}, steps {:g} to {:g}".format(*gap)
