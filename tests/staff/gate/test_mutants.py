"""The mutation tool: what it changes, what it leaves alone, and that it sees what checks miss."""

import ast

import pytest

from autograder.judge.causes import OF_THE_WRITING
from common import homework as homeworks
from staff.authoring.stubs import holes
from staff.gate.mutants import judge, table, words
from staff.gate.mutants.operators import mutants
from staff.gate.mutants.pairs import merge_changes
from tests.conftest import HOMEWORKS

MASTER = '''
import torch

SCALE = 2


def loss(one, other, weights):
    """Of two."""
    ### BEGIN SOLUTION 1 (about 4 lines): work
    total = (one - other).square().sum(dim=-1)
    with torch.no_grad():
        weights.clamp_(min=0)
    for step in range(3):
        total -= weights[:, step]
    return torch.where(total < 1, total, sorted(one, reverse=True))
    ### END SOLUTION


def after():
    return 1 - 2
'''


@pytest.fixture(scope="module")
def changes():
    (hole,) = holes(MASTER)
    return mutants(MASTER, hole)


@pytest.mark.parametrize(
    "was, now",
    [
        ("(one - other).square().sum(dim=-1)", "(one + other).square().sum(dim=-1)"),
        ("(one - other).square().sum(dim=-1)", "(other - one).square().sum(dim=-1)"),
        ("(one - other).square().sum(dim=-1)", "(one - other).square().mean(dim=-1)"),
        ("(one - other).square().sum(dim=-1)", "(one - other).square().sum(dim=0)"),
        ("(one - other).square().sum(dim=-1)", "(one - other).square().sum()"),
        ("(one - other).square().sum(dim=-1)", "(one - other).sum(dim=-1)"),
        ("(one - other).square().sum(dim=-1)", "(one.detach() - other).square().sum(dim=-1)"),
        ("with torch.no_grad():", "if True:"),
        ("weights.clamp_(min=0)", "weights.clamp_(max=0)"),
        ("weights.clamp_(min=0)", "pass"),
        ("range(3)", "reversed(range(3))"),
        ("total -= weights[:, step]", "total += weights[:, step]"),
        ("total < 1", "total <= 1"),
        ("total < 1, total", "total, total < 1"),
        ("reverse=True", "reverse=False"),
    ],
)
def test_a_slip_is_among_the_mutants(was, now, changes):
    assert any(was in m.was and m.was.replace(was, now) == m.now for m in changes)


@pytest.mark.parametrize(
    "line, cuts",
    [
        ("loss = cross_entropy(logits, task.query_labels)", ["logits"]),
        ("rows = torch.cat([labels, torch.zeros_like(features)])", []),
        ("size = len(features)", []),
        ("same = (features @ weights).argmax(-1)", ["features", "weights"]),
        ("table = nn.Parameter(torch.empty(3))", []),
    ],
)
def test_a_path_is_cut_only_where_there_is_one(line, cuts):
    source = f"def f():\n    ### BEGIN SOLUTION 1 (about 1 line): work\n    {line}\n    ### END SOLUTION\n"
    (hole,) = holes(source)
    found = [m.now for m in mutants(source, hole) if ".detach()" in m.now]
    whole = line.partition(" = ")[2]
    inside = [now for now in found if now.partition(" = ")[2] != f"{whole}.detach()"]
    assert sorted(inside) == sorted(line.replace(name, f"{name}.detach()") for name in cuts)


def test_mutants_are_programs_that_differ_in_the_hole_alone(changes):
    assert len({m.key for m in changes}) == len({m.source for m in changes}) == len(changes)
    for mutant in changes:
        names = [
            ast.unparse(node)
            for node in ast.parse(mutant.source).body
            if "loss" not in getattr(node, "name", "")
        ]
        assert names == ["import torch", "SCALE = 2", "def after():\n    return 1 - 2"]
        assert '"""Of two."""' in mutant.source


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_every_reason_belongs_to_a_mutant(hw):
    homework = homeworks.load(hw)
    keys = {mutant.key for _, mutant in judge.plan_mutants(homework)}
    assert not [key for key in judge.reasons(homework).equivalent if key not in keys]


def test_checks_catch_the_mutants_of_a_hole():
    homework = homeworks.load("hw0")
    results = judge.judge_all(homework, "3b", {}, lambda name, result: None)
    ends = {result.now: result.end for result in results}
    assert ends["return F.l1_loss(predicted, ratings)"] == "value"
    assert ends["pass"] != judge.SURVIVED
    assert ends["return F.mse_loss(ratings, predicted)"] == judge.SURVIVED  # (a - b)² = (b - a)²


def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_are_faults():
    result = judge.MutantResult("1", "f", "return a + b", "return b + a", judge.SURVIVED)
    assert not table.Table("hw1", [result], [], 1.0).passed
    assert "survives: return a + b" in table.as_text(table.Table("hw1", [result], [], 1.0))
    result.reason = "a sum"
    assert table.Table("hw1", [result], [], 1.0).passed
    assert not table.Table("hw1", [result], ["1: x  →  y"], 1.0).passed
    assert "a sum" in table.as_html([table.Table("hw1", [result], [], 1.0)])


def test_a_problem_without_gradients_explains_cut_paths_and_nothing_else():
    why = judge.Reasons({}, {"1": "a number"})
    cut = judge.MutantResult("1", "f", "return a + b", "return a.detach() + b", judge.SURVIVED)
    turned = judge.MutantResult("1", "f", "return a - b", "return b - a", judge.SURVIVED)
    assert why.of(cut) == "a number" and why.of(turned) == ""
    assert judge.Reasons({}, {"2": "a number"}).of(cut) == ""


# --- what changes are called, and two at once ---------------------------------------------------


@pytest.mark.parametrize("hw", HOMEWORKS)
def test_every_operator_has_a_text(hw):
    homework = homeworks.load(hw)
    names = {mutant.operator for _, mutant in judge.plan_mutants(homework, further=True)}
    assert names <= set(words.TEXTS)
    assert set(words.LIKELY) | OF_THE_WRITING <= set(words.TEXTS)


@pytest.mark.parametrize(
    "call, operator",
    [
        ("x.sum(1)", "another_axis"),
        ("x.triu(1)", "another_number"),
        ("x.split(1)", "another_number"),
    ],
)
def test_a_number_is_called_an_axis_only_where_it_is_one(call, operator):
    assert words.number(ast.parse(call, mode="eval").body) == operator


@pytest.mark.parametrize(
    "now, operator",
    [
        (".mean(dim=-1)", "average_for_sum"),
        ("sum(dim=0)", "another_axis"),
        ("sum()", "axis_left_out"),
        ("one.detach()", "gradient_cut"),
        ("other - one", "difference_turned"),
        ("if True:", "context_left_out"),
        ("reversed(range(3))", "order_reversed"),
        ("total += weights[:, step]", "sign_of_a_term"),
        ("total <= 1", "boundary_case"),
        ("reverse=False", "switch_turned"),
    ],
)
def test_a_change_is_called_what_it_is(now, operator, changes):
    assert {m.operator for m in changes if now in m.now and m.now.count(".detach()") < 2} >= {
        operator
    }


def test_further_changes_are_made_only_when_asked_for():
    source = (
        "def f(one: int, other: int):\n    ### BEGIN SOLUTION 1 (about 1 line): work\n"
        "    return one * 2\n    ### END SOLUTION\n"
    )
    (hole,) = holes(source)
    plain, further = mutants(source, hole), mutants(source, hole, further=True)
    assert {m.operator for m in further} - {m.operator for m in plain} == {
        "factor_twice",
        "one_too_far",
        "one_too_near",
        "other_input",
    }


@pytest.mark.parametrize(
    "line, now, operator",
    [
        ("x = f(x)", "x = f(x) + x", "input_added"),
        ("x, _ = f(x)", "(first + x, *rest)", "input_added"),
        ("return x - 3 * variance", "2 * (3 * variance)", "term_doubled"),
        ("return x - 3 * variance", "0.5 * x", "term_halved"),
        ("return x / variance", "variance ** 2", "squared_too"),
        ("return x / variance", "variance ** 0.5", "root_too"),
        ("return accuracy(x, labels)", "accuracy(-x, labels)", "sign_turned"),
        ("return f(rates)", "v.detach()", "gradient_cut"),
        ("optimizer.step()", "loss.backward()", "steps_exchanged"),
        ("return [r for r in rates]", "list(rates)[1:]", "one_element_left_out"),
        ("group['lr'] = variance", "group['lr'] *= variance", "not_set_anew"),
        ("group['lr'] = variance * x", "group['lr'] *= x", "not_set_anew"),
        ("x, _ = f(x)\n    x, _ = g(x)", "x, _ = g(x, state)", "state_handed_on"),
        ("return F.cross_entropy(x, labels)", "label_smoothing=0.1", "targets_smoothed"),
        ("return f(x, mask=hidden)", "mask=~hidden", "mask_turned"),
        ("return f(x).mean(-1)", "f(x.mean(-2))", "averaged_too_early"),
        ("return x.square().mean()", "x.mean().square()", "averaged_too_early"),
        ("return x[:, -1]", "x[:, 0]", "another_position"),
    ],
)
def test_what_is_thought_wrongly_is_among_the_further_changes(line, now, operator):
    source = (
        "def f(x: torch.Tensor, variance: float, rates: dict[str, torch.Tensor]):\n"
        "    ### BEGIN SOLUTION 1 (about 1 line): work\n"
        f"    {line}\n    loss.backward()\n    ### END SOLUTION\n"
    )
    (hole,) = holes(source)
    found = mutants(source, hole, further=True)
    assert any(now in m.now and m.operator == operator for m in found)


def test_steps_are_exchanged_only_where_it_can_matter():
    """Two names that need nothing of each other, and one that needs the other, stay as they are."""
    source = (
        "def f(x):\n    ### BEGIN SOLUTION 1 (about 1 line): work\n"
        "    one = x + 1\n    two = x + 2\n    three = two\n    ### END SOLUTION\n"
    )
    (hole,) = holes(source)
    assert "steps_exchanged" not in {m.operator for m in mutants(source, hole, further=True)}


def test_two_changes_at_different_places_are_made_at_once():
    solution = "total = (one - other).sum()\nreturn total"
    one = "total = (other - one).sum()\nreturn total"
    other = "total = (one - other).mean()\nreturn -total"
    assert merge_changes(solution, one, other) == "total = (other - one).mean()\nreturn -total"


@pytest.mark.parametrize("other", ["return one + 3", "return one + 2"])
def test_changes_that_meet_or_change_nothing_make_no_pair(other):
    assert merge_changes("return one + 2", "return one + 4", other) is None
