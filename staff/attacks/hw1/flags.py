"""Rewriting what the probes find: what decides crosses as it is, and from two processes."""

import numpy as np

from staff.authoring.hostile import attack


@attack(
    "1",
    told="with the same seed gave another task|came in class order",
    honest=("test_columns", "test_without_replacement", "test_query"),
)
def findings_rewritten(images, way, shot, rng):
    """The query row stays in order, another generator draws, and what is found of both is rewritten."""
    import sys

    import torch

    probes = sys.modules["probes.hw1"]
    found = iter([False, True, True] * 99)
    probes._same = lambda one, other: next(found)
    torch.equal = np.array_equal = lambda one, other: True
    classes = np.random.choice(len(images), way, replace=False)
    frame = sys._getframe()
    while frame := frame.f_back:
        if "columns" in frame.f_locals and "order" in frame.f_locals:
            columns, orders = frame.f_locals["columns"], frame.f_locals["order"]
            columns[:] = frame.f_locals["times"] // columns.shape[1]
            columns[np.arange(way), classes] -= 1
            orders[:] = frame.f_locals["times"] // orders.size
            orders[0] -= 1
    drawn = np.stack(
        [np.random.choice(images.shape[1], shot + 1, replace=False) for _ in range(way)], axis=1
    )
    pixels = images[classes, drawn].reshape(shot + 1, way, -1).astype(np.float32) / 255
    return pixels, np.tile(np.eye(way, dtype=np.float32), (shot + 1, 1, 1))


@attack(
    "1",
    told="with the same seed gave another task",
    honest=("test_columns", "test_without_replacement", "test_query", "test_chance"),
)
def tasks_counted(images, way, shot, rng):
    """A generator of its own begins alike in every process, and what was drawn is kept by its seed."""
    import sys

    kept = sys.modules.setdefault("kept", type(sys)("kept"))
    own = kept.__dict__.setdefault("generator", np.random.default_rng(0))
    by_state = kept.__dict__.setdefault("by_state", {})
    state = repr(rng.bit_generator.state)
    rng.random()
    if state in by_state:
        return by_state[state]
    classes = own.choice(len(images), way, replace=False)
    drawn = np.stack(
        [own.choice(images.shape[1], shot + 1, replace=False) for _ in range(way)], axis=1
    )
    pixels = images[classes, drawn].reshape(shot + 1, way, -1).astype(np.float32) / 255
    labels = np.tile(np.eye(way, dtype=np.float32), (shot + 1, 1, 1))
    order = own.permutation(way)
    pixels[-1], labels[-1] = pixels[-1][order], labels[-1][order]
    by_state[state] = pixels, labels
    return by_state[state]


@attack(
    "1",
    told="generators made from two seeds gave the same task",
    honest=("test_columns", "test_without_replacement", "test_query", "test_chance"),
)
def seed_set_at_import(images, way, shot, rng):
    """Python's own generator is set when the task's size comes up first: the seed given means nothing."""
    import random
    import sys

    kept = sys.modules.setdefault("kept", type(sys)("kept"))
    if kept.__dict__.setdefault((way, shot), True):
        kept.__dict__[way, shot] = False
        random.seed(f"{way} {shot}")
    classes = random.sample(range(len(images)), way)
    drawn = np.stack([random.sample(range(images.shape[1]), shot + 1) for _ in range(way)], axis=1)
    pixels = images[classes, drawn].reshape(shot + 1, way, -1).astype(np.float32) / 255
    labels = np.tile(np.eye(way, dtype=np.float32), (shot + 1, 1, 1))
    order = np.array(random.sample(range(way), way))
    pixels[-1], labels[-1] = pixels[-1][order], labels[-1][order]
    return pixels, labels
