"""An experiment as a table of cells: each is measured by itself, from seeds of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from common.errors import Stopped
from common.metrics import confidence_interval
from common.runs import RunFolder, read_checkpoint

Row = dict[str, float]


def measure_all(
    record: RunFolder, cells: list[dict[str, int]], measure: Callable[..., Row]
) -> list[Row]:
    """Measure every cell that the run folder does not hold yet; keep each at once.

    Args:
        record: of the run; a checkpoint that is there holds the rows measured before.
        cells: arguments of `measure`, which are the first columns of metrics.csv.
        measure: figures of one cell; must depend on its arguments alone.

    Raises:
        Stopped: after Ctrl-C; the cells that were finished are kept.
    """
    rows: list[Row] = []
    if record.checkpoint_file.is_file():
        rows = read_checkpoint(record.checkpoint_file)["rows"]
        print(f"resumed after {len(rows)} of {len(cells)} cells")
    live = sys.stdout.isatty()
    columns = (TextColumn("cell"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, disable=not live) as progress:
            bar = progress.add_task("cells", total=len(cells), completed=len(rows))
            for cell in cells[len(rows) :]:
                began = time.monotonic()
                found = {name: float(value) for name, value in measure(**cell).items()}
                rows.append({**cell, **found, "seconds": time.monotonic() - began})
                record.write_metrics(rows)
                record.save_checkpoint({"rows": rows, "config": record.config})
                progress.advance(bar)
                if not live:
                    said = "  ".join(f"{k} {v:.4g}" for k, v in rows[-1].items())
                    print(f"cell {len(rows)}/{len(cells)}  {said}", flush=True)
    except KeyboardInterrupt:
        raise Stopped(f"stopped after {len(rows)} of {len(cells)} cells") from None
    return rows


def summary(rows: list[Row], by: str, column: str) -> dict[float, tuple[float, float]]:
    """Mean over the rows of each value of `by`, and half the width of its 95 % interval."""
    found = {}
    for value in sorted({row[by] for row in rows}):
        numbers = [row[column] for row in rows if row[by] == value and row[column] == row[column]]
        if numbers:
            found[value] = sum(numbers) / len(numbers), confidence_interval(numbers)
    return found
