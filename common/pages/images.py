"""Pictures inside of a page, so that it needs no other file."""

from __future__ import annotations

import base64
from pathlib import Path

LARGEST = 20 * 2**20  # bytes of one picture
_KINDS = {
    b"\x89PNG\r\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"RIFF": "webp",
    b"<svg": "svg+xml",
    b"<?xml": "svg+xml",
}


def embed(path: Path) -> str:
    """The picture as an address that holds it.

    Raises:
        ValueError: says why it cannot be shown.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(error.strerror or "cannot be read") from None
    if len(data) > LARGEST:
        raise ValueError(f"larger than {LARGEST // 2**20} MB")
    start = data.lstrip()[:8]
    kind = next((kind for sign, kind in _KINDS.items() if start.startswith(sign)), None)
    if kind is None:
        raise ValueError("expected PNG, JPEG, GIF, WebP or SVG")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
