"""Probes of homework 3: run beside the student's code, know no expected value."""

import numpy as np
import torch
from probes.probing import Unexpected, array, fill, gradients, number, several, tensor

# --- 4 and X: language --------------------------------------------------------------------------


def token_loss(hw, logits, labels):
    """Loss and accuracy of a batch."""
    loss, accuracy = several(hw.tokens.token_loss(logits, labels), 2, "(loss, accuracy)")
    return {"loss": number(loss, "the loss"), "accuracy": number(accuracy, "the accuracy")}


def token_loss_gradient(hw, logits, labels):
    """The gradient of the loss by the logits."""
    logits.requires_grad_(True)
    loss, _ = several(hw.tokens.token_loss(logits, labels), 2, "(loss, accuracy)")
    return gradients(tensor(loss, "the loss"), [logits], "the loss")[0]


def make_batch(hw, prompts, answers, pad, end, context):
    """The three tensors of a batch, and whether the caller's lists are as they were."""
    before = [[*row] for row in prompts], [[*row] for row in answers]
    tokens, labels, present = several(
        hw.tokens.make_batch(prompts, answers, pad, end, context), 3, "(tokens, labels, present)"
    )
    for name, value in (("tokens", tokens), ("labels", labels)):
        if tensor(value, name).dtype != torch.int64:
            raise Unexpected(f"{name} should be int64; its dtype is {value.dtype}")
    return {
        "tokens": tokens,
        "labels": labels,
        "present": tensor(present, "present"),
        "kept": before == (prompts, answers),
    }


class Table(torch.nn.Module):
    """A model whose next token depends on every token it reads and on where that stands."""

    def __init__(self, scores, context):
        super().__init__()
        self.scores = torch.nn.Parameter(scores)  # [mixtures, V]
        self.context, self.lengths, self.grads = context, [], []

    def forward(self, tokens):
        if tokens.dim() != 2 or tokens.shape[0] != 1:
            raise Unexpected(f"the model reads tokens [1, T]; it was given {list(tokens.shape)}")
        if tokens.shape[1] > self.context:
            raise Unexpected(
                f"the model was given {tokens.shape[1]} tokens; its context is {self.context}"
            )
        self.lengths.append(tokens.shape[1])
        self.grads.append(torch.is_grad_enabled())
        places = torch.arange(1, tokens.shape[1] + 1)
        mixed = (tokens * places).cumsum(1) % len(self.scores)
        return self.scores[mixed]


def greedy_decode(hw, scores, prompt, most, end, context):
    """The new tokens; how much was read each time; whether gradients and the prompt were left."""
    model, before = Table(scores, context), [*prompt]
    found = hw.prompting.greedy_decode(model, prompt, most, end, context)
    if isinstance(found, torch.Tensor):
        found = found.tolist()
    if not isinstance(found, list | tuple) or any(isinstance(t, list | tuple) for t in found):
        raise Unexpected("the new tokens should be a list of numbers")
    return {
        "tokens": np.array([int(token) for token in found], np.int64),
        "read": np.array(model.lengths, np.int64),
        "gradient": any(model.grads),
        "kept": before == prompt,
    }


def _codes(text):
    """A text as an array, so that it crosses like any other answer."""
    if not isinstance(text, str):
        raise Unexpected(f"the prompt should be a str; it is of type {type(text).__name__}")
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64)


def in_context_prompt(hw, supports, query, style, seed):
    """One prompt."""
    pairs = [tuple(pair) for pair in supports]
    rng = np.random.default_rng(seed)
    return _codes(hw.prompting.in_context_prompt(pairs, query, style, rng))


def prompt_orders(hw, supports, query, style, seed, draws):
    """In which place of the prompt each support's text stands, draw after draw [draws, K]."""
    pairs = [tuple(pair) for pair in supports]
    before, rng = [*pairs], np.random.default_rng(seed)
    starts, kept = [], True
    for _ in range(draws):
        text = hw.prompting.in_context_prompt(pairs, query, style, rng)
        _codes(text)
        starts.append([text.find(support) for support, _ in before])
        kept = kept and pairs == before
    return {"starts": np.array(starts, np.int64), "kept": kept}


def prompts_repeat(hw, supports, query, style, seed):
    """Two prompts from generators of one seed, and one of another seed."""
    pairs = [tuple(pair) for pair in supports]
    return [
        _codes(hw.prompting.in_context_prompt([*pairs], query, style, np.random.default_rng(s)))
        for s in (seed, seed, seed + 1)
    ]


def order_entropies(hw, probabilities):
    """GlobalE and LocalE of each order."""
    found = several(hw.prompting.order_entropies(probabilities), 2, "(GlobalE, LocalE)")
    return {"global": tensor(found[0], "GlobalE"), "local": tensor(found[1], "LocalE")}


class _Recorder(torch.optim.SGD):
    """Notes the gradients at every step, and when a step is taken."""

    def __init__(self, parameters, events):
        super().__init__(parameters, lr=0.1)
        self.events, self.seen = events, []

    def step(self, closure=None):
        self.events.append("step")
        parameters = self.param_groups[0]["params"]
        self.seen.append([
            torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters
        ])  # fmt: skip
        return super().step(closure)


def accumulated_step(hw, tokens, labels, weights, counts, seed):
    """One step on parts of a batch, with a loss that is linear in the logits.

    The mean loss of part i is the sum of logits · weights[i], divided by counts[i].

    Returns:
        The value, the gradients at the (first) step, how many steps there were, the largest number
        of parts that were in memory at once, and the parameters after the step.
    """
    events = []

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Parameter(torch.zeros(7, 5))
            self.head = torch.nn.Parameter(torch.zeros(5, weights[0].shape[-1]))

        def forward(self, x):
            events.append("forward")
            logits = torch.tanh(self.table[x]) @ self.head
            logits.register_hook(lambda gradient: events.append("backward"))
            return logits

    def mean_loss(logits, wanted):
        for weight, count in zip(weights, counts):
            if weight.shape == logits.shape:
                total = (logits * weight).sum()
                return total / count if count else total * float("nan")
        raise Unexpected(f"mean_loss was given logits {list(logits.shape)} of none of the parts")

    model = fill(Model(), seed)
    for parameter in model.parameters():  # what an earlier batch left
        parameter.grad = torch.full_like(parameter, 3.0)
    optimizer = _Recorder(model.parameters(), events)
    value = hw.accumulation.accumulated_step(model, list(zip(tokens, labels)), optimizer, mean_loss)
    steps = events.count("step")
    held = most = 0
    for event in events:
        held += {"forward": 1, "backward": -1}.get(event, 0)
        most = max(most, held)
    return {
        "loss": number(value, "the loss"),
        "gradients": [array(g, "a gradient") for g in optimizer.seen[0]] if steps else None,
        "steps": steps,
        "held": most,
        "parameters": [p.detach() for p in model.parameters()],
    }
