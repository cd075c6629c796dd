"""Other right ways to add up gradients."""

from __future__ import annotations

import torch

from staff.authoring.catalogue import variant


@variant("4e")
def sums_then_divided(model, micro_batches, optimizer, mean_loss):
    """Sums are accumulated, and the gradients divided before the step."""
    optimizer.zero_grad()
    total, seen = 0.0, 0
    for tokens, labels in micro_batches:
        count = (labels[:, 1:] != -100).sum().item()
        if count:
            loss = mean_loss(model(tokens), labels) * count
            loss.backward()
            total, seen = total + loss.item(), seen + count
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad /= seen
    optimizer.step()
    return total / seen


@variant("4e")
def empty_parts_filtered(model, micro_batches, optimizer, mean_loss):
    """Parts without targets are taken out first."""

    def size(labels):
        return labels[:, 1:].ne(-100).sum()

    used = [(tokens, labels, size(labels)) for tokens, labels in micro_batches if size(labels) > 0]
    everything = sum(n for _, _, n in used)
    model.zero_grad(set_to_none=True)
    losses = []
    for tokens, labels, n in used:
        share = mean_loss(model(tokens), labels) * n / everything
        share.backward()
        losses.append(share.detach())
    optimizer.step()
    return torch.stack(losses).sum()


@variant("4e")
def autograd_grad(model, micro_batches, optimizer, mean_loss):
    """torch.autograd.grad, added up by hand."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    sums = [torch.zeros_like(p) for p in parameters]
    counts = torch.tensor([float((labels[:, 1:] >= 0).sum()) for _, labels in micro_batches])
    total = 0.0
    for (tokens, labels), share in zip(micro_batches, counts / counts.sum()):
        if share > 0:
            loss = mean_loss(model(tokens), labels)
            for s, g in zip(sums, torch.autograd.grad(loss, parameters)):
                s += share * g
            total += float(share * loss)
    for p, s in zip(parameters, sums):
        p.grad = s
    optimizer.step()
    return total


@variant("4e")
def zeroed_after_the_step(model, micro_batches, optimizer, mean_loss):
    """Gradients are cleared before and after; None where there was nothing."""
    for p in model.parameters():
        p.grad = None
    masks = [labels[:, 1:] > -100 for _, labels in micro_batches]
    whole, found = sum(int(m.sum()) for m in masks), 0.0
    for (tokens, labels), mask in zip(micro_batches, masks):
        if not mask.any():
            continue
        value = mean_loss(model(tokens), labels)
        (value * int(mask.sum()) / whole).backward()
        found += value.item() * int(mask.sum())
    optimizer.step()
    optimizer.zero_grad()
    return found / whole


@variant("4e")
def gradient_handed_to_backward(model, micro_batches, optimizer, mean_loss):
    """The weight is given to backward as the gradient of the loss."""
    optimizer.zero_grad(set_to_none=False)
    numbers = [torch.count_nonzero(labels[:, 1:] + 100).item() for _, labels in micro_batches]
    total = torch.zeros(())
    for index, (tokens, labels) in enumerate(micro_batches):
        if numbers[index] == 0:
            continue
        loss = mean_loss(model(tokens), labels)
        weight = torch.tensor(numbers[index] / sum(numbers))
        loss.backward(gradient=weight)
        total = total + weight * loss.detach()
    optimizer.step()
    return total.item()
