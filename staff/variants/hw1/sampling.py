"""Other right ways to sample a task."""

from __future__ import annotations

import numpy as np
import torch

from staff.authoring.catalogue import variant


@variant("1")
def loops_and_lists(images, way, shot, rng):
    """Nested loops over rows and classes, one image at a time."""
    classes = rng.permutation(len(images))[:way]
    chosen = {int(c): rng.permutation(images.shape[1])[: shot + 1] for c in classes}
    pixels, labels = [], []
    for row in range(shot + 1):
        for column, c in enumerate(classes):
            pixels.append((images[c, chosen[int(c)][row]] / 255.0).flatten())
            labels.append([1.0 if n == column else 0.0 for n in range(way)])
    pixels = np.array(pixels, dtype=np.float32).reshape(shot + 1, way, 784)
    labels = np.array(labels, dtype=np.float32).reshape(shot + 1, way, way)
    order = list(range(way))
    rng.shuffle(order)
    pixels[shot] = pixels[shot, order]
    labels[shot] = labels[shot, order]
    return pixels, labels


@variant("1")
def class_major_then_transposed(images, way, shot, rng):
    """Class by class into [N, K + 1, …], then the two axes exchanged."""
    classes = rng.choice(np.arange(len(images)), size=way, replace=False)
    picked = [images[c][rng.choice(images.shape[1], shot + 1, replace=False)] for c in classes]
    pixels = np.array(picked).reshape(way, shot + 1, 28 * 28).transpose(1, 0, 2)
    labels = np.broadcast_to(np.eye(way), (shot + 1, way, way))
    order = rng.permutation(way)
    pixels = np.concatenate([pixels[:-1], pixels[-1:, order]]).astype("float32") / 255.0
    labels = np.concatenate([labels[:-1], labels[-1:, order]]).astype("float32")
    return pixels, labels


@variant("1")
def torch_tensors(images, way, shot, rng):
    """torch throughout, its generator seeded from the given one; tensors are returned."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    classes = torch.randperm(len(images), generator=generator)[:way]
    data = torch.from_numpy(images)
    rows = [torch.randperm(data.shape[1], generator=generator)[: shot + 1] for _ in range(way)]
    pixels = torch.stack([data[c, r] for c, r in zip(classes, rows)], dim=1)
    pixels = pixels.flatten(2).float().div(255)
    labels = torch.eye(way).expand(shot + 1, way, way).clone()
    order = torch.randperm(way, generator=generator)
    pixels[-1], labels[-1] = pixels[-1, order], labels[-1, order]
    return pixels, labels


@variant("1")
def ranks_of_random_numbers(images, way, shot, rng):
    """Samples without replacement as the first ranks of random numbers; no loop."""
    classes = np.argsort(rng.random(len(images)))[:way]
    numbers = rng.random((way, images.shape[1])).argsort(axis=1)[:, : shot + 1]
    pixels = np.take_along_axis(images[classes], numbers[:, :, None, None], axis=1)
    pixels = np.swapaxes(pixels, 0, 1).reshape(shot + 1, way, -1) * np.float32(1 / 255)
    names = np.tile(np.arange(way), (shot + 1, 1))
    order = np.argsort(rng.random(way))
    names[-1] = order
    pixels[-1] = pixels[-1, order]
    return pixels, (names[..., None] == np.arange(way)).astype(np.float32)


@variant("1")
def query_order_drawn_first(images, way, shot, rng):
    """The order of the query row is drawn before anything else, drawings before classes."""
    order = rng.permutation(way)
    numbers = rng.permuted(np.tile(np.arange(images.shape[1]), (way, 1)), axis=1)
    classes = rng.permutation(len(images))[-way:]
    support = images[classes[None], numbers[:, :shot].T]
    query = images[classes[order], numbers[order, shot]]
    pixels = np.concatenate([support, query[None]]).reshape(shot + 1, way, -1)
    labels = np.zeros((shot + 1, way, way), np.float32)
    labels[:-1, np.arange(way), np.arange(way)] = 1
    labels[-1, np.arange(way), order] = 1
    return [(pixels / 255).astype(np.float32), labels]


@variant("1")
def pairs_shuffled_together(images, way, shot, rng):
    """Query images and labels as one list of pairs that is shuffled."""
    support_images, support_labels, query = [], [], []
    for n, c in enumerate(rng.choice(len(images), way, replace=False)):
        one_hot = np.eye(way, dtype=np.float32)[n]
        drawn = rng.choice(images[c], size=shot + 1, replace=False).reshape(shot + 1, -1)
        drawn = drawn.astype(np.float32) / 255
        support_images.append(drawn[:-1])
        support_labels.append(np.stack([one_hot] * shot))
        query.append((drawn[-1], one_hot))
    query = [query[i] for i in rng.permutation(way)]
    pixels = np.vstack([np.stack(support_images, 1), np.stack([q[0] for q in query])[None]])
    labels = np.vstack([np.stack(support_labels, 1), np.stack([q[1] for q in query])[None]])
    return pixels, labels


@variant("1")
def preallocated_with_rejection(images, way, shot, rng):
    """Arrays made first; classes and drawings drawn again until they are new."""
    pixels = np.empty((shot + 1, way, 784), dtype=np.float32)
    labels = np.zeros((shot + 1, way, way), dtype=np.float32)
    seen = set()
    for n in range(way):
        c = int(rng.integers(len(images)))
        while c in seen:
            c = int(rng.integers(len(images)))
        seen.add(c)
        used = []
        while len(used) < shot + 1:
            d = int(rng.integers(0, images.shape[1]))
            if d not in used:
                used.append(d)
        for row, d in enumerate(used):
            pixels[row, n] = np.asarray(images[c, d], dtype=np.float32).ravel() / 255.0
            labels[row, n, n] = 1.0
    order = rng.permutation(way)
    pixels[-1] = pixels[-1][order].copy()
    labels[-1] = labels[-1][order].copy()
    return pixels, torch.as_tensor(labels)


@variant("1")
def spawned_generator(images, way, shot, rng):
    """A child generator for the task; the parent itself draws no number."""
    (child,) = rng.spawn(1)
    classes = child.choice(len(images), way, replace=False)
    numbers = np.array([child.choice(20, shot + 1, replace=False) for _ in classes])
    order = child.permutation(way)
    pixels = images[classes[:, None], numbers].astype(np.float32).reshape(way, shot + 1, 784)
    pixels = np.ascontiguousarray(pixels.transpose(1, 0, 2)) / np.float32(255)
    labels = np.stack([np.identity(way, dtype=np.float32)] * (shot + 1))
    pixels[-1], labels[-1] = pixels[-1, order], labels[-1, order]
    return pixels, labels
