"""The picture of drawn runs, and its numbers as text."""

from __future__ import annotations

import textwrap
from pathlib import Path

from common import plots
from common.diagnose import claims
from common.diagnose.curves import Columns, Curves, Setting

ACROSS = 3  # panels side by side: more could not be read
PANEL = 4.0, 2.7  # inches
WIDEST = 50  # characters of a line above a panel


def draw(curves: Curves, runs: list[str], path: Path) -> Path:
    """Write a PNG: one block a run, one panel a metric."""
    return plots.save(figure_of(curves, runs), path)


def figure_of(curves: Curves, runs: list[str]) -> plots.Figure:
    """Draw each run with the sound reference and the band around it."""
    from matplotlib.figure import Figure

    deep = [-(-len(curves.setting_of(run).metrics) // ACROSS) for run in runs]
    figure = Figure(figsize=(PANEL[0] * ACROSS, PANEL[1] * sum(deep)), layout="constrained")
    strips = figure.subfigures(len(runs), 1, squeeze=False, height_ratios=deep)[:, 0]
    for number, (run, strip) in enumerate(zip(runs, strips)):
        _block(strip, deep[number], curves, run, plots.COLOURS[number])
    return figure


def _block(strip: plots.SubFigure, deep: int, curves: Curves, run: str, colour: str) -> None:
    """Draw all panels of one run, and one legend in its heading."""
    setting, columns = curves.setting_of(run), curves.runs[run].columns
    strip.suptitle(f"run {run}: {setting.title}", x=0.01, ha="left", fontweight="bold")
    axes = strip.subplots(deep, ACROSS, squeeze=False).ravel()
    for axis, metric in zip(axes, setting.metrics):
        _panel(axis, metric, columns, setting, f"run {run}", colour)
    for axis in axes[len(setting.metrics) :]:
        axis.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    strip.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False)


def _panel(
    axis: plots.Axes, metric: str, columns: Columns, setting: Setting, name: str, colour: str
) -> None:
    """One metric: what it is stands above, where a long text has room."""
    reference = setting.reference
    low, high = setting.band[metric]
    axis.fill_between(
        reference["step"],
        low,
        high,
        color="#999999",
        alpha=0.3,
        label=f"{setting.seeds} sound runs",
    )
    axis.plot(
        reference["step"],
        reference[metric],
        color="#555555",
        linestyle=":",
        label="sound reference",
    )
    axis.plot(columns["step"], columns[metric], label=name, color=colour)
    what = textwrap.fill(setting.metrics[metric], WIDEST)
    axis.set_title(f"{metric}\n{what}", fontsize="small", loc="left")
    axis.set_xlabel("step", fontsize="small")
    axis.tick_params(labelsize="small")
    if claims.is_logarithmic(metric, columns, setting):
        _make_logarithmic(axis)
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def _make_logarithmic(axis: plots.Axes) -> None:
    """A logarithmic axis with plain numbers, few enough to stand apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def as_text(curves: Curves, runs: list[str]) -> str:
    """The numbers of the picture, a table a metric: for those who do not see it, or want them."""
    parts = []
    for run in runs:
        setting, columns = curves.setting_of(run), curves.runs[run].columns
        parts.append(f"Run {run}: {setting.title}")
        parts += [_table(metric, columns, setting) for metric in setting.metrics]
    return "\n\n".join(parts) + "\n"


def _table(metric: str, columns: Columns, setting: Setting) -> str:
    """Step, the run, the sound reference, and from where to where the sound runs lie."""
    rows = zip(columns["step"], columns[metric], setting.reference[metric], *setting.band[metric])
    heads = ("step", "run", "reference", "lowest", "highest")
    lines = [f"{metric}: {setting.metrics[metric]}", "".join(f"{head:>11}" for head in heads)]
    lines += ["".join(f"{number:11.4g}" for number in row) for row in rows]
    return "\n".join(lines)
