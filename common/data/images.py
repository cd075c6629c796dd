"""A few-shot image data set: one uint8 tensor in memory, and splits of its classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.errors import KitError


@dataclass(frozen=True)
class FewShotImages:
    """Images by class.

    Attributes:
        source: where they came from, such as "omniglot" or "glyphs".
        images: uint8 [classes, drawings, 28, 28], 255 where there is ink.
        names: a name for every class.
        classes: split → indices of its classes; no class is in two splits.
    """

    source: str
    images: np.ndarray
    names: tuple[str, ...]
    classes: dict[str, np.ndarray]

    def split(self, name: str) -> np.ndarray:
        """The images of one split, uint8 [classes of the split, drawings, 28, 28].

        Raises:
            KitError: for an unknown split.
        """
        if name not in self.classes:
            raise KitError(
                f"no split {name!r} in {self.source}; choose one of {', '.join(self.classes)}"
            )
        return self.images[self.classes[name]]


def rotations(images: np.ndarray, mirrored: bool = False) -> np.ndarray:
    """Four classes from each: as drawn, and turned by 90, 180 and 270 degrees.

    Args:
        images: uint8 [classes, drawings, side, side].
        mirrored: turn what a mirror shows as well: eight classes from each.

    Returns:
        uint8 [4 or 8 * classes, drawings, side, side]; a turned class is another class (as in Santoro
        et al. 2016, section 4.1), and so is a mirrored one. For meta-training only.
    """
    drawn = [images, images[..., ::-1]] if mirrored else [images]
    turned = [np.rot90(one, quarter, axes=(2, 3)) for one in drawn for quarter in range(4)]
    return np.ascontiguousarray(np.concatenate(turned))
