"""Find the bug in this curve: `python -m common.diagnose --help`."""

from __future__ import annotations

import argparse
import textwrap
import tomllib
from pathlib import Path

from common import options
from common.command_line import Parser

EXAMPLE = """example:
  python -m common.diagnose hw2 --name "Ada L"   draws your runs, makes hw2/diagnosis.toml
  python -m common.diagnose hw2                  holds your evidence against the curves
exit code: 0 all evidence holds, 1 not yet, 2 it cannot be read
"""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="python -m common.diagnose",
        description="Some training runs, most of them broken by one mistake: name cause and "
        "evidence from the curves alone. Which runs are yours is decided by your name.",
        epilog=EXAMPLE,
    )
    parser.add_argument("homework", help="hw1, hw2, …")
    parser.add_argument("--name", help="yours, as you sign; default: the one you signed with")
    parser.add_argument("--hint", metavar="LEVEL", type=int, choices=(1, 2, 3), default=3,
                        help="1 what differs, 2 the idea, 3 the place to look at (3)")  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="the picture (runs/hwN/diagnosis.png)")  # fmt: skip
    return parser.parse_args()


def main() -> int:
    """Draw the runs; make the file, or check it."""
    chosen = arguments()
    from common.diagnose import curves as recorded
    from common.diagnose import diagnosis
    from common.errors import KitError

    curves = recorded.load(chosen.homework)
    path = recorded.ROOT / chosen.homework / "diagnosis.toml"
    if path.is_file():
        answers = diagnosis.read(path, curves)
        if chosen.name is not None and recorded.plain(chosen.name) != recorded.plain(answers.name):
            raise KitError(
                f"{path} is for {answers.name!r}; move it away to start as {chosen.name!r}"
            )
        name = answers.name
    else:
        name, answers = chosen.name or signed_name(recorded.ROOT), None
        if not name.strip():
            raise KitError(
                f'whose runs? python -m common.diagnose {chosen.homework} --name "Ada L"'
            )
        diagnosis.write(path, curves, name)
    runs = recorded.drawn(curves, name)
    picture = draw(curves, runs, chosen.out or options.RUNS / chosen.homework / "diagnosis.png")
    print(f"picture: {picture}")
    if answers is None:
        tell_causes(curves, runs)
        print(f"Write cause and evidence of each run into {path}, and give the command again.")
        return 1
    return tell_verdicts(answers, diagnosis.verdicts(answers, curves), chosen.hint)


def signed_name(root: Path) -> str:
    """The name in submission.toml, or nothing."""
    try:
        return str(tomllib.loads((root / "submission.toml").read_text(encoding="utf-8"))["name"])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError):
        return ""


def tell_causes(curves, runs: list[str]) -> None:
    """What may be wrong, for each setting that is among the runs."""
    from rich.console import Console
    from rich.table import Table

    for name in dict.fromkeys(curves.runs[run].setting for run in runs):
        setting = curves.settings[name]
        own = ", ".join(run for run in runs if curves.runs[run].setting == name)
        table = Table(
            "cause", "what it means", title=f"{own}: {setting.title}", title_justify="left"
        )
        for cause, meaning in setting.causes.items():
            table.add_row(cause, meaning)
        Console(highlight=False).print(table)


def tell_verdicts(answers, verdicts: list, hint: int) -> int:
    """One line a run, and hints; 0 when all evidence holds."""
    from rich.console import Console
    from rich.table import Table

    from common.diagnose.diagnosis import HOLDS

    table = Table("run", "cause", "evidence", "")
    for answer, verdict in zip(answers.answers, verdicts):
        claims = "\n".join(str(claim) for claim in answer.claims)
        messages = "\n".join(verdict.messages[:hint])
        table.add_row(verdict.run, answer.cause, claims,
                      verdict.state + (f"\n{messages}" if messages else ""))  # fmt: skip
    Console(highlight=False).print(table)
    done = sum(verdict.state == HOLDS for verdict in verdicts)
    print(f"{done} of {len(verdicts)} pieces of evidence hold. Whether the causes are right is "
          "judged by the course grader.")  # fmt: skip
    return 0 if done == len(verdicts) else 1


def draw(curves, runs: list[str], path: Path) -> Path:
    """One row a run, one panel a metric: the run, the sound reference and the band around it."""
    from matplotlib.figure import Figure

    from common import plots
    from common.diagnose import claims

    most = max(len(curves.setting_of(run).metrics) for run in runs)
    figure = Figure(figsize=(3.4 * most, 2.5 * len(runs)), layout="constrained")
    strips = figure.subfigures(len(runs), 1, squeeze=False)[:, 0]
    for number, (run, strip) in enumerate(zip(runs, strips)):
        setting, columns = curves.setting_of(run), curves.runs[run].columns
        strip.suptitle(f"run {run}: {setting.title}", x=0.01, ha="left", fontweight="bold")
        for axis, (metric, label) in zip(strip.subplots(1, most), setting.metrics.items()):
            reference = setting.reference
            axis.fill_between(reference["step"], *setting.band[metric], color="#999999", alpha=0.3,
                              label=f"{setting.seeds} sound runs")  # fmt: skip
            axis.plot(reference["step"], reference[metric], color="#555555", linestyle=":",
                      label="sound reference")  # fmt: skip
            axis.plot(columns["step"], columns[metric], label=f"run {run}",
                      color=plots.COLOURS[number])  # fmt: skip
            axis.set_xlabel("step")
            axis.set_ylabel(textwrap.fill(label, 26), fontsize="small")
            axis.set_title(metric, fontsize="medium")
            if claims.is_logarithmic(metric, columns, setting):
                axis.set_yscale("log")
            axis.grid(alpha=0.3)
            axis.spines[["top", "right"]].set_visible(False)
        for axis in strip.axes[len(setting.metrics) :]:
            axis.set_visible(False)
        strip.axes[0].legend(frameon=False, fontsize="small")
    return plots.save(figure, path)
