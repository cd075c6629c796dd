"""Wrong ways to take a step and to order two phases."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from staff.authoring.catalogue import mistake


def _set(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate


def _warmed(step, warm, rate):
    return rate * min(1.0, (step + 1) / warm)


def _step(model, optimizer, inputs, labels):
    loss = F.cross_entropy(model(inputs), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# --- 3a -----------------------------------------------------------------------------------------


@mistake("3a")
def loss_with_its_graph(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The loss is returned as the tensor that backward() was called on.

    It keeps the graph of its batch. A list of the losses of a training keeps the graphs of all
    steps, and memory grows until it is used up.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    loss = F.cross_entropy(model(inputs), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@mistake("3a")
def first_step_at_zero(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The warm-up begins at a rate of zero: the first step does nothing.

    It reaches the full rate one step late.
    """
    _set(optimizer, lr * min(1.0, step / warmup_steps))
    return _step(model, optimizer, inputs, labels)


@mistake("3a")
def warm_up_without_end(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The rate continues to rise after the warm-up.

    Late in a long training it is many times the rate that was asked for.
    """
    _set(optimizer, lr * (step + 1) / warmup_steps)
    return _step(model, optimizer, inputs, labels)


@mistake("3a")
def first_group_only(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """Only the first parameter group of the optimizer gets the rate.

    With one group you see no difference.
    """
    optimizer.param_groups[0]["lr"] = _warmed(step, warmup_steps, lr)
    return _step(model, optimizer, inputs, labels)


@mistake("3a")
def rate_after_the_step(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The rate is set after the step it is meant for.

    The first step uses the rate that the optimizer was created with.
    """
    loss = _step(model, optimizer, inputs, labels)
    _set(optimizer, _warmed(step, warmup_steps, lr))
    return loss


@mistake("3a")
def gradients_pile_up(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """Gradients of earlier steps are never cleared.

    Each step follows the sum of all batches so far.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    loss = F.cross_entropy(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("3a")
def gradients_cleared_too_late(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The gradients are cleared between backward and step.

    The weights never change.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    loss = F.cross_entropy(model(inputs), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@mistake("3a")
def softmax_before_cross_entropy(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """A softmax is taken before the cross-entropy, which takes one of its own.

    The loss hardly falls, and never to zero.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    loss = F.cross_entropy(model(inputs).softmax(-1), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("3a")
def sum_for_mean(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The loss is the sum over the batch.

    The step is as many times too large as there are pictures in the batch.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    loss = F.cross_entropy(model(inputs), labels, reduction="sum")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("3a")
def loss_after_the_step(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The loss that is returned is that after the step.

    It looks better than the training is.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    _step(model, optimizer, inputs, labels)
    with torch.no_grad():
        return F.cross_entropy(model(inputs), labels).item()


@mistake("3a")
def mode_switched(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The model is put into training mode.

    A caller who wants to tune in evaluation mode cannot.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    model.train()
    return _step(model, optimizer, inputs, labels)


@mistake("3a")
def two_steps(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """The optimizer is stepped twice.

    With momentum the second step goes further than the first.
    """
    _set(optimizer, _warmed(step, warmup_steps, lr))
    loss = _step(model, optimizer, inputs, labels)
    optimizer.step()
    return loss


@mistake("3a")
def no_warm_up(model, optimizer, inputs, labels, step, warmup_steps, lr):
    """Every step has the full rate.

    There is no warm-up.
    """
    _set(optimizer, lr)
    return _step(model, optimizer, inputs, labels)


# --- 3b -----------------------------------------------------------------------------------------


def _phase(tune, mode, steps, rate):
    return tune(mode, steps, rate) if steps else []


@mistake("3b")
def tuned_before_probed(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """Everything is tuned first and the head is probed last.

    The features have been distorted by then.
    """
    losses = _phase(tune, "full", tune_steps, tune_lr)
    return losses + _phase(tune, "linear", probe_steps, probe_lr)


@mistake("3b")
def steps_exchanged(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """The two phases have each other's number of steps.

    With equal numbers you see no difference.
    """
    losses = _phase(tune, "linear", tune_steps, probe_lr)
    return losses + _phase(tune, "full", probe_steps, tune_lr)


@mistake("3b")
def rates_exchanged(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """The two phases have each other's rate.

    Everything is then tuned at the large rate of a probe.
    """
    losses = _phase(tune, "linear", probe_steps, tune_lr)
    return losses + _phase(tune, "full", tune_steps, probe_lr)


@mistake("3b")
def one_rate_for_both(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """The second phase goes on with the rate of the first.

    A rate that is right for one layer is often too large for all.
    """
    losses = _phase(tune, "linear", probe_steps, probe_lr)
    return losses + _phase(tune, "full", tune_steps, probe_lr)


@mistake("3b")
def last_block_for_head(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """The first phase trains the last block instead of the head.

    The head keeps its initial weights, and the features change.
    """
    losses = _phase(tune, "last", probe_steps, probe_lr)
    return losses + _phase(tune, "full", tune_steps, tune_lr)


@mistake("3b")
def losses_of_the_second_phase(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """Only the second phase's losses are returned.

    The curve begins in the middle.
    """
    _phase(tune, "linear", probe_steps, probe_lr)
    return _phase(tune, "full", tune_steps, tune_lr)


@mistake("3b")
def losses_of_the_first_phase(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """Only the first phase's losses are returned.

    The curve ends in the middle.
    """
    losses = _phase(tune, "linear", probe_steps, probe_lr)
    _phase(tune, "full", tune_steps, tune_lr)
    return losses


@mistake("3b")
def probed_alone(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """Both phases train only the head.

    That is a long linear probe.
    """
    losses = _phase(tune, "linear", probe_steps, probe_lr)
    return losses + _phase(tune, "linear", tune_steps, tune_lr)


@mistake("3b")
def taking_turns(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """The two kinds of steps alternate.

    From the second step on everything is tuned, with a head that has seen one batch.
    """
    losses = []
    for step in range(max(probe_steps, tune_steps)):
        losses += _phase(tune, "linear", int(step < probe_steps), probe_lr)
        losses += _phase(tune, "full", int(step < tune_steps), tune_lr)
    return losses


@mistake("3b")
def empty_phases_called(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """A phase without steps is still called.

    It freezes and unfreezes parameters and makes an optimizer for nothing.
    """
    return tune("linear", probe_steps, probe_lr) + tune("full", tune_steps, tune_lr)


@mistake("3b")
def one_step_too_many(tune, probe_steps, tune_steps, probe_lr, tune_lr):
    """The probe has one step more than asked for, and tuning one less.

    Count the losses of each phase.
    """
    losses = _phase(tune, "linear", probe_steps + 1, probe_lr)
    return losses + _phase(tune, "full", max(0, tune_steps - 1), tune_lr)
