"""The story model's files as their author publishes them (llama2.c) → state dictionary and pieces."""

from __future__ import annotations

import struct

import torch

HEADER = struct.Struct("<7i")
NAMES = ("dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "max_seq_len")
NORM_EPS = 1e-5


def state_of(content: bytes) -> dict:
    """Return {"model": state dictionary, "model_args": sizes} of a weights file.

    After a header of seven integers come float32 numbers: the embedding, then each kind of tensor for all
    layers, the last norm, and tables of rotary positions, which the model computes by itself.

    Raises:
        ValueError: when the file is not as long as its header says.
    """
    size = dict(zip(NAMES, HEADER.unpack_from(content)))
    width, hidden, vocabulary = size["dim"], size["hidden_dim"], size["vocab_size"]
    keys = width * size["n_kv_heads"] // size["n_heads"]
    shapes = {
        "attention_norm": (width,),
        "attention.wq": (width, width),
        "attention.wk": (keys, width),
        "attention.wv": (keys, width),
        "attention.wo": (width, width),
        "ffn_norm": (width,),
        "feed_forward.w1": (hidden, width),
        "feed_forward.w2": (width, hidden),
        "feed_forward.w3": (hidden, width),
    }
    order: list[tuple[str, tuple[int, ...]]] = [("tok_embeddings", (vocabulary, width))]
    order += [
        (f"layers.{n}.{name}", s) for name, s in shapes.items() for n in range(size["n_layers"])
    ]
    order.append(("norm", (width,)))
    numbers = torch.frombuffer(bytearray(content[HEADER.size :]), dtype=torch.float32)
    counts = [torch.Size(shape).numel() for _, shape in order]
    tables = size["max_seq_len"] * width // size["n_heads"]
    if len(numbers) != sum(counts) + tables:
        raise ValueError(f"{len(numbers)} numbers, expected {sum(counts) + tables}")
    parts = numbers[: sum(counts)].split(counts)
    model = {f"{name}.weight": part.reshape(shape) for (name, shape), part in zip(order, parts)}
    return {"model": model, "model_args": size | {"norm_eps": NORM_EPS}}


def pieces_of(content: bytes) -> dict:
    """Return the pieces of a tokenizer file, and their scores, in the order of their numbers."""
    found: dict = {"tokens": [], "scores": [], "bos_id": 1}
    place = 4  # after the length of the longest piece
    while place < len(content):
        score, length = struct.unpack_from("<fi", content, place)
        place += 8 + length
        found["tokens"].append(content[place - length : place].decode("utf-8"))
        found["scores"].append(score)
    return found
