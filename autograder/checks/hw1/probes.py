"""Probes of homework 1: run beside the student's code, know no expected value."""

import random
from itertools import permutations

import numpy as np
import torch
from probes.probing import array, fill, gradients, several, tensor

torch.backends.mkldnn.enabled = False  # it prepares an LSTM for longer than a check runs it
LABEL_GAIN = 4  # a few label inputs stand beside 784 pixels: their weights are larger, to be seen


def _mann(hw, way, shot, seed):
    """A MANN with known weights, such that every part of its input moves its logits."""
    model = fill(hw.mann.MANN(way, shot + 1, hidden_dim=16), seed, 0.4)
    with torch.no_grad():
        model.lstm1.weight_ih_l0[:, 784:] *= LABEL_GAIN
    return model


def _transformer(hw, way, shot, seed):
    """A Transformer with known weights, such that attention counts beside the token itself."""
    model = fill(hw.transformer.TransformerMANN(way, shot + 1, hidden_dim=16), seed, 0.3)
    with torch.no_grad():
        model.embed.weight[:, 784:] *= LABEL_GAIN
        for part in model.modules():
            if isinstance(part, torch.nn.LayerNorm):
                part.weight += 1
    return model


def _task(hw, data, way, shot, rng):
    """One task of the student's as two arrays."""
    result = several(hw.sampling.sample_task(data, way, shot, rng), 2, "(images, labels)")
    return array(result[0], "images"), array(result[1], "labels")


def _same(one, other):
    return all(a.shape == b.shape and bool((a == b).all()) for a, b in zip(one, other))


def sampled(hw, images, way, shot, seed, pixels):
    """One task, reduced to a few pixels of every image, enough to tell which drawing it is."""
    data = images.numpy()
    before = data.copy()
    rng = np.random.default_rng(seed)
    task = _task(hw, data, way, shot, rng)
    kept = bool((data == before).all())
    next_task = _task(hw, before.copy(), way, shot, rng)
    random.seed(seed + 1)
    np.random.seed((seed + 1) % 2**32)
    torch.manual_seed(seed + 1)
    again = _task(hw, before.copy(), way, shot, np.random.default_rng(seed))
    drawn, labels = task
    seen = drawn.reshape(*drawn.shape[:2], -1) if drawn.ndim > 1 else drawn.reshape(1, 1, -1)
    return {
        "shape": list(drawn.shape),
        "label_shape": list(labels.shape),
        "dtypes": [str(drawn.dtype), str(labels.dtype)],
        "range": [float(drawn.min()), float(drawn.max())],
        "pixels": seen[..., pixels.numpy()] if seen.shape[-1] == 784 else np.zeros(0),
        "labels": labels.astype(np.float64),
        "kept": kept,
        "moved": not _same(task, next_task),
        "repeated": _same(task, again),
        "repeated_supports": _same([part[:-1] for part in task], [part[:-1] for part in again]),
    }


def _marks(drawn):
    """The first two pixels of each image's diagonal, from 0 to 255 whichever scale they have."""
    marks = drawn.reshape(*drawn.shape[:2], -1)[..., [0, 29]].astype(np.float64)
    return marks if marks.max() > 1.5 else marks * 255


def sampled_marks(hw, images, way, shot, seed, times):
    """The marks of every image of several tasks, [times, K + 1, N, 2]."""
    rng = np.random.default_rng(seed)
    return np.stack(
        [_marks(_task(hw, images.numpy(), way, shot, rng)[0]) for _ in range(times)]
    ).astype(np.float32)


def sampled_counts(hw, images, way, shot, seed, times, class_marks, drawing_marks):
    """How often what came up in many tasks; class and drawing are read off their marks.

    Args:
        class_marks, drawing_marks: the value of each class's, and of each drawing's, marked pixel.
    """
    rng = np.random.default_rng(seed)
    orders = list(permutations(range(way)))
    columns = np.zeros((way, len(class_marks)), int)
    drawings = np.zeros((shot + 1, len(drawing_marks)), int)
    order, alike, ascending, shape = np.zeros(len(orders), int), 0, 0, []
    for _ in range(times):
        drawn, _ = _task(hw, images.numpy(), way, shot, rng)
        shape = list(drawn.shape)
        if shape != [shot + 1, way, 784]:
            break
        marks = _marks(drawn)
        name = np.abs(marks[..., :1] - class_marks.numpy()).argmin(-1)
        which = np.abs(marks[..., 1:] - drawing_marks.numpy()).argmin(-1)
        columns[np.arange(way), name[0]] += 1
        for row in range(shot + 1):
            np.add.at(drawings[row], which[row], 1)
        found = tuple(int(np.argmax(name[0] == one)) for one in name[-1])
        if found in orders:
            order[orders.index(found)] += 1
        alike += bool((which == which[:, :1]).all())
        ascending += bool((np.diff(name[0]) > 0).all())
    return {"shape": shape, "columns": columns, "drawings": drawings, "orders": order,
            "alike": alike, "ascending": ascending}  # fmt: skip


def mann_logits(hw, images, labels, way, shot, seed, training=True):
    """The logits of a MANN with known weights."""
    return tensor(_mann(hw, way, shot, seed).train(training)(images, labels), "the logits")


def mann_after(hw, images, labels, way, shot, seed):
    """The logits of a MANN that has seen another batch before, of other tasks."""
    model = _mann(hw, way, shot, seed)
    model(1 - images, labels.clone())
    return tensor(model(images, labels), "the logits")


def mann_gradients(hw, images, labels, weights, way, shot, seed):
    """Of a weighted sum of the logits: by each parameter and by the images, two numbers each."""
    return _projected(_mann(hw, way, shot, seed), images, labels, weights)


def _projected(model, images, labels, weights):
    """Of every gradient its length and its projection on a fixed direction."""
    images.requires_grad_(True)
    logits = tensor(model(images, labels), "the logits")
    named = dict(sorted(model.named_parameters())) | {"images": images}
    found = gradients((logits * weights).sum(), list(named.values()), "the sum of the logits")
    generator = np.random.RandomState(1)
    result = {}
    for name, gradient in zip(named, found):
        direction = torch.from_numpy(generator.normal(size=tuple(gradient.shape)))
        gradient = gradient.double()
        result[name] = torch.stack([gradient.norm(), (gradient * direction).sum()])
    return result


def loss(hw, logits, labels):
    """The loss and its gradient by the logits."""
    logits.requires_grad_(True)
    value = tensor(hw.mann.mann_loss(logits, labels), "the loss")
    if value.numel() != 1:
        return {"loss": value, "gradient": logits}
    (gradient,) = gradients(value.reshape(()), [logits], "the loss")
    return {"loss": value.reshape(()), "gradient": gradient}


def transformer_logits(hw, images, labels, way, shot, seed, training=True):
    """The logits of a Transformer with known weights."""
    model = _transformer(hw, way, shot, seed).train(training)
    return tensor(model(images, labels), "the logits")


def transformer_gradients(hw, images, labels, weights, way, shot, seed):
    """Of a weighted sum of the logits: by each parameter and by the images, two numbers each."""
    return _projected(_transformer(hw, way, shot, seed), images, labels, weights)
