"""The curve that most pictures of part B are made of: a figure against the number of examples."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from common import plots
from hw3.experiments.measuring import Row, summary


def against_examples(
    axis: Axes, rows: Sequence[Row], labels: dict[str, str], counts: Sequence[int]
) -> None:
    """Mean over the seeds, with its interval, at each number of examples; numbers stand evenly.

    Curves stand a little beside each other, so that no interval hides another.

    Args:
        rows: of `measure_all`, with a column "k".
        labels: column → name of its curve.
        counts: every k, in order; a column may lack some.
    """
    for index, (column, label) in enumerate(labels.items()):
        points = summary(rows, "k", column)
        means, errors = zip(*points.values())
        beside = 0.05 * (index - (len(labels) - 1) / 2)
        places = [counts.index(k) + beside for k in points]
        axis.errorbar(
            places, means, errors, label=label, marker="o", capsize=3, **plots.style(index)
        )
    axis.set_xticks(range(len(counts)), [str(k) for k in counts])
