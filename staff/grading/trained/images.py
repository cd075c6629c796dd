"""Few-shot images for fresh tasks, read once a process."""

from __future__ import annotations

import functools

import numpy as np

from common.data import glyphs, omniglot
from common.data.images import FewShotImages
from common.errors import KitError
from common.kit.seeds import Secret, Seed
from staff.grading.trained.outcome import NotHere, Unusable

FRESH = 100  # characters: five alphabets


def are_fresh(source: str, seed: Seed) -> bool:
    """Whether the characters of the test are drawn anew, for one submission."""
    return source == "glyphs" and isinstance(seed, Secret)


def pool(source: str, part: str, seed: Seed) -> np.ndarray:
    """The images that fresh tasks are drawn from, uint8 [classes, 20, 28, 28].

    A secret seed has glyphs of its own for the test: those of the kit could be looked up. They are as
    hard, but for the spread that `hwN.spread` states.

    Raises:
        NotHere: when this machine does not hold the data set.
    """
    if part == "test" and isinstance(seed, Secret) and are_fresh(source, seed):
        return _fresh_glyphs(seed)
    return split(source, part)


@functools.lru_cache(1)
def _fresh_glyphs(seed: Secret) -> np.ndarray:
    return glyphs.load(FRESH, seed.words("glyphs")).images


@functools.cache
def split(source: str, part: str) -> np.ndarray:
    """The images of one split, uint8 [classes, 20, 28, 28].

    Raises:
        NotHere: when this machine does not hold the data set.
    """
    return load_test_images(source).split(part)


@functools.cache
def load_test_images(source: str) -> FewShotImages:
    """Return a data set by its name."""
    if source == "glyphs":
        return glyphs.load()
    if source != "omniglot":
        raise Unusable(f"there are no fresh tasks of {source!r}")
    try:
        if omniglot.find(None) is None:
            raise NotHere(
                "omniglot is not on this machine: set KIT_DATA to the folder that holds "
                "it, and grade again"
            )
        return omniglot.load()
    except KitError as error:
        raise NotHere(str(error)) from None
