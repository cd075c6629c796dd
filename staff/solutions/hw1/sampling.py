# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 1: few-shot tasks from a data set of images."""

from __future__ import annotations

import numpy as np


def sample_task(
    images: np.ndarray, way: int, shot: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one N-way K-shot task: K support rows and one query row.

    The N classes are drawn without replacement. For each class, K + 1 different drawings are drawn
    independently. Every order is equally likely. Column n of a support row shows class n. The query
    row shows the same N classes in random order, and its labels say which is where.

    Args:
        images: uint8 [classes, drawings, 28, 28].
        way: N, classes of the task.
        shot: K, support drawings of each class.
        rng: the only source of randomness.

    Returns:
        images [K + 1, N, 784], float32 in [0, 1] (255 becomes 1), and labels [K + 1, N, N], float32
        one-hot; as numpy arrays or tensors. Row K is the query row.
    """
    ### BEGIN SOLUTION 1 (about 8 lines): draw, label, shuffle the query row
    classes = rng.choice(len(images), way, replace=False)
    drawings = np.stack(
        [rng.choice(images.shape[1], shot + 1, replace=False) for _ in range(way)], axis=1
    )
    pixels = images[classes, drawings].reshape(shot + 1, way, -1).astype(np.float32) / 255
    labels = np.tile(np.eye(way, dtype=np.float32), (shot + 1, 1, 1))
    order = rng.permutation(way)
    pixels[-1], labels[-1] = pixels[-1][order], labels[-1][order]
    return pixels, labels
    ### END SOLUTION


def sample_batch(
    images: np.ndarray, way: int, shot: int, batch: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Stack `batch` tasks: images [B, K + 1, N, 784] and labels [B, K + 1, N, N]."""
    tasks = [sample_task(images, way, shot, rng) for _ in range(batch)]
    pixels, labels = zip(*tasks)
    return np.stack(pixels), np.stack(labels)
