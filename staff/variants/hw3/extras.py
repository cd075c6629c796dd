"""Other right ways to merge task vectors."""

import numpy as np
import torch

from staff.authoring.catalogue import variant


@variant("X2")
def place_by_place(task_vectors, density):
    """Loops over tasks and places."""
    rows = task_vectors.tolist()
    left = []
    for row in rows:
        order = sorted(range(len(row)), key=lambda p: -abs(row[p]))[: round(density * len(row))]
        left.append([value if place in order else 0.0 for place, value in enumerate(row)])
    merged = []
    for column in zip(*left):
        total = sum(column)
        agree = [value for value in column if value * total > 0]
        merged.append(sum(agree) / len(agree) if agree else 0.0)
    moved = sum(abs(value) for row in rows for value in row)
    stays = sum(abs(sum(column)) for column in zip(*rows))
    return torch.tensor(merged), 1 - stays / moved if moved else 0.0


@variant("X2")
def by_numpy(task_vectors, density):
    """numpy: argsort, and a masked mean."""
    v = task_vectors.double().numpy()
    ranks = np.argsort(np.argsort(-np.abs(v), axis=1), axis=1)
    left = np.where(ranks < round(density * v.shape[1]), v, 0)
    same = left * np.sign(left.sum(0)) > 0
    count = same.sum(0)
    merged = np.divide((left * same).sum(0), count, out=np.zeros(v.shape[1]), where=count > 0)
    moved = np.abs(v).sum()
    cancels = (moved - np.abs(v.sum(0)).sum()) / moved if moved > 0 else 0.0
    return torch.from_numpy(merged).float(), cancels


@variant("X2")
def scattered(task_vectors, density):
    """topk's places, scattered into zeros; nanmean of what agrees."""
    places = task_vectors.abs().topk(round(density * task_vectors.shape[1])).indices
    left = torch.zeros_like(task_vectors).scatter(1, places, task_vectors.gather(1, places))
    elected = torch.sign(left.sum(0))
    merged = torch.where(left * elected > 0, left, float("nan")).nanmean(0).nan_to_num(0.0)
    sizes = task_vectors.abs().sum(0)
    cancels = (sizes - task_vectors.sum(0).abs()).sum() / sizes.sum().clamp_min(1e-30)
    return merged, cancels


@variant("X2")
def two_sides(task_vectors, density):
    """Sums and counts of either sign; the heavier side is taken."""
    size = task_vectors.abs()
    cut = size.kthvalue(
        task_vectors.shape[1] - round(density * task_vectors.shape[1]) + 1, dim=1, keepdim=True
    )
    left = task_vectors * (size >= cut.values)
    up, down = left.clamp(min=0), left.clamp(max=0)
    means = [side.sum(0) / (side != 0).sum(0).clamp(min=1) for side in (up, down)]
    total = left.sum(0)
    merged = torch.where(total > 0, means[0], torch.where(total < 0, means[1], 0.0))
    positive, negative = task_vectors.clamp(min=0).sum(0), (-task_vectors).clamp(min=0).sum(0)
    smaller, moved = torch.minimum(positive, negative).sum(), size.sum()
    return merged, 2 * smaller / torch.where(moved > 0, moved, 1.0)


@variant("X2")
def sorted_rows(task_vectors, density):
    """Sorts each row; weights of one over the count, and a product."""
    left = task_vectors.clone()
    smallest = task_vectors.abs().argsort(dim=1)[
        :, : task_vectors.shape[1] - round(density * task_vectors.shape[1])
    ]
    left.scatter_(1, smallest, 0.0)
    votes = (left.sign() * left.sum(0).sign() > 0).to(left)
    weights = votes / votes.sum(0, keepdim=True).clamp(min=1.0)
    merged = torch.einsum("tp,tp->p", weights, left)
    moved = torch.linalg.vector_norm(task_vectors, 1)
    if moved == 0:
        return merged, moved
    return merged, 1 - torch.linalg.vector_norm(task_vectors.sum(0), 1) / moved


@variant("X2")
def one_task_at_a_time(task_vectors, density):
    """Trims one task after the other, and adds up sums and counts."""
    rows = []
    for row in task_vectors:
        rows.append(torch.zeros_like(row))
        places = torch.topk(row.abs(), round(density * len(row))).indices
        rows[-1][places] = row[places]
    sign = sum(rows).sign()
    total, count = torch.zeros_like(sign), torch.zeros_like(sign)
    for row in rows:
        agrees = row.sign() == sign
        total, count = total + row * agrees, count + (agrees & (row != 0))
    moved = sum(row.abs().sum().item() for row in task_vectors)
    left = sum(task_vectors).abs().sum().item()
    return total / count.clamp(min=1), 0 if moved == 0 else (moved - left) / moved
