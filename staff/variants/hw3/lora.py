"""Other right ways to build and use a low-rank update."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import nn

from staff.authoring.catalogue import variant

# --- 2a -----------------------------------------------------------------------------------------


@variant("2a")
def gaussian_start(self, inputs, outputs, rank):
    """A from a Gaussian; the layer frozen parameter by parameter."""
    for parameter in self.layer.parameters():
        parameter.requires_grad = False
    self.down = nn.Parameter(torch.randn(rank, inputs) / rank)
    self.up = nn.Parameter(torch.zeros(outputs, rank))


@variant("2a")
def down_is_zero(self, inputs, outputs, rank):
    """A is zero and B is random: the other way around."""
    self.layer.requires_grad_(False)
    self.down = nn.Parameter(torch.zeros(rank, inputs))
    self.up = nn.Parameter(0.1 * torch.randn(outputs, rank))


@variant("2a")
def small_uniform_start(self, inputs, outputs, rank):
    """Small uniform numbers."""
    self.layer.weight.requires_grad_(False)
    if self.layer.bias is not None:
        self.layer.bias.requires_grad_(False)
    self.down = nn.Parameter(torch.empty(rank, inputs).uniform_(-0.05, 0.05))
    self.up = nn.Parameter(torch.zeros((outputs, rank)))


@variant("2a")
def start_of_a_hundredth(self, inputs, outputs, rank):
    """Normal numbers with a standard deviation of 0.01."""
    for p in self.layer.parameters():
        p.requires_grad = False
    self.down = nn.Parameter(torch.randn(rank, inputs) * 0.01)
    self.up = nn.Parameter(torch.zeros(outputs, rank))


@variant("2a")
def registered_by_name(self, inputs, outputs, rank):
    """register_parameter, Xavier, and a float32 of one's own."""
    self.register_parameter("up", nn.Parameter(torch.zeros(outputs, rank, dtype=torch.float32)))
    self.register_parameter("down", nn.Parameter(torch.zeros(rank, inputs, dtype=torch.float32)))
    nn.init.xavier_normal_(self.down)
    self.layer.eval()
    for _, parameter in self.layer.named_parameters():
        parameter.requires_grad_(False)


@variant("2a")
def orthogonal_start(self, inputs, outputs, rank):
    """Orthogonal rows in A; parameters like the weight."""
    weight = self.layer.weight.requires_grad_(False)
    if self.layer.bias is not None:
        self.layer.bias.requires_grad = False
    self.down = nn.Parameter(weight.new_empty(rank, inputs))
    self.up = nn.Parameter(weight.new_zeros(outputs, rank))
    nn.init.orthogonal_(self.down)


# --- 2b -----------------------------------------------------------------------------------------


@variant("2b")
def by_matmul(self, x):
    """Matrix products with transposes."""
    return self.layer(x) + (x @ self.down.T @ self.up.T) * self.scale


@variant("2b")
def by_einsum(self, x):
    """Einsum over any leading dimensions."""
    hidden = torch.einsum("...i,ri->...r", x, self.down)
    return self.layer.forward(x) + self.scale * torch.einsum("...r,or->...o", hidden, self.up)


@variant("2b")
def scaled_on_the_way(self, x):
    """The scale between A and B."""
    hidden = self.scale * F.linear(x, self.down)
    return F.linear(hidden, self.up) + self.layer(x)


@variant("2b")
def flattened(self, x):
    """Leading dimensions flattened and restored; a sum in place."""
    rows = x.reshape(-1, x.shape[-1])
    output = self.layer(rows)
    output = output + torch.mm(torch.mm(rows, self.down.t()), self.scale * self.up.t())
    return output.reshape(*x.shape[:-1], -1)


@variant("2b")
def by_tensordot(self, x):
    """Tensordot, and torch.add."""
    hidden = torch.tensordot(x, self.down, dims=([-1], [1]))
    update = torch.tensordot(hidden, self.up, dims=([-1], [1]))
    return torch.add(self.layer(x), update.mul(self.scale))


# --- 2c -----------------------------------------------------------------------------------------


@variant("2c")
def named_arguments(self, rank):
    """All by name; up made first."""
    layer = self.layer
    for parameter in layer.parameters():
        parameter.requires_grad = False
    self.up = nn.Conv2d(
        in_channels=rank, out_channels=layer.out_channels, kernel_size=1, bias=False
    )
    self.up.weight.data.zero_()
    self.down = nn.Conv2d(
        in_channels=layer.in_channels,
        out_channels=rank,
        kernel_size=layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        bias=False,
        padding_mode=layer.padding_mode,
    )


@variant("2c")
def convolution_down_is_zero(self, rank):
    """down is zero, up is random: the other way around."""
    layer = self.layer.requires_grad_(False)
    self.down = nn.Conv2d(
        layer.in_channels,
        rank,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        1,
        False,
        layer.padding_mode,
    )
    self.up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
    nn.init.zeros_(self.down.weight)


@variant("2c")
def copied_and_narrowed(self, rank):
    """A copy of the layer with another weight."""
    down = copy.deepcopy(self.layer)
    down.out_channels, down.bias = rank, None
    down.weight = nn.Parameter(0.1 * torch.randn(rank, *self.layer.weight.shape[1:]))
    self.down, self.up = down, nn.Conv2d(rank, self.layer.out_channels, (1, 1), bias=False)
    nn.init.constant_(self.up.weight, 0.0)
    self.layer.requires_grad_(False)


@variant("2c")
def weight_replaced_by_zeros(self, rank):
    """up's weight replaced by a parameter of zeros; down from a Gaussian."""
    layer = self.layer
    layer.requires_grad_(False)
    self.down = nn.Conv2d(
        layer.in_channels,
        rank,
        layer.kernel_size,
        layer.stride,
        bias=False,
        padding=layer.padding,
        dilation=layer.dilation,
        padding_mode=layer.padding_mode,
    )
    nn.init.normal_(self.down.weight, std=1 / rank)
    self.up = nn.Conv2d(rank, layer.out_channels, kernel_size=1, stride=1, padding=0, bias=False)
    self.up.weight = nn.Parameter(torch.zeros_like(self.up.weight))


@variant("2c")
def attributes_collected(self, rank):
    """Attributes collected by a loop."""
    names = ("kernel_size", "stride", "padding", "dilation", "padding_mode")
    given = {name: getattr(self.layer, name) for name in names}
    self.layer.weight.requires_grad = False
    if self.layer.bias is not None:
        self.layer.bias.requires_grad = False
    self.down = nn.Conv2d(self.layer.weight.size(1), rank, **given, bias=False)
    self.up = nn.Conv2d(rank, self.layer.weight.size(0), 1, bias=False)
    with torch.no_grad():
        self.up.weight *= 0


# --- 2d -----------------------------------------------------------------------------------------


@variant("2d")
def kernel_by_matmul(wrapped):
    """The kernel of a convolution by one product of flattened weights."""
    plain = copy.deepcopy(wrapped.layer)
    if isinstance(plain, nn.Conv2d):
        product = wrapped.up.weight.flatten(1) @ wrapped.down.weight.flatten(1)
    else:
        product = wrapped.up @ wrapped.down
        if product.shape != plain.weight.shape:
            product = product.T
    plain.weight.data += wrapped.scale * product.detach().reshape(plain.weight.shape)
    return plain


@variant("2d")
def new_weight_parameter(wrapped):
    """A fresh parameter for the weight instead of a sum in place."""
    plain, weight = copy.deepcopy(wrapped.layer), wrapped.layer.weight
    if weight.dim() == 4:
        up, down = wrapped.up.weight.squeeze(-1).squeeze(-1), wrapped.down.weight
        update = torch.tensordot(up, down, dims=1)
    else:
        update = wrapped.up.mm(wrapped.down)
        update = update.t() if type(plain).__name__ == "Conv1D" else update
    plain.weight = nn.Parameter((weight + wrapped.scale * update).detach())
    return plain


@variant("2d")
def by_unit_vectors(wrapped):
    """The update as what it does to each unit vector; convolutions by a loop over ranks."""
    plain = copy.deepcopy(wrapped.layer)
    with torch.no_grad():
        if isinstance(plain, nn.Conv2d):
            for r in range(wrapped.down.weight.shape[0]):
                column = wrapped.up.weight[:, r, 0, 0][:, None, None, None]
                plain.weight += wrapped.scale * column * wrapped.down.weight[r][None]
        else:
            rows = torch.eye(wrapped.down.shape[1]) @ wrapped.down.T @ wrapped.up.T
            plain.weight += wrapped.scale * (rows if type(plain).__name__ == "Conv1D" else rows.T)
    return plain


@variant("2d")
def sum_of_outer_products(wrapped):
    """One outer product for each rank; the state of the layer loaded into a copy."""
    plain = copy.deepcopy(wrapped.layer)
    state = {name: value.clone() for name, value in wrapped.layer.state_dict().items()}
    if isinstance(plain, nn.Conv2d):
        update = F.conv2d(wrapped.down.weight.permute(1, 0, 2, 3), wrapped.up.weight).permute(
            1, 0, 2, 3
        )
    else:
        update = sum(torch.outer(u, d) for u, d in zip(wrapped.up.T, wrapped.down))
        update = update if update.shape == plain.weight.shape else update.T
    state["weight"] += wrapped.scale * update.detach()
    plain.load_state_dict(state)
    return plain


@variant("2d")
def trainable_again(wrapped):
    """The plain layer takes gradients again; addcmul-like sums under no_grad."""
    plain = copy.deepcopy(wrapped.layer).requires_grad_(True)
    with torch.no_grad():
        if type(plain) is nn.Conv2d:
            up = wrapped.up.weight.flatten(1)
            plain.weight.add_(
                torch.einsum("or,r...->o...", up, wrapped.down.weight), alpha=wrapped.scale
            )
        elif type(plain) is nn.Linear:
            plain.weight.addmm_(wrapped.up, wrapped.down, alpha=wrapped.scale)
        else:
            plain.weight.addmm_(wrapped.down.T, wrapped.up.T, alpha=wrapped.scale)
    return plain
