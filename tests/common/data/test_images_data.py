"""Few-shot images: every form of Omniglot gives the same, and the stand-in is the same everywhere."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from common.data import fewshot, glyphs, omniglot, source
from common.data.images import rotations
from common.errors import KitError

NAMES = [f"Alphabet{a}/character{c:02d}" for a in range(2) for c in range(1, 4)]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Six made-up characters in place of Omniglot's 1623; nothing of this machine is read."""
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"train": NAMES[3:], "val": NAMES[:1], "test": NAMES[1:3]}))
    monkeypatch.setattr(omniglot, "SPLIT_FILE", split)
    monkeypatch.setattr(source, "CACHE", tmp_path / "cache")
    monkeypatch.delenv("KIT_DATA", raising=False)
    monkeypatch.setenv("KIT_OFFLINE", "1")
    images = (np.random.RandomState(0).rand(6, 20, 28, 28) < 0.2).astype(np.uint8) * 255
    return tmp_path, dict(zip(NAMES, images))


def pngs(drawings, side=28):
    for name, images in drawings.items():
        for index, image in enumerate(images):
            stream = io.BytesIO()
            big = np.kron(255 - image, np.ones((side // 28, side // 28), np.uint8))
            Image.fromarray(big).convert("1").save(stream, "png")
            yield f"{name}/{index + 1:04d}_{index + 1:02d}.png", stream.getvalue()


def as_folder(root, drawings):
    for name, data in pngs(drawings, 112):
        path = root / "omniglot" / "omniglot_resized" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def as_zips(root, drawings):
    (root / "omniglot").mkdir()
    files = list(pngs(drawings))
    for zip_name, part in (("images_background", files[:60]), ("images_evaluation", files[60:])):
        with zipfile.ZipFile(root / "omniglot" / f"{zip_name}.zip", "w") as archive:
            for name, data in reversed(part):
                archive.writestr(f"{zip_name}/{name}", data)


def as_packed(root, drawings):
    (root / "omniglot").mkdir()
    np.savez(
        root / "omniglot" / omniglot.PACKED,
        images=255 - np.stack(list(drawings.values())),
        alphabet=np.array([n.split("/")[0] for n in drawings]),
        character=np.array([n.split("/")[1] for n in drawings]),
    )


@pytest.mark.parametrize("layout", [as_folder, as_zips, as_packed])
def test_every_layout_gives_the_same(small, layout):
    root, drawings = small
    (root / "data").mkdir()
    layout(root / "data", drawings)
    data = omniglot.load(str(root / "data"))
    assert data.images.dtype == np.uint8
    assert data.names == tuple(NAMES[3:] + NAMES[:1] + NAMES[1:3])
    for name, images in zip(data.names, data.images):
        assert (images == drawings[name]).all()
    assert [len(data.split(part)) for part in ("train", "val", "test")] == [3, 1, 2]
    if layout is not as_packed:  # the second time one file is read
        assert (omniglot.load(None).images == data.images).all()


def test_an_incomplete_data_set_is_named(small):
    root, drawings = small
    drawings.pop(NAMES[4])
    (root / "data").mkdir()
    as_packed(root / "data", drawings)
    with pytest.raises(KitError, match=f"lacks 1 of 6 characters .*{NAMES[4]}"):
        omniglot.load(str(root / "data"))


@pytest.mark.parametrize(
    "layout, file", [(as_packed, omniglot.PACKED), (as_zips, "images_evaluation.zip")]
)
def test_a_truncated_file_is_named(small, layout, file):
    root, drawings = small
    (root / "data").mkdir()
    layout(root / "data", drawings)
    path = root / "data" / "omniglot" / file
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(KitError, match=f"{file} is damaged"):
        omniglot.load(str(root / "data"))


def test_without_network_and_data_the_stand_in_is_used(small, capsys):
    data = fewshot.load()
    assert data.source == "glyphs"
    assert "stand-in" in capsys.readouterr().out
    with pytest.raises(KitError, match="--data glyphs"):
        fewshot.load("omniglot")


def test_a_folder_that_is_not_there(small, monkeypatch):
    with pytest.raises(KitError, match="no such folder"):
        fewshot.load("nowhere")
    monkeypatch.setenv("KIT_DATA", "/nowhere")
    with pytest.raises(KitError, match="KIT_DATA=/nowhere"):
        fewshot.load()


def test_a_folder_without_omniglot(small):
    root, _ = small
    with pytest.raises(KitError, match="no Omniglot there"):
        fewshot.load(str(root))


def test_the_real_split_is_a_partition():
    split = json.loads(omniglot.SPLIT_FILE.read_text())
    assert [len(split[part]) for part in ("train", "val", "test")] == [1100, 100, 423]
    assert len({name for part in split.values() for name in part}) == 1623


def test_glyphs_are_the_same_on_every_machine():
    images = glyphs.load(40).images
    # Ink may differ in a pixel where two machines round differently: the digest is of coarse sums.
    coarse = (images.reshape(40, 20, 4, 7, 4, 7) > 0).sum((1, 3, 5))
    assert (
        hashlib.sha256((coarse // 64).astype(np.uint8).tobytes()).hexdigest()[:12] == "9f48e9e33ff5"
    )


def test_glyphs_look_like_characters():
    data = glyphs.load()
    assert data.images.shape == (300, 20, 28, 28)
    assert set(np.unique(data.images)) == {0, 255}
    assert [len(data.split(part)) for part in ("train", "val", "test")] == [200, 30, 70]
    ink = (data.images > 0).mean((2, 3))
    assert ink.min() > 0.01 and ink.max() < 0.45
    flat = data.images.reshape(6000, -1)
    assert len(np.unique(flat, axis=0)) == 6000


def test_a_class_is_more_like_itself_than_like_others():
    flat = glyphs.load(60).images.reshape(60, 20, -1).astype(np.float32) / 255
    query, support = flat[:, 0], flat[:, 1:6].mean(1)
    nearest = ((query[:, None] - support) ** 2).sum(-1).argmin(1)
    assert (nearest == np.arange(60)).mean() > 0.25  # chance is 1/60


def test_rotations_are_classes_of_their_own():
    images = glyphs.load(3).images
    turned = rotations(images)
    assert turned.shape == (12, 20, 28, 28)
    assert (turned[:3] == images).all()
    assert (turned[3] == np.rot90(images[0], 1, axes=(1, 2))).all()
    mirrored = rotations(images, mirrored=True)
    assert (mirrored[:12] == turned).all()
    assert (mirrored[12:15] == images[..., ::-1]).all()
    assert len(np.unique(mirrored.reshape(24, -1), axis=0)) == 24
