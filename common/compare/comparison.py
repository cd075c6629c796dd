"""One problem, five answers: `make compare`, or `python -m common.compare --help`.

The methods of the homeworks answer the same 3-way 1-shot tasks. Each is trained and asked in a
process of its own (`hwN/experiments/compared_method.py`), one after the other, and speaks through files alone; what the
right answers are is known here only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from common import options, plots
from common.data import fewshot
from common.files import write_text
from common.homework import ROOT
from common.statistics.intervals import confidence_interval

WAY, ROWS = 3, 3  # classes of a task; rows of queries, each of which shows every class once
TASKS, TINY_TASKS = 300, 6
BINS = 8  # of a reliability diagram, with equally many predictions in each
SECONDS = 600  # at most, for one method
Advance = Callable[..., None]  # told of a method's title, its share done and how it ended


PROGRAM = Path("experiments", "compared_method.py")  # of a homework that answers
SCORES = "hw4.experiments.calibration_scores"  # what homework 4 makes of all answers


@dataclass(frozen=True)
class ComparedMethod:
    """A method to compare: where its program is."""

    title: str
    homework: str
    key: str  # as its program calls it


METHODS = (
    ComparedMethod("MANN", "hw1", "mann"),
    ComparedMethod("prototypical network", "hw2", "protonet"),
    ComparedMethod("MAML", "hw2", "maml"),
    ComparedMethod("fine-tuned", "hw3", "finetuned"),
    ComparedMethod("Bayesian last layer", "hw4", "bayes"),
)


class Missing(Exception):
    """A method that has no answers; the text says why."""


def compare(chosen: argparse.Namespace) -> int:
    """Ask every method; return 1 when none answered."""
    out = chosen.out or options.RUNS / f"compare-seed{chosen.seed}"
    data = fewshot.load(chosen.data, chosen.tiny)
    rng = np.random.default_rng(1000 + chosen.seed)
    support, query, labels = draw(data.split("test"), TINY_TASKS if chosen.tiny else TASKS, rng)
    answers, reasons = {}, {}
    with tempfile.TemporaryDirectory(prefix="compare-") as folder, progress() as advance:
        tasks = Path(folder) / "tasks.npz"
        np.savez(tasks, training=data.split("train"), support=support, query=query)
        for method in METHODS:
            began = time.monotonic()
            try:
                answers[method.title] = ask(method, tasks, chosen, advance)
                told = f"{time.monotonic() - began:.0f} s"
            except Missing as reason:
                reasons[method.title] = told = str(reason)
            advance(method.title, 1.0, told)
        figures = {title: measure(found, labels) for title, found in answers.items()}
        if "hw4" not in chosen.without:
            add_scores(figures, answers, labels, Path(folder))
    table(figures, reasons)
    record = {
        "data": data.source,
        "seed": chosen.seed,
        "tiny": chosen.tiny,
        "tasks": len(labels),
        "way": WAY,
        "shot": 1,
        "methods": figures,
        "missing": reasons,
    }
    write_text(out / "compare.json", json.dumps(record, indent=2) + "\n")
    print(f"numbers: {out / 'compare.json'}")
    print(f"picture: {picture(figures, reasons, data.source, out / 'compare.png')}")
    return 0 if figures else 1


def draw(
    images: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tasks of classes that no method has seen.

    Returns:
        support uint8 [T, N, 28, 28], query uint8 [T, R·N, 28, 28] and its labels [T, R·N].
    """
    supports, queries, labels = [], [], []
    for _ in range(count):
        classes = rng.choice(len(images), WAY, replace=False)
        drawings = np.stack([rng.permutation(images.shape[1])[: 1 + ROWS] for _ in classes])
        order = np.concatenate([rng.permutation(WAY) for _ in range(ROWS)])
        rows = np.repeat(np.arange(ROWS), WAY)
        supports.append(images[classes, drawings[:, 0]])
        queries.append(images[classes[order], drawings[order, 1 + rows]])
        labels.append(order)
    return np.stack(supports), np.stack(queries), np.stack(labels)


def ask(
    method: ComparedMethod, tasks: Path, chosen: argparse.Namespace, advance: Advance
) -> dict[str, np.ndarray]:
    """Start a method's program and read what it answers.

    Raises:
        Missing: when it has no answers.
    """
    if method.homework in chosen.without:
        raise Missing(f"left out (--without {method.homework})")
    folder = ROOT / method.homework
    if not ((folder / "homework.toml").is_file() and (folder / PROGRAM).is_file()):
        raise Missing(f"{method.homework} is not here")
    out = tasks.with_name(f"{method.key}.npz")
    command = [
        "-m",
        f"{method.homework}.experiments.compared_method",
        "--method",
        method.key,
        "--tasks",
        str(tasks),
        "--out",
        str(out),
        "--seed",
        str(chosen.seed),
        *(["--tiny"] if chosen.tiny else []),
    ]
    start(command, lambda share: advance(method.title, share))
    with np.load(out, allow_pickle=False) as file:
        return dict(file)


def start(command: list[str], progress: Callable[[float], None] = lambda share: None) -> None:
    """Run a program of a homework to its end.

    Raises:
        Missing: when it fails; its last line says why.
    """
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, text=True, stderr=errors, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        until = time.monotonic() + SECONDS
        try:
            for line in process.stdout:
                if line.startswith("progress "):
                    progress(float(line.split()[1]))
                if time.monotonic() > until:
                    raise Missing(f"not ready after {SECONDS} s")
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        errors.seek(0)
        said = errors.read().strip().splitlines()
    if code:
        raise Missing(said[-1].removeprefix("error: ")[:160] if said else f"ended with code {code}")


# --- figures ------------------------------------------------------------------------------------


def measure(answer: dict[str, np.ndarray], labels: np.ndarray) -> dict:
    """Accuracy with its interval, confidence against it, time and memory of one method."""
    probabilities = answer["probabilities"]
    right = probabilities.argmax(-1) == labels
    confidence = probabilities.max(-1)
    order = np.argsort(confidence.ravel(), kind="stable")
    reliability = [
        [float(confidence.ravel()[part].mean()), float(right.ravel()[part].mean())]
        for part in np.array_split(order, min(BINS, len(order)))
    ]
    return {
        "accuracy": float(right.mean()),
        "interval": confidence_interval(right.mean(-1)),
        "confidence_minus_accuracy": float(confidence.mean() - right.mean()),
        "reliability": reliability,
        "seconds_a_task": float(answer["seconds"]),
        "training_seconds": float(answer["training_seconds"]),
        "parameters": int(answer["parameters"]),
        "kept_bytes": int(answer["kept_bytes"]),
        "peak_bytes": int(answer["peak_bytes"]),
    }


def add_scores(figures: dict, answers: dict, labels: np.ndarray, folder: Path) -> None:
    """Add the scores that homework 4 defines, where its functions are written."""
    if not figures or not (ROOT / "hw4" / "homework.toml").is_file():
        return
    flat = {name: found["probabilities"].reshape(-1, WAY) for name, found in answers.items()}
    np.savez(folder / "answers.npz", labels=labels.ravel(), **flat)
    try:
        start(
            [
                "-m",
                SCORES,
                "--answers",
                str(folder / "answers.npz"),
                "--out",
                str(folder / "scores.json"),
            ]
        )
    except Missing:
        return
    for name, scores in json.loads((folder / "scores.json").read_text(encoding="utf-8")).items():
        figures[name] |= scores


# --- what is shown ------------------------------------------------------------------------------


@contextlib.contextmanager
def progress() -> Iterator[Advance]:
    """A bar for each method on a terminal, a line for each elsewhere."""
    live = sys.stdout.isatty()
    columns = TextColumn("{task.description:<20}"), BarColumn(), TextColumn("{task.fields[told]}")
    with Progress(*columns, disable=not live) as bars:
        rows: dict[str, TaskID] = {}

        def advance(title: str, share: float, told: str = "") -> None:
            if title not in rows:
                rows[title] = bars.add_task(title, total=1.0, told="")
            bars.update(rows[title], completed=share, told=told)
            if told and not live:
                print(f"{title}: {told}", flush=True)

        yield advance


def table(figures: dict, reasons: dict) -> None:
    """The figures in numbers."""
    scored = any("ece" in row for row in figures.values())
    heads = [
        "method",
        "accuracy",
        "confidence - accuracy",
        *(["ECE", "NLL"] if scored else []),
        "ms a task",
        "parameters",
        "peak kB a task",
        "training s",
    ]
    shown = Table(*heads)
    for name, row in figures.items():
        scores = [f"{row['ece']:.3f}", f"{row['nll']:.3f}"] if scored else []
        shown.add_row(
            name,
            f"{row['accuracy']:.3f} ± {row['interval']:.3f}",
            f"{row['confidence_minus_accuracy']:+.3f}",
            *scores,
            f"{1000 * row['seconds_a_task']:.2f}",
            f"{row['parameters']:,}",
            f"{row['peak_bytes'] / 1024:,.0f}",
            f"{row['training_seconds']:.0f}",
        )
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    console.print(shown)
    for name, reason in reasons.items():
        console.print(f"missing: {name}: {reason}", markup=False)


def picture(figures: dict, reasons: dict, source: str, path: Path) -> Path:
    """Accuracy, reliability, time and memory side by side; a missing method is named."""
    names = [method.title for method in METHODS]
    figure, (accuracy, reliability, seconds, memory) = plots.new(4.4, 3.8, panels=4)
    for row, name in enumerate(names):
        colour = plots.COLOURS[row]
        if name not in figures:
            reason = textwrap.fill(f"missing: {reasons[name]}", 44)
            accuracy.text(
                0.02,
                row,
                reason,
                transform=accuracy.get_yaxis_transform(),
                va="center",
                fontsize=7,
                color="#555555",
            )
            continue
        found = figures[name]
        accuracy.errorbar(
            found["accuracy"], row, xerr=found["interval"], marker="o", capsize=4, color=colour
        )
        reliability.plot(
            *zip(*found["reliability"]), marker="o", markersize=4, label=name, **plots.style(row)
        )
        seconds.plot(1000 * found["seconds_a_task"], row, marker="o", color=colour)
        kept, peak = found["kept_bytes"] / 1024, found["peak_bytes"] / 1024
        memory.barh(row - 0.18, kept, 0.34, color=colour)
        memory.barh(row + 0.18, peak, 0.34, color=colour, alpha=0.45)
    accuracy.axvline(1 / WAY, color="grey", linewidth=0.8)
    accuracy.set(
        xlabel=f"accuracy on new tasks (95 % interval; chance {1 / WAY:.2f})",
        title=f"{WAY}-way 1-shot, {source}",
    )
    reliability.plot([1 / WAY, 1], [1 / WAY, 1], color="grey", linewidth=0.8)
    reliability.set(xlabel="how sure it is", ylabel="how often it is right", title="calibration")
    seconds.set(xlabel="ms to learn a task and answer it", title="time")
    memory.set(xlabel="kB: parameters (full), tensors of one task (pale)", title="memory")
    accuracy.set_xlim(1 / WAY - 0.1, 1.02)
    if figures:
        reliability.legend(frameon=False, fontsize=7)
        whole_decades(seconds, [1000 * row["seconds_a_task"] for row in figures.values()])
        sizes = ("kept_bytes", "peak_bytes")
        whole_decades(memory, [row[size] / 1024 for row in figures.values() for size in sizes])
    for axis in (accuracy, seconds, memory):
        axis.set_yticks(range(len(names)), names if axis is accuracy else [""] * len(names))
        axis.set_ylim(len(names) - 0.5, -0.5)
    return plots.save(figure, path)


def whole_decades(axis: Axes, values: list[float]) -> None:
    """A logarithmic axis from one power of ten to another, with no other numbers on it."""
    axis.set_xscale("log")
    axis.set_xlim(
        10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))
    )
    axis.xaxis.set_minor_formatter(NullFormatter())
