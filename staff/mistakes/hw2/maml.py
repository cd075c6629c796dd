"""Wrong ways to adapt, to judge the adapted parameters, and to make rates and inner gradients."""

# ruff: noqa: F821 - the other holes are called by name
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.func import functional_call

from hw2.experiments.tasks import accuracy
from staff.authoring.catalogue import mistake

# --- 2a -----------------------------------------------------------------------------------------


def _loop(
    network,
    params,
    rates,
    images,
    labels,
    steps,
    first_order,
    gradient_of,
    step=None,
    loss=F.cross_entropy,
):
    """An inner loop with one part to be replaced."""

    def predict(params):
        return functional_call(network, params, (images,))

    def descend(params, gradient):
        return {name: p - rates[name] * gradient[name] for name, p in params.items()}

    step = step or descend
    accuracies = [accuracy(predict(params), labels)]
    for _ in range(steps):
        gradient = gradient_of(lambda p: loss(predict(p), labels), params, first_order)
        params = step(params, gradient)
        accuracies.append(accuracy(predict(params), labels))
    return params, accuracies


@mistake("2a")
def ascent(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The inner loop climbs: the gradient is added.

    The support loss grows with every step. The outer loop can compensate for part of this, so it
    looks like slow learning.
    """

    def climb(params, gradient):
        return {name: p + inner_lrs[name] * gradient[name] for name, p in params.items()}

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, climb
    )


@mistake("2a")
def no_adaptation(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The given parameters are returned.

    What the loop calculates is lost. The support accuracy stays at chance, before and after.
    """
    _, accuracies = _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient
    )
    return params, accuracies


@mistake("2a")
def always_first_order(network, params, inner_lrs, images, labels, steps, first_order=False):
    """This is first-order MAML where the full gradient is asked for.

    The adapted parameters are right. The inner gradient is a constant to the outer loop, so the
    meta-gradient lacks the second derivatives.
    """
    return _loop(network, params, inner_lrs, images, labels, steps, True, inner_gradient)


@mistake("2a")
def retain_graph_only(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The inner gradient is taken with retain_graph, without create_graph.

    Keeping the graph of the loss does not make a graph of the gradient: the values are right, but
    the meta-gradient is first-order.
    """

    def gradient_of(loss_of, params, first_order):
        found = torch.autograd.grad(loss_of(params), list(params.values()), retain_graph=True)
        return dict(zip(params, found))

    return _loop(network, params, inner_lrs, images, labels, steps, first_order, gradient_of)


@mistake("2a")
def gradient_detached(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The inner gradient is detached in the update.

    Whatever `first_order` says, nothing flows back through the gradient. It changes no value.
    """

    def step(params, gradient):
        return {n: p - inner_lrs[n] * gradient[n].detach() for n, p in params.items()}

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def update_in_place(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The parameters are updated in place, where autograd does not record it (no_grad, or .data).

    The rates then get no gradient, and second derivatives are missing. Copies are made first, so the caller's numbers do not change.
    """
    params = {name: p.clone() for name, p in params.items()}

    def step(params, gradient):
        for name, p in params.items():
            p.data -= inner_lrs[name].data * gradient[name].data
        return params

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def callers_parameters_changed(
    network, params, inner_lrs, images, labels, steps, first_order=False
):
    """The caller's own parameters are changed by the inner loop.

    The next task then starts where this one ended: the initial parameters, which should be learned,
    are lost.
    """

    def step(params, gradient):
        with torch.no_grad():
            for name, p in params.items():
                p -= inner_lrs[name] * gradient[name]
        return params

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def callers_dictionary_changed(
    network, params, inner_lrs, images, labels, steps, first_order=False
):
    """The caller's dictionary is written to.

    The new tensors are right, but they are put into the dictionary that was given. The next task then
    starts from parameters that are adapted already.
    """

    def step(params, gradient):
        for name in list(params):
            params[name] = params[name] - inner_lrs[name] * gradient[name]
        return params

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def rates_as_numbers(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The rates get no gradient.

    They are turned into numbers, or detached. The adapted parameters are right, but the learned
    rates never change.
    """

    def step(params, gradient):
        return {n: p - inner_lrs[n].item() * gradient[n] for n, p in params.items()}

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def one_rate_for_all(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The first rate is used for every parameter.

    While all rates are equal nothing is wrong. Learned rates differ, and all but one would get no
    gradient.
    """
    rate = next(iter(inner_lrs.values()))

    def step(params, gradient):
        return {n: p - rate * gradient[n] for n, p in params.items()}

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def summed_loss(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The support losses are added up, not averaged.

    A step is longer by the number of support images: a rate that is right for one shot overshoots
    with five.
    """

    def summed(logits, labels):
        return F.cross_entropy(logits, labels, reduction="sum")

    given = (network, params, inner_lrs, images, labels, steps, first_order)
    return _loop(*given, inner_gradient, None, summed)


@mistake("2a")
def gradient_of_the_start(network, params, inner_lrs, images, labels, steps, first_order=False):
    """Every step takes the gradient at the first parameters.

    One step is right. Further steps go on in the direction of the first one, whatever the loss is
    where they are.
    """
    start = params

    def gradient_of(loss_of, params, first_order):
        return inner_gradient(loss_of, start, first_order)

    return _loop(network, params, inner_lrs, images, labels, steps, first_order, gradient_of)


@mistake("2a")
def always_from_the_start(network, params, inner_lrs, images, labels, steps, first_order=False):
    """Every step starts at the first parameters.

    Each step forgets the ones before it: the result moves only by the last gradient. One step is
    right.
    """
    start = params

    def step(params, gradient):
        return {n: p - inner_lrs[n] * gradient[n] for n, p in start.items()}

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def one_step_too_few(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The last step is left out.

    The loop ends one step early. With a single step nothing is adapted at all.
    """
    params, accuracies = _loop(
        network, params, inner_lrs, images, labels, steps - 1, first_order, inner_gradient
    )
    return params, [*accuracies, accuracies[-1]]


@mistake("2a")
def last_step_only_differentiated(
    network, params, inner_lrs, images, labels, steps, first_order=False
):
    """The parameters are cut from those before at every step.

    No gradient of the query loss reaches the initial parameters or the inner rates, even with one
    step.
    """
    given = params

    def step(params, gradient):
        moved = {}
        for name, p in params.items():
            base = p if params is given else p.detach().requires_grad_()
            moved[name] = base - inner_lrs[name] * gradient[name]
        return {n: v.detach().requires_grad_() for n, v in moved.items()}

    params, accuracies = _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )
    return {n: p + 0 * given[n] for n, p in params.items()}, accuracies


@mistake("2a")
def accuracy_before_missing(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The accuracy before the first step is missing.

    There are as many accuracies as steps, and you cannot see whether adaptation helped.
    """
    params, accuracies = _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient
    )
    return params, accuracies[1:]


@mistake("2a")
def accuracy_after_missing(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The accuracy after the last step is missing.

    The accuracy before the first step is there twice, and the last one, which matters most, is
    missing.
    """
    params, accuracies = _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient
    )
    return params, [accuracies[0], *accuracies[:-1]]


@mistake("2a")
def biases_not_adapted(network, params, inner_lrs, images, labels, steps, first_order=False):
    """Parameters that are called bias stay as they were.

    The inner loop skips them by their names: they get no step, and their rates no gradient. All
    parameters of the network should be adapted, whatever their names are.
    """

    def step(params, gradient):
        return {
            name: p if "bias" in name else p - inner_lrs[name] * gradient[name]
            for name, p in params.items()
        }

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def last_layer_alone(network, params, inner_lrs, images, labels, steps, first_order=False):
    """Only the parameters of the head are adapted.

    They are chosen by their names. The body does not change in the inner loop: its parameters get
    no step, and their rates no gradient.
    """

    def step(params, gradient):
        return {
            name: p - inner_lrs[name] * gradient[name] if name.startswith("head") else p
            for name, p in params.items()
        }

    return _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient, step
    )


@mistake("2a")
def switch_forgotten(network, params, inner_lrs, images, labels, steps, first_order=False):
    """The first-order switch is not passed on.

    The full gradient is taken whatever the switch says: both experiments give the same result.
    """
    return _loop(network, params, inner_lrs, images, labels, steps, False, inner_gradient)


@mistake("2a")
def own_parameters_of_the_network(
    network, params, inner_lrs, images, labels, steps, first_order=False
):
    """The loss uses the network's own parameters, not those that are given.

    A plain call of the network does not use the dictionary. Once the two differ, the gradient is
    taken at the wrong parameters.
    """
    own = dict(network.named_parameters())

    def gradient_of(loss_of, params, first_order):
        found = inner_gradient(loss_of, own, first_order)
        return {name: part + 0 * params[name] for name, part in found.items()}

    return _loop(network, params, inner_lrs, images, labels, steps, first_order, gradient_of)


@mistake("2a")
def first_order_cuts_everything(
    network, params, inner_lrs, images, labels, steps, first_order=False
):
    """With the first-order switch on, the adapted parameters themselves are cut off.

    Only the inner gradient should be a constant. Here the initial parameters get no gradient at
    all, and nothing is learned.
    """
    given = params
    params, accuracies = _loop(
        network, params, inner_lrs, images, labels, steps, first_order, inner_gradient
    )
    if first_order:
        params = {name: p.detach() + 0 * given[name] for name, p in params.items()}
    return params, accuracies


# --- 2b -----------------------------------------------------------------------------------------


def _adapt(network, params, rates, task, steps, first_order):
    return adapt(
        network, params, rates, task.support_images, task.support_labels, steps, first_order
    )


@mistake("2b")
def support_set_judged(network, params, inner_lrs, task, steps, first_order=False):
    """The loss is that of the support set.

    The parameters are evaluated on the images that they were adapted to. The outer loss falls at
    once, but the query accuracy stays low.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    query = functional_call(network, adapted, (task.query_images,))
    logits = functional_call(network, adapted, (task.support_images,))
    return F.cross_entropy(logits, task.support_labels), support, accuracy(query, task.query_labels)


@mistake("2b")
def query_unadapted(network, params, inner_lrs, task, steps, first_order=False):
    """The query loss is taken with the parameters before adaptation.

    The inner loop has no influence on the loss, and the rates get no gradient. The network learns an
    average of all tasks, which is no better than chance.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    logits = functional_call(network, params, (task.query_images,))
    after = functional_call(network, adapted, (task.query_images,))
    loss = F.cross_entropy(logits, task.query_labels)
    return loss, support, accuracy(after, task.query_labels)


@mistake("2b")
def own_parameters_judged(network, params, inner_lrs, task, steps, first_order=False):
    """The query images go through a plain call of the network.

    A plain call uses the network's own parameters: neither the ones that were given nor the adapted
    ones.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    logits = network(task.query_images)
    loss = F.cross_entropy(logits, task.query_labels) + 0 * sum(p.sum() for p in adapted.values())
    return loss, support, accuracy(logits, task.query_labels)


@mistake("2b")
def adapted_to_the_query(network, params, inner_lrs, task, steps, first_order=False):
    """The inner loop adapts to the query images.

    It first trains on the labels that it should predict. The accuracy is very good, but cannot be
    repeated without those labels.
    """
    adapted, support = adapt(
        network, params, inner_lrs, task.query_images, task.query_labels, steps, first_order
    )
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def adapted_to_labels_of_the_query(network, params, inner_lrs, task, steps, first_order=False):
    """The inner loop gets support images with the labels of the query images.

    If both sets have the same size there is no error, and the network adapts to wrong labels. The
    support accuracy stays near chance.
    """
    adapted, support = adapt(
        network, params, inner_lrs, task.support_images, task.query_labels, steps, first_order
    )
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def adapted_parameters_detached(network, params, inner_lrs, task, steps, first_order=False):
    """The adapted parameters are detached before the query loss.

    The value is right. Nothing flows back through the inner loop, so neither the initial parameters
    nor the rates learn.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    adapted = {name: p.detach() + 0 * params[name] for name, p in adapted.items()}
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def first_order_always_on(network, params, inner_lrs, task, steps, first_order=False):
    """The inner loop is always run with the first-order switch on.

    The loss is right, but the meta-gradient lacks its second derivatives.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, True)
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def switch_not_passed_on(network, params, inner_lrs, task, steps, first_order=False):
    """The first-order switch does not reach the inner loop.

    With the switch on you still get the full meta-gradient: the two experiments are the same.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, False)
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def summed_query_loss(network, params, inner_lrs, task, steps, first_order=False):
    """The query losses are added up, not averaged.

    The outer gradient grows with the number of query images.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    logits = functional_call(network, adapted, (task.query_images,))
    loss = F.cross_entropy(logits, task.query_labels, reduction="sum")
    return loss, support, accuracy(logits, task.query_labels)


@mistake("2b")
def always_one_step(network, params, inner_lrs, task, steps, first_order=False):
    """The inner loop takes one step, however many were asked for.

    With one step nothing is wrong; five steps give the result of one.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, 1, first_order)
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def probabilities_judged(network, params, inner_lrs, task, steps, first_order=False):
    """There is a softmax before the cross-entropy, which applies its own.

    The loss stays between two bounds, and its gradient vanishes as predictions become confident.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    logits = functional_call(network, adapted, (task.query_images,)).softmax(-1)
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def query_accuracy_before(network, params, inner_lrs, task, steps, first_order=False):
    """The query accuracy is that of the parameters before adaptation.

    The loss is right and training works, but the accuracy on the query images stays at chance.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    logits = functional_call(network, adapted, (task.query_images,))
    before = functional_call(network, params, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(before, task.query_labels)


@mistake("2b")
def last_support_accuracy_as_query(network, params, inner_lrs, task, steps, first_order=False):
    """The last support accuracy is returned as the query accuracy.

    The loss is right, but the query curve is a copy of the support curve.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, support[-1]


@mistake("2b")
def adapted_twice(network, params, inner_lrs, task, steps, first_order=False):
    """The inner loop is run twice, the second time from where the first one ended.

    Twice as many steps are taken as were asked for.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    adapted, _ = _adapt(network, adapted, inner_lrs, task, steps, first_order)
    logits = functional_call(network, adapted, (task.query_images,))
    return F.cross_entropy(logits, task.query_labels), support, accuracy(logits, task.query_labels)


@mistake("2b")
def loss_made_of_a_number(network, params, inner_lrs, task, steps, first_order=False):
    """The loss is made anew from its number.

    Its value is right; a new tensor has no path back to anything.
    """
    adapted, support = _adapt(network, params, inner_lrs, task, steps, first_order)
    logits = functional_call(network, adapted, (task.query_images,))
    loss = torch.tensor(F.cross_entropy(logits, task.query_labels).item(), requires_grad=True)
    return loss, support, accuracy(logits, task.query_labels)


# --- 2c -----------------------------------------------------------------------------------------


@mistake("2c")
def one_tensor_for_all(params, inner_lr, learned):
    """All names share the same tensor.

    There is one rate, not one for each parameter: it gets the sum of all gradients, so the rates
    stay equal.
    """
    shared = torch.tensor(float(inner_lr), dtype=next(iter(params.values())).dtype)
    shared.requires_grad_(learned)
    return {name: shared for name in params}


@mistake("2c")
def never_learned(params, inner_lr, learned):
    """The rates never require a gradient.

    With learned=True the outer optimizer has nothing to step, and the rates keep their initial
    values.
    """
    return {n: torch.tensor(float(inner_lr), dtype=p.dtype) for n, p in params.items()}


@mistake("2c")
def learned_turned_round(params, inner_lr, learned):
    """The switch `learned` is the wrong way round.

    With learned=True the rates require no gradient and keep their initial values; with
    learned=False they require one.
    """
    return {
        n: torch.tensor(float(inner_lr), dtype=p.dtype, requires_grad=not learned)
        for n, p in params.items()
    }


@mistake("2c")
def always_learned(params, inner_lr, learned):
    """The rates require a gradient whatever was asked for.

    `learned` has no effect: a run with fixed rates learns them too.
    """
    return {
        n: torch.tensor(float(inner_lr), dtype=p.dtype, requires_grad=True)
        for n, p in params.items()
    }


@mistake("2c")
def not_a_leaf(params, inner_lr, learned):
    """A rate is the result of an operation on a tensor that requires a gradient.

    The gradient goes to the tensor before it, which nobody keeps. An optimizer refuses such a
    tensor, because it is not a leaf.
    """
    return {
        n: torch.ones((), dtype=p.dtype, requires_grad=learned) * float(inner_lr)
        for n, p in params.items()
    }


@mistake("2c")
def parameters_overwritten(params, inner_lr, learned):
    """The parameters themselves are filled with the rate.

    A detached tensor shares its memory with the original: the initial parameters of the network are
    lost.
    """
    for p in params.values():
        p.detach().fill_(inner_lr)
    return {
        n: torch.tensor(float(inner_lr), dtype=p.dtype, requires_grad=learned)
        for n, p in params.items()
    }


@mistake("2c")
def a_rate_for_every_number(params, inner_lr, learned):
    """Every single number of a parameter has a rate of its own.

    That is another method, Meta-SGD (Li et al. 2017). The handout asks for one number for each
    parameter tensor.
    """
    return {
        n: torch.full(p.shape, float(inner_lr), dtype=p.dtype, requires_grad=learned)
        for n, p in params.items()
    }


@mistake("2c")
def with_an_axis(params, inner_lr, learned):
    """A rate has an axis of length one.

    It still broadcasts, but a parameter without axes would get one. The handout asks for a tensor
    without axes.
    """
    return {
        n: torch.tensor([float(inner_lr)], dtype=p.dtype, requires_grad=learned)
        for n, p in params.items()
    }


@mistake("2c")
def type_of_the_number(params, inner_lr, learned):
    """The type of a rate follows from how its number is written, not from the parameter.

    A rate of 1 makes an integer tensor, which cannot be learned; parameters in double precision get
    rates in single.
    """
    return {n: torch.tensor(inner_lr, requires_grad=learned) for n, p in params.items()}


@mistake("2c")
def weights_only(params, inner_lr, learned):
    """Only the weights get a rate; the biases have none.

    A name that is missing here is missing in the inner loop.
    """
    return {
        n: torch.tensor(float(inner_lr), dtype=p.dtype, requires_grad=learned)
        for n, p in params.items()
        if "bias" not in n
    }


@mistake("2c")
def logarithms(params, inner_lr, learned):
    """The logarithms of the rates are returned.

    The inner loop multiplies by what it gets: a rate of 0.4 becomes -0.9, and the steps go uphill.
    """
    return {
        n: torch.tensor(float(inner_lr), dtype=p.dtype).log().requires_grad_(learned)
        for n, p in params.items()
    }


@mistake("2c")
def plain_numbers(params, inner_lr, learned):
    """The rates are plain numbers.

    A number cannot be learned, and has neither dtype nor device.
    """
    return {name: inner_lr for name in params}


@mistake("2c")
def smaller_with_depth(params, inner_lr, learned):
    """Each further parameter begins with a smaller rate.

    All rates should start equal; the outer loop finds what they become.
    """
    return {
        n: torch.tensor(inner_lr / (1 + k), dtype=p.dtype, requires_grad=learned)
        for k, (n, p) in enumerate(params.items())
    }


# --- 2d -----------------------------------------------------------------------------------------


@mistake("2d")
def constant_always(loss_fn, params, first_order):
    """The gradient is always a constant.

    Whatever the switch says, nothing flows back through it: the second derivatives are missing.
    """
    found = torch.func.grad(loss_fn)(params)
    return {name: part.detach() for name, part in found.items()}


@mistake("2d")
def never_constant(loss_fn, params, first_order):
    """The switch has no effect.

    The gradient can always be differentiated again: first order costs and does the same as the full
    gradient.
    """
    return torch.func.grad(loss_fn)(params)


@mistake("2d")
def switch_turned_round(loss_fn, params, first_order):
    """The switch is the wrong way round.

    First order keeps the second derivatives, and the full gradient drops them.
    """
    found = torch.func.grad(loss_fn)(params)
    return found if first_order else {name: part.detach() for name, part in found.items()}


@mistake("2d")
def graph_retained_not_created(loss_fn, params, first_order):
    """The graph is retained where one of the gradient should be created.

    It changes no value and raises no error, but nothing flows back through the gradient.
    """
    names = list(params)
    found = torch.autograd.grad(
        loss_fn(params), [params[n] for n in names], retain_graph=not first_order
    )
    return dict(zip(names, found))


@mistake("2d")
def backward_called(loss_fn, params, first_order):
    """The gradient is taken with backward().

    It lands in the parameters' .grad, where the outer optimizer keeps its own gradient and uses what
    it finds.
    """
    loss_fn(params).backward(create_graph=not first_order)
    return {name: p.grad for name, p in params.items()}


@mistake("2d")
def parameters_cut(loss_fn, params, first_order):
    """The gradient is taken at a detached copy of the parameters.

    Its values are right, but it is a function of the copy: nothing reaches the given parameters.
    """
    copy = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    found = torch.autograd.grad(loss_fn(copy), list(copy.values()), create_graph=not first_order)
    return dict(zip(copy, found))


@mistake("2d")
def sign_changed(loss_fn, params, first_order):
    """The returned gradient has the opposite sign.

    The inner loop subtracts it, and goes uphill.
    """
    found = torch.func.grad(lambda p: -loss_fn(p))(params)
    return {n: g.detach() for n, g in found.items()} if first_order else found


@mistake("2d")
def names_exchanged(loss_fn, params, first_order):
    """The gradients are given to the names in another order.

    The gradients are in the order of the parameters, the names in alphabetical order. If the shapes
    match, there is no error.
    """
    found = torch.autograd.grad(
        loss_fn(params), list(params.values()), create_graph=not first_order
    )
    return dict(zip(sorted(params), found))


@mistake("2d")
def clipped(loss_fn, params, first_order):
    """The gradient is clipped.

    Large entries are cut to one. That is another kind of step, and its derivative is zero where it
    was cut.
    """
    found = torch.func.grad(loss_fn)(params)
    found = {name: part.clamp(-1, 1) for name, part in found.items()}
    return {n: g.detach() for n, g in found.items()} if first_order else found


@mistake("2d")
def unit_steps(loss_fn, params, first_order):
    """Each gradient is scaled to length one.

    Only its direction is left: steps no longer get shorter near the bottom.
    """
    found = torch.func.grad(loss_fn)(params)
    found = {name: part / part.norm() for name, part in found.items()}
    return {n: g.detach() for n, g in found.items()} if first_order else found


@mistake("2d")
def loss_cut_too(loss_fn, params, first_order):
    """With the switch on, the parameters themselves are cut off in place.

    detach_() turns the caller's own parameters into constants.
    """
    found = torch.func.grad(loss_fn)(params)
    if first_order:
        for name in list(params):
            params[name] = params[name].detach().requires_grad_()
        found = {name: part.detach() for name, part in found.items()}
    return {name: part + 0 * params[name] for name, part in found.items()}
