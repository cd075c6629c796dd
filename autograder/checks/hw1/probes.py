"""Probes of homework 1: run beside the student's code, know no expected value."""

import numpy as np
import torch
from probes.probing import array, fill, gradients, several, tensor


def sampled(hw, images, way, shot, seed, pixels):
    """One task, reduced to a few pixels of every image (which drawing it is can be read off them)."""
    data = images.numpy()
    before = data.copy()
    rng = np.random.default_rng(seed)
    result = hw.sampling.sample_task(data, way, shot, rng)
    drawn, labels = (array(v, n) for v, n in zip(several(result, 2, "(images, labels)"),
                                                 ("images", "labels")))  # fmt: skip
    seen = drawn.reshape(*drawn.shape[:-1], -1)
    return {
        "shape": list(drawn.shape),
        "label_shape": list(labels.shape),
        "dtypes": [str(drawn.dtype), str(labels.dtype)],
        "range": [float(drawn.min()), float(drawn.max())],
        "pixels": seen[..., pixels.numpy()] if seen.shape[-1] == 784 else np.zeros(0),
        "labels": labels.astype(np.float64),
        "kept": bool((data == before).all()),
        "moved_on": rng.random() != np.random.default_rng(seed).random(),
    }


def sampled_many(hw, images, way, shot, seed, times):
    """Many tasks drawn from one generator: the first pixel of each image says which drawing it is."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(times):
        result = hw.sampling.sample_task(images.numpy(), way, shot, rng)
        drawn, _ = several(result, 2, "(images, labels)")
        rows.append(array(drawn, "images")[..., :2])
    return np.rint(np.stack(rows).astype(np.float64) * 255)


def mann_logits(hw, images, labels, way, shot, seed):
    """The logits of a MANN with known weights."""
    model = fill(hw.mann.MANN(way, shot + 1, hidden_dim=16), seed)
    return tensor(model(images, labels), "the logits")


def mann_gradients(hw, images, labels, weights, way, shot, seed):
    """Of a weighted sum of the logits: by each parameter (as one number each) and by the images."""
    model = fill(hw.mann.MANN(way, shot + 1, hidden_dim=16), seed)
    images.requires_grad_(True)
    logits = tensor(model(images, labels), "the logits")
    named = sorted(model.named_parameters())
    found = gradients((logits * weights).sum(), [p for _, p in named] + [images], "the logits")
    generator = np.random.RandomState(1)
    directions = [torch.from_numpy(generator.normal(size=tuple(g.shape))).float() for g in found]
    return torch.stack([(g * d).sum() for g, d in zip(found, directions)])


def loss(hw, logits, labels):
    """The loss and its gradient by the logits."""
    logits.requires_grad_(True)
    value = tensor(hw.mann.mann_loss(logits, labels), "the loss")
    if value.numel() != 1:
        return {"loss": value, "gradient": logits}
    (gradient,) = gradients(value.reshape(()), [logits], "the loss")
    return {"loss": value, "gradient": gradient}


def transformer_logits(hw, images, labels, way, shot, seed):
    """The logits of a Transformer with known weights."""
    model = fill(hw.transformer.TransformerMANN(way, shot + 1, hidden_dim=16), seed, scale=0.3)
    return tensor(model.eval()(images, labels), "the logits")
