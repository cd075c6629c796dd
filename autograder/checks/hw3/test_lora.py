"""Problem 2: low-rank adaptation, which has exact answers."""

import numpy as np

from autograder.judge import assert_matches, problem, require, require_unchanged

# --- what the checks are about ------------------------------------------------------------------


def normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def linear(rng, inputs=11, outputs=7):
    """Weight and bias of a linear layer."""
    return normal(rng, outputs, inputs), normal(rng, outputs)


LEAST, MOST = 0.001, 3  # root mean square of A or B, whichever is not zero; as in the handout

CONVOLUTIONS = (  # kernel, stride, padding, dilation, all unlike in the two directions
    ((3, 3), (1, 1), (1, 1), (1, 1)),
    ((3, 2), (2, 1), (1, 0), (1, 1)),
    ((2, 3), (1, 2), (0, 2), (2, 1)),
    ((1, 1), (2, 2), (0, 0), (1, 1)),
)


def convolution(rng, kernel, inputs=3, outputs=5):
    """Weight and bias of a convolution."""
    return normal(rng, outputs, inputs, *kernel), normal(rng, outputs)


def places(size, kernel, stride, padding, dilation):
    """The number of places of a convolution along one direction."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def check_matrices(seen, sizes, rank, layer):
    """Return what `make_update` leaves behind."""
    assert_matches(
        seen["flags"],
        np.array([0, 2]),
        "The wrapped layer is frozen; both parts of the update are trained.",
        name="parameters that take gradients (of the wrapped layer, of the update)",
    )
    assert_matches(
        seen["sizes"],
        np.array(sizes),
        "`down` maps to `rank` numbers, `up` from `rank` numbers; neither has a bias.",
        name="numbers in down and in up",
    )
    require(
        seen["zeros"] == 1,
        f"{seen['zeros']} of the two parts of the update are zero at the start; expected 1",
        "If neither is zero, the layer does not start as the pre-trained one. If both are zero, "
        "what are their gradients?",
    )
    require(
        seen["rank"] == rank,
        f"the part that is not zero has rank {seen['rank']} at the start; expected {rank}",
        "Rows that start equal stay equal.",
    )
    require(
        LEAST <= seen["typical"] <= MOST,
        f"the part that is not zero has a root mean square of {seen['typical']:.2g}; the handout "
        f"asks for one between {LEAST} and {MOST}",
        "With smaller numbers the update learns too slowly, with larger ones its first steps are "
        "too large.",
    )
    assert_matches(
        seen["layer"],
        layer,
        "Do not change the wrapped layer.",
        name="the wrapped layer's parameters",
    )
    assert_matches(
        seen["same_layer"],
        1,
        "self.layer should be the layer that was given.",
        name="self.layer is the wrapped layer",
    )


# --- 2a -----------------------------------------------------------------------------------------


@problem("2a", points=1)
def test_matrices(student, rng):
    """A linear layer's A and B: their sizes, one of them zero, the wrapped layer frozen"""
    for inputs, outputs, rank, bias in ((11, 7, 3, True), (6, 13, 4, False), (5, 4, 1, True)):
        weight, offset = linear(rng, inputs, outputs)
        offset = offset if bias else None
        seen = student.linear_matrices(weight, offset, rank, False)
        check_matrices(
            seen,
            [rank * inputs, rank * outputs],
            rank,
            [weight] if offset is None else [weight, offset],
        )


@problem("2a", points=1)
def test_matrices_of_conv1d(student, rng):
    """The same for `Conv1D`, which keeps its weight transposed"""
    for inputs, outputs, rank in ((11, 7, 3), (6, 13, 2)):
        weight, offset = linear(rng, inputs, outputs)
        seen = student.linear_matrices(weight, offset, rank, True)
        check_matrices(seen, [rank * inputs, rank * outputs], rank, [weight.T, offset])


@problem("2a", points=1)
def test_first_steps(student, rng):
    """The output is unchanged at the start; one part's gradient is zero then, and not after a step"""
    for transposed in (False, True):
        weight, offset = linear(rng)
        x, weights = normal(rng, 4, 11), normal(rng, 4, 7)
        seen = student.linear_start(weight, offset, x, weights, 3, transposed)
        check_start(seen, x @ weight.T + offset)


def check_start(seen, output):
    """The exact answers of the first two steps."""
    assert_matches(
        seen["output"],
        output,
        "The update is zero, so the output is that of the wrapped layer.",
        name="the output at the start",
    )
    assert_matches(
        seen["wrapped_gradients"],
        0,
        "The wrapped layer is frozen.",
        name="parameters of the wrapped layer with a gradient",
    )
    assert_matches(
        seen["still_at_first"],
        1,
        "The gradient of one part is a product with the other part, which is zero at the start.",
        name="parts of the update whose gradient is zero at the start",
    )
    assert_matches(
        seen["both_move"],
        np.array([0, 1]),
        "After one step neither part is zero, and both have gradients.",
        name="whether both parts have gradients, before and after the first step",
    )


# --- 2b -----------------------------------------------------------------------------------------

FORWARD = "Add to the wrapped layer's output: x through A, then B, times scale."


@problem("2b", points=1)
def test_forward(student, reference, rng):
    """The output for any number of leading dimensions, with or without a bias, and for Conv1D"""
    for shape, rank, scale, bias, transposed in (
        ((4,), 3, 1.0, True, False),
        ((2, 5), 2, 0.5, False, False),
        ((3, 1, 2), 1, 4.0, True, True),
    ):
        weight, offset = linear(rng)
        a, b = normal(rng, rank, 11), normal(rng, 7, rank)
        x, weights = normal(rng, *shape, 11), normal(rng, *shape, 7)
        seen = student.linear_forward(
            weight, offset if bias else None, a, b, x, weights, scale, transposed
        )
        require_unchanged(student, "weight", "bias", "a", "b", "x")
        assert_matches(
            seen["output"],
            reference.linear_forward["output"],
            FORWARD,
            name=f"the output for x of shape {[*shape, 11]}, rank {rank}, scale {scale}",
        )
    student.advise(
        "2b: LoRALinear.forward makes a tensor as large as the weight. The handout asks you not "
        "to form B·A: in a large model this costs memory. You lose no points.",
        "large_tensors",
        *linear(rng),
        normal(rng, 3, 11),
        normal(rng, 7, 3),
        normal(rng, 2, 11),
    )


@problem("2b", points=1)
def test_forward_gradients(student, reference, rng):
    """Gradients reach A, B and x"""
    for transposed, scale in ((False, 1.5), (True, 0.25)):
        weight, offset = linear(rng)
        a, b = normal(rng, 3, 11), normal(rng, 7, 3)
        x, weights = normal(rng, 2, 4, 11), normal(rng, 2, 4, 7)
        seen = student.linear_forward(weight, offset, a, b, x, weights, scale, transposed)
        expected = reference.linear_forward
        for name in ("gradient_a", "gradient_b", "gradient_x"):
            assert_matches(
                seen[name],
                expected[name],
                "A right value can have a wrong gradient: look for detach, no_grad, .data and "
                "copies. If the check of the values fails too, begin there.",
                name=name.replace("_", " by "),
            )


@problem("2b", points=1)
def test_update_is_a_map_of_low_rank(student, reference, rng):
    """The update is linear, of rank r, proportional to scale, and the same in train and eval"""
    weight, offset = linear(rng)
    a, b = normal(rng, 3, 11), normal(rng, 7, 3)
    for scale in (1.0, 3.0):
        seen = student.linear_map(weight, offset, a, b, scale, False)
        expected = reference.linear_map
        for mode in ("training", "evaluation"):
            assert_matches(
                seen[mode][-1],
                np.zeros(7),
                "The update has no bias, and the bias of the wrapped layer is added once.",
                name=f"what is added for x = 0 in {mode}",
            )
            assert_matches(
                seen[mode],
                expected[mode],
                FORWARD,
                name=f"what is added at each unit vector in {mode}, scale {scale}",
            )
            strength = np.linalg.svd(seen[mode][:-1], compute_uv=False)
            require(
                bool(strength[2] > 1e-3 * strength[0] > 1e3 * strength[3]),
                f"the update has singular values {np.round(strength[:5], 4).tolist()}; expected "
                "three",
            )
        assert_matches(
            seen["weight"],
            weight,
            "Do not change the wrapped layer.",
            name="the wrapped weight after the calls",
        )


# --- 2c -----------------------------------------------------------------------------------------


@problem("2c", points=1)
def test_convolutions(student, rng):
    """A convolution's down and up: their sizes, one of them zero, the wrapped layer frozen"""
    for (kernel, stride, padding, dilation), rank in zip(CONVOLUTIONS, (2, 3, 1, 2)):
        weight, offset = convolution(rng, kernel)
        seen = student.conv_matrices(weight, offset, stride, padding, dilation, rank)
        sizes = [rank * 3 * kernel[0] * kernel[1], 5 * rank]
        check_matrices(seen, sizes, rank, [weight, offset])


@problem("2c", points=2)
def test_convolution_output(student, reference, rng):
    """The output with given weights, for any kernel, stride, padding and dilation"""
    for index, (kernel, stride, padding, dilation) in enumerate(CONVOLUTIONS):
        for mode in ("zeros", "reflect") if index == 0 else ("zeros",):
            seen, expected = conv_call(
                student, reference, rng, kernel, stride, padding, dilation, mode
            )
            assert_matches(
                seen["output"],
                expected["output"],
                "`down` looks at the same places as the wrapped layer, and `up` at one place at a "
                "time. Compare all attributes of the convolutions.",
                name=f"the output for kernel {list(kernel)}, stride {list(stride)}, padding "
                f"{list(padding)} ({mode}), dilation {list(dilation)}",
            )


@problem("2c", points=1)
def test_convolution_gradients(student, reference, rng):
    """Gradients reach down, up and the pictures"""
    for kernel, stride, padding, dilation in CONVOLUTIONS[:3]:
        seen, expected = conv_call(student, reference, rng, kernel, stride, padding, dilation)
        for name, told in (("gradient_a", "down"), ("gradient_b", "up"), ("gradient_x", "x")):
            assert_matches(
                seen[name],
                expected[name],
                "If the check of the output fails too, begin there.",
                name=f"gradient by {told}",
            )


@problem("2c", points=1)
def test_first_steps_of_convolution(student, reference, rng):
    """The output is unchanged at the start; one part's gradient is zero then, and not after a step"""
    kernel, stride, padding, dilation = CONVOLUTIONS[0]
    weight, offset = convolution(rng, kernel)
    x, weights = normal(rng, 2, 3, 6, 8), normal(rng, 2, 5, 6, 8)
    seen = student.conv_start(weight, offset, x, weights, stride, padding, dilation, 2)
    check_start(seen, reference.conv_start["output"])


def conv_call(student, reference, rng, kernel, stride, padding, dilation, mode="zeros"):
    """The student's answer and the right one, for fresh weights and pictures."""
    weight, offset = convolution(rng, kernel)
    a, b = normal(rng, 2, 3, *kernel), normal(rng, 5, 2)
    size = [places(n, *of) for n, of in zip((7, 9), zip(kernel, stride, padding, dilation))]
    x, weights = normal(rng, 2, 3, 7, 9), normal(rng, 2, 5, *size)
    seen = student.conv_forward(
        weight, offset, a, b, x, weights, stride, padding, dilation, mode, 0.5
    )
    require_unchanged(student, "weight", "bias", "a", "b", "x")
    return seen, reference.conv_forward


# --- 2d -----------------------------------------------------------------------------------------


def check_merged(seen, expected, count, rank, told):
    """A merged layer against the wrapped one."""
    assert_matches(
        seen["output"],
        expected["output"],
        "The merged layer has the same output as the wrapped one.",
        name=f"the output, {told}",
    )
    assert_matches(
        seen["parameters"],
        count,
        "The merged layer has no parameters of the update.",
        name=f"parameters, {told}",
    )
    assert_matches(
        seen["update"],
        expected["update"],
        "The update is in the weight.",
        name=f"merged weight less the wrapped one, {told}",
    )
    strength = np.linalg.svd(np.asarray(seen["update"], np.float64), compute_uv=False)
    require(
        bool((strength > 1e-4 * strength[0]).sum() == rank),
        f"the weight has changed by a matrix of rank {(strength > 1e-4 * strength[0]).sum()}, "
        f"{told}; expected {rank}",
    )
    assert_matches(
        seen["changed"],
        np.zeros(2),
        "The wrapped layer may be trained further: return a new layer.",
        name=f"tensors of the wrapped layer that changed or are shared with the new one, {told}",
    )


@problem("2d", points=2)
def test_merge_linear(student, reference, rng):
    """A merged linear layer or Conv1D is plain, equal, new, and changed by rank r"""
    for transposed, bias, scale in ((False, True, 0.5), (True, True, 2.0), (False, False, 1.0)):
        weight, offset = linear(rng)
        offset = offset if bias else None
        a, b, x = normal(rng, 3, 11), normal(rng, 7, 3), normal(rng, 2, 4, 11)
        seen = student.merged_linear(weight, offset, a, b, x, scale, transposed)
        told = f"{'Conv1D' if transposed else 'Linear'}, bias {bias}, scale {scale}"
        check_merged(seen, reference.merged_linear, 77 + 7 * bias, 3, told)


@problem("2d", points=1)
def test_merge_convolution(student, reference, rng):
    """A merged convolution is plain, equal, new, and changed by rank r"""
    for kernel, stride, padding, dilation in CONVOLUTIONS[:3]:
        weight, offset = convolution(rng, kernel)
        a, b, x = normal(rng, 2, 3, *kernel), normal(rng, 5, 2), normal(rng, 2, 3, 7, 9)
        seen = student.merged_conv(weight, offset, a, b, x, stride, padding, dilation, 1.5)
        count = weight.size + offset.size
        check_merged(seen, reference.merged_conv, count, 2, f"kernel {list(kernel)}")
