"""Glyphs: the stand-in for Omniglot, drawn by the kit itself, the same on every machine.

Alphabets of made-up characters. A character is a few curved strokes through points of a small grid;
each drawing moves the points, slants, turns and scales the whole, and changes the pen.
"""

from __future__ import annotations

import numpy as np

from common.data.images import FewShotImages

SIDE, DRAWINGS = 28, 20
ALPHABETS, CHARACTERS = 15, 20
SPLIT = {"train": 200, "val": 30, "test": 70}  # characters, in order: whole alphabets at a time
POINTS = 26  # points of the pen along one stroke
WOBBLE = 0.05  # how far a drawing's points stray, in sides of the picture


def load(characters: int = ALPHABETS * CHARACTERS, seed: int = 0) -> FewShotImages:
    """Draw the data set (about a second for 300 characters).

    Args:
        characters: how many to draw; fewer shrink every split in proportion.
        seed: another seed gives other alphabets.

    Returns:
        The images, uint8 [characters, 20, 28, 28]; splits of 200, 30 and 70 in 300.
    """
    rng = np.random.RandomState(seed)
    images, names = [], []
    for index in range(characters):
        alphabet, letter = divmod(index, CHARACTERS)
        if letter == 0:
            style = _style(rng)
        images.append(_draw(_strokes(style, rng), style, rng))
        names.append(f"alphabet{alphabet + 1:02d}/character{letter + 1:02d}")
    total = sum(SPLIT.values())
    ends = np.cumsum([round(characters * size / total) for size in SPLIT.values()])
    ends[-1] = characters
    starts = [0, *ends[:-1]]
    classes = {part: np.arange(a, b) for part, a, b in zip(SPLIT, starts, ends)}
    return FewShotImages("glyphs", np.stack(images), tuple(names), classes)


def _style(rng: np.random.RandomState) -> dict:
    """The style that the characters of one alphabet share."""
    return {
        "strokes": rng.choice([2, 2, 3, 3, 4], size=3),
        "bend": rng.uniform(0.05, 0.45),
        "grid": rng.randint(3, 5),
        "slant": rng.normal(0, 0.12),
    }


def _strokes(style: dict, rng: np.random.RandomState) -> np.ndarray:
    """Control points of one character, [strokes, 4, 2], within [-1, 1]."""
    count = rng.choice(style["strokes"])
    grid = np.linspace(-0.8, 0.8, style["grid"])
    start = rng.choice(grid, size=(count, 2))
    end = rng.choice(grid, size=(count, 2))
    for row in range(count):
        if row and rng.rand() < 0.5:
            start[row] = end[row - 1]  # strokes often go on where the last one ended
        while np.abs(end[row] - start[row]).sum() < 0.7:
            end[row] = rng.choice(grid, size=2)
    way = end - start
    across = np.stack([-way[:, 1], way[:, 0]], axis=1)
    bends = rng.normal(0, style["bend"], size=(count, 2))
    first = start + way / 3 + across * bends[:, :1] * 2
    second = end - way / 3 + across * bends[:, 1:] * 2
    return np.stack([start, first, second, end], axis=1)


def _draw(strokes: np.ndarray, style: dict, rng: np.random.RandomState) -> np.ndarray:
    """Twenty drawings of one character, uint8 [20, 28, 28], 255 is ink."""
    n = DRAWINGS
    moved = strokes + rng.normal(0, 2 * WOBBLE, size=(n, *strokes.shape))
    angle = rng.normal(0, 0.14, size=n)
    scale = rng.uniform(0.6, 1.0, size=(n, 2))
    slant = style["slant"] + rng.normal(0, 0.10, size=n)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    frame = turn.transpose(2, 0, 1) * scale[:, None]
    frame[:, 0, 1] += slant
    shift = rng.normal(0, 0.13, size=(n, 1, 2))

    t = np.linspace(0, 1, POINTS)[:, None]
    bezier = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    path = np.einsum("pc,nscd->nspd", bezier, moved).reshape(n, -1, 2)
    path = path @ frame.transpose(0, 2, 1) + shift
    path = (path + 1.15) / 2.3 * (SIDE - 1)  # in pixels

    axis = np.arange(SIDE, dtype=np.float32)
    dx = (path[:, :, :1].astype(np.float32) - axis) ** 2  # [n, points, x]
    dy = (path[:, :, 1:].astype(np.float32) - axis) ** 2
    nearest = np.full((n, SIDE, SIDE), np.inf, np.float32)
    for point in range(path.shape[1]):
        np.minimum(nearest, dy[:, point, :, None] + dx[:, point, None, :], out=nearest)
    pen = rng.uniform(0.85, 1.15, size=(n, 1, 1)).astype(np.float32)
    return np.where(nearest < pen**2, 255, 0).astype(np.uint8)
