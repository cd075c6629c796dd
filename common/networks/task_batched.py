"""The layers of a network for many tasks at once, each task with weights of its own, as one operation.

Under `vmap` torch takes a network operation by operation: it lays the tasks anew between convolution
and normalisation, and differentiates a convolution for the second time task after task. Here `vmap`
meets one operation. Inside, tasks lie side by side among the channels, [B, T·channels, height, width],
in the memory format in which a CPU convolves fastest, and the second derivatives of convolution and
normalisation are written down. Values and derivatives are those of the layers (tests/common/networks/test_task_batched.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

EPSILON = 1e-5  # added to the variance, as torch's own layers do
_PADDING, _DILATION = (1, 1), (1, 1)  # of a 3x3 convolution
_on = ContextVar("task_batched", default=False)
_aten = torch.ops.aten
Dims = tuple[int | None, ...]  # where each argument or result has its tasks; None: nowhere


class Layer(NamedTuple):
    """A 3x3 convolution with padding, a 2x2 max-pool if asked for, batch normalisation, and ReLU."""

    stride: int
    pool: bool


@contextmanager
def tasks_at_once() -> Iterator[None]:
    """Within it, networks that can take their layers as one operation."""
    before = _on.set(True)
    try:
        yield
    finally:
        _on.reset(before)


def is_used_for(images: Tensor) -> bool:
    """Whether layers are to be one operation for these images: on a CPU, where it was measured."""
    return _on.get() and images.device.type == "cpu"


def features(images: Tensor, layers: Sequence[Layer], parameters: Sequence[Tensor]) -> Tensor:
    """Run the layers; one call of `vmap` around it is taken at once.

    A gradient of a gradient inside that `vmap` is refused; one outside of it (MAML's) is right.

    Args:
        images: [B, channels, height, width].
        parameters: of each layer in turn the convolution's weight [out, in, 3, 3], and scale and
            shift [out] of the normalisation, which uses the statistics of the B images.

    Returns:
        [B, out, height, width] of the last layer.

    Raises:
        RuntimeError: when a gradient of a gradient is asked for within the `vmap`, or without one.
    """
    return _Layers.apply(images, _Pass(layers), *parameters)


class _Made(NamedTuple):
    """Inputs and outputs of one layer that its gradient needs, for all tasks."""

    images: Tensor
    weight: Tensor
    scale: Tensor
    convolved: Tensor
    places: Tensor | None  # of the largest in each 2x2, when the layer pools
    pooled: Tensor
    mean: Tensor
    inverse: Tensor  # of the deviation
    output: Tensor


class _Pass:
    """One pass through the layers; it is no tensor and no tuple, so that `vmap` hands it on as it is."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self.made: list[_Made] = []

    def forward(self, images: Tensor, parameters: Sequence[Tensor], tasks: int) -> Tensor:
        """[B, T·in, ...] and weights [T·out, ...] → [B, T·out, ...]."""
        images = _channels_last(images)
        for number, layer in enumerate(self.layers):
            weight, scale, shift = parameters[3 * number : 3 * number + 3]
            convolved = F.conv2d(images, weight, None, layer.stride, _PADDING, _DILATION, tasks)
            pooled, places = convolved, None
            if layer.pool:
                pooled, places = F.max_pool2d(convolved, 2, return_indices=True)
            normal, mean, inverse = torch.native_batch_norm(
                pooled, scale, shift, None, None, True, 0.0, EPSILON
            )
            output = F.relu(normal)
            self.made.append(
                _Made(images, weight, scale, convolved, places, pooled, mean, inverse, output)
            )
            images = output
        return images

    def backward(self, gradient: Tensor, tasks: int, wanted: bool) -> list[Tensor]:
        """The gradients of the images (of no meaning unless wanted) and of all parameters."""
        found: list[Tensor] = []
        gradient = _channels_last(gradient)
        for number, (layer, made) in reversed(list(enumerate(zip(self.layers, self.made)))):
            gradient = _aten.threshold_backward(gradient, made.output, 0)
            gradient, *affine = _NormalisationGradient.apply(
                gradient, made.pooled, made.scale, made.mean, made.inverse
            )
            if layer.pool:
                gradient = _aten.max_pool2d_with_indices_backward(
                    gradient, made.convolved, (2, 2), (2, 2), (0, 0), (1, 1), False, made.places
                )
            gradient, weight = _ConvolutionGradient.apply(
                gradient, made.images, made.weight, layer.stride, tasks, wanted or number > 0
            )
            found = [weight, *affine, *found]
        return [gradient, *found]


class _Layers(Function):
    """All layers, for `vmap` and for the gradient of an inner step."""

    @staticmethod
    def forward(images: Tensor, run: _Pass, *parameters: Tensor) -> Tensor:
        return run.forward(images, parameters, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        images, ctx.run, *parameters = inputs
        ctx.save_for_backward(images, *parameters)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        wanted = ctx.needs_input_grad[0]
        of_images, *found = _LayersGradient.apply(gradient, ctx.run, wanted, *ctx.saved_tensors)
        return of_images if wanted else None, None, *found

    @staticmethod
    def vmap(
        info: Any, dims: Dims, images: Tensor, run: _Pass, *parameters: Tensor
    ) -> tuple[Tensor, int]:
        tasks = info.batch_size
        rows = [_beside(part, dim, tasks, 0) for part, dim in zip(parameters, dims[2:])]
        output = run.forward(_beside(images, dims[0], tasks, 1), rows, tasks)
        return output.unflatten(1, (tasks, -1)), 1


class _LayersGradient(Function):
    """Their gradient. Images and parameters are named so that its own derivative is refused."""

    @staticmethod
    def forward(
        gradient: Tensor, run: _Pass, wanted: bool, *images_and_parameters: Tensor
    ) -> tuple[Tensor, ...]:
        return tuple(run.backward(gradient, 1, wanted))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, ...]) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> NoReturn:
        raise RuntimeError("a gradient of a gradient of one task cannot be taken at once for all")

    @staticmethod
    def vmap(
        info: Any,
        dims: Dims,
        gradient: Tensor,
        run: _Pass,
        wanted: bool,
        *images_and_parameters: Tensor,
    ) -> tuple[tuple[Tensor, ...], Dims]:
        tasks = info.batch_size
        of_images, *found = run.backward(_beside(gradient, dims[0], tasks, 1), tasks, wanted)
        rows = [part.unflatten(0, (tasks, -1)) for part in found]
        if not wanted:
            return (of_images, *rows), (None, *(0 for _ in rows))
        return (of_images.unflatten(1, (tasks, -1)), *rows), (1, *(0 for _ in rows))


class _ConvolutionGradient(Function):
    """Gradients by images and weight. Its own gradient is made of whole convolutions again.

    (torch's takes a grouped convolution group after group.)
    """

    @staticmethod
    def forward(
        gradient: Tensor, images: Tensor, weight: Tensor, stride: int, groups: int, wanted: bool
    ) -> tuple[Tensor, Tensor]:
        of_images, of_weight, _ = _aten.convolution_backward(
            gradient,
            images,
            weight,
            None,
            (stride, stride),
            _PADDING,
            _DILATION,
            False,
            (0, 0),
            groups,
            (wanted, True, False),
        )
        return of_images if wanted else images.new_zeros(()), of_weight

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
        *tensors, ctx.stride, ctx.groups, ctx.wanted = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, by_images: Tensor, by_weight: Tensor) -> tuple[Tensor | None, ...]:
        # The convolution c(x, w) is linear in each. This is the gradient of <g, c(by_images, w)> +
        # <g, c(x, by_weight)>, by g and with its parts exchanged by x and by w.
        gradient, images, weight = ctx.saved_tensors

        def convolve(images: Tensor, weight: Tensor) -> Tensor:
            return F.conv2d(images, weight, None, ctx.stride, _PADDING, _DILATION, ctx.groups)

        settings = ctx.stride, ctx.groups
        if not ctx.wanted:
            of_images = None
            if ctx.needs_input_grad[1]:
                of_images, _ = _ConvolutionGradient.apply(
                    gradient, images, by_weight, *settings, True
                )
            return convolve(images, by_weight), of_images, None, None, None, None
        of_gradient = convolve(by_images, weight) + convolve(images, by_weight)
        found = _ConvolutionGradient.apply(gradient, by_images, by_weight, *settings, True)
        return of_gradient, *found, None, None, None


class _NormalisationGradient(Function):
    """Gradients of batch normalisation (Ioffe and Szegedy 2015, section 3) by input, scale, shift."""

    @staticmethod
    def forward(
        gradient: Tensor, inputs: Tensor, scale: Tensor, mean: Tensor, inverse: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        return _aten.native_batch_norm_backward(
            gradient, inputs, scale, None, None, mean, inverse, True, EPSILON, (True, True, True)
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, ...]) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(
        ctx: Any, by_inputs: Tensor, by_scale: Tensor, by_shift: Tensor
    ) -> tuple[Tensor | None, ...]:
        # With x the normalised inputs, s the scale, r the inverse deviation, and m the mean of a
        # channel, the gradient by the inputs is s r (g - m(g) - x m(g x)). v is what came back for that
        # gradient; here their product is differentiated by g, by the inputs and by s. Mean and
        # deviation depend on the inputs, which has been put in: only means of channels and four sums
        # of whole tensors are left.
        gradient, inputs, scale, mean, inverse = ctx.saved_tensors
        size, _, *sides = inputs.shape
        g, x, v = (_by_channel(part) for part in (gradient, inputs, by_inputs))
        x = torch.addcmul(-mean * inverse, x, inverse)
        m_g, m_gx = g.mean(0), (g * x).mean(0)
        m_v, m_vx = v.mean(0), (v * x).mean(0)
        factor = scale * inverse
        along = by_scale - factor * m_vx  # the coefficient of x in the gradient by g
        left = (
            (g * v).mean(0) - m_g * m_v - m_gx * m_vx
        )  # the covariance of g and v that x does not explain
        of_gradient = torch.addcmul(by_shift - factor * m_v, v, factor).addcmul_(x, along)
        of_inputs = torch.addcmul(factor * m_v * m_gx - m_g * along, g, along)
        of_inputs.addcmul_(v, -factor * m_gx)
        of_inputs.addcmul_(x, factor * (m_vx * m_gx - left) - m_gx * along).mul_(inverse)
        of_scale = len(x) * inverse * left
        found = (part.unflatten(0, (size, *sides)) for part in (of_gradient, of_inputs))
        return *(part.movedim(-1, 1) for part in found), of_scale, None, None


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def _by_channel(images: Tensor) -> Tensor:
    """[B, C, height, width] → [B·height·width, C], no copy where channels come last."""
    return images.movedim(1, -1).flatten(0, -2)


def _beside(part: Tensor, dim: int | None, tasks: int, axis: int) -> Tensor:
    """The tasks of a batched tensor next to each other along an axis; one tensor for all is repeated."""
    if dim is None:
        part = part.unsqueeze(axis).expand(*part.shape[:axis], tasks, *part.shape[axis:])
    else:
        part = part.movedim(dim, axis)
    return part.flatten(axis, axis + 1)
