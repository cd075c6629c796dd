"""What every check uses of the kit: the marker `problem`, its id, and the stream of its inputs.

Despite the file's name this is no pytest plugin: nothing registers it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import pytest

from common.kit.seeds import Secret, Seed


def problem(
    ident: str, *, points: float = 0, after: str | None = None, random: bool = False
) -> Callable:
    """Mark a function as a check of one problem.

    Args:
        ident: the problem's id in homework.toml.
        points: what the check earns (each case of a parametrized check earns as much); 0 for
            checks of extra credit.
        after: a problem whose hole this check's calls go through; the check is not run while that
            hole is empty or cannot be imported.
        random: whether a right answer depends on how random numbers are drawn, so that outcomes
            are no fingerprint.
    """
    return pytest.mark.problem(ident, points=points, after=after, random=random)


def generator(seed: Seed, check: str) -> np.random.RandomState:
    """The check's own stream of inputs; RandomState's stream never changes between versions.

    A secret is nowhere in the stream: it is seeded with 256 bits of HMAC-SHA256(secret, check).
    """
    if isinstance(seed, Secret):
        return np.random.RandomState(seed.words(check))
    return np.random.RandomState(zlib.crc32(f"{seed}/{check}".encode()))


def check_id(item: pytest.Item) -> str:
    """`test_mann::test_forward[2-3]`: the same in every folder and on every system."""
    return f"{item.path.stem}::{item.name}"
