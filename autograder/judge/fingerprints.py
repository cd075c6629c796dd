"""A few numbers that stand for a whole output, so that thousands of outputs can be kept.

An array is multiplied with three fixed random directions; two arrays agree when their shapes, their
largest numbers and all three projections do. Projections are linear: a multiple of an output has the
same multiple of its projections, and a sum has their sum.
"""

from __future__ import annotations

import functools
import zlib
from typing import Any

import numpy as np

from autograder.judge.units import is_numeric

DIRECTIONS = 3
WIDTH = DIRECTIONS + 1  # the projections, and the largest absolute number
TOLERANCE = 3e-4  # of the largest absolute number
FLOOR = 3e-6  # absolute: what is smaller is zero
ABSENT = 1  # the mark of a unit that one run has and another one lacks


def fingerprint(leaf: Any) -> tuple[int, np.ndarray]:
    """A mark that must be equal, and numbers that must be close: [WIDTH] of float32."""
    if not is_numeric(leaf):
        return zlib.crc32(repr(leaf).encode()), np.zeros(WIDTH, np.float32)
    array = np.asarray(leaf, np.float64)
    finite = np.isfinite(array)
    mark = zlib.crc32(repr(array.shape).encode() + (b"" if finite.all() else finite.tobytes()))
    array = np.where(finite, array, 0.0)
    largest = np.abs(array).max(initial=0.0)
    with np.errstate(over="ignore"):
        numbers = [*(_directions(array.size) @ array.ravel()), largest]
        return mark, np.array(numbers, np.float32)


@functools.cache
def _directions(size: int) -> np.ndarray:
    """Unit vectors, [DIRECTIONS, size]; the same everywhere and for ever."""
    found = np.random.RandomState(size).normal(size=(DIRECTIONS, size))
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length > 0, length, 1.0)


def close(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether fingerprints [..., WIDTH] agree, apart from their marks: [...] of bool.

    The tolerance is relative to the larger of the two.
    """
    scale = np.maximum(one[..., -1:], other[..., -1:])
    room = FLOOR + TOLERANCE * scale
    room = np.concatenate([np.repeat(room, DIRECTIONS, axis=-1), 3 * room], axis=-1)
    return (np.abs(one - other) <= room).all(axis=-1)
