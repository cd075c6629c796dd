"""The default few-shot images: Omniglot where it can be had, else glyphs; says which in one line."""

from __future__ import annotations

from common.data import glyphs, omniglot
from common.data.best import Choice, best
from common.data.images import FewShotImages

TINY_CHARACTERS = 60


def load(data: str | None = None, tiny: bool = False) -> FewShotImages:
    """Load images for few-shot tasks.

    Args:
        data: "omniglot", "glyphs", a folder, or None for the best that can be had.
        tiny: a small set of glyphs, for trying the whole path in seconds.

    Raises:
        KitError: when what was asked for is not there.
    """
    choice = Choice(
        "omniglot",
        "Omniglot",
        f"{omniglot.PACKED}, images_background.zip or omniglot_resized/",
        omniglot.find,
        omniglot.load,
        "glyphs",
        glyphs.load,
        lambda: glyphs.load(TINY_CHARACTERS),
    )
    images, why = best(choice, data, tiny)
    counts = ", ".join(f"{len(part)} {name}" for name, part in images.classes.items())
    print(f"data: {images.source} ({why}); characters: {counts}")
    return images
