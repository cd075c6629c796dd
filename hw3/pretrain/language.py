"""How the kit's two language models were trained: `python -m hw3.pretrain language --size small`."""

from __future__ import annotations

import io
import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from common import plots
from common.files import replacing, sha256, write_text
from common.training.runs import RunFolder
from common.training.trainer import Trainer, warm_up_then_cosine
from hw3.data.documents import SHARES, row
from hw3.data.vocabulary import WordTokenizer
from hw3.models.language import CONTEXT, SIZES, make_untrained

STEPS = {"small": 6000, "large": 4000}
RATES = {"small": 3e-3, "large": 2e-3}
ROWS = 16
WARM_UP = 100
OTHER_WORDS = 0.1  # how much a word counts that is no answer
VALIDATION = 1000  # seed


def batch(
    rng: np.random.Generator, tokenizer: WordTokenizer, kinds: list[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of these kinds: tokens [B, CONTEXT + 1], and which belong to answers."""
    made = [row(rng, tokenizer, kind, CONTEXT + 1) for kind in kinds]
    tokens, answers = zip(*made)
    return torch.tensor(tokens), torch.tensor(answers)


def losses(
    model: nn.Module, tokens: torch.Tensor, answers: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean surprise of the words of answers, and of all others."""
    following, wanted = tokens[:, 1:].flatten(), answers[:, 1:].flatten()
    surprise = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), following, reduction="none")
    return surprise[wanted].mean(), surprise[~wanted].mean()


def run(chosen: Namespace, folder: Path) -> None:
    """Train one size; keep the weights in half precision, with their record, in the run folder."""
    size = chosen.size
    steps = chosen.steps or (20 if chosen.tiny else STEPS[size])
    config = {
        "homework": "hw3",
        "experiment": f"pretrain-language-{size}",
        "data": "generated",
        "seed": chosen.seed,
        "tiny": chosen.tiny,
        "steps": steps,
        "rows": ROWS,
        "length": CONTEXT,
        "lr": RATES[size],
        "other_words": OTHER_WORDS,
        **SIZES[size],
    }
    record, tokenizer = RunFolder(folder, config, chosen.resume), WordTokenizer()
    torch.manual_seed(chosen.seed)
    model, rng = make_untrained(size), np.random.default_rng(chosen.seed)
    kinds, shares = [*SHARES], [*SHARES.values()]
    held_out = {
        kind: batch(np.random.default_rng(VALIDATION), tokenizer, [kind] * ROWS) for kind in kinds
    }

    def loss_of() -> tuple[torch.Tensor, dict[str, float]]:
        drawn = [kinds[index] for index in rng.choice(len(kinds), ROWS, p=shares)]
        answers, others = losses(model, *batch(rng, tokenizer, drawn))
        return answers + OTHER_WORDS * others, {"answers": answers.item()}

    @torch.no_grad()
    def evaluate() -> dict[str, float]:
        return {kind: losses(model, *rows)[0].item() for kind, rows in held_out.items()}

    optimizer = torch.optim.AdamW(
        model.parameters(), lr=RATES[size], betas=(0.9, 0.98), weight_decay=0.01
    )
    schedule = warm_up_then_cosine(optimizer, WARM_UP, steps)
    trainer = Trainer(record, model, optimizer, rng, steps, max(1, steps // 40), schedule, clip=1.0)
    rows = trainer.fit(loss_of, evaluate)
    plots.curves({size: rows}, kinds, record.path / "curves.png")
    keep(model, record, rows[-1])


def keep(model: nn.Module, record: RunFolder, figures: dict[str, float]) -> Path:
    """Write language-SIZE.pt and language-SIZE.json into the run folder."""
    name = record.config["experiment"].removeprefix("pretrain-")
    path = record.path / f"{name}.pt"
    half = {key: value.half() for key, value in model.state_dict().items()}
    packed = io.BytesIO()  # the name of a file would become part of what is written
    torch.save(half, packed)
    with replacing(path) as temporary:
        temporary.write_bytes(packed.getvalue())
    told = {
        "recipe": f"python -m hw3.pretrain language --size {name.removeprefix('language-')} "
        f"--seed {record.config['seed']}",
        "seed": record.config["seed"],
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "held_out_loss_of_answers": {k: round(figures[k], 4) for k in SHARES},
        "seconds": round(record.seconds),
    }
    write_text(path.with_suffix(".json"), json.dumps(told, indent=2) + "\n")
    print(f"weights: {path} ({path.stat().st_size / 1e6:.2f} MB)")
    return path
