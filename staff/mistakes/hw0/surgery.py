"""Wrong ways to do problem X."""

import numpy as np
import torch

from staff.authoring.catalogue import mistake


def long_vector(loss, parameters):
    parts = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


@mistake("X1")
def cosine_averaged_over_parameters(first_loss, second_loss, parameters):
    """The cosine is taken for each parameter by itself, then averaged.

    A small table weighs as much as a large one. With one parameter the value is right.
    """
    values = []
    for parameter in parameters:
        one, other = long_vector(first_loss, [parameter]), long_vector(second_loss, [parameter])
        size = one.norm() * other.norm()
        values.append(float(one @ other / size) if size > 0 else 0.0)
    return float(np.mean(values))


@mistake("X1")
def cosine_of_the_first_parameter(first_loss, second_loss, parameters):
    """Only the first parameter counts.

    The gradients of all others have no effect. With one parameter the value is right.
    """
    one, other = long_vector(first_loss, parameters[:1]), long_vector(second_loss, parameters[:1])
    size = one.norm() * other.norm()
    return float(one @ other / size) if size > 0 else 0.0


@mistake("X1")
def cosine_not_normalised(first_loss, second_loss, parameters):
    """The scalar product of the gradients is returned.

    It leaves the range from -1 to 1: double a loss and it doubles.
    """
    return float(long_vector(first_loss, parameters) @ long_vector(second_loss, parameters))


@mistake("X1")
def cosine_normalised_once(first_loss, second_loss, parameters):
    """The scalar product is divided by the length of one gradient only.

    Double the other loss and the value doubles.
    """
    one, other = long_vector(first_loss, parameters), long_vector(second_loss, parameters)
    return float(one @ other / one.norm().clamp_min(1e-12))


@mistake("X1")
def cosine_of_the_parameters(first_loss, second_loss, parameters):
    """The gradients are multiplied by the parameters before they are compared.

    The value changes with the parameters, even for losses whose gradient is constant.
    """
    whole = torch.cat([p.detach().flatten() for p in parameters])
    one, other = (
        whole * long_vector(first_loss, parameters),
        whole * long_vector(second_loss, parameters),
    )
    size = one.norm() * other.norm()
    return float(one @ other / size) if size > 0 else 0.0


@mistake("X1")
def cosine_absolute(first_loss, second_loss, parameters):
    """The sign of the cosine is lost.

    Tasks that work against each other look as if they agreed.
    """
    one, other = long_vector(first_loss, parameters), long_vector(second_loss, parameters)
    size = one.norm() * other.norm()
    return abs(float(one @ other / size)) if size > 0 else 0.0


@mistake("X1")
def cosine_through_grad(first_loss, second_loss, parameters):
    """The gradients are made by backward(), which leaves them in `.grad`.

    The next training step would add to what is there. Look at `.grad` before and after.
    """
    vectors = []
    for loss in (first_loss, second_loss):
        for parameter in parameters:
            parameter.grad = None
        loss.backward(retain_graph=True)
        vectors.append(
            torch.cat(
                [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters]
            )
        )
    size = vectors[0].norm() * vectors[1].norm()
    return float(vectors[0] @ vectors[1] / size) if size > 0 else 0.0


@mistake("X1")
def cosine_frees_the_graph(first_loss, second_loss, parameters):
    """The graph of the losses is freed.

    The backward pass of the training step then fails.
    """
    vectors = []
    for loss in (first_loss, second_loss):
        parts = torch.autograd.grad(loss, parameters, materialize_grads=True)
        vectors.append(torch.cat([part.flatten() for part in parts]))
    size = vectors[0].norm() * vectors[1].norm()
    return float(vectors[0] @ vectors[1] / size) if size > 0 else 0.0


@mistake("X1")
def cosine_drops_unused_parameters(first_loss, second_loss, parameters):
    """A parameter that one loss does not use is left out of the comparison.

    The other gradient is then too short, and the cosine too large.
    """
    pairs = zip(
        torch.autograd.grad(first_loss, parameters, retain_graph=True, allow_unused=True),
        torch.autograd.grad(second_loss, parameters, retain_graph=True, allow_unused=True),
    )
    used = [(a.flatten(), b.flatten()) for a, b in pairs if a is not None and b is not None]
    if not used:
        return 0.0
    one, other = (torch.cat(parts) for parts in zip(*used))
    size = one.norm() * other.norm()
    return float(one @ other / size) if size > 0 else 0.0


@mistake("X1")
def cosine_of_zero_undefined(first_loss, second_loss, parameters):
    """A zero gradient gives nan.

    This happens as soon as one task does not use the tables. The result should be zero.
    """
    one, other = long_vector(first_loss, parameters), long_vector(second_loss, parameters)
    return float(one @ other / (one.norm() * other.norm()))


@mistake("X1")
def cosine_of_parts_as_they_are(first_loss, second_loss, parameters):
    """The parts of the gradient are joined in the shapes of their parameters.

    A table and a bias do not fit together. It works as long as every parameter is a plain vector.
    """
    vectors = []
    for loss in (first_loss, second_loss):
        parts = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
        vectors.append(torch.cat(parts))
    size = vectors[0].norm() * vectors[1].norm()
    return float((vectors[0] * vectors[1]).sum() / size) if size > 0 else 0.0


@mistake("X1")
def cosine_of_small_gradients_is_zero(first_loss, second_loss, parameters):
    """Small gradients count as zero.

    Late in training every gradient is small, and the cosine is then always 0. Divide both losses by
    a hundred: an angle does not change.
    """
    one, other = long_vector(first_loss, parameters), long_vector(second_loss, parameters)
    size = one.norm() * other.norm()
    return float(one @ other / size) if size > 0.1 else 0.0


@mistake("X2")
def surgery_on_agreement(gradients, rng):
    """Gradients are projected where they agree, and kept where they conflict.

    With two tasks, the scalar product of gradients that conflict is as negative after as before.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product > 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_always(gradients, rng):
    """Gradients are projected whether or not they conflict.

    Tasks that agree lose what they agree on.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            if j != i:
                product = left[i] @ gradients[j]
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_never(gradients, rng):
    """The gradients are returned unchanged.

    Print the scalar product of two conflicting rows before and after.
    """
    return gradients.clone()


@mistake("X2")
def surgery_against_what_is_left(gradients, rng):
    """A gradient is projected against what is left of the other, not against the original.

    The first task is projected and the second then has no conflict: the result depends on which
    task comes first.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ left[j]
            if j != i and product < 0:
                left[i] -= product / (left[j] @ left[j]) * left[j]
    return left


@mistake("X2")
def surgery_divides_by_the_length(gradients, rng):
    """The projection divides by the length of the other gradient, not by its square.

    It is right only for gradients of length 1. Scale the other gradient: the plane stays the same,
    and so should the result.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] -= product / gradients[j].norm() * gradients[j]
    return left


@mistake("X2")
def surgery_onto_the_other(gradients, rng):
    """The conflicting part is kept and the rest is dropped.

    The result is parallel to the other gradient where it should be orthogonal.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] = product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_adds_the_conflict(gradients, rng):
    """The conflicting part is added; it should be removed.

    The scalar product with the other gradient becomes twice as negative.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] += product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_on_the_first_task(gradients, rng):
    """Only the first task's gradient is changed.

    The other tasks still conflict with it. All tasks should be treated in the same way.
    """
    left = gradients.clone()
    for j in rng.permutation(len(gradients)):
        product = left[0] @ gradients[j]
        if j != 0 and product < 0:
            left[0] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_in_a_fixed_order(gradients, rng):
    """The tasks are met in the same order every time.

    With two tasks you see no difference. With more, the last one in the order always wins.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in range(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_tests_the_original(gradients, rng):
    """Whether and how much to project is decided by the original gradient, not by what is left.

    With two tasks you see no difference. With more, this misses a conflict that an earlier
    projection caused or removed.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = gradients[i] @ gradients[j]
            if j != i and product < 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_in_place(gradients, rng):
    """The caller's gradients are changed.

    Later tasks see the changed gradients of earlier ones, and the caller has lost the originals.
    """
    original = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = gradients[i] @ original[j]
            if j != i and product < 0:
                gradients[i] -= product / (original[j] @ original[j]) * original[j]
    return gradients


@mistake("X2")
def surgery_summed(gradients, rng):
    """The sum over tasks is returned.

    The handout asks for one row for each task; the caller sums. Print the shape.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left.sum(0)


@mistake("X2")
def surgery_with_itself(gradients, rng):
    """A task also meets its own gradient.

    After some projections the rest can point away from the original gradient. It is then projected
    once more, for a conflict with itself. With two tasks you see no difference.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if product < 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_of_what_nearly_agrees(gradients, rng):
    """Gradients that agree a little are projected as well.

    The test compares with a number above zero. Small gradients are always below it: scale down two
    gradients that agree, and they should not change.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in rng.permutation(len(gradients)):
            product = left[i] @ gradients[j]
            if j != i and product < 0.2:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_in_one_order_for_all(gradients, rng):
    """One order is drawn, and all tasks meet the others in it.

    Each task should have its own order. Each order by itself is drawn correctly, but some
    combinations of orders never occur.
    """
    left, order = gradients.clone(), rng.permutation(len(gradients))
    for i in range(len(gradients)):
        for j in order:
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left


@mistake("X2")
def surgery_order_from_elsewhere(gradients, rng):
    """The orders do not come from the generator that is given.

    A generator of the same seed leads to other results: a run cannot be repeated.
    """
    left = gradients.clone()
    for i in range(len(gradients)):
        for j in torch.randperm(len(gradients)).tolist():
            product = left[i] @ gradients[j]
            if j != i and product < 0:
                left[i] -= product / (gradients[j] @ gradients[j]) * gradients[j]
    return left
