"""Models of the `transformers` package, when it is installed: asked and tuned like the kit's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from common.errors import KitError
from hw3.models.language import Language

NAMES = {"gpt2": "gpt2", "bert-tiny": "prajjwal1/bert-tiny"}


class Decoder(nn.Module):
    """A causal language model of `transformers`, as tokens [B, T] → logits [B, T, V].

    Args:
        model: with `config`; a model of BERT's kind is a decoder when its configuration says so.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.context = model.config.max_position_embeddings

    @property
    def blocks(self) -> nn.ModuleList:
        """The layers, by the name that the kit's own models have for them."""
        return next(part for part in self.model.modules() if isinstance(part, nn.ModuleList))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of the token after each place. Padding on the right needs no mask."""
        return self.model(input_ids=tokens).logits


class HubTokenizer:
    """A tokenizer of `transformers` behind the kit's interface."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.end = self._numbers(".")[-1]
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.end
        self.size = len(tokenizer)

    def _numbers(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text."""
        return self._numbers(text)

    def continuation(self, text: str) -> list[int]:
        """The numbers of a text that goes on after another and a space."""
        return self._numbers(f" {text}")

    def decode(self, numbers: list[int]) -> str:
        """The text of some numbers."""
        return self._tokenizer.decode(numbers).strip()


def hub_model(name: str) -> Language:
    """A pre-trained model by its short name, downloaded by `transformers` when it is not on disk.

    Raises:
        KitError: when the package is not installed, or the model is not available.
    """
    try:
        from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    except ImportError:
        raise KitError(
            f"--model {name} needs the package transformers: pip install transformers"
        ) from None
    try:
        config = AutoConfig.from_pretrained(NAMES[name])
        config.is_decoder = True
        model = AutoModelForCausalLM.from_pretrained(NAMES[name], config=config)
        tokenizer = HubTokenizer(AutoTokenizer.from_pretrained(NAMES[name]))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:120]
        raise KitError(f"{name} cannot be loaded ({reason}); is there a network?") from None
    return Language(Decoder(model).eval(), tokenizer, f"transformers, {NAMES[name]}")
