"""Functions that the experiments with language share: ask a model, or tune a copy of it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from common.errors import KitError
from hw3.accumulation import accumulated_step
from hw3.blocks import freeze, parameters_to_tune
from hw3.data.tasks import Pair
from hw3.lora import add_lora
from hw3.models.language import Language
from hw3.prompting import greedy_decode, in_context_prompt
from hw3.tokens import make_batch, token_loss

ROWS = 32  # read at once
PART = 16  # rows whose graph is in memory at once


_told: set[str] = set()  # models of which it was said that they cannot read all


def fit_to_context(language: Language, prompts: list[str], more: int = 0) -> list[list[int]]:
    """Return the tokens of each prompt, the last ones where the model cannot read all.

    What is cut is said once for each model, with how much is kept.

    Args:
        more: tokens that will follow each prompt.
    """
    rows = [language.tokenizer.encode(prompt) for prompt in prompts]
    room = language.context - more
    cut = [len(row) for row in rows if len(row) > room]
    if cut and language.source not in _told:
        _told.add(language.source)
        print(
            f"note: {language.source} has room for {room} tokens; {len(cut)} of {len(rows)} prompts "
            f"have up to {max(cut)}, and of each only the last {room} are kept"
        )
    return [row[-room:] for row in rows]


def numbers_of(language: Language, names: list[str]) -> list[int]:
    """The first token of each label.

    Raises:
        KitError: when two labels begin with the same token.
    """
    found = [language.tokenizer.continuation(name)[0] for name in names]
    if len(set(found)) < len(found):
        raise KitError(f"two of the labels {', '.join(names)} begin with one token; rename one")
    return found


@torch.no_grad()
def label_probabilities(language: Language, prompts: list[str], names: list[str]) -> torch.Tensor:
    """Return the probability of each label after each prompt, among the labels alone [prompts, labels]."""
    tokenizer, labels = language.tokenizer, numbers_of(language, names)
    tokens = fit_to_context(language, prompts)
    found = []
    for start in range(0, len(tokens), ROWS):
        rows = tokens[start : start + ROWS]
        longest = max(len(row) for row in rows)
        padded = [row + [tokenizer.pad] * (longest - len(row)) for row in rows]
        last = torch.tensor([len(row) - 1 for row in rows])
        logits = language.model(torch.tensor(padded))[torch.arange(len(rows)), last]
        found.append(logits[:, labels].softmax(-1))
    return torch.cat(found)


def prompts_for(supports: list[Pair], queries: list[Pair], style: str, order: int) -> list[str]:
    """A prompt for each query, all with the supports in the one order that this seed gives."""
    return [
        in_context_prompt(supports, text, style, np.random.default_rng(order))
        for text, _ in queries
    ]


def share_right(
    language: Language,
    supports: list[Pair],
    queries: list[Pair],
    names: list[str],
    style: str,
    order: int,
) -> float:
    """The share of queries whose most probable label is right, each asked after all supports.

    Args:
        order: seed of the supports' order, which is the same for every query.
    """
    prompts = prompts_for(supports, queries, style, order)
    chosen = label_probabilities(language, prompts, names).argmax(-1).tolist()
    return float(np.mean([names[c] == answer for c, (_, answer) in zip(chosen, queries)]))


def fine_tune(
    language: Language,
    examples: list[Pair],
    mode: str,
    style: str,
    steps: int,
    rate: float,
    seed: int,
    rows: int = ROWS,
    after_step: Callable[[float, Language], None] | None = None,
) -> Language:
    """A copy that was tuned on examples, each in a prompt of its own.

    Args:
        mode: as in `parameters_to_tune`; with "lora3", LoRA of rank 3 is added to all layers.
        steps: of Adam.
        rate: the learning rate, after a warm-up of a tenth of the steps.
        seed: of LoRA's matrices and of the order of the examples.
        rows: examples of a step, at most.
        after_step: called with the loss of each step and the copy as it is then.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = copy.deepcopy(language.model)
    if mode.startswith("lora"):
        add_lora(model, int(mode.removeprefix("lora")))
    parameters = parameters_to_tune(model, mode)
    freeze(model, parameters)
    optimizer = torch.optim.Adam(parameters, lr=rate)
    tokenizer = language.tokenizer
    answers = [tokenizer.continuation(answer) for _, answer in examples]
    texts = [in_context_prompt([], text, style, rng) for text, _ in examples]
    prompts = fit_to_context(language, texts, max(map(len, answers)) + 1)
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, 10 * (step + 1) / steps)
        drawn = rng.permutation(len(examples))[:rows]
        parts = []
        for start in range(0, len(drawn), PART):
            some = drawn[start : start + PART]
            parts.append(
                make_batch(
                    [prompts[row] for row in some],
                    [answers[row] for row in some],
                    tokenizer.pad,
                    tokenizer.end,
                    language.context,
                )[:2]
            )
        loss = accumulated_step(model, parts, optimizer, lambda logits, y: token_loss(logits, y)[0])
        if after_step is not None:
            after_step(loss, Language(model.eval(), tokenizer, language.source))
            model.train()
    return Language(model.eval(), tokenizer, language.source)


def generate_text(language: Language, prompt: str, most: int = 12) -> str:
    """Return the text that a model writes after a prompt."""
    tokenizer, (numbers,) = language.tokenizer, fit_to_context(language, [prompt], most)
    tokens = greedy_decode(language.model, numbers, most, tokenizer.end, language.context)
    return tokenizer.decode(tokens)


def tuned_share(model: nn.Module, mode: str) -> float:
    """The share of a model's parameters that a mode tunes; LoRA's own are not counted below."""
    changed = copy.deepcopy(model)
    whole = sum(p.numel() for p in model.parameters())
    if mode.startswith("lora"):
        add_lora(changed, int(mode.removeprefix("lora")))
    return sum(p.numel() for p in parameters_to_tune(changed, mode)) / whole
