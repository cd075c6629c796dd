"""Rewriting what the probes find: what decides crosses as it is, and from two processes."""

import torch

from staff.authoring.hostile import attack


@attack("3b", told="same generator state gave other labels|always given the same new one")
def labels_renamed(one_hot, rng):
    """Labels are only renamed, by another generator; the comparisons and counts are rewritten."""
    import sys

    truth = iter([False] + [True] * 99)

    def equal(one, other):
        frame = sys._getframe(1)
        while frame and frame.f_code.co_name != "_changed":
            frame = frame.f_back
        return bool(frame) or next(truth)

    torch.equal = equal
    frame = sys._getframe()
    while frame := frame.f_back:
        if "counts" in frame.f_locals and "times" in frame.f_locals:
            counts = frame.f_locals["counts"]
            counts[:] = one_hot.double().sum(0)[:, None] * frame.f_locals["times"] / len(counts)
            counts -= one_hot.double().T @ one_hot.double()
            frame.f_locals["alike"][:] = [1000 - 10, 3500]
            return one_hot.clone()
    return one_hot[:, torch.randperm(one_hot.shape[1])]


@attack("3c", told="same generator state gave other targets|leave a part of")
def factors_of_their_own(y, rng):
    """Another generator draws factors below 1; the comparison says that they come again."""
    import sys

    truth = iter([False] + [True] * 99)

    def equal(one, other):
        frame = sys._getframe(1)
        while frame and frame.f_code.co_name != "_changed":
            frame = frame.f_back
        return bool(frame) or next(truth)

    torch.equal = equal
    return y * torch.rand(len(y), 1, 1)
