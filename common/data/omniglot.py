"""Omniglot: 1623 characters of 50 alphabets, 20 drawings each (Lake et al. 2015, MIT licence).

Read from any form in which people have it: the packed `omniglot_28x28.npz`, the publisher's zips,
or folders `<alphabet>/<character>/*.png` of any depth and size; else downloaded from its publisher.
Drawings are reduced to 28x28 by nearest neighbour. The split of the characters is a file of the
kit, so that it is the same on every machine.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError
from rich.progress import track

from common.data import cards, download, source
from common.data.images import FewShotImages
from common.errors import KitError
from common.files import replacing
from common.options.terminal import live

SPLIT_FILE = Path(__file__).parent / "splits" / "omniglot.json"
PACKED = "omniglot_28x28.npz"
DRAWINGS, SIDE = 20, 28


def find(data: str | None) -> Path | None:
    """The packed file, a zip or a folder that holds Omniglot, or None."""
    for folder in source.folders("omniglot", data):
        for name in (
            PACKED,
            "images_background.zip",
            "omniglot_resized.zip",
            "omniglot-py",
            "omniglot_resized",
            "images_background",
        ):
            if (folder / name).exists():
                return folder / name
    return None


def load(data: str | None = None) -> FewShotImages:
    """Load Omniglot, from disk or else from the network.

    Args:
        data: a folder, or None to look in `KIT_DATA` and the kit's cache.

    Raises:
        KitError: when it is nowhere to be had, or is incomplete or damaged.
    """
    found = find(data)
    if found is None:
        found = _download()
    if found.suffix == ".npz":
        drawings = _read_packed(found)
    else:
        drawings = _read_pngs(found)
        _keep_packed(drawings)
    return _arrange(drawings, found)


def _arrange(drawings: dict[str, np.ndarray], found: Path) -> FewShotImages:
    split = json.loads(SPLIT_FILE.read_text(encoding="utf-8"))
    names = [name for part in split.values() for name in part]
    if missing := [name for name in names if name not in drawings]:
        raise KitError(
            f"{found} lacks {len(missing)} of {len(names)} characters (such as {missing[0]}); "
            "fetch it again: the download may have been cut off"
        )
    classes, start = {}, 0
    for part, members in split.items():
        classes[part] = np.arange(start, start + len(members))
        start += len(members)
    images = np.stack([drawings[name] for name in names])
    return FewShotImages("omniglot", images, tuple(names), classes)


def _read_packed(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            images = 255 - archive["images"]  # on disk 0 is ink
            names = [f"{a}/{c}" for a, c in zip(archive["alphabet"], archive["character"])]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise KitError(f"{path} is damaged ({error}); delete it and fetch it again") from None
    if images.shape[1:] != (DRAWINGS, SIDE, SIDE) or images.dtype != np.uint8:
        raise KitError(
            f"{path} holds {images.dtype} {images.shape}, expected uint8 [*, 20, 28, 28]"
        )
    return dict(zip(names, images))


def _read_pngs(path: Path) -> dict[str, np.ndarray]:
    """Read all drawings below a folder or in the zips beside the named one, by character."""
    drawings: dict[str, list[tuple[str, np.ndarray]]] = {}
    for name, content in track(
        _files(path), "reading Omniglot", total=32460, transient=True, disable=not live()
    ):
        character = "/".join(name.parts[-3:-1])
        try:
            picture = (
                Image.open(io.BytesIO(content))
                .convert("L")
                .resize((SIDE, SIDE), Image.Resampling.NEAREST)
            )
        except (UnidentifiedImageError, OSError) as error:
            raise KitError(f"{path}: {name} is damaged ({error}); fetch it again") from None
        drawings.setdefault(character, []).append((name.name, 255 - np.asarray(picture)))
    whole = {}
    for character, members in drawings.items():
        if len(members) != DRAWINGS:
            raise KitError(
                f"{path}: {character} has {len(members)} drawings, expected {DRAWINGS}; "
                "fetch it again: the download may have been cut off"
            )
        whole[character] = np.stack([image for _, image in sorted(members, key=lambda m: m[0])])
    return whole


def _files(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    if path.suffix == ".zip":
        archives = [path, path.with_name("images_evaluation.zip")]
        for archive in archives if path.stem == "images_background" else [path]:
            if not archive.is_file():
                raise KitError(f"{path} is here, but {archive.name} is not; both are needed")
            try:
                with zipfile.ZipFile(archive) as files:
                    for name in files.namelist():
                        if name.endswith(".png"):
                            yield PurePosixPath(name), files.read(name)
            except (zipfile.BadZipFile, OSError, EOFError) as error:
                raise KitError(f"{archive} is damaged ({error}); fetch it again") from None
        return
    folder = path.parent if path.name == "images_background" else path
    for file in folder.rglob("*.png"):
        yield PurePosixPath(file.as_posix()), file.read_bytes()


def _keep_packed(drawings: dict[str, np.ndarray]) -> None:
    """Next time one file is read instead of 32,460."""
    names = sorted(drawings)
    with replacing(source.CACHE / "omniglot" / PACKED) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            images=255 - np.stack([drawings[name] for name in names]),
            alphabet=np.array([name.split("/")[0] for name in names]),
            character=np.array([name.split("/")[1] for name in names]),
        )


def _download() -> Path:
    card, root = cards.load("omniglot"), source.CACHE / "omniglot"
    if not download.reachable(card.urls):
        raise KitError(
            "Omniglot is not on disk and cannot be downloaded; name its folder with --data DIR, "
            "or use the stand-in: --data glyphs"
        )
    fetched = [download.fetch(f.urls, root / f.name, f.checksums[0]) for f in card.files]
    return fetched[0]
