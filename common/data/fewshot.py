"""The default few-shot images: Omniglot where it can be had, else glyphs; says which in one line."""

from __future__ import annotations

from common.data import cards, download, glyphs, omniglot
from common.data.images import FewShotImages
from common.errors import KitError

TINY_CHARACTERS = 60


def load(data: str | None = None, tiny: bool = False) -> FewShotImages:
    """Load images for few-shot tasks.

    Args:
        data: "omniglot", "glyphs", a folder, or None for the best that can be had.
        tiny: a small set of glyphs, for trying the whole path in seconds.

    Raises:
        KitError: when what was asked for is not there.
    """
    if tiny and data is None:
        images, why = glyphs.load(TINY_CHARACTERS), "--tiny"
    elif data == "glyphs":
        images, why = glyphs.load(), "as asked"
    elif data == "omniglot":
        images, why = omniglot.load(), "as asked"
    elif data is not None:
        if omniglot.find(data) is None:
            raise KitError(f"--data {data}: no Omniglot there; expected {omniglot.PACKED}, "
                           "images_background.zip or omniglot_resized/")  # fmt: skip
        images, why = omniglot.load(data), data
    elif omniglot.find(None) is not None:
        images, why = omniglot.load(), "on disk"
    elif download.reachable(cards.load("omniglot").urls):
        images, why = omniglot.load(), "downloaded"
    else:
        images, why = glyphs.load(), "stand-in: Omniglot is neither on disk nor to be downloaded"
    counts = ", ".join(f"{len(part)} {name}" for name, part in images.classes.items())
    print(f"data: {images.source} ({why}); characters: {counts}")
    return images
