"""Wrong ways to measure a language model, and to build its batches."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from staff.authoring.catalogue import mistake

# --- 4a -----------------------------------------------------------------------------------------


def _judged(logits, labels):
    """Loss and accuracy over the labels that are no -100."""
    logits, labels = logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)
    kept = labels != -100
    right = logits.argmax(-1) == labels
    return F.cross_entropy(logits, labels, ignore_index=-100), right[kept].float().mean()


@mistake("4a")
def not_shifted(logits, labels):
    """Logits are compared with the token at their own place.

    A model can see that token: the loss falls to zero while it learns to copy what it reads.
    """
    return _judged(logits, labels)


@mistake("4a")
def shifted_backwards(logits, labels):
    """Logits are compared with the token before them.

    The model must predict what it has just read, and never the last token.
    """
    return _judged(logits[:, 1:], labels[:, :-1])


@mistake("4a")
def shifted_twice(logits, labels):
    """Logits are compared with the token two places later.

    The code assumes that the labels are shifted already. The next token is never learned.
    """
    return _judged(logits[:, :-2], labels[:, 2:])


@mistake("4a")
def rolled_around(logits, labels):
    """The labels are rolled, so the last logits are compared with the first token.

    You see this only if a first token is not masked: nothing follows the end of a row.
    """
    return _judged(logits, labels.roll(-1, dims=1))


@mistake("4a")
def probabilities_cut_off(logits, labels):
    """Probabilities are kept above a bound before the logarithm is taken.

    A nearly impossible token costs no more than the bound, and has no gradient: it is never
    learned.
    """
    _, accuracy = _judged(logits[:, :-1], labels[:, 1:])
    kept = labels[:, 1:] != -100
    p = logits[:, :-1][kept].softmax(-1).gather(-1, labels[:, 1:][kept][:, None])
    return -p.clamp(min=1e-8).log().mean(), accuracy


@mistake("4a")
def mean_of_row_means(logits, labels):
    """Each row's mean is taken first, and then the mean of the rows.

    A row with a single target counts as much as one with a hundred.
    """
    parts = [_judged(a[None, :-1], b[None, 1:]) for a, b in zip(logits, labels)]
    parts = [p for p, b in zip(parts, labels) if (b[1:] != -100).any()]
    return torch.stack([p[0] for p in parts]).mean(), torch.stack([p[1] for p in parts]).mean()


@mistake("4a")
def sum_over_tokens(logits, labels):
    """The loss is summed over the tokens.

    It grows with the length of the answers, and so does the step.
    """
    loss, accuracy = _judged(logits[:, :-1], labels[:, 1:])
    return loss * (labels[:, 1:] != -100).sum(), accuracy


@mistake("4a")
def divided_by_all_places(logits, labels):
    """The sum over the targets is divided by the number of all places.

    The more is masked, the smaller the loss.
    """
    loss, accuracy = _judged(logits[:, :-1], labels[:, 1:])
    return loss * (labels[:, 1:] != -100).float().mean(), accuracy


@mistake("4a")
def accuracy_over_all_places(logits, labels):
    """Masked places count as wrong in the accuracy.

    The loss is right; the accuracy cannot come near one.
    """
    loss, _ = _judged(logits[:, :-1], labels[:, 1:])
    return loss, (logits[:, :-1].argmax(-1) == labels[:, 1:]).float().mean()


@mistake("4a")
def softmax_before_token_loss(logits, labels):
    """The logits go through a softmax before the cross-entropy, which takes one itself.

    The loss can neither come near zero nor grow large, and gradients are weak.
    """
    return _judged(logits[:, :-1].softmax(-1), labels[:, 1:])


@mistake("4a")
def accuracy_not_shifted(logits, labels):
    """The loss is shifted, but the accuracy is not.

    The accuracy stays low while the loss falls.
    """
    return _judged(logits[:, :-1], labels[:, 1:])[0], _judged(logits, labels)[1]


@mistake("4a")
def loss_detached(logits, labels):
    """The loss has no gradient.

    Its value is right, but nothing is learned from it.
    """
    loss, accuracy = _judged(logits[:, :-1], labels[:, 1:])
    return loss.detach() + 0 * logits.sum(), accuracy


@mistake("4a")
def first_row_only(logits, labels):
    """Only the first row of the batch counts.

    This is right for a batch of one.
    """
    return _judged(logits[:1, :-1], labels[:1, 1:])


@mistake("4a")
def last_token_only(logits, labels):
    """Only the last token of each row counts.

    This is right if an answer is one word and no row is padded.
    """
    return _judged(logits[:, -2:-1], labels[:, -1:])


@mistake("4a")
def mask_written_into_labels(logits, labels):
    """The mask is made by writing zeros into the caller's labels.

    Loss and accuracy are right the first time. When the labels are used again, every masked place
    asks for token 0.
    """
    found = _judged(logits[:, :-1], labels[:, 1:])
    labels[labels == -100] = 0
    return found


@mistake("4a")
def token_zero_ignored(logits, labels):
    """Token 0 is treated as padding and is not predicted.

    Only labels of -100 are masked; 0 is a token like any other.
    """
    return _judged(logits[:, :-1], torch.where(labels == 0, -100, labels)[:, 1:])


# --- 4b -----------------------------------------------------------------------------------------


def _rows(prompts, answers, end, context):
    """Starts and ends of the rows, cut to the context."""
    ends = [list(answer) + [end] for answer in answers]
    starts = []
    for prompt, e in zip(prompts, ends):
        room = context - len(e)
        starts.append(list(prompt)[-room:] if room > 0 else [])
    return starts, ends


def _filled(rows, value):
    """Rows of different lengths in one tensor, with `value` after their ends."""
    longest = max(len(row) for row in rows)
    return torch.tensor([list(row) + [value] * (longest - len(row)) for row in rows])


def _present(rows):
    return _filled([[1] * len(row) for row in rows], 0).bool()


def _finished(starts, ends, pad):
    rows = [s + e for s, e in zip(starts, ends)]
    labels = _filled([[-100] * len(s) + e for s, e in zip(starts, ends)], -100)
    return _filled(rows, pad), labels, _present(rows)


@mistake("4b")
def labels_on_everything(prompts, answers, pad_id, eos_id, context_length):
    """The prompt is to be predicted as well.

    Most of the loss then comes from given words, and little of it teaches the answer.
    """
    tokens, labels, attention_mask = _finished(
        *_rows(prompts, answers, eos_id, context_length), pad_id
    )
    return tokens, torch.where(attention_mask, tokens, -100), attention_mask


@mistake("4b")
def labels_shifted_here(prompts, answers, pad_id, eos_id, context_length):
    """The labels are shifted already, one place to the left.

    The loss shifts once more: the model learns to skip a word.
    """
    tokens, labels, attention_mask = _finished(
        *_rows(prompts, answers, eos_id, context_length), pad_id
    )
    return (
        tokens,
        torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], -100)], 1),
        attention_mask,
    )


@mistake("4b")
def no_end(prompts, answers, pad_id, eos_id, context_length):
    """The rows lack the end token.

    A model tuned on them never learns where an answer stops.
    """
    starts, ends = _rows(prompts, answers, eos_id, context_length)
    return _finished(starts, [e[:-1] for e in ends], pad_id)


@mistake("4b")
def end_not_predicted(prompts, answers, pad_id, eos_id, context_length):
    """The end token is in the row but has no label.

    Its place is masked, so the model never learns to stop.
    """
    tokens, labels, attention_mask = _finished(
        *_rows(prompts, answers, eos_id, context_length), pad_id
    )
    for row in range(len(labels)):
        labels[row, int(attention_mask[row].sum()) - 1] = -100
    return tokens, labels, attention_mask


@mistake("4b")
def padding_predicted(prompts, answers, pad_id, eos_id, context_length):
    """Padding has labels of its own.

    The loss falls quickly, since padding is easy to predict; short answers are learned least.
    """
    tokens, labels, attention_mask = _finished(
        *_rows(prompts, answers, eos_id, context_length), pad_id
    )
    return tokens, torch.where(attention_mask, labels, pad_id), attention_mask


@mistake("4b")
def mask_by_number(prompts, answers, pad_id, eos_id, context_length):
    """The attention mask is false wherever the number of the padding occurs.

    That number may also be a word of a prompt, or the end token.
    """
    tokens, labels, _ = _finished(*_rows(prompts, answers, eos_id, context_length), pad_id)
    return tokens, labels, tokens != pad_id


@mistake("4b")
def labels_by_number(prompts, answers, pad_id, eos_id, context_length):
    """Labels are masked wherever the number of the padding occurs.

    If padding and end are the same token, the model never learns to end.
    """
    tokens, labels, attention_mask = _finished(
        *_rows(prompts, answers, eos_id, context_length), pad_id
    )
    return tokens, torch.where(tokens == pad_id, -100, labels), attention_mask


@mistake("4b")
def padded_on_the_left(prompts, answers, pad_id, eos_id, context_length):
    """Padding comes before the prompt.

    The positions of a row then depend on the longest row of its batch.
    """
    tokens, labels, attention_mask = _finished(
        *_rows(prompts, answers, eos_id, context_length), pad_id
    )
    sizes = attention_mask.sum(1).tolist()
    width = tokens.shape[1]
    turned = [
        [row.roll(width - size) for row, size in zip(part, sizes)]
        for part in (tokens, labels, attention_mask)
    ]
    return tuple(torch.stack(part) for part in turned)


@mistake("4b")
def end_of_the_prompt_cut(prompts, answers, pad_id, eos_id, context_length):
    """A prompt that is too long loses its end.

    The question is at the end: the answer then follows half a prompt.
    """
    ends = [[*answer, eos_id] for answer in answers]
    starts = [list(prompt)[: context_length - len(e)] for prompt, e in zip(prompts, ends)]
    return _finished(starts, ends, pad_id)


@mistake("4b")
def answer_cut(prompts, answers, pad_id, eos_id, context_length):
    """A row that is too long loses its end, and with it the answer.

    Long prompts teach nothing.
    """
    starts, ends = [list(p) for p in prompts], [[*answer, eos_id] for answer in answers]
    tokens, labels, attention_mask = _finished(starts, ends, pad_id)
    return (
        tokens[:, :context_length],
        labels[:, :context_length],
        attention_mask[:, :context_length],
    )


@mistake("4b")
def never_cut(prompts, answers, pad_id, eos_id, context_length):
    """Rows are longer than the context.

    A long prompt is not cut, or is cut without regard to the answer and the end that follow it. The
    model cannot read such a row.
    """
    ends = [[*answer, eos_id] for answer in answers]
    return _finished([list(p) for p in prompts], ends, pad_id)


@mistake("4b")
def padded_to_the_context(prompts, answers, pad_id, eos_id, context_length):
    """Every row is filled up to the context.

    The batch is right but too large: most of the time goes into padding.
    """
    tokens, labels, attention_mask = _finished(
        *_rows(prompts, answers, eos_id, context_length), pad_id
    )
    room = context_length - tokens.shape[1]
    return (
        F.pad(tokens, (0, room), value=pad_id),
        F.pad(labels, (0, room), value=-100),
        F.pad(attention_mask, (0, room), value=False),
    )


@mistake("4b")
def end_appended_to_the_callers(prompts, answers, pad_id, eos_id, context_length):
    """The caller's own lists are changed.

    The end is appended to the answers, say, or an answer to its prompt. The batch is right the
    first time; the second call gets other lists.
    """
    found = _finished(*_rows(prompts, answers, eos_id, context_length), pad_id)
    for answer in answers:
        answer.append(eos_id)
    return found


@mistake("4b")
def everything_kept_when_the_answer_fills(prompts, answers, pad_id, eos_id, context_length):
    """A slice from minus zero keeps the whole prompt.

    This is right until an answer fills the context: then nothing should be left of the prompt.
    """
    ends = [[*answer, eos_id] for answer in answers]
    starts = [list(p)[-(context_length - len(e)) :] for p, e in zip(prompts, ends)]
    return _finished(starts, ends, pad_id)
