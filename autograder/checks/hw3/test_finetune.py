"""Problem 3: a step of fine-tuning with a warm-up; the head first, then everything."""

import numpy as np

from autograder.judge import assert_matches, problem, require_unchanged

# --- 3a -----------------------------------------------------------------------------------------


def training(rng, steps):
    """Weights of two layers, batches and labels of some steps."""
    first = rng.normal(size=(5, 4)).astype(np.float32)
    second = rng.normal(size=(3, 5)).astype(np.float32)
    batches = rng.normal(size=(steps, 7, 4)).astype(np.float32)
    return first, second, batches, rng.randint(3, size=(steps, 7))


@problem("3a", points=1)
def test_warm_up(student, reference, rng):
    """The rate of each step, in every group of the optimizer, at the beginning and later"""
    for warmup_steps, lr, at in ((4, 0.2, 0), (1, 0.1, 0), (3, 0.3, 1), (5, 0.05, 40)):
        seen = student.steps_of(*training(rng, 6), warmup_steps, lr, at, 0.0, True)
        require_unchanged(student, "first", "second", "batches", "labels")
        told = f"warmup_steps {warmup_steps}, lr {lr}, steps {at} to {at + 5}"
        assert_matches(
            seen["rates"],
            reference.steps_of["rates"],
            "The rate of the first step is not zero, and the rate never exceeds `lr`.",
            name=f"the rates of both groups, {told}",
        )
        for part in ("first", "second"):
            assert_matches(
                seen[part],
                reference.steps_of[part],
                "Does each step use its own rate?",
                name=f"the {part} layer's weights, {told}",
            )


@problem("3a", points=1)
def test_steps(student, reference, rng):
    """Losses and weights after some steps, with momentum, and with old gradients in .grad"""
    for momentum, mode in ((0.0, True), (0.9, False)):
        seen = student.steps_of(*(given := training(rng, 5)), 2, 0.3, 0, momentum, mode)
        for part, idea in (
            ("losses", "The mean over the batch, from logits, before the step."),
            ("first", "The gradient of this batch alone, and one step."),
            ("second", "The gradient of this batch alone, and one step."),
            ("modes", "The caller chooses between train and eval."),
        ):
            assert_matches(
                seen[part],
                reference.steps_of[part],
                idea,
                name=f"{part} after five steps, momentum {momentum}",
                start={"first": given[0], "second": given[1]}.get(part),
            )


# --- 3b -----------------------------------------------------------------------------------------


@problem("3b", points=1)
def test_phases(student, reference, rng):
    """First the head, then everything, each with its own steps and rate; all losses in order"""
    for probe_steps, tune_steps, probe_rate, tune_rate in ((4, 7, 0.5, 0.03), (6, 2, 0.01, 0.2)):
        given = probe_steps, tune_steps, probe_rate, tune_rate
        compare(student.phases(*given), reference.phases, given)


@problem("3b", points=1)
def test_phases_without_steps(student, reference, rng):
    """A phase without steps is left out; the other phase does not change"""
    for given in ((0, 3, 0.5, 0.03), (5, 0, 0.25, 0.1), (1, 1, 0.3, 0.2)):
        compare(student.phases(*given), reference.phases, given)


def compare(seen, expected, given):
    told = "probe_steps {}, tune_steps {}, probe_rate {}, tune_rate {}".format(*given)
    assert_matches(
        seen["calls"],
        expected["calls"],
        "What is a probe, what comes after it, and which arguments does each phase need?",
        name=f"calls of tune as [mode (1 linear, 2 full, others else), steps, lr], {told}",
    )
    assert_matches(
        seen["losses"],
        expected["losses"],
        "One flat list, in the order of the steps.",
        name=f"the losses, {told}",
    )
