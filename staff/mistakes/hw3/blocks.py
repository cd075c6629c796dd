"""Wrong ways to choose what is tuned and to keep the rest still."""

from __future__ import annotations

from torch import nn

from hw3.lora import LoRAConv2d, LoRALinear
from staff.authoring.catalogue import mistake


def _updates(model):
    """A and B of every LoRA layer."""
    wrapped = [m for m in model.modules() if isinstance(m, LoRALinear | LoRAConv2d)]
    frozen = {p for m in wrapped for p in m.layer.parameters()}
    return [p for m in wrapped for p in m.parameters() if p not in frozen]


def _choose(model, mode, middle=None, **other):
    """What each mode means, some of it in another way."""
    n = len(model.blocks)
    middle = n // 2 if middle is None else middle
    ways = {
        "full": lambda: list(model.parameters()),
        "first": lambda: list(model.blocks[0].parameters()),
        "middle": lambda: list(model.blocks[middle].parameters()),
        "last": lambda: list(model.blocks[-1].parameters()),
        "linear": lambda: list(model.head.parameters()),
        "bias": lambda: [p for n, p in model.named_parameters() if n.split(".")[-1] == "bias"],
        "lora": lambda: _updates(model),
    } | other
    if mode.rstrip("0123456789") not in ways:
        raise ValueError(f"no mode {mode}")
    found = ways[mode.rstrip("0123456789")]()
    if not found:
        raise ValueError("nothing to tune")
    return found


# --- 1a -----------------------------------------------------------------------------------------


@mistake("1a")
def middle_one_block_early(model, mode):
    """`middle` is one block too early when the number of blocks is even.

    With four blocks it is the second of them. The handout counts from 0 and says which is meant.
    """
    return _choose(model, mode, middle=(len(model.blocks) - 1) // 2)


@mistake("1a")
def middle_is_everything_between(model, mode):
    """`middle` holds all blocks between the first and the last.

    With three blocks that is the same. With five it is three blocks instead of one.
    """
    between = [p for block in list(model.blocks)[1:-1] for p in block.parameters()]
    return between if mode == "middle" and between else _choose(model, mode)


@mistake("1a")
def last_is_the_head(model, mode):
    """`last` holds the head instead of the last block.

    The head is what `linear` is for.
    """
    return _choose(model, mode, last=lambda: list(model.head.parameters()))


@mistake("1a")
def last_with_the_head(model, mode):
    """`last` holds the head beside the last block.

    A block does not include the head: if a new head is trained too, the experiment adds it.
    """
    return _choose(
        model, mode, last=lambda: [*model.blocks[-1].parameters(), *model.head.parameters()]
    )


@mistake("1a")
def bias_by_any_part_of_the_name(model, mode):
    """`bias` takes every parameter with "bias" anywhere in its name.

    A weight inside a module called bias_net is taken as well, and so is a bias_table.
    """
    return _choose(
        model, mode, bias=lambda: [p for n, p in model.named_parameters() if "bias" in n]
    )


@mistake("1a")
def bias_of_some_layers_only(model, mode):
    """`bias` takes the biases of convolutions and linear layers, not those of normalisation.

    In many networks the convolutions have no bias, and only the normalisation has biases.
    """
    kinds = (nn.Linear, nn.Conv2d)
    layers = [m for m in model.modules() if isinstance(m, kinds) and m.bias is not None]
    return _choose(model, mode, bias=lambda: [m.bias for m in layers])


@mistake("1a")
def full_is_blocks_and_head(model, mode):
    """`full` is the blocks and the head, and leaves out what belongs to neither.

    An embedding is not tuned, nor is a table of positions.
    """
    return _choose(model, mode, full=lambda: [*model.blocks.parameters(), *model.head.parameters()])


@mistake("1a")
def shared_parameters_twice(model, mode):
    """A parameter that two layers share is in the list twice.

    An optimizer warns of doubles, and takes two steps with them.
    """
    layers = model.named_parameters(remove_duplicate=False)
    return _choose(
        model,
        mode,
        full=lambda: [p for _, p in model.named_parameters(remove_duplicate=False)],
        bias=lambda: [p for n, p in layers if n.split(".")[-1] == "bias"],
    )


@mistake("1a")
def only_what_is_not_frozen(model, mode):
    """Parameters that take no gradients at the moment are left out.

    After a linear probe, `full` is the head alone: what was frozen once stays frozen.
    """
    return [p for p in _choose(model, mode) if p.requires_grad]


@mistake("1a")
def lora_list_empty(model, mode):
    """The list for LoRA is empty, and nothing says so.

    Training with it changes nothing and gives no error. The layers are deeper inside the model than
    its direct children.
    """
    wrapped = [m for m in model.children() if isinstance(m, LoRALinear | LoRAConv2d)]
    return (
        [p for m in wrapped for p in m.parameters()] if mode[:4] == "lora" else _choose(model, mode)
    )


@mistake("1a")
def lora_without_convolutions(model, mode):
    """Only the LoRA layers of linear layers count; those of convolutions are forgotten.

    In a network for pictures these are nearly all.
    """
    linear = [m for m in model.modules() if isinstance(m, LoRALinear)]
    return _choose(
        model,
        mode,
        lora=lambda: [
            p for m in linear for n, p in m.named_parameters() if not n.startswith("layer.")
        ],
    )


@mistake("1a")
def lora_with_the_wrapped_layers(model, mode):
    """For LoRA all parameters of the LoRA layers are taken, the wrapped weights too.

    That is full tuning with an update on top. Compare the numbers of parameters.
    """
    wrapped = [m for m in model.modules() if isinstance(m, LoRALinear | LoRAConv2d)]
    return _choose(model, mode, lora=lambda: [p for m in wrapped for p in m.parameters()])


@mistake("1a")
def lora_by_the_names_of_its_parts(model, mode):
    """A and B of LoRA are recognised by names that contain `up` or `down`.

    Other layers have such names too: those of the MLP of the kit's GPT, which is pre-trained, would
    be trained with them. Compare the number of parameters with what the rank gives.
    """
    parts = ("up", "down")
    return _choose(
        model,
        mode,
        lora=lambda: [
            p for name, p in model.named_parameters() if any(one in name for one in parts)
        ],
    )


@mistake("1a")
def lora_in_the_blocks_only(model, mode):
    """LoRA layers are searched in the blocks only.

    Those elsewhere in the model, in the head or beside the blocks, are never trained.
    """
    return _choose(model, mode, lora=lambda: _updates(model.blocks))


@mistake("1a")
def head_by_the_beginning_of_the_name(model, mode):
    """The head is recognised by the beginning of its parameters' names.

    Another name in the model may begin in the same way, and is then trained as well.
    """
    return _choose(
        model,
        mode,
        linear=lambda: [p for name, p in model.named_parameters() if name.startswith("head")],
    )


@mistake("1a")
def unknown_mode_tunes_everything(model, mode):
    """An unknown mode tunes everything instead of being refused.

    A misspelt mode then gives a result that looks valid.
    """
    try:
        return _choose(model, mode)
    except ValueError:
        return list(model.parameters())


# --- 1b -----------------------------------------------------------------------------------------


def _gradients(model, tuned):
    """Gradients for the tuned parameters only."""
    chosen = {id(p) for p in tuned}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in chosen)


def _norms(model):
    return [m for m in model.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]


def _tuned(module):
    return any(p.requires_grad for p in module.parameters())


@mistake("1a")
def other_names_are_lora(model, mode):
    """Any other name counts as a LoRA mode.

    With LoRA layers in the model, a misspelt mode trains them, and nobody is told.
    """
    known = {"full", "first", "middle", "last", "linear", "bias"}
    return _choose(model, mode if mode in known else "lora")


def _hold(module):
    """In evaluation mode for good."""
    module.eval()
    module.train = lambda mode=True: module


def _release(module, mode):
    module.__dict__.pop("train", None)
    module.train(mode)


@mistake("1b")
def statistics_go_on(model, tuned):
    """Frozen BatchNorm layers still normalise by the batch, and update their running averages.

    `requires_grad = False` freezes only the parameters of such a layer; the averages are buffers.
    """
    _gradients(model, tuned)


@mistake("1b")
def every_frozen_layer_still(model, tuned):
    """Every layer without a tuned parameter is kept in evaluation mode, of whatever kind.

    This includes dropout, which has no parameters at all. Compare the outputs of a model with
    dropout after train() and after eval().
    """
    _gradients(model, tuned)
    for module in model.modules():
        _release(module, model.training)
        if not _tuned(module):
            _hold(module)


@mistake("1b")
def eval_until_the_next_train(model, tuned):
    """Frozen BatchNorm layers are put into evaluation mode, and the next `train()` ends it.

    Every training loop calls train() after each evaluation.
    """
    _gradients(model, tuned)
    for module in _norms(model):
        if not _tuned(module):
            module.eval()


@mistake("1b")
def train_of_the_whole_model_replaced(model, tuned):
    """Only `train` of the model itself keeps frozen BatchNorm layers in evaluation mode.

    This works as long as that one is called. Training that calls `train` of a part of the model, as
    the kit's does, puts them into training mode, and their statistics change.
    """
    _gradients(model, tuned)
    model.__dict__.pop("train", None)
    plain = model.train

    def train(mode=True):
        plain(mode)
        for module in _norms(model):
            if not _tuned(module):
                module.eval()
        return model

    train(model.training)
    model.train = train


@mistake("1b")
def all_statistics_stay(model, tuned):
    """All BatchNorm layers are kept in evaluation mode, even those that are tuned.

    Compare the statistics of a tuned layer before and after a step.
    """
    _gradients(model, tuned)
    for module in _norms(model):
        _hold(module)


@mistake("1b")
def never_thawed(model, tuned):
    """What was frozen once is never tuned again.

    The code changes only parameters outside the list. After a linear probe only the head would be
    trained.
    """
    chosen = {id(p) for p in tuned}
    for parameter in model.parameters():
        if id(parameter) not in chosen:
            parameter.requires_grad_(False)
    for module in _norms(model):
        _release(module, model.training)
        if not _tuned(module):
            _hold(module)


@mistake("1b")
def statistics_never_released(model, tuned):
    """A BatchNorm layer that was frozen once keeps its statistics forever.

    After a second call it takes gradients again, but still normalises by the old statistics.
    """
    _gradients(model, tuned)
    for module in _norms(model):
        if not _tuned(module):
            _hold(module)


@mistake("1b")
def flipped(model, tuned):
    """The tuned parameters are frozen and all others are trained.

    Look at requires_grad of one of each.
    """
    chosen = {id(p) for p in tuned}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) not in chosen)
    for module in _norms(model):
        _release(module, model.training)
        if not _tuned(module):
            _hold(module)


@mistake("1b")
def only_two_dimensional_norms(model, tuned):
    """Only `BatchNorm2d` is kept in evaluation mode, not `BatchNorm1d`.

    A frozen layer that works on vectors still updates its statistics.
    """
    _gradients(model, tuned)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            _release(module, model.training)
            if not _tuned(module):
                _hold(module)


@mistake("1b")
def only_direct_children(model, tuned):
    """BatchNorm layers inside other modules are missed.

    Only the direct children of the model are looked at.
    """
    _gradients(model, tuned)
    for module in model.children():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            _release(module, model.training)
            if not _tuned(module):
                _hold(module)


@mistake("1b")
def momentum_zero(model, tuned):
    """Frozen statistics do not change, but the layer still normalises by the batch.

    The outputs in training mode depend on what else is in the batch.
    """
    _gradients(model, tuned)
    for module in _norms(model):
        module.momentum = 0.1 if _tuned(module) else 0.0


@mistake("1b")
def only_wholly_tuned_norms_move(model, tuned):
    """A BatchNorm layer counts as frozen as soon as one of its parameters is not tuned.

    With its bias in the list, its statistics should follow train() as usual.
    """
    _gradients(model, tuned)
    for module in _norms(model):
        _release(module, model.training)
        if not all(p.requires_grad for p in module.parameters()):
            _hold(module)


@mistake("1b")
def statistics_switched_off(model, tuned):
    """`track_running_stats` of frozen layers is switched off.

    In evaluation the layer then uses the statistics that it has; in training it normalises by the
    batch.
    """
    _gradients(model, tuned)
    for module in _norms(model):
        module.track_running_stats = _tuned(module)


@mistake("1b")
def weights_only(model, tuned):
    """Biases take gradients whether they are tuned or not.

    Only parameters of two dimensions and more are frozen.
    """
    chosen = {id(p) for p in tuned}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in chosen or parameter.dim() < 2)
    for module in _norms(model):
        _release(module, model.training)
        if not any(id(p) in chosen for p in module.parameters()):
            _hold(module)
