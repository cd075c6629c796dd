"""Print what is to be said of drawn runs: tables, or sentences where lines are read aloud."""

from __future__ import annotations

from collections.abc import Sequence

from common.diagnose.curves import Curves
from common.diagnose.diagnosis import HOLDS, Diagnosis, Verdict
from common.options.terminal import plain


def tell_causes(curves: Curves, runs: list[str]) -> None:
    """Print the possible causes, for each setting that is among the runs."""
    for name in dict.fromkeys(curves.runs[run].setting for run in runs):
        setting = curves.settings[name]
        own = ", ".join(run for run in runs if curves.runs[run].setting == name)
        _show(f"{own}: {setting.title}", ("cause", "what it means"), list(setting.causes.items()))


def tell_verdicts(answers: Diagnosis, verdicts: list[Verdict], hint: int) -> bool:
    """A row a run, with hints; whether all evidence holds."""
    rows = []
    for answer, verdict in zip(answers.answers, verdicts):
        evidence = "\n".join(str(claim) for claim in answer.claims)
        said = "\n".join((verdict.state, *verdict.messages[:hint]))
        rows.append((verdict.run, answer.cause, evidence, said))
    _show("", ("run", "cause", "evidence", "verdict"), rows)
    done = sum(verdict.state == HOLDS for verdict in verdicts)
    print(
        f"{done} of {len(verdicts)} pieces of evidence hold. Whether the causes are right is "
        "judged by the course grader."
    )
    return done == len(verdicts)


def _show(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table; as sentences, each cell is called by its head."""
    if plain():
        print(title, end="\n" if title else "")
        for row in rows:
            cells = (
                f"{head}: {'; '.join(cell.splitlines()) or 'none'}"
                for head, cell in zip(heads, row)
            )
            print("- " + ". ".join(cells))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
