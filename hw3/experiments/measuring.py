"""An experiment as a table of cells: each is measured by itself, from seeds of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from common.errors import Stopped
from common.options.terminal import live
from common.statistics.intervals import confidence_interval
from common.training.runs import RunFolder

Cell = dict[str, Any]  # arguments: numbers, and names
Row = dict[str, Any]  # numbers, and names


def measure_all(
    record: RunFolder,
    cells: Sequence[Cell],
    measure: Callable[..., dict[str, float]],
    layout: Callable[[Sequence[Row]], list[Row]] = list,
) -> list[Row]:
    """Measure every cell that the run folder does not hold yet; keep each at once.

    Args:
        record: of the run; a checkpoint that is there holds the rows measured before.
        cells: arguments of `measure`.
        measure: figures of one cell; must depend on its arguments alone.
        layout: what was measured so far → the rows of metrics.csv; a row a cell, or `by_seed`.

    Returns:
        A row a cell: its arguments, its figures, and the seconds that they took.

    Raises:
        Stopped: after Ctrl-C; the cells that were finished are kept.
    """
    rows: list[Row] = []
    if record.checkpoint_file.is_file():
        rows = record.load_checkpoint()["rows"]
        print(f"resumed after {len(rows)} of {len(cells)} cells")
    bars = live()
    columns = (
        TextColumn("cell"),
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    try:
        with Progress(*columns, disable=not bars) as progress:
            bar = progress.add_task("", total=len(cells), completed=len(rows))
            for cell in cells[len(rows) :]:
                told = ", ".join(f"{name} {value}" for name, value in cell.items())
                progress.update(bar, description=told)
                began = time.monotonic()
                found = {name: float(value) for name, value in measure(**cell).items()}
                rows.append({**cell, **found, "seconds": time.monotonic() - began})
                record.write_metrics(layout(rows))
                record.save_checkpoint({"rows": rows, "config": record.config})
                progress.advance(bar)
                if not bars:
                    seconds = rows[-1]["seconds"]
                    print(f"cell {len(rows)}/{len(cells)}: {told} ({seconds:.1f} s)", flush=True)
    except KeyboardInterrupt:
        raise Stopped(f"stopped after {len(rows)} of {len(cells)} cells") from None
    return rows


def named_cells(seeds: Iterable[int], names: Sequence[str]) -> list[Cell]:
    """Cells that have a name, such as "8/full": all names, seed after seed."""
    return [{"seed": seed, "name": name} for seed in seeds for name in names]


def by_seed(rows: Sequence[Row]) -> list[Row]:
    """One row a seed ("step"), with a column for each figure of each named cell.

    The column of a cell with a single figure is called as the cell, else "cell/figure". A cell that
    was not measured yet is NaN, so that the columns are always the same from the first seed on.
    """
    found: dict[int, Row] = {}
    for row in rows:
        figures = {name: row[name] for name in row if name not in ("seed", "name", "seconds")}
        own = found.setdefault(row["seed"], {"step": row["seed"]})
        for figure, value in figures.items():
            own[row["name"] if len(figures) == 1 else f"{row['name']}/{figure}"] = value
    columns = list(next(iter(found.values())))
    return [{name: own.get(name, float("nan")) for name in columns} for own in found.values()]


def columns_of(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """The columns of `by_seed`, without the seeds: values, one a seed."""
    table = by_seed(rows)
    return {name: np.array([row[name] for row in table]) for name in table[0] if name != "step"}


def summary(rows: Sequence[Row], by: str, column: str) -> dict[float, tuple[float, float]]:
    """Mean over the rows of each value of `by`, and half the width of its 95 % interval."""
    found = {}
    for value in sorted({row[by] for row in rows}):
        numbers = [row[column] for row in rows if row[by] == value and row[column] == row[column]]
        if numbers:
            found[value] = sum(numbers) / len(numbers), confidence_interval(numbers)
    return found
