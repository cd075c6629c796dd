"""Probes of homework 1: run beside the student's code, know no expected value."""

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


def sampled(hw, images, way, shot, seed, pixels):
    """One task, by a few pixels of every image."""
    return _few_pixels(_task(hw, images.numpy(), way, shot, np.random.default_rng(seed)), pixels)


def sampled_twice(hw, images, way, shot, seed, pixels):
    """Two tasks from one generator, and the same pixels of the data set after the first."""
    data, rng = images.numpy(), np.random.default_rng(seed)
    untouched = data.copy()
    task = _task(hw, data, way, shot, rng)
    return {
        "task": _few_pixels(task, pixels),
        "next": _few_pixels(_task(hw, untouched, way, shot, rng), pixels),
        "data": data.reshape(*data.shape[:2], -1)[..., pixels.numpy()],
    }


def _few_pixels(task, pixels):
    """A task by a few pixels of its images, which tell the drawings apart."""
    drawn, labels = task
    seen = drawn.reshape(*drawn.shape[:2], -1) if drawn.ndim > 1 else drawn.reshape(1, 1, -1)
    return {
        "shape": list(drawn.shape),
        "range": [float(drawn.min()), float(drawn.max())],
        "pixels": seen[..., pixels.numpy()] if seen.shape[-1] == 784 else np.zeros(0),
        "labels": labels,
    }


def _marks(drawn):
    """The first two pixels of each image's diagonal, from 0 to 255 whichever scale they have."""
    flat = drawn.reshape(*drawn.shape[:2], -1)
    if flat.shape[-1] != 784:
        return np.zeros((*flat.shape[:2], 2))
    marks = flat[..., [0, 29]].astype(np.float64)
    return marks if marks.max() > 1.5 else marks * 255


def sampled_marks(hw, images, way, shot, seed, times):
    """The marks of every image of several tasks, [times, K + 1, N, 2], and the shape of the last."""
    rng = np.random.default_rng(seed)
    tasks = [_task(hw, images.numpy(), way, shot, rng)[0] for _ in range(times)]
    marks = np.stack([_marks(drawn) for drawn in tasks]).astype(np.float32)
    return {"shape": list(tasks[-1].shape), "marks": marks}


def mann_logits(hw, images, labels, way, shot, seed, training=True):
    """The logits of a MANN with known weights."""
    return tensor(_mann(hw, way, shot, seed).train(training)(images, labels), "the logits")


def mann_after(hw, images, labels, way, shot, seed):
    """The logits of a MANN that has seen another batch before, of other tasks."""
    model = _mann(hw, way, shot, seed)
    model(1 - images, labels.clone())
    return tensor(model(images, labels), "the logits")


def mann_gradients(hw, images, labels, weights, way, shot, seed):
    """Gradients of a weighted sum of the logits by the parameters and the images, two numbers each."""
    return _projected(_mann(hw, way, shot, seed), images, labels, weights)


def _projected(model, images, labels, weights):
    """The length of every gradient and its projection on a fixed direction."""
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
    """Gradients of a weighted sum of the logits by the parameters and the images, two numbers each."""
    return _projected(_transformer(hw, way, shot, seed), images, labels, weights)
