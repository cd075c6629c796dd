"""Other right ways to do problem X."""

import numpy as np
import torch
import torch.nn.functional as F

from staff.authoring.catalogue import variant


def vector(loss, parameters):
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).reshape(-1) for p, g in zip(parameters, found)]
    )


@variant("X1")
def cosine_by_torch(first_loss, second_loss, parameters):
    """torch's own, whose zero is zero; a tensor."""
    return F.cosine_similarity(
        vector(first_loss, parameters), vector(second_loss, parameters), dim=0
    )


@variant("X1")
def cosine_by_numpy(first_loss, second_loss, parameters):
    """numpy, a numpy scalar."""
    one, other = vector(first_loss, parameters).numpy(), vector(second_loss, parameters).numpy()
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return np.dot(one, other) / size if size else 0


@variant("X1")
def cosine_by_sums(first_loss, second_loss, parameters):
    """Sums over the parameters, no long vector."""
    product = one = other = 0.0
    for parameter in parameters:
        a, b = vector(first_loss, [parameter]), vector(second_loss, [parameter])
        product, one, other = product + a @ b, one + a @ a, other + b @ b
    if one == 0 or other == 0:
        return 0.0
    return (product / (one.sqrt() * other.sqrt())).item()


@variant("X1")
def cosine_by_normalising(first_loss, second_loss, parameters):
    """Unit vectors, with a small number against division by zero."""
    one, other = vector(first_loss, parameters), vector(second_loss, parameters)
    one, other = one / (one.norm() + 1e-12), other / (other.norm() + 1e-12)
    return torch.sum(one * other).item()


@variant("X1")
def cosine_by_backward(first_loss, second_loss, parameters):
    """backward(), with `.grad` put back."""
    before = [parameter.grad for parameter in parameters]
    vectors = []
    for loss in (first_loss, second_loss):
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        loss.backward(retain_graph=True, inputs=list(parameters))
        vectors.append(torch.cat([parameter.grad.flatten() for parameter in parameters]))
    for parameter, gradient in zip(parameters, before):
        parameter.grad = gradient
    return float(F.normalize(vectors[0], dim=0) @ F.normalize(vectors[1], dim=0))


@variant("X2")
def surgery_by_lists(gradients, rng):
    """Lists of rows, a shuffle of the others."""
    rows = []
    for i in range(len(gradients)):
        row = gradients[i].clone()
        others = [j for j in range(len(gradients)) if j != i]
        rng.shuffle(others)
        for j in others:
            product = torch.dot(row, gradients[j])
            if product < 0:
                row = row - product * gradients[j] / gradients[j].norm() ** 2
        rows.append(row)
    return torch.stack(rows)


@variant("X2")
def surgery_by_unit_vectors(gradients, rng):
    """Unit vectors, a minimum in place of the question."""
    units = F.normalize(gradients, dim=1)
    left = gradients.clone()
    for i, row in enumerate(left):
        for j in rng.choice(len(gradients), len(gradients), replace=False):
            if i != j:
                row -= (row @ units[j]).clamp(max=0) * units[j]
    return left


@variant("X2")
def surgery_in_numpy(gradients, rng):
    """In numpy and double precision."""
    given = gradients.detach().double().numpy()
    left = given.copy()
    for i in range(len(given)):
        for j in rng.permutation(np.delete(np.arange(len(given)), i)):
            product = left[i].dot(given[j])
            if product < 0:
                left[i] -= product / given[j].dot(given[j]) * given[j]
    return torch.from_numpy(left).to(gradients.dtype)


@variant("X2")
def surgery_sorted_by_random_numbers(gradients, rng):
    """The order by sorting random numbers."""
    left = [row.clone() for row in gradients]
    for i in range(len(left)):
        for j in np.argsort(rng.random(len(left))):
            other = gradients[int(j)]
            if int(j) != i and (left[i] * other).sum() < 0:
                left[i] = left[i] - (left[i] * other).sum() / (other * other).sum() * other
    return torch.stack(left, dim=0)


@variant("X2")
def surgery_without_gradients(gradients, rng):
    """Under no_grad, with a projection matrix."""
    with torch.no_grad():
        left = torch.zeros_like(gradients)
        for i, own in enumerate(gradients):
            for j in rng.permutation(len(gradients)).tolist():
                other = gradients[j]
                if j != i and torch.inner(own, other).item() < 0:
                    plane = torch.eye(len(own)) - torch.outer(other, other) / other.pow(2).sum()
                    own = plane @ own
            left[i] = own
    return left
