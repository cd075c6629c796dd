"""What differed, as pictures: small inline SVG with the numbers in text beside it."""

from __future__ import annotations

import html

import numpy as np

LARGEST = 16  # rows and columns of a matrix that are drawn
SIDE = 18  # of a cell
CURVE_FROM = 6  # numbers in a row that make a curve
WIDTH, HEIGHT, EDGE = 300, 120, 8  # of a picture of curves


def pair(given: np.ndarray, expected: np.ndarray) -> str:
    """What was given beside what was expected: two curves, or two matrices on one scale.

    Args:
        given, expected: arrays of one shape, with at least one axis.
    """
    given, expected = np.asarray(given, np.float64), np.asarray(expected, np.float64)
    if not given.size:
        return ""
    if given.ndim == 1 and given.size >= CURVE_FROM:
        return _curves(given, expected)
    furthest = int(np.argmax(np.abs(given - expected)))
    worst = tuple(map(int, np.unravel_index(furthest, given.shape)))
    lead = worst[:-2]
    given, expected = np.atleast_2d(given[lead]), np.atleast_2d(expected[lead])
    row, column = (0, *worst)[-2:]
    top, left = _first(row, given.shape[0]), _first(column, given.shape[1])
    window = slice(top, top + LARGEST), slice(left, left + LARGEST)
    scale = float(np.abs(expected[window]).max(initial=0.0)) or 1.0
    caption = _place(lead, window, given.shape)
    mark = row - top, column - left
    return f'{caption}<div class="pair">' + "".join(
        _matrix(values[window], scale, mark, name)
        for name, values in (("given", given), ("expected", expected))
    ) + "</div>"  # fmt: skip


def _place(lead: tuple[int, ...], window: tuple[slice, slice], shape: tuple[int, ...]) -> str:
    """What the frame is and, where it is not all of an array, which part is drawn."""
    drawn = [f"{index}" for index in lead]
    for part, size in zip(window, shape):
        whole = size <= LARGEST
        drawn.append(":" if whole else f"{part.start}:{min(part.stop, size)}")
    which = f" of [{', '.join(drawn)}]" if set(drawn) != {":"} else ""
    return f"<p>The picture{which}; in the frame they differ most.</p>"


def _first(index: int, size: int) -> int:
    """Where a window of the largest size begins that shows `index`."""
    return max(0, min(index - LARGEST // 2, size - LARGEST))


def _matrix(values: np.ndarray, scale: float, mark: tuple[int, int], name: str) -> str:
    """Cells coloured by value; the one that differs most has a frame."""
    cells = []
    for (row, column), value in np.ndenumerate(values):
        frame = ' class="worst"' if (row, column) == mark else ""
        cells.append(
            f'<rect{frame} x="{column * SIDE + 1}" y="{row * SIDE + 1}" width="{SIDE - 2}" '
            f'height="{SIDE - 2}" fill="{_colour(value / scale)}"><title>{value:.4g}</title></rect>'
        )
    height, width = values.shape[0] * SIDE, values.shape[1] * SIDE
    return _figure("".join(cells), width, height, f"{name}: {values[mark]:.4g}")


def _curves(given: np.ndarray, expected: np.ndarray) -> str:
    """Both rows of numbers over their index: expected as a line, given dashed."""
    both = np.concatenate([given, expected])
    low, high = float(both.min()), float(both.max())
    span = high - low or 1.0
    across = np.linspace(EDGE, WIDTH - EDGE, len(given))
    lines = ""
    for kind, values in (("expected", expected), ("given", given)):
        up = HEIGHT - EDGE - (values - low) / span * (HEIGHT - 2 * EDGE)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up))
        lines += f'<polyline class="{kind}" points="{points}"/>'
    worst = int(np.argmax(np.abs(given - expected)))
    text = (
        f"{len(given)} numbers from {low:.4g} to {high:.4g}; given dashed, expected a line. They "
        f"differ most at {worst}: given {given[worst]:.4g}, expected {expected[worst]:.4g}"
    )
    return _figure(lines, WIDTH, HEIGHT, text)


def _figure(inside: str, width: int, height: int, text: str) -> str:
    text = html.escape(text)
    return (
        f'<figure><svg role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-label="{text}">{inside}</svg>'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _colour(value: float) -> str:
    """Orange below zero, blue above, grey at zero; black where there is no number."""
    if not np.isfinite(value):
        return "#000000"
    share = min(abs(value), 1.0)
    full = (0, 114, 178) if value > 0 else (213, 94, 0)
    return "#" + "".join(f"{round(225 + (c - 225) * share):02x}" for c in full)
