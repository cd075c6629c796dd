"""Other right ways to choose what is tuned and to keep the rest still."""

from __future__ import annotations

import re

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from hw3.lora import LoRAConv2d, LoRALinear
from staff.authoring.catalogue import variant

# --- 1a -----------------------------------------------------------------------------------------


@variant("1a")
def by_match(model, mode):
    """A match statement; LoRA by a regular expression and identity."""
    match mode:
        case "full":
            found = list(model.parameters())
        case "first":
            found = list(model.blocks[0].parameters())
        case "middle":
            found = list(model.blocks[len(model.blocks) // 2].parameters())
        case "last":
            found = list(model.blocks[-1].parameters())
        case "linear":
            found = list(model.head.parameters())
        case "bias":
            found = [p for n, p in model.named_parameters() if n == "bias" or n.endswith(".bias")]
        case _ if re.fullmatch(r"lora\d+", mode):
            found = []
            for module in model.modules():
                if isinstance(module, LoRALinear | LoRAConv2d):
                    inner = [id(p) for p in module.layer.parameters()]
                    found += [p for p in module.parameters() if id(p) not in inner]
        case _:
            raise ValueError(mode)
    if len(found) == 0:
        raise ValueError("empty")
    return found


@variant("1a")
def by_names(model, mode):
    """Names of parameters, collected by prefix, in a dictionary by identity."""
    n = len(model.blocks)
    groups = {
        "full": model,
        "linear": model.head,
        "first": model.blocks[0],
        "middle": model.blocks[n // 2],
        "last": model.blocks[n - 1],
    }
    chosen = {}
    if mode in groups:
        chosen = {id(p): p for _, p in groups[mode].named_parameters()}
    elif mode == "bias":
        for module in model.modules():
            for name, p in module.named_parameters(recurse=False):
                if name == "bias":
                    chosen[id(p)] = p
    elif mode[:4] == "lora" and mode[4:].isdigit():
        for module in model.modules():
            if isinstance(module, (LoRALinear, LoRAConv2d)):
                for name, p in module.named_parameters():
                    if name.split(".")[0] in ("down", "up"):
                        chosen[id(p)] = p
    if not chosen:
        raise ValueError(f"{mode!r}: nothing to tune")
    return list(chosen.values())


@variant("1a")
def in_reverse(model, mode):
    """The same parameters in another order."""
    places = dict(first=0, middle=len(model.blocks) // 2, last=len(model.blocks) - 1)
    if mode in places:
        return list(model.blocks[places[mode]].parameters())[::-1]
    if mode == "full":
        return list(model.parameters())[::-1]
    if mode == "linear":
        return list(model.head.parameters())[::-1]
    if mode == "bias":
        return [p for n, p in model.named_parameters() if n.rpartition(".")[2] == "bias"][::-1]
    found = []
    if mode.startswith("lora"):
        for module in model.modules():
            if type(module) in (LoRALinear, LoRAConv2d) or isinstance(module, LoRALinear):
                found += [*_all(module.down), *_all(module.up)]
    if not found:
        raise ValueError(mode)
    return found


def _all(part):
    """The parameters of a layer, or the parameter itself."""
    return list(part.parameters()) if isinstance(part, nn.Module) else [part]


@variant("1a")
def marked_then_filtered(model, mode):
    """A set of identities, and the model's own order."""
    marked = set()
    blocks = list(model.blocks)
    if mode == "full":
        marked |= {id(p) for p in model.parameters()}
    if mode in ("first", "middle", "last"):
        block = {"first": blocks[0], "middle": blocks[int(len(blocks) / 2)], "last": blocks[-1]}
        marked |= {id(p) for p in block[mode].parameters()}
    if mode == "linear":
        marked |= {id(p) for p in model.head.parameters()}
    for name, p in model.named_parameters():
        if mode == "bias" and name.split(".")[-1:] == ["bias"]:
            marked.add(id(p))
    for name, module in model.named_modules():
        if mode.startswith("lora") and isinstance(module, LoRALinear | LoRAConv2d):
            marked |= {id(p) for p in module.parameters()}
            marked -= {id(p) for p in module.layer.parameters()}
    result = [p for p in model.parameters() if id(p) in marked]
    if result:
        return result
    raise ValueError("no parameter belongs to this mode")


@variant("1a")
def nested_functions(model, mode):
    """Functions in a dictionary; modes checked at the beginning."""

    def lora():
        layers = [m for m in model.modules() if isinstance(m, LoRALinear | LoRAConv2d)]
        return [p for m in layers for n, p in m.named_parameters() if not n.startswith("layer.")]

    known = {
        "full": lambda: [*model.parameters()],
        "first": lambda: [*model.blocks[0].parameters()],
        "middle": lambda: [*model.blocks[len(model.blocks) // 2].parameters()],
        "last": lambda: [*model.blocks[-1].parameters()],
        "linear": lambda: [*model.head.parameters()],
        "bias": lambda: [p for n, p in model.named_parameters() if n.split(".")[-1] == "bias"],
        "lora": lora,
    }
    name = re.sub(r"\d+$", "", mode)
    if name not in known or not (found := known[name]()):
        raise ValueError(f"cannot tune {mode}")
    return found


# --- 1b -----------------------------------------------------------------------------------------


@variant("1b")
def by_hooks(model, tuned):
    """A hook puts frozen layers into evaluation mode before every forward pass."""
    ids = [id(p) for p in tuned]
    for p in model.parameters():
        p.requires_grad = id(p) in ids
    for module in model.modules():
        if not isinstance(module, _BatchNorm):
            continue
        if hasattr(module, "_still"):
            module._still.remove()
            module.train(model.training)
            del module._still
        if not any(p.requires_grad for p in module.parameters()):

            def hook(module, inputs):
                module.eval()

            module._still = module.register_forward_pre_hook(hook)


@variant("1b")
def train_replaced(model, tuned):
    """The layers' train is replaced by eval, and put back."""
    model.requires_grad_(False)
    for p in tuned:
        p.requires_grad_(True)
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    for module in (m for m in model.modules() if isinstance(m, kinds)):
        if any(p.requires_grad for p in module.parameters()):
            if "train" in vars(module):
                del module.train
                module.train(model.training)
        else:
            module.eval()
            module.train = lambda mode=True, module=module: nn.Module.train(module, False)


@variant("1b")
def another_class(model, tuned):
    """Frozen layers change their class for one whose train does nothing."""
    wanted = set(tuned)
    for p in model.parameters():
        p.requires_grad_(p in wanted)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            if hasattr(module, "moving_class"):
                module.__class__ = module.moving_class
                module.train(model.training)
            if not wanted & set(module.parameters()):
                module.eval()
                module.moving_class = type(module)
                module.__class__ = type("Still", (type(module),), {"train": _nothing})


def _nothing(self, mode=True):
    return self


@variant("1b")
def forward_replaced(model, tuned):
    """The layers' forward is replaced by the formula with running statistics."""
    chosen = {id(p) for p in tuned}
    for p in model.parameters():
        p.requires_grad_(id(p) in chosen)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            vars(module).pop("forward", None)
            if not any(id(p) in chosen for p in module.parameters()):
                module.forward = lambda x, m=module: nn.functional.batch_norm(
                    x, m.running_mean, m.running_var, m.weight, m.bias, False, 0.0, m.eps
                )


@variant("1b")
def by_direct_parameters(model, tuned):
    """Weights and biases looked at one by one; `training` set by hand."""
    for p in model.parameters():
        p.requires_grad_(any(p is one for one in tuned))
    for name, module in model.named_modules():
        if "BatchNorm" in type(module).__name__:
            still = not (module.weight.requires_grad or module.bias.requires_grad)
            if still:
                module.training = False
                setattr(module, "train", lambda mode=True, m=module: m)  # noqa: B010
            elif "train" in module.__dict__:
                delattr(module, "train")
                module.training = model.training
