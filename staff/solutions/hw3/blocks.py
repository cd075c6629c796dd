# Canary 9d5ac791-cbba-4722-af02-9325d1f2cacc. This file is the staff's: publish it nowhere, train nothing on it.
"""Problem 1: what of a pre-trained model is tuned, and how the rest is frozen.

A model has `model.blocks`, a sequence of modules from the input to the output, and `model.head`,
which makes logits of the last features. Some have more, such as embeddings, which belong to neither.
"""

from __future__ import annotations

from torch import nn

from hw3.lora import LoRAConv2d, LoRALinear

MODES = ("full", "first", "middle", "last", "linear", "bias", "lora{r}")


def parameters_to_tune(model: nn.Module, mode: str) -> list[nn.Parameter]:
    """Return the parameters that a mode of fine-tuning trains, each once, and no others.

    Args:
        model: has `blocks` (n of them, n at least 1) and `head`; blocks may share parameters.
        mode: one of
            "full": all parameters;
            "first", "middle", "last": those of `blocks[0]`, `blocks[n // 2]`, `blocks[n - 1]`;
            "linear": those of `head`;
            "bias": those whose own name is "bias", wherever they are;
            "lora4", or another rank: A and B of all `LoRALinear` and `LoRAConv2d` layers that
            `add_lora` has put into the model, in the blocks or elsewhere. The number in the name
            plays no part here.

    Returns:
        A list that is not empty.

    Raises:
        ValueError: for another mode, or when there is nothing to tune.
    """
    ### BEGIN SOLUTION 1a (about 14 lines): parameters by mode; refuse what is unknown or empty
    places = {"first": 0, "middle": len(model.blocks) // 2, "last": len(model.blocks) - 1}
    found = []
    if mode in places:
        found = list(model.blocks[places[mode]].parameters())
    elif mode in ("full", "linear"):
        found = list((model if mode == "full" else model.head).parameters())
    elif mode == "bias":
        found = [p for name, p in model.named_parameters() if name.split(".")[-1] == "bias"]
    elif mode.startswith("lora"):
        wrapped = [m for m in model.modules() if isinstance(m, LoRALinear | LoRAConv2d)]
        frozen = {p for m in wrapped for p in m.layer.parameters()}
        found = list(dict.fromkeys(p for m in wrapped for p in m.parameters() if p not in frozen))
    if not found:
        raise ValueError(f"nothing to tune with mode {mode!r}")
    return found
    ### END SOLUTION


def freeze(model: nn.Module, tuned: list[nn.Parameter]) -> None:
    """Train the parameters in `tuned` and nothing else, whatever was frozen before.

    A BatchNorm layer none of whose parameters is tuned is frozen: it normalises by its running
    statistics and never changes them, even after a later `train()` of the model or of a part of it.
    One that is tuned follows `train()` and `eval()` as usual. A second call with other parameters
    undoes the first.

    Args:
        model: any module.
        tuned: some of its parameters.
    """
    ### BEGIN SOLUTION 1b (about 10 lines): gradients by membership; keep frozen statistics in eval
    chosen = {id(parameter) for parameter in tuned}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in chosen)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.__dict__.pop("train", None)  # what an earlier call has put there
            module.train(model.training)
            if not any(parameter.requires_grad for parameter in module.parameters()):
                module.eval()
                module.train = lambda mode=True, module=module: module
    ### END SOLUTION
