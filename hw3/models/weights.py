"""The kit's own weights: a state dictionary in half precision, and a note on where it comes from."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from common.errors import KitError
from common.files import replacing, sha256, write_text

FOLDER = Path(__file__).resolve().parent.parent / "weights"


def save(model: nn.Module, path: Path, facts: dict) -> Path:
    """Write NAME.pt, and NAME.json with the facts, the number of parameters and the checksum."""
    state = {
        name: value.half() if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    }
    with replacing(path) as temporary:
        torch.save(state, temporary)
    count = sum(parameter.numel() for parameter in model.parameters())
    note = {**facts, "parameters": count, "sha256": sha256(path)}
    write_text(path.with_suffix(".json"), json.dumps(note, indent=2) + "\n")
    return path


def load(model: nn.Module, name: str, folder: Path = FOLDER) -> dict:
    """Put the kit's weights into a model; the note on them.

    Raises:
        KitError: when they are missing, damaged, or not those of the note.
    """
    path = folder / f"{name}.pt"
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        found = sha256(path)
    except (OSError, ValueError) as error:
        raise KitError(f"{path} and its .json cannot be read ({error}); fetch them again") from None
    if found != note["sha256"]:
        raise KitError(
            f"{path} has sha256 {found[:12]}…, expected {note['sha256'][:12]}…; fetch it again, or "
            f"make it with: python -m hw3.pretrain {name}"
        )
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return note
