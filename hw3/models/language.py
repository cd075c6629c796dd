"""Language models by name, with their tokenizers: all are asked and tuned in the same way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from common.errors import KitError
from common.files import sha256
from hw3.data.vocabulary import WordTokenizer
from hw3.models.gpt import GPT

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
SIZES = {"small": {"width": 64, "layers": 2}, "large": {"width": 112, "layers": 3}}
CONTEXT = 192  # tokens of a row in pre-training: places beyond were never seen


@dataclass
class Language:
    """A model and what it needs.

    Attributes:
        model: tokens [B, T] → logits [B, T, V]; its `context` is the longest T.
        tokenizer: has `encode`, `decode`, `pad` and `end`, the token that ends an answer.
        source: where the weights are from, for the record of a run.
    """

    model: nn.Module
    tokenizer: Any
    source: str

    @property
    def context(self) -> int:
        """The longest T."""
        longest = self.model.context
        assert isinstance(longest, int)
        return longest


def make_untrained(size: str) -> GPT:
    """The kit's model of this size, as it is before pre-training."""
    return GPT(WordTokenizer().size, context=CONTEXT, **SIZES[size])


def kit_model(size: str) -> Language:
    """The kit's own pre-trained model, "small" or "large".

    Raises:
        KitError: when the weights are missing or are not those of the record.
    """
    path, record = WEIGHTS / f"language-{size}.pt", WEIGHTS / f"language-{size}.json"
    try:
        known = json.loads(record.read_text(encoding="utf-8"))["sha256"]
        if sha256(path) != known:
            raise KitError(f"{path} is not the file of {record.name}; unpack the kit again")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, KeyError, ValueError) as error:
        raise KitError(f"{path} cannot be read ({error}); unpack the kit again") from None
    model = make_untrained(size)
    model.load_state_dict(state)  # half precision on disk, single precision here
    return Language(model.eval(), WordTokenizer(), f"language-{size} of the kit")
