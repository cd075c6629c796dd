"""A hole is judged by itself: a slip in another one, or another style there, plays no part."""

import pytest

from common.homework import ROOT
from staff.authoring.catalogue import entries, submission
from staff.authoring.stubs import copy_solutions


def altered(hw, folder, file, *changes):
    """The solutions with some texts of one file exchanged."""
    folder = folder / "submission"
    folder.mkdir()
    copy_solutions(ROOT, hw, folder)
    text = (folder / file).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / file).write_text(text, encoding="utf-8")
    return folder


def lost(rows):
    """The problems some check of which is not passed."""
    return {row.problem for row in rows if not row.passed}


def test_a_switch_turned_round_twice_is_wrong_in_every_hole(run, tmp_path):
    """2d takes first_order for its opposite, 2a and 2b do not pass it on."""
    folder = altered(
        "hw2",
        tmp_path,
        "maml.py",
        ("if first_order:", "if not first_order:"),
        (
            "predict(params), labels), params, first_order",
            "predict(params), labels), params, False",
        ),
        ("task.support_labels, steps, first_order\n", "task.support_labels, steps\n"),
    )
    assert lost(run("hw2", folder)) == {"2a", "2b", "2d"}


def test_holes_may_call_one_another_by_names_of_their_own(run, tmp_path):
    folder = altered(
        "hw2",
        tmp_path,
        "maml.py",
        (
            "    loss_fn: Callable[[Params], torch.Tensor], params: Params, first_order: bool\n",
            "    loss_of: Callable[[Params], torch.Tensor], params: Params, constant: bool, more=1\n",
        ),
        ("torch.func.grad(loss_fn)", "torch.func.grad(loss_of)"),
        ("    if first_order:", "    if constant:"),
        (
            "gradient = inner_gradient(\n            lambda params: F.cross_entropy(predict(params), "
            "labels), params, first_order\n",
            "gradient = inner_gradient(\n            constant=first_order, params=params,\n"
            "            loss_of=lambda params: F.cross_entropy(predict(params), labels),\n",
        ),
    )
    assert not lost(run("hw2", folder))


@pytest.mark.parametrize("slug", ["update_with_biases", "not_parameters", "rank_not_used"])
def test_a_slip_in_the_matrices_of_lora_costs_2a_alone(run, tmp_path, slug):
    entry = next(one for one in entries("hw3", "mistake") if one.slug == slug)
    (tmp_path / "submission").mkdir()
    folder = submission(entry, tmp_path / "submission")
    assert lost(run("hw3", folder)) == {"2a"}


MODULES = (
    ("F.linear(F.linear(x, self.down), self.up)", "self.up(self.down(x))"),
    ("update = wrapped.up @ wrapped.down", "update = wrapped.up.weight @ wrapped.down.weight"),
)


def test_lora_made_of_layers_is_right_while_2a_is_empty(run, tmp_path):
    """Nothing but the student's own style is in 2b and 2d; the check has to hand in the like."""
    source = (ROOT / "staff/solutions/hw3/lora.py").read_text(encoding="utf-8")
    begin = source.index(
        "        self.layer.requires_grad_(False)\n        self.down = nn.Parameter"
    )
    body = source[begin : source.index("        ### END SOLUTION", begin)]
    empty = '        raise NotImplementedError("hw3 2a: LoRALinear.make_update")\n'
    folder = altered("hw3", tmp_path, "lora.py", (body, empty), *MODULES)
    assert lost(run("hw3", folder)) == {"2a"}


def test_a_row_names_the_other_hole_that_raised(run, solved):
    """2a's author calls 2b in it; what 2b raises is shown with 2a, and is no fault of 2a's lines."""
    folder = solved(
        "hw1",
        "mann.py",
        "\n\ndef mann_loss(logits, labels):\n    raise ValueError('not finished')\n\n\n"
        "def forward(self, images, labels):\n    return mann_loss(images, labels)\n\n\n"
        "MANN.forward = forward\n",
    )
    rows = run("hw1", folder)
    for row in rows:
        asked = "in the hole of problem 2b: begin there" in row.aside
        assert asked == (row.problem == "2a" and "not finished" in row.what), row
    assert any(row.aside for row in rows)
