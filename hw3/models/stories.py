"""A real story model of 260,032 parameters (Karpathy's tinyllamas, trained on TinyStories).

A decoder of Llama's kind: RMSNorm, rotary positions, gated perceptron, fewer keys than queries. Its
weights are not part of the kit; they are read from a folder `weights` under `--data`, `KIT_DATA` or the
kit's data folder, where `python -m common.data fetch weights` puts the author's files.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from common.data import cards
from common.data.source import folders
from common.errors import KitError
from hw3.models import llama2c
from hw3.models.gpt import rotary, rotate
from hw3.models.language import Language

WEIGHTS, PIECES = "stories260K.pt", "stories260K_tokenizer.json"
PUBLISHED = "stories260K.bin", "tok512.bin"  # the same, as their author has them
BYTES = 3  # the number of the token of byte 0


class StoryTokenizer:
    """Pieces of words: begins with characters, then joins the pair whose piece scores best.

    Args:
        known: "tokens", the pieces, their "scores", and "bos_id", the number that begins a text.
    """

    def __init__(self, known: dict) -> None:
        self.pieces, self.scores = known["tokens"], known["scores"]
        self.begin, self.pad = known["bos_id"], 0
        self._number = {piece: number for number, piece in enumerate(self.pieces)}
        self.end = self._number["."]
        self._known: dict[str, list[int]] = {}
        self.size = len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's pieces, after the token that begins a text.

        No piece goes across a space, so that each word can be looked at by itself.
        """
        words = text.replace(" ", "\0 ").split("\0") if text else []
        if words:
            words[0] = f" {words[0]}"
        return [self.begin, *(number for word in words for number in self._word(word))]

    def _word(self, word: str) -> list[int]:
        """The numbers of a word's pieces, kept for the next time."""
        if word not in self._known:
            self._known[word] = self._joined(word)
        return self._known[word]

    def _joined(self, word: str) -> list[int]:
        found: list[int] = []
        for character in word:
            if character in self._number:
                found.append(self._number[character])
            else:
                found += [byte + BYTES for byte in character.encode()]
        while True:
            pairs = [self.pieces[a] + self.pieces[b] for a, b in itertools.pairwise(found)]
            ranked = [
                (self.scores[self._number[pair]], -place)
                for place, pair in enumerate(pairs)
                if pair in self._number
            ]
            if not ranked:
                return found
            place = -max(ranked)[1]
            found[place : place + 2] = [self._number[pairs[place]]]

    def continuation(self, text: str) -> list[int]:
        """The numbers of a text that goes on after another and a space."""
        return self.encode(text)[1:]

    def decode(self, numbers: list[int]) -> str:
        """The text of some numbers."""
        pieces = (self.pieces[number] for number in numbers)
        text = (chr(int(p[3:5], 16)) if p.startswith("<0x") else p for p in pieces)
        return "".join(text).strip()


class RMSNorm(nn.Module):
    """Divides by the root of the mean square."""

    def __init__(self, width: int, least: float) -> None:
        super().__init__()
        self.weight, self.least = nn.Parameter(torch.ones(width)), least

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.least) * self.weight


class StoryBlock(nn.Module):
    """Attention in which several queries share a key, and a gated perceptron."""

    def __init__(self, size: dict) -> None:
        super().__init__()
        width, hidden = size["dim"], size["hidden_dim"]
        self.heads, self.key_heads = size["n_heads"], size["n_kv_heads"]
        keys = width * self.key_heads // self.heads
        self.attention_norm = RMSNorm(width, size["norm_eps"])
        self.ffn_norm = RMSNorm(width, size["norm_eps"])
        self.attention = nn.ModuleDict(
            {
                "wq": nn.Linear(width, width, bias=False),
                "wk": nn.Linear(width, keys, bias=False),
                "wv": nn.Linear(width, keys, bias=False),
                "wo": nn.Linear(width, width, bias=False),
            }
        )
        self.feed_forward = nn.ModuleDict(
            {
                "w1": nn.Linear(width, hidden, bias=False),
                "w2": nn.Linear(hidden, width, bias=False),
                "w3": nn.Linear(width, hidden, bias=False),
            }
        )

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        """[B, T, width] to the same."""
        x = x + self._attend(self.attention_norm(x), cos, sin)
        y, part = self.ffn_norm(x), self.feed_forward
        return x + part["w2"](F.silu(part["w1"](y)) * part["w3"](y))

    def _attend(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape

        def heads(name: str, count: int) -> torch.Tensor:
            return self.attention[name](x).view(batch, length, count, -1).transpose(1, 2)

        query = rotate(heads("wq", self.heads), cos, sin)
        key = rotate(heads("wk", self.key_heads), cos, sin)
        shared = self.heads // self.key_heads
        key, value = (
            y.repeat_interleave(shared, dim=1) for y in (key, heads("wv", self.key_heads))
        )
        y = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.attention["wo"](y.transpose(1, 2).reshape(batch, length, width))


class StoryModel(nn.Module):
    """tokens [B, T] → logits [B, T, V] of the next token.

    Args:
        size: as the weights' file gives it under "model_args".
    """

    cos: torch.Tensor
    sin: torch.Tensor

    def __init__(self, size: dict) -> None:
        super().__init__()
        self.context = size["max_seq_len"]
        self.tok_embeddings = nn.Embedding(size["vocab_size"], size["dim"])
        self.layers = nn.ModuleList(StoryBlock(size) for _ in range(size["n_layers"]))
        self.norm = RMSNorm(size["dim"], size["norm_eps"])
        cos, sin = rotary(self.context, size["dim"] // size["n_heads"])
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    @property
    def blocks(self) -> nn.ModuleList:
        """The layers, by the name that the kit's own models have for them."""
        return self.layers

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits at each place."""
        x, length = self.tok_embeddings(tokens), tokens.shape[1]
        for layer in self.layers:
            x = layer(x, self.cos[:length], self.sin[:length])
        return self.norm(x) @ self.tok_embeddings.weight.T


def story_model(data: str | None = None) -> Language:
    """The story model, from the folder of real weights.

    Raises:
        KitError: when it is not on disk, or is another file.
    """
    for folder in folders("weights", data):
        for names in ((WEIGHTS, PIECES), PUBLISHED):
            if all((folder / name).is_file() for name in names):
                state, known = _read(*(folder / name for name in names))
                model = StoryModel(state["model_args"])
                model.load_state_dict(state["model"])
                return Language(model.eval(), StoryTokenizer(known), "stories260K")
    raise KitError(
        f"{' and '.join(PUBLISHED)} are not on disk: python -m common.data fetch weights, or put them "
        "into a folder `weights` and name the folder above it with --data DIR or KIT_DATA"
    )


def _read(weights: Path, pieces: Path) -> tuple[dict, dict]:
    """Return the state of the model and what the tokenizer knows, from either form of the files."""
    card = cards.load("weights")
    for path in (weights, pieces):
        if not card.file(path.name).is_known(path):
            raise KitError(f"{path} is another file than the kit knows; fetch it again")
    if weights.name == WEIGHTS:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        return state, json.loads(pieces.read_text(encoding="utf-8"))
    return llama2c.state_of(weights.read_bytes()), llama2c.pieces_of(pieces.read_bytes())
