# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 4, first half: what a language model is trained on, and how well it did.

A language model reads tokens x_0, …, x_{T−1}; its logits at place t are about the token at place
t + 1. `labels` has the shape of the tokens and holds, at each place, the token that stands there if
it is to be predicted, and -100 if it is not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

IGNORED = -100  # the label of a token that is not to be predicted


def token_loss(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy and accuracy of next-token prediction, over the tokens to be predicted.

    Both are means over all tokens of the batch that are to be predicted: each token has the same
    weight, whatever sequence it is in. Nothing comes before the first token, so it cannot be
    predicted, whatever its label is.

    Args:
        logits: [B, T, V]; those at place t are about the token at place t + 1.
        labels: int64 [B, T]; the tokens to be predicted at their own places, IGNORED elsewhere.

    Returns:
        The loss, a scalar to minimise; the accuracy, the share of tokens with the largest logit.
    """
    ### BEGIN SOLUTION 4a (about 5 lines): align the two, keep what counts, average over tokens
    wanted = labels[:, 1:]
    kept = wanted != IGNORED
    chosen, wanted = logits[:, :-1][kept], wanted[kept]
    accuracy = (chosen.argmax(-1) == wanted).float().mean()
    return F.cross_entropy(chosen, wanted), accuracy
    ### END SOLUTION


def make_batch(
    prompts: list[list[int]],
    answers: list[list[int]],
    pad_id: int,
    eos_id: int,
    context_length: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Put prompts and answers into one batch, in which only the answers are to be predicted.

    A row is the prompt, the answer and the token `eos_id`, then padding up to the longest row. A
    row that would be longer than `context_length` loses the beginning of its prompt; answers and
    their `eos_id` are kept whole (they always fit).

    Args:
        prompts: the token numbers of each prompt; of any lengths.
        answers: the token numbers of each answer, without `eos_id`; of any lengths.
        pad_id: the token for padding. It may be the same number as `eos_id`.
        eos_id: the token that ends an answer. It is to be predicted too.
        context_length: of the longest row.

    Returns:
        tokens: int64 [B, T].
        labels: int64 [B, T], each token of an answer and its `eos_id` at its own place, else
            IGNORED.
        attention_mask: bool [B, T], where a token stands that is no padding.
    """
    ### BEGIN SOLUTION 4b (about 12 lines): rows of prompt, answer and end; then fill up with pad
    ends = [[*answer, eos_id] for answer in answers]
    starts = [
        prompt[max(0, len(prompt) + len(e) - context_length) :] for prompt, e in zip(prompts, ends)
    ]
    longest = max(len(start) + len(e) for start, e in zip(starts, ends))
    tokens = torch.full((len(ends), longest), pad_id)
    labels = torch.full_like(tokens, IGNORED)
    attention_mask = torch.zeros_like(tokens, dtype=torch.bool)
    for row, (start, e) in enumerate(zip(starts, ends)):
        size = len(start) + len(e)
        tokens[row, :size] = torch.tensor(start + e)
        labels[row, len(start) : size] = torch.tensor(e)
        attention_mask[row, :size] = True
    return tokens, labels, attention_mask
    ### END SOLUTION
