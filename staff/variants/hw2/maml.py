"""Other right ways to adapt, to judge the adapted parameters, and to make rates and gradients."""

from __future__ import annotations

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from hw2.experiments.tasks import accuracy
from staff.authoring.catalogue import variant

# --- 2a -----------------------------------------------------------------------------------------


@variant("2a")
def autograd_grad(network, params, inner_lrs, images, labels, steps, first_order=False):
    """torch.autograd.grad inside, a copied dictionary that is written to, accuracies as floats."""
    current = {k: torch.clone(v) for k, v in params.items()}
    accuracies = []
    for _ in range(steps):
        logits = functional_call(network, current, images)
        accuracies.append((logits.argmax(1) == labels).float().mean().item())
        loss = F.cross_entropy(logits, labels)
        grads = torch.autograd.grad(loss, list(current.values()), create_graph=not first_order)
        for (k, v), g in zip(list(current.items()), grads):
            current[k] = v - inner_lrs[k] * g
    logits = functional_call(network, current, images)
    accuracies.append((logits.argmax(1) == labels).float().mean().item())
    return current, accuracies


@variant("2a")
def func_grad_with_logits(network, params, inner_lrs, images, labels, steps, first_order=False):
    """grad with has_aux gives the logits along; accuracies as one tensor."""

    def loss_of(p):
        logits = functional_call(network, p, (images,))
        return F.cross_entropy(logits, labels), logits

    accuracies = []
    for _ in range(steps):
        gradient, logits = torch.func.grad(loss_of, has_aux=True)(params)
        if first_order:
            gradient = {k: g.detach() for k, g in gradient.items()}
        accuracies.append(accuracy(logits, labels))
        params = {k: params[k] - inner_lrs[k] * gradient[k] for k in params}
    accuracies.append(accuracy(loss_of(params)[1], labels))
    return params, torch.stack(accuracies)


@variant("2a")
def always_created_then_detached(
    network, params, inner_lrs, images, labels, steps, first_order=False
):
    """create_graph always; first order by detaching; log-likelihood by hand."""
    accuracies = []
    for step in range(steps + 1):
        scores = functional_call(network, params, (images,)).log_softmax(-1)
        accuracies.append(float((scores.argmax(-1) == labels).sum()) / len(labels))
        if step == steps:
            break
        loss = -scores[torch.arange(len(labels)), labels].mean()
        grads = torch.autograd.grad(loss, params.values(), create_graph=True)
        if first_order:
            grads = [g.detach() for g in grads]
        params = {k: p - inner_lrs[k] * g for (k, p), g in zip(params.items(), grads)}
    return params, np.array(accuracies)


@variant("2a")
def helper_with_keywords(network, params, inner_lrs, images, labels, steps, first_order=False):
    """inner_gradient called by keywords, the update by torch.sub; a second forward pass; prints."""
    loss_fn = nn.CrossEntropyLoss()

    def loss(p):
        return loss_fn(functional_call(network, p, args=(images,), kwargs={}), labels)

    def right(p):
        with torch.no_grad():
            return accuracy(functional_call(network, p, (images,)), labels)

    after = dict(params)
    history = [right(after)]
    for number in range(steps):
        g = inner_gradient(loss_fn=loss, params=after, first_order=first_order)  # noqa: F821
        after = {k: torch.sub(after[k], torch.mul(inner_lrs[k], g[k])) for k in after}
        print("inner step", number)
        history.append(right(after))
    return after, tuple(history)


@variant("2a")
def recursion(network, params, inner_lrs, images, labels, steps, first_order=False):
    """One step, then the rest by itself."""
    now = accuracy(functional_call(network, params, (images,)), labels)
    if steps == 0:
        return params, [now]
    gradient = inner_gradient(  # noqa: F821
        lambda p: F.nll_loss(F.log_softmax(functional_call(network, p, (images,)), 1), labels),
        params,
        first_order,
    )
    moved = {k: p - inner_lrs[k] * gradient[k] for k, p in params.items()}
    after, rest = adapt(network, moved, inner_lrs, images, labels, steps - 1, first_order)  # noqa: F821
    return after, [now, *rest]


@variant("2a")
def stateless_copy(network, params, inner_lrs, images, labels, steps, first_order=False):
    """A deep copy of the network as the form; lists in place of dictionaries."""
    form, names = copy.deepcopy(network), list(params)
    values = [params[name] for name in names]
    history = []
    for _ in range(steps):
        logits = functional_call(form, dict(zip(names, values)), (images,))
        history.append(accuracy(logits, labels))
        loss = F.cross_entropy(logits, labels, reduction="none").sum() / labels.numel()
        if first_order:
            slopes = torch.autograd.grad(loss, values)
        else:
            slopes = torch.autograd.grad(loss, values, create_graph=True)
        values = [v.add(-inner_lrs[n] * s) for n, v, s in zip(names, values, slopes)]
    history.append(accuracy(functional_call(form, dict(zip(names, values)), (images,)), labels))
    return dict(zip(names, values)), history


# --- 2b -----------------------------------------------------------------------------------------


@variant("2b")
def floats_and_a_tuple(network, params, inner_lrs, task, steps, first_order=False):
    """Unpacked task, keywords, floats."""
    images, labels, queries, targets = task
    adapted, support = adapt(  # noqa: F821
        network=network,
        params=params,
        inner_lrs=inner_lrs,
        images=images,
        labels=labels,
        steps=steps,
        first_order=first_order,
    )
    logits = functional_call(network, adapted, queries)
    right = float((logits.argmax(dim=1) == targets).float().mean())
    return F.cross_entropy(logits, targets), [float(a) for a in support], right


@variant("2b")
def likelihood_by_hand(network, params, inner_lrs, task, steps, first_order=False):
    """Negative log-likelihood with gather; accuracies as one tensor."""
    adapted, support = adapt(network, params, inner_lrs, task[0], task[1], steps, first_order)  # noqa: F821
    scores = functional_call(network, adapted, (task[2],)).log_softmax(-1)
    loss = -scores.gather(1, task[3].unsqueeze(1)).mean()
    accuracies = torch.stack([torch.as_tensor(a) for a in support])
    return loss, accuracies, accuracy(scores, task[3])


@variant("2b")
def loss_module(network, params, inner_lrs, task, steps, first_order=False):
    """nn.CrossEntropyLoss, numpy for the metrics, a list as the result."""
    adapted, support = adapt(  # noqa: F821
        network, params, inner_lrs, task.support_images, task.support_labels, steps, first_order
    )
    logits = functional_call(network, adapted, (task.query_images,))
    right = np.mean(logits.detach().numpy().argmax(-1) == task.query_labels.numpy())
    history = np.array([float(a) for a in support])
    return [nn.CrossEntropyLoss()(logits, task.query_labels), history, right]


@variant("2b")
def everything_here(network, params, inner_lrs, task, steps, first_order=False):
    """The inner loop written out, without `adapt`."""
    fast, history = dict(params), []
    for _ in range(steps):
        logits = functional_call(network, fast, (task.support_images,))
        history.append(accuracy(logits, task.support_labels))
        loss = F.cross_entropy(logits, task.support_labels)
        grads = torch.autograd.grad(loss, tuple(fast.values()), create_graph=not first_order)
        fast = {k: v - inner_lrs[k] * g for (k, v), g in zip(fast.items(), grads)}
    logits = functional_call(network, fast, (task.support_images,))
    history.append(accuracy(logits, task.support_labels))
    logits = functional_call(network, fast, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), history, accuracy(logits, task.query_labels)


@variant("2b")
def both_sets_forward(network, params, inner_lrs, task, steps, first_order=False):
    """One forward pass over both sets after adaptation; the query rows are used."""
    support = adapt(  # noqa: F821
        network, params, inner_lrs, task.support_images, task.support_labels, steps, first_order
    )
    both = torch.cat([task.support_images, task.query_images])
    logits = functional_call(network, support[0], (both,))[len(task.support_images) :]
    loss = F.cross_entropy(logits, task.query_labels)
    return loss, support[1], accuracy(logits, task.query_labels)


# --- 2c -----------------------------------------------------------------------------------------


@variant("2c")
def full(params, inner_lr, learned):
    """torch.full with no axes."""
    return {
        n: torch.full((), inner_lr, dtype=p.dtype, device=p.device, requires_grad=learned)
        for n, p in params.items()
    }


@variant("2c")
def loop_and_requires_grad(params, inner_lr, learned):
    """A loop; requires_grad_ afterwards."""
    rates = {}
    for name, p in params.items():
        rates[name] = torch.tensor(float(inner_lr), device=p.device).to(p.dtype)
        rates[name].requires_grad_(learned)
    return rates


@variant("2c")
def parameters(params, inner_lr, learned):
    """nn.Parameter for each."""
    return {
        name: nn.Parameter(torch.tensor(inner_lr, dtype=p.dtype), requires_grad=learned)
        for name, p in params.items()
    }


@variant("2c")
def new_tensors(params, inner_lr, learned):
    """new_full and new_tensor."""
    return {
        name: p.detach().new_full([], inner_lr).requires_grad_(learned)
        for name, p in params.items()
    }


@variant("2c")
def clones_of_one(params, inner_lr, learned):
    """One tensor for each type, cloned for each name."""
    out = {}
    for name in params.keys():
        base = torch.scalar_tensor(inner_lr, dtype=params[name].dtype)
        out[name] = base.clone().detach()
        if learned:
            out[name].requires_grad = True
    return out


@variant("2c")
def ones_filled(params, inner_lr, learned):
    """Zeros of no axes, filled; dict and zip."""
    made = [torch.zeros((), dtype=p.dtype).fill_(inner_lr) for p in params.values()]
    return dict(zip(params, [m.requires_grad_() if learned else m for m in made]))


# --- 2d -----------------------------------------------------------------------------------------


@variant("2d")
def autograd(loss_fn, params, first_order):
    """torch.autograd.grad, with or without a graph."""
    found = torch.autograd.grad(
        loss_fn(params), list(params.values()), create_graph=not first_order
    )
    return dict(zip(params.keys(), found))


@variant("2d")
def always_created(loss_fn, params, first_order):
    """create_graph always, detached for first order."""
    names, values = zip(*params.items())
    found = torch.autograd.grad(loss_fn(dict(params)), values, create_graph=True)
    return {n: (g.detach() if first_order else g) for n, g in zip(names, found)}


@variant("2d")
def grad_and_value(loss_fn, params, first_order):
    """torch.func.grad_and_value."""
    gradient, _ = torch.func.grad_and_value(loss_fn)(params)
    if not first_order:
        return gradient
    return {name: part.detach() for name, part in gradient.items()}


@variant("2d")
def constant_parameters(loss_fn, params, first_order):
    """For first order, the gradient at detached parameters."""
    at = {n: p.detach() for n, p in params.items()} if first_order else params
    return torch.func.grad(loss_fn)(at)


@variant("2d")
def vector_jacobian(loss_fn, params, first_order):
    """torch.func.vjp with a one."""
    loss, back = torch.func.vjp(loss_fn, params)
    (gradient,) = back(torch.ones_like(loss))
    return {n: g.clone().detach() if first_order else g for n, g in gradient.items()}


@variant("2d")
def jacobian(loss_fn, params, first_order):
    """torch.func.jacrev of a scalar."""
    found = torch.func.jacrev(loss_fn)(params)
    return {k: v.detach() if first_order else v for k, v in found.items()}
