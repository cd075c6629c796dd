"""The places that a data set comes from: `--data`, `KIT_DATA`, the kit's cache, the network, or a stand-in."""

from __future__ import annotations

import os
from pathlib import Path

from common.errors import KitError
from common.homework import ROOT

CACHE = ROOT / "data"  # in the kit's own folder, ignored by git


def folders(name: str, data: str | None) -> list[Path]:
    """Folders that may hold the data set, the one that was named first.

    Args:
        name: the data set's folder, such as "omniglot".
        data: what `--data` said: a folder (which holds `name`, or is it), or None.

    Raises:
        KitError: when `--data` or `KIT_DATA` names a folder that is not there.
    """
    if data is not None:
        root = Path(data).expanduser()
        if not root.is_dir():
            raise KitError(f"--data {data}: there is no such folder or source")
        return [root / name, root]
    found = []
    if kit_data := os.environ.get("KIT_DATA"):
        root = Path(kit_data).expanduser()
        if not root.is_dir():
            raise KitError(f"KIT_DATA={kit_data}: there is no such folder; correct it or unset it")
        found.append(root / name)
    return [*found, CACHE / name]


def offline() -> bool:
    """Whether the network may not be used (KIT_OFFLINE=1)."""
    return os.environ.get("KIT_OFFLINE", "") not in ("", "0")
