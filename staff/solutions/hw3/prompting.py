# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 4, second half: ask a language model, with examples in the prompt; and problem X."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

# how an example stands in a prompt; "own" is yours
STYLES = {
    "plain": "{text} : {answer} .",
    "question": "question {text} answer : {answer} .",
    "summary": "{text} summary : {answer} .",
}


def greedy_decode(
    model: Callable[[torch.Tensor], torch.Tensor],
    prompt: list[int],
    max_new_tokens: int,
    eos_id: int,
    context_length: int,
) -> list[int]:
    """Return the most likely continuation of a prompt, chosen one token at a time.

    It ends when the model chooses `eos_id`, or after `max_new_tokens` tokens. The model never reads
    more than `context_length` tokens: of a longer sequence it reads the last ones. No gradients are
    computed.

    Args:
        model: tokens [1, T] → logits [1, T, V]; those at place t are about the token at t + 1.
        prompt: token numbers, at least one; the list is the caller's.
        max_new_tokens: the largest number of new tokens.
        eos_id: the token that ends an answer.
        context_length: the largest T that the model can read.

    Returns:
        The new tokens, without the prompt and without `eos_id`.
    """
    ### BEGIN SOLUTION 4c (about 8 lines): read, choose the next token, stop or go on
    answer: list[int] = []
    for _ in range(max_new_tokens):
        window = torch.tensor([[*prompt, *answer][-context_length:]])
        with torch.no_grad():
            chosen = int(model(window)[0, -1].argmax())
        if chosen == eos_id:
            break
        answer.append(chosen)
    return answer
    ### END SOLUTION


def in_context_prompt(
    supports: list[tuple[str, str]], query: str, style: str, rng: np.random.Generator
) -> str:
    """Return a prompt that shows the supports, in a new random order, and then asks for the query.

    Every support is written as in `STYLES[style]`, joined by one space. The query comes last, in
    the same style, cut off where its answer would begin, without a space at the end. You make up
    the style "own": it differs from all three, has the text before the answer, and joins supports
    and query as they do.

    Args:
        supports: pairs (text, answer), maybe none; the list is the caller's.
        query: the text to be answered.
        style: a key of STYLES, or "own".
        rng: draws the order; every order is as likely as any other.
    """
    ### BEGIN SOLUTION 4d (about 6 lines): choose the form, shuffle, write the supports and the query
    form = STYLES.get(style, "input {text} output : {answer} .")
    shown = [supports[place] for place in rng.permutation(len(supports))]
    parts = [form.format(text=text, answer=answer) for text, answer in shown]
    cue = form[: form.index("{answer}")].rstrip()
    return " ".join([*parts, cue.format(text=query)])
    ### END SOLUTION


def order_entropies(probabilities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how evenly a model answers under each order of the supports (Lu et al. 2022).

    GlobalE is the entropy of the shares in which the labels are chosen over all probes; a probe
    chooses its most probable label. LocalE is the mean over the probes of the entropy of their
    probabilities. Both in nats; nothing is added for a probability of zero. No true label is used.

    Args:
        probabilities: [orders, probes, labels], summing to one over the labels.

    Returns:
        GlobalE [orders] and LocalE [orders].
    """

    ### BEGIN SOLUTION X (about 6 lines): shares of the chosen labels, then two entropies
    def entropy(p: torch.Tensor) -> torch.Tensor:
        return torch.special.entr(p).sum(-1)

    labels = probabilities.shape[-1]
    chosen = torch.nn.functional.one_hot(probabilities.argmax(-1), labels)
    shares = chosen.to(probabilities.dtype).mean(1)
    return entropy(shares), entropy(probabilities).mean(-1)
    ### END SOLUTION
