"""Receipts of runs: what a run was and the checksums of what it wrote, beside it in receipt.json.

A receipt is no proof: whoever can edit a run can make its receipt again. It shows files that were
exchanged by mistake, numbers that were edited by hand, and one run that was handed in twice.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from common.files import sha256, write_text
from common.kit.version import kit_version
from common.training.state import FILES

RECEIPT = "receipt.json"
AT_THE_END, WHEN_PACKED = "run", "submit"  # who made a receipt


def receipt(folder: Path, by: str, unwritten: dict[str, str] | None = None) -> dict[str, Any]:
    """The receipt of the run in a folder.

    Args:
        by: who makes it: the run itself at its end, or `submit` for a run that has none.
        unwritten: name → text of files that are written after the receipt.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    files = {name: sha256(folder / name) for name in FILES if (folder / name).is_file()}
    for name, text in (unwritten or {}).items():
        files[name] = hashlib.sha256(text.encode()).hexdigest()
    return {
        "run": secrets.token_hex(16),
        "by": by,
        "seed": config.get("seed"),
        "source": config.get("data"),
        "kit": kit_version(),
        "files": files,
    }


def write(folder: Path, by: str, unwritten: dict[str, str] | None = None) -> None:
    """Write the receipt of a run beside it."""
    write_text(folder / RECEIPT, as_text(receipt(folder, by, unwritten)))


def as_text(made: dict[str, Any]) -> str:
    """Return the text of receipt.json."""
    return json.dumps(made, indent=2) + "\n"
