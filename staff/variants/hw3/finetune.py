"""Other right ways to take a step and to order two phases."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from staff.authoring.catalogue import variant

# --- 3a -----------------------------------------------------------------------------------------


@variant("3a")
def rate_by_cases(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """An if for the warm-up, the loss as a module, gradients set to None."""
    now = lr * (step + 1) / warmup_steps if step < warmup_steps else lr
    for group in optimizer.param_groups:
        group.update(lr=now)
    optimizer.zero_grad(set_to_none=True)
    loss = nn.CrossEntropyLoss()(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return float(loss)


@variant("3a")
def likelihood_by_hand(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """Log softmax and a gather; a tensor of no dimensions is returned."""
    factor = min(step + 1, warmup_steps) / warmup_steps
    for group in optimizer.param_groups:
        group["lr"] = factor * lr
    optimizer.zero_grad()
    chances = torch.log_softmax(model(inputs), dim=-1)
    loss = -chances.gather(1, labels[:, None]).mean()
    loss.backward()
    optimizer.step()
    return loss.detach()


@variant("3a")
def by_a_closure(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The loss in a closure for the optimizer."""
    for group in optimizer.param_groups:
        group["lr"] = lr * min(1, (1 + step) / warmup_steps)

    def closure():
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(inputs), -1), labels)
        loss.backward()
        return loss

    return optimizer.step(closure).item()


@variant("3a")
def gradients_by_autograd(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """Gradients put into place by hand."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    loss = F.cross_entropy(model(inputs), labels)
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        parameter.grad = gradient
    for index in range(len(optimizer.param_groups)):
        optimizer.param_groups[index]["lr"] = (
            lr if step >= warmup_steps else lr / warmup_steps * (step + 1)
        )
    optimizer.step()
    return loss.item()


@variant("3a")
def extra_forward_pass(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """A second forward pass for the number that is returned; a sum divided by the batch."""
    with torch.no_grad():
        before = F.cross_entropy(model(inputs), labels).numpy()
    for group in optimizer.param_groups:
        group["lr"] = min(lr, lr * (step + 1) / warmup_steps)
    model.zero_grad()
    (F.cross_entropy(model(inputs), labels, reduction="sum") / len(labels)).backward()
    optimizer.step()
    return before


# --- 3b -----------------------------------------------------------------------------------------


@variant("3b")
def two_ifs(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """One if for each phase."""
    losses = []
    if probe_steps:
        losses.extend(tune("linear", probe_steps, probe_lr))
    if tune_steps:
        losses.extend(tune("full", tune_steps, tune_lr))
    return losses


@variant("3b")
def conditional_expressions(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """Two lists, the second after the first."""
    probe = tune("linear", probe_steps, probe_lr) if probe_steps > 0 else []
    rest = tune("full", tune_steps, tune_lr) if tune_steps > 0 else []
    return [*probe, *rest]


@variant("3b")
def by_keyword(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """Arguments by name."""
    phases = [
        dict(mode="linear", steps=probe_steps, lr=probe_lr),
        dict(mode="full", steps=tune_steps, lr=tune_lr),
    ]
    return [loss for phase in phases if phase["steps"] for loss in tune(**phase)]


@variant("3b")
def in_a_dictionary(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """The phases in a dictionary."""
    phases = {"linear": (probe_steps, probe_lr), "full": (tune_steps, tune_lr)}
    losses = {mode: tune(mode, *phase) for mode, phase in phases.items() if phase[0]}
    return sum(losses.values(), [])


@variant("3b")
def tuple_returned(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """A tuple of floats is returned."""
    losses = ()
    for mode, steps, lr in [("linear", probe_steps, probe_lr), ("full", tune_steps, tune_lr)]:
        if not steps:
            continue
        losses = losses + tuple(float(loss) for loss in tune(mode, steps, lr))
    return losses
