"""Two small sets of real photographs: clothes, and hands that sign a digit; ten classes each."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from common.data import source
from common.errors import KitError

FILES = {"clothes": "clothing64_10x40.npz", "signs": "sign_digits100.zip"}
EACH = 40  # photographs of each class


def find(name: str, data: str | None = None) -> Path | None:
    """The file of a set, "clothes" or "signs", in a folder images/; None when it is not on disk."""
    folders = source.folders("images", data)
    return next((f / FILES[name] for f in folders if (f / FILES[name]).is_file()), None)


def load(name: str, path: Path, side: int, each: int = EACH) -> np.ndarray:
    """The photographs of a set.

    Args:
        name: "clothes" or "signs".
        path: its file.
        side: to what they are scaled, in pixels.
        each: of each class, the first in the file's order.

    Returns:
        uint8 [10, each, side, side, 3].

    Raises:
        KitError: when the file is damaged.
    """
    try:
        return {"clothes": _clothes, "signs": _signs}[name](path, side, each)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise KitError(f"{path} is damaged ({error}); fetch it again") from None


def _clothes(path: Path, side: int, each: int) -> np.ndarray:
    with np.load(path, allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    pictures = [
        np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BILINEAR))
        for one in images
    ]
    scaled = np.stack(pictures)
    return np.stack([scaled[labels == name][:each] for name in range(labels.max() + 1)])


def _signs(path: Path, side: int, each: int) -> np.ndarray:
    classes: dict[str, list[np.ndarray]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
            members = classes.setdefault(name.split("/")[-2], [])
            if len(members) < each:
                picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
                members.append(np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR)))
    return np.stack([np.stack(classes[name]) for name in sorted(classes)])
