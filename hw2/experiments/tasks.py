"""Few-shot tasks, many at a time: one uint8 tensor in memory and one lookup for a whole batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F


class Tasks(NamedTuple):
    """A batch of T tasks; the same without the first axis is one task.

    The support images of a task come in random order; its labels say which image shows which class.
    Every class has equally many support images.

    Attributes:
        support_images: [T, N·K, ...]; [1, 28, 28] for characters, [D] for features; float32, or
            uint8 as it is drawn, before `ready`.
        support_labels: [T, N·K], int64, 0 to N - 1.
        query_images: [T, N·Q, ...].
        query_labels: [T, N·Q].
    """

    support_images: torch.Tensor
    support_labels: torch.Tensor
    query_images: torch.Tensor
    query_labels: torch.Tensor

    def ready(self, device: torch.device | str = "cpu") -> Tasks:
        """The tasks on a device, drawings as float32 in [0, 1].

        Bytes are drawn and moved, and become numbers last: a quarter of the memory to go through.
        """
        moved = [part.to(device) for part in self]
        for index in (0, 2):
            if moved[index].dtype == torch.uint8:
                moved[index] = moved[index].float().mul_(1 / 255)
        return Tasks(*moved)

    def task(self, index: int) -> Tasks:
        """One task of the batch."""
        return Tasks(*(part[index] for part in self))


class TaskSampler:
    """Draws N-way K-shot tasks from a data set that lies in memory.

    Classes, and the examples within a class, are drawn without replacement; no example is in the
    support and in the query set.

    Args:
        data: uint8 [classes, examples, side, side] (images; given out with a channel) or float32
            [classes, examples, D] (features).
        way: N, classes of a task.
        shot: K, support examples of each class.
        query: Q, query examples of each class.
    """

    def __init__(self, data: np.ndarray, way: int, shot: int, query: int) -> None:
        self.classes, self.examples = data.shape[:2]
        if way > self.classes or shot + query > self.examples:
            raise ValueError(
                f"{way} classes of {shot} + {query} examples cannot be drawn from "
                f"{self.classes} classes of {self.examples}"
            )
        self.way, self.shot, self.query = way, shot, query
        self.shape = (1, *data.shape[2:]) if data.dtype == np.uint8 else data.shape[2:]
        rows = np.ascontiguousarray(data).reshape(self.classes * self.examples, -1)
        self.rows = torch.from_numpy(rows)
        self.query_labels = torch.arange(way).repeat_interleave(query)

    def draw(self, count: int, rng: np.random.Generator) -> Tasks:
        """Draw `count` tasks; the generator is the only source of randomness.

        Drawings come as uint8: see `Tasks.ready`.
        """
        order = rng.random((count, self.way, self.examples)).argsort(-1)
        picked = order[:, :, : self.shot + self.query]
        picked += (self._classes(count, rng) * self.examples)[:, :, None]
        size = self.way * self.shot
        shuffle = rng.random((count, size)).argsort(-1)
        support = np.take_along_axis(picked[:, :, : self.shot].reshape(count, size), shuffle, 1)
        query = picked[:, :, self.shot :].reshape(count, -1)
        where = torch.from_numpy(np.concatenate([support, query], axis=1))
        examples = self.rows.index_select(0, where.view(-1)).view(count, -1, *self.shape)
        return Tasks(
            examples[:, :size],
            torch.from_numpy(shuffle // self.shot),
            examples[:, size:],
            self.query_labels.expand(count, -1),
        )

    def _classes(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Different classes for every task, [count, way]."""
        if self.way**2 > self.classes:
            return rng.random((count, self.classes)).argsort(-1)[:, : self.way]
        # Few of many: draw freely, and draw those tasks anew in which a class came twice.
        drawn = rng.integers(self.classes, size=(count, self.way))
        while True:
            ordered = np.sort(drawn, axis=1)
            twice = (ordered[:, 1:] == ordered[:, :-1]).any(1)
            if not twice.any():
                return drawn
            drawn[twice] = rng.integers(self.classes, size=(int(twice.sum()), self.way))


def shift(tasks: Tasks, most: int, rng: np.random.Generator) -> Tasks:
    """Return the tasks with every drawing moved a little; the characters stay the same.

    Use it for meta-training only. It gives new drawings at no cost: a network that has seen only 20
    drawings of a character also learns where they happen to be.

    Args:
        tasks: of drawings, [T, n, 1, side, side].
        most: pixels by which a drawing is moved at most, up or down and to a side; what leaves the
            picture is lost, what comes in is empty.
    """

    def move(images: torch.Tensor) -> torch.Tensor:
        side = images.shape[-1]
        padded = F.pad(images.reshape(-1, side, side), (most,) * 4)
        places = padded.unfold(1, side, 1).unfold(2, side, 1)  # [T·n, places, places, side, side]
        down, right = torch.from_numpy(rng.integers(2 * most + 1, size=(2, len(padded))))
        return places[torch.arange(len(padded)), down, right].reshape(images.shape)

    return tasks._replace(
        support_images=move(tasks.support_images), query_images=move(tasks.query_images)
    )


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The share of rows whose largest logit is at the label, as a tensor that `vmap` can carry.

    Args:
        logits: [n, N].
        labels: [n].
    """
    return (logits.argmax(-1) == labels).float().mean()
