"""Problem 1: what is tuned, and what stays frozen."""

import numpy as np

from autograder.judge import assert_matches, problem, require, require_unchanged

LIST = "The names are those of a small model. Compare with the table of modes in the handout."
SHOWN = 4  # names of one kind

WRAPPED = "linear and convolution in a block, linear outside, linear in the head"

# --- 1a -----------------------------------------------------------------------------------------


def assert_listed(seen, expected, idea, name):
    """Compare how often each parameter is in a list, and name those that differ."""
    names, came = seen["names"].split(), seen["counts"].tolist()
    due = expected["counts"].tolist()
    kinds = {
        "missing": [n for n, c, d in zip(names, came, due) if c < d],
        "there and should not be": [n for n, c, d in zip(names, came, due) if c > d == 0],
        "there more than once": [n for n, c, d in zip(names, came, due) if c > d > 0],
    }
    wrong = [
        f"{_some(those)} {'is' if len(those) == 1 else 'are'} {kind}"
        for kind, those in kinds.items()
        if those
    ]
    require(not wrong, f"{name}: {'; '.join(wrong)}", idea)
    assert_matches(came[-1], due[-1], idea, name=f"{name}: the length of the list")


def _some(names):
    """The first names of a list, and how many there are besides."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


@problem("1a", points=1)
def test_all_head_or_bias(student, reference):
    """Everything, the head, or all biases anywhere in the model, each once"""
    for blocks in (1, 2, 4):
        for mode in ("full", "linear", "bias"):
            seen = student.chosen(mode, blocks, False)
            assert_listed(seen, reference.chosen, LIST, f"mode {mode}, {blocks} blocks")


@problem("1a", points=1)
def test_one_block(student, reference):
    """The first block, the middle one (n // 2, counted from 0) or the last, and no head"""
    for blocks in (1, 2, 3, 4, 5):
        for mode in ("first", "middle", "last"):
            seen = student.chosen(mode, blocks, False)
            assert_listed(seen, reference.chosen, LIST, f"mode {mode}, {blocks} blocks")


@problem("1a", points=1)
def test_shared_and_frozen(student, reference):
    """A parameter that two layers share is listed once; a frozen one is listed too"""
    for mode in ("full", "first", "middle", "linear", "bias"):
        seen = student.chosen_of_tied(mode)
        assert_listed(
            seen,
            reference.chosen_of_tied,
            f"{LIST} Here layers share weights.",
            f"mode {mode}, weights shared",
        )
    for mode in ("full", "first", "bias"):
        seen = student.chosen(mode, 3, True)
        assert_listed(
            seen,
            reference.chosen,
            f"{LIST} Here the blocks were frozen before, as after a linear probe.",
            f"mode {mode}, blocks frozen before",
        )


@problem("1a", points=1)
def test_lora(student):
    """A and B of every LoRA layer of any rank, without the layers that they wrap"""
    for rank in (3, 12):
        seen = student.chosen_of_lora(f"lora{rank}", rank)
        due = [rank * (5 + 4), rank * (2 * 9 + 3), rank * (3 + 6), rank * (6 + 2)]
        require(
            seen["all"] > 0,
            "the list for LoRA is empty: nothing would be trained",
            "Where in the model does add_lora put its layers?",
        )
        assert_matches(
            seen["wrapped"],
            np.zeros(4),
            "The wrapped layers keep their pre-trained weights.",
            name=f"numbers of the wrapped layers ({WRAPPED}) in the list",
        )
        assert_matches(
            seen["updates"],
            np.array(due),
            "List A and B of every LoRA layer, linear or convolution, anywhere in the model.",
            name=f"numbers in the updates of rank {rank} ({WRAPPED})",
        )
        assert_matches(
            seen["all"],
            sum(due),
            "Other parameters are in the list. What makes a layer a LoRA layer? Other layers may "
            "have the names of its parts.",
            name="numbers in all",
        )
        assert_matches(seen["length"], 1, "A parameter is in the list twice.", name="1 + doubles")


@problem("1a", points=1)
def test_refusals(student, reference):
    """An unknown mode, and LoRA without LoRA layers, are a ValueError"""
    unknown = ["everything", "head", "", "blocks"]
    for modes, rank, kind in ((["lora4", *unknown], 0, "without"), (unknown, 4, "with")):
        seen = student.refused(modes, rank)
        assert_listed(
            seen["head"],
            reference.refused["head"],
            LIST,
            f"mode linear of a model {kind} LoRA layers was refused; it should give a list",
        )
        for mode, refused in zip(modes, seen["refused"]):
            require(
                bool(refused == 1),
                f"mode {mode!r} gave a list on a model {kind} LoRA layers; expected a ValueError",
                "Without the error, a run that trains no parameter looks like a run that fails to learn.",
            )


# --- 1b -----------------------------------------------------------------------------------------


def pictures(rng):
    """A batch whose statistics are far from those the layers keep."""
    return (rng.normal(size=(6, 2, 7, 7)) * 1.7 + 2).astype(np.float32)


def compare(seen, expected, idea):
    """All calls of `freeze`, the flags before the statistics."""
    for number, (one, other) in enumerate(zip(seen, expected)):
        for name, told in (
            ("flags", "which parameters take gradients (1), in the order of their names"),
            ("statistics", "running statistics after a forward pass"),
            ("output", "the output"),
            ("gradients", "sizes of the gradients (-1: none), in the order of the names"),
        ):
            when = f" after call {number + 1}" if len(expected) > 1 else ""
            assert_matches(one[name], other[name], idea, name=told + when, rtol=2e-3)


@problem("1b", points=1)
def test_gradients(student, reference, rng):
    """The tuned parameters take gradients and no others do, also in evaluation"""
    batch = pictures(rng)
    for prefixes in (["head"], ["conv1", "head.bias"], ["inner.0.weight"]):
        seen = student.frozen(batch, [prefixes], "eval")
        require_unchanged(student, "batch")
        compare(seen, reference.frozen, "Only the parameters in the list are trained.")


@problem("1b", points=2)
def test_still_statistics(student, reference, rng):
    """After train(), frozen BatchNorm layers keep their running statistics; tuned ones do not"""
    batch = pictures(rng)
    for prefixes, mode in (
        (["head"], ""),
        (["head"], "train"),
        (["conv1", "bn1"], "train"),
        (["inner"], "train"),
        (["bn3.bias", "bn1.weight"], "train"),
        (["head", "bn3"], "parts"),
    ):
        seen = student.frozen(batch, [prefixes], mode)
        compare(
            seen,
            reference.frozen,
            "A BatchNorm layer in training mode normalises by the batch and updates its "
            "statistics, even if its parameters take no gradients. In which mode is each of these "
            "layers after the caller has called train(), of the model or of its parts? Layers of "
            "other kinds, such as dropout, follow train().",
        )


@problem("1b", points=1)
def test_again(student, reference, rng):
    """A second call undoes the first: frozen parameters can be tuned, statistics change again"""
    batch = pictures(rng)
    for choices in (
        [["head"], ["conv1", "bn1", "inner", "bn3", "head"], ["bn1"]],
        [["bn3"], ["bn1", "head"]],
    ):
        seen = student.frozen(batch, choices, "train")
        compare(
            seen,
            reference.frozen,
            "After a linear probe everything is tuned: what is left of the first call?",
        )
