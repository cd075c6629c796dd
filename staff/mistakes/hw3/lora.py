"""Wrong ways to build and use a low-rank update."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

from staff.authoring.catalogue import mistake


def _pair(module, inputs, outputs, rank):
    """A random, B zero."""
    module.down = nn.Parameter(torch.empty(rank, inputs))
    nn.init.kaiming_uniform_(module.down, a=math.sqrt(5))
    module.up = nn.Parameter(torch.zeros(outputs, rank))


def _convolutions(module, rank, **other):
    """down and up, some of it another way."""
    layer = module.layer
    given = {
        "kernel_size": layer.kernel_size,
        "stride": layer.stride,
        "padding": layer.padding,
        "dilation": layer.dilation,
        "padding_mode": layer.padding_mode,
        "bias": False,
    } | other
    module.down = nn.Conv2d(layer.in_channels, rank, **given)
    module.up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
    nn.init.zeros_(module.up.weight)


# --- 2a -----------------------------------------------------------------------------------------


@mistake("2a")
def both_zero(self, inputs, outputs, rank):
    """A and B are both zero at the start.

    The gradient of each is a product with the other: neither ever moves.
    """
    self.layer.requires_grad_(False)
    self.down = nn.Parameter(torch.zeros(rank, inputs))
    self.up = nn.Parameter(torch.zeros(outputs, rank))


@mistake("2a")
def neither_zero(self, inputs, outputs, rank):
    """A and B are both random at the start.

    The layer does not start as the pre-trained one: its output has changed before any training.
    """
    self.layer.requires_grad_(False)
    self.down = nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
    self.up = nn.Parameter(torch.randn(outputs, rank) / rank**0.5)


@mistake("2a")
def wrapped_layer_not_frozen(self, inputs, outputs, rank):
    """The wrapped layer still takes gradients.

    That is full tuning with an update on top; count the parameters that an optimizer would get.
    """
    _pair(self, inputs, outputs, rank)


@mistake("2a")
def wrapped_bias_not_frozen(self, inputs, outputs, rank):
    """The weight of the wrapped layer is frozen, its bias is not.

    All parameters of the wrapped layer should be frozen, the bias too.
    """
    self.layer.weight.requires_grad_(False)
    _pair(self, inputs, outputs, rank)


@mistake("2a")
def rank_not_used(self, inputs, outputs, rank):
    """The update has the rank of the smaller side instead of the one asked for.

    Count its parameters.
    """
    self.layer.requires_grad_(False)
    _pair(self, inputs, outputs, min(inputs, outputs))


@mistake("2a")
def not_parameters(self, inputs, outputs, rank):
    """A and B are plain tensors, which the module does not know as parameters.

    They are in no optimizer and in no checkpoint.
    """
    self.layer.requires_grad_(False)
    self.down = torch.randn(rank, inputs, requires_grad=True)
    self.up = torch.zeros(outputs, rank, requires_grad=True)


@mistake("2a")
def constant_start(self, inputs, outputs, rank):
    """All numbers of A start equal.

    The rows of A then get equal gradients, and the update has rank 1 forever.
    """
    self.layer.requires_grad_(False)
    self.down = nn.Parameter(torch.full((rank, inputs), 0.1))
    self.up = nn.Parameter(torch.zeros(outputs, rank))


@mistake("2a")
def update_frozen(self, inputs, outputs, rank):
    """A and B are frozen together with the wrapped layer.

    Nothing is left to train.
    """
    _pair(self, inputs, outputs, rank)
    self.requires_grad_(False)


@mistake("2a")
def start_nearly_zero(self, inputs, outputs, rank):
    """The part that is not zero starts with numbers of about a millionth.

    The gradient of the other part is as small, so the update hardly learns.
    """
    self.layer.requires_grad_(False)
    self.down = nn.Parameter(1e-6 * torch.randn(rank, inputs))
    self.up = nn.Parameter(torch.zeros(outputs, rank))


@mistake("2a")
def update_with_biases(self, inputs, outputs, rank):
    """A and B are linear layers with biases.

    The update is then not a product of two matrices, and has more numbers than it should.
    """
    self.layer.requires_grad_(False)
    self.down, self.up = nn.Linear(inputs, rank), nn.Linear(rank, outputs)
    nn.init.zeros_(self.up.weight)
    nn.init.zeros_(self.up.bias)


@mistake("2a")
def wrapped_weight_reset(self, inputs, outputs, rank):
    """The wrapped layer's weight is changed while the update is made.

    What was learned in pre-training is lost.
    """
    self.layer.requires_grad_(False)
    nn.init.kaiming_uniform_(self.layer.weight, a=math.sqrt(5))
    _pair(self, inputs, outputs, rank)


# --- 2b -----------------------------------------------------------------------------------------


def _update(self, x):
    return F.linear(F.linear(x, self.down), self.up)


@mistake("2b")
def scale_forgotten(self, x):
    """The update is added without its scale.

    Right for scale 1 only.
    """
    return self.layer(x) + _update(self, x)


@mistake("2b")
def everything_scaled(self, x):
    """The wrapped layer's output is scaled as well as the update.

    The output changes with scale even while the update is zero.
    """
    return self.scale * (self.layer(x) + _update(self, x))


@mistake("2b")
def update_alone(self, x):
    """The wrapped layer's output is left out.

    At the start the output is zero.
    """
    return self.scale * _update(self, x)


@mistake("2b")
def update_without_gradients(self, x):
    """The update is computed under no_grad.

    It changes no value, but nothing is ever learned.
    """
    with torch.no_grad():
        update = _update(self, x)
    return self.layer(x) + self.scale * update


@mistake("2b")
def bias_twice(self, x):
    """The bias of the wrapped layer is added to the update as well.

    Without a bias you see no difference.
    """
    update = self.scale * _update(self, x)
    return self.layer(x) + update + (0 if self.layer.bias is None else self.layer.bias)


@mistake("2b")
def only_in_training(self, x):
    """The update is added in training mode only.

    In evaluation the model is the pre-trained one.
    """
    return self.layer(x) + (self.scale * _update(self, x) if self.training else 0)


@mistake("2b")
def nonlinear_update(self, x):
    """There is a ReLU between A and B.

    That is an adapter; it is not linear and cannot be merged into the weight.
    """
    return self.layer(x) + self.scale * F.linear(F.relu(F.linear(x, self.down)), self.up)


@mistake("2b")
def divided_by_rank(self, x):
    """The update is divided by the rank beside being scaled.

    Here `scale` is the whole factor; with rank 1 you see no difference.
    """
    return self.layer(x) + self.scale / self.down.shape[0] * _update(self, x)


@mistake("2b")
def input_cut_off(self, x):
    """The update sees a detached input.

    A and B learn, but the layers before get gradients from the wrapped layer only.
    """
    return self.layer(x) + self.scale * _update(self, x.detach())


@mistake("2b")
def added_into_the_weight(self, x):
    """The update is added to the wrapped weight at each call.

    Two calls with the same input give different outputs, and the wrapped layer is no longer the
    pre-trained one.
    """
    product = self.scale * self.up @ self.down
    with torch.no_grad():
        turned = self.layer.weight.shape != product.shape
        self.layer.weight += product.T if turned else product
    return self.layer(x) + 0 * _update(self, x)


# --- 2c -----------------------------------------------------------------------------------------


@mistake("2c")
def convolution_both_zero(self, rank):
    """down and up are both zero at the start.

    The gradient of each is a product with the other: neither ever moves.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank)
    nn.init.zeros_(self.down.weight)


@mistake("2c")
def convolution_neither_zero(self, rank):
    """down and up are both random at the start.

    The convolution does not start as the pre-trained one.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank)
    nn.init.normal_(self.up.weight, std=0.3)


@mistake("2c")
def convolution_not_frozen(self, rank):
    """The wrapped convolution still takes gradients.

    Count the parameters that an optimizer would get.
    """
    _convolutions(self, rank)


@mistake("2c")
def stride_forgotten(self, rank):
    """down has stride 1 whatever the wrapped layer has.

    With stride 1 you see no difference; with another stride the two outputs have different sizes.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank, stride=1)


@mistake("2c")
def stride_in_both(self, rank):
    """Both down and up have the stride.

    With stride 1 you see no difference.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank)
    self.up = nn.Conv2d(rank, self.layer.out_channels, 1, self.layer.stride, bias=False)
    nn.init.zeros_(self.up.weight)


@mistake("2c")
def padding_to_the_same_size(self, rank):
    """down is padded by half its kernel, not as the wrapped layer is.

    That is the same for a 3×3 kernel with padding 1.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank, padding=tuple(side // 2 for side in self.layer.kernel_size))


@mistake("2c")
def dilation_forgotten(self, rank):
    """down has no dilation whatever the wrapped layer has.

    It then looks at other places than the wrapped layer.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank, dilation=1)


@mistake("2c")
def square_kernel(self, rank):
    """down has a square kernel: the first of the wrapped layer's two sides is used for both.

    For square kernels you see no difference.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank, kernel_size=self.layer.kernel_size[0])


@mistake("2c")
def update_with_a_bias(self, rank):
    """down has a bias, as convolutions have unless told otherwise.

    The update then has more numbers than it should, and cannot be merged into the weight.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank, bias=True)


@mistake("2c")
def kernel_in_up(self, rank):
    """down is 1×1 and up has the kernel; it should be the other way round.

    The number of parameters differs, and padding and stride act between down and up.
    """
    layer = self.layer
    layer.requires_grad_(False)
    self.down = nn.Conv2d(layer.in_channels, rank, 1, bias=False)
    self.up = nn.Conv2d(
        rank,
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        bias=False,
    )
    nn.init.zeros_(self.up.weight)


@mistake("2c")
def padding_mode_forgotten(self, rank):
    """down pads with zeros where the wrapped layer reflects.

    Only the border differs.
    """
    self.layer.requires_grad_(False)
    _convolutions(self, rank, padding_mode="zeros")


# --- 2d -----------------------------------------------------------------------------------------


def _merged(wrapped, plain, factor=1.0):
    """The update added to a layer's weight."""
    if isinstance(plain, nn.Conv2d):
        update = torch.einsum("or,rikl->oikl", wrapped.up.weight[:, :, 0, 0], wrapped.down.weight)
    else:
        update = wrapped.up @ wrapped.down
        update = update.T if type(plain).__name__ == "Conv1D" else update
    with torch.no_grad():
        plain.weight += factor * update
    return plain


@mistake("2d")
def merged_without_scale(wrapped):
    """The update is merged without its scale.

    Right for scale 1 only.
    """
    return _merged(wrapped, copy.deepcopy(wrapped.layer))


@mistake("2d")
def merged_in_place(wrapped):
    """The update is added to the wrapped layer itself.

    The LoRA layer itself then counts the update twice.
    """
    return _merged(wrapped, wrapped.layer, wrapped.scale)


@mistake("2d")
def nothing_merged(wrapped):
    """The wrapped layer is copied, and the update is lost.

    The merged layer is the pre-trained one.
    """
    return copy.deepcopy(wrapped.layer)


@mistake("2d")
def transposed_for_conv1d_forgotten(wrapped):
    """The update of a `Conv1D` is not turned into the shape of its weight.

    For a square weight there is no error.
    """
    plain = copy.deepcopy(wrapped.layer)
    if type(plain).__name__ != "Conv1D":
        return _merged(wrapped, plain, wrapped.scale)
    update = (wrapped.up @ wrapped.down).reshape(plain.weight.shape)
    with torch.no_grad():
        plain.weight += wrapped.scale * update
    return plain


@mistake("2d")
def kernel_turned_around(wrapped):
    """The kernel of a convolution's update is flipped.

    torch's convolutions do not flip their kernels; for symmetric kernels you see no difference.
    """
    plain = copy.deepcopy(wrapped.layer)
    if not isinstance(plain, nn.Conv2d):
        return _merged(wrapped, plain, wrapped.scale)
    up, down = wrapped.up.weight[:, :, 0, 0], wrapped.down.weight.flip(2, 3)
    with torch.no_grad():
        plain.weight += wrapped.scale * torch.einsum("or,rikl->oikl", up, down)
    return plain


@mistake("2d")
def bias_dropped(wrapped):
    """The merged linear layer has lost the bias of the wrapped one.

    Look at the output for an input of zeros.
    """
    plain = _merged(wrapped, copy.deepcopy(wrapped.layer), wrapped.scale)
    with torch.no_grad():
        if plain.bias is not None:
            plain.bias.zero_()
    return plain


@mistake("2d")
def subtracted(wrapped):
    """The update is subtracted.

    Merging adds the update; undoing a merge subtracts it.
    """
    return _merged(wrapped, copy.deepcopy(wrapped.layer), -wrapped.scale)


@mistake("2d")
def still_wrapped(wrapped):
    """What is returned is still a LoRA layer.

    It costs as much as before, and keeps A and B.
    """
    return copy.deepcopy(wrapped)


@mistake("2d")
def convolution_left_out(wrapped):
    """Linear layers are merged; convolutions come back without their update.

    Compare the outputs of a convolution.
    """
    plain = copy.deepcopy(wrapped.layer)
    return plain if isinstance(plain, nn.Conv2d) else _merged(wrapped, plain, wrapped.scale)


@mistake("2d")
def weight_replaced(wrapped):
    """The update replaces the weight instead of being added to it.

    The pre-trained weight is lost; the merged weight has rank r.
    """
    plain = copy.deepcopy(wrapped.layer)
    with torch.no_grad():
        plain.weight.zero_()
    return _merged(wrapped, plain, wrapped.scale)
