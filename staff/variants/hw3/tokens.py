"""Other right ways to measure a language model, and to build its batches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from staff.authoring.catalogue import variant

# --- 4a -----------------------------------------------------------------------------------------


@variant("4a")
def ignore_index(logits, labels):
    """Flattened, with cross-entropy's own mask."""
    shifted = logits[..., :-1, :].contiguous().view(-1, logits.size(-1))
    wanted = labels[..., 1:].contiguous().view(-1)
    loss = nn.CrossEntropyLoss()(shifted, wanted)
    mask = wanted.ne(-100)
    correct = (shifted.argmax(dim=-1).eq(wanted) & mask).sum()
    return loss, correct / mask.sum()


@variant("4a")
def channels_second(logits, labels):
    """Cross-entropy with the classes on the second axis."""
    wanted = labels[:, 1:]
    loss = F.cross_entropy(logits[:, :-1].transpose(1, 2), wanted, ignore_index=-100)
    kept = wanted != -100
    return loss, (logits[:, :-1].argmax(2) == wanted)[kept].double().mean()


@variant("4a")
def by_hand(logits, labels):
    """Log-probabilities gathered at the targets; sums and a count."""
    wanted = labels[:, 1:]
    mask = (wanted != -100).to(logits.dtype)
    logp = logits[:, :-1].log_softmax(-1)
    picked = logp.gather(-1, wanted.clamp(min=0)[..., None]).squeeze(-1)
    count = mask.sum()
    hits = (logp.argmax(-1) == wanted).to(logits.dtype) * mask
    return -(picked * mask).sum() / count, (hits.sum() / count).item()


@variant("4a")
def row_by_row(logits, labels):
    """A loop over rows and places."""
    losses, hits = [], []
    for row, wanted in zip(logits, labels):
        for place in range(1, len(wanted)):
            if wanted[place] != -100:
                losses.append(torch.logsumexp(row[place - 1], 0) - row[place - 1, wanted[place]])
                hits.append(float(row[place - 1].argmax() == wanted[place]))
    return torch.stack(losses).mean(), sum(hits) / len(hits)


@variant("4a")
def labels_rolled_and_masked(logits, labels):
    """Labels moved to the left, with nothing to predict at the last place."""
    moved = torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], -100)], dim=1)
    sums = F.cross_entropy(logits.flatten(0, 1), moved.flatten(), reduction="sum")
    where = moved != -100
    return sums / where.sum(), (logits.argmax(-1)[where] == moved[where]).float().mean()


@variant("4a")
def nll_of_softmax(logits, labels):
    """Indices of the targets, negative log likelihood."""
    row, place = (labels[:, 1:] != -100).nonzero(as_tuple=True)
    wanted = labels[row, place + 1]
    before = logits[row, place]
    return F.nll_loss(F.log_softmax(before, dim=1), wanted), torch.mean(
        (before.max(1).indices == wanted).float()
    )


# --- 4b -----------------------------------------------------------------------------------------


@variant("4b")
def padded_by_torch(prompts, answers, pad_id, eos_id, context_length):
    """torch's own pad_sequence."""
    tokens, labels = [], []
    for prompt, answer in zip(prompts, answers):
        answer = torch.tensor([*answer, eos_id])
        prompt = torch.tensor(prompt, dtype=torch.int64)
        prompt = prompt[max(len(prompt) + len(answer) - context_length, 0) :]
        tokens.append(torch.cat((prompt, answer)))
        labels.append(torch.cat((torch.full_like(prompt, -100), answer)))
    attention_mask = pad_sequence([torch.ones_like(t) for t in tokens], batch_first=True).bool()
    return (
        pad_sequence(tokens, batch_first=True, padding_value=pad_id),
        pad_sequence(labels, batch_first=True, padding_value=-100),
        attention_mask,
    )


@variant("4b")
def lists_of_lists(prompts, answers, pad_id, eos_id, context_length):
    """Python lists throughout, tensors at the end."""
    rows, marks = [], []
    for p, a in zip(prompts, answers):
        keep = max(0, context_length - len(a) - 1)
        p = p[len(p) - keep :] if len(p) > keep else p
        rows.append(p + a + [eos_id])
        marks.append([-100] * len(p) + a + [eos_id])
    width = max(map(len, rows))
    mask = torch.tensor([[True] * len(r) + [False] * (width - len(r)) for r in rows])
    rows = torch.tensor([r + [pad_id] * (width - len(r)) for r in rows])
    return rows, torch.tensor([m + [-100] * (width - len(m)) for m in marks]), mask


@variant("4b")
def cut_from_the_right_end(prompts, answers, pad_id, eos_id, context_length):
    """The joined row keeps its last `context` tokens."""
    joined = [(list(p) + list(a) + [eos_id])[-context_length:] for p, a in zip(prompts, answers)]
    sizes = torch.tensor([len(row) for row in joined])
    width = int(sizes.max())
    tokens = torch.tensor([row + [pad_id] * (width - len(row)) for row in joined])
    place = torch.arange(width)[None]
    attention_mask = place < sizes[:, None]
    answer = torch.tensor([len(a) + 1 for a in answers])
    labels = tokens.masked_fill(~attention_mask | (place < (sizes - answer)[:, None]), -100)
    return tokens, labels, attention_mask


@variant("4b")
def filled_by_slices(prompts, answers, pad_id, eos_id, context_length):
    """Tensors of padding, filled row after row."""
    widths = [min(context_length, len(p) + len(a) + 1) for p, a in zip(prompts, answers)]
    shape = (len(prompts), max(widths))
    tokens = torch.ones(shape, dtype=torch.long) * pad_id
    labels = torch.ones(shape, dtype=torch.long) * -100
    attention_mask = torch.zeros(shape, dtype=torch.bool)
    for i, w in enumerate(widths):
        whole = torch.LongTensor(prompts[i] + answers[i] + [eos_id])[-w:]
        n = len(answers[i]) + 1
        tokens[i, :w] = whole
        labels[i, w - n : w] = whole[w - n :]
        attention_mask[i, :w] = 1
    return tokens, labels, attention_mask


@variant("4b")
def functional_pad(prompts, answers, pad_id, eos_id, context_length):
    """F.pad on each row, then a stack."""
    starts = []
    for prompt, answer in zip(prompts, answers):
        over = len(prompt) + len(answer) + 1 - context_length
        starts.append(prompt[over:] if over > 0 else prompt)
    ends = [answer + [eos_id] for answer in answers]
    width = max(len(s) + len(e) for s, e in zip(starts, ends))

    def stack(rows, value):
        return torch.stack(
            [F.pad(torch.tensor(row), (0, width - len(row)), value=value) for row in rows]
        )

    return (
        stack([s + e for s, e in zip(starts, ends)], pad_id),
        stack([[-100] * len(s) + e for s, e in zip(starts, ends)], -100),
        stack([[1] * len(s + e) for s, e in zip(starts, ends)], 0) == 1,
    )
