"""The kinds of questions: each makes every question of its kind that one hole, or one run, gives."""

from __future__ import annotations

import ast
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator

from autograder.explain.gather import Happened, Seen
from autograder.explain.holes import Hole
from autograder.explain.question import Question, choices

DTYPES: tuple[str, ...] = ("torch.float32", "torch.int64", "torch.bool", "torch.float64")
TYPES: tuple[str, ...] = ("Tensor", "list", "dict", "tuple", "int", "float", "ndarray")
MOST_COUNT = 200  # evaluations of an expression that a person can count
MOST_GIVEN = 8  # parameters whose arguments are told


def place(hole: Hole, line: int) -> str:
    """Say where a line is, and what it says."""
    return f"{hole.file}, line {line}:\n    {hole.lines(line, line).strip()}"


def call_of(hole: Hole, happened: Happened) -> str:
    """The call that a question is about, in words."""
    told = list(happened.given.items())[:MOST_GIVEN]
    given = "; ".join(f"`{name}` is {what}" for name, what in told if what)
    return f"In a call of `{hole.name}`" + (f" ({given})" if given else "")


def _agreed(happened: Happened) -> list[Seen]:
    """Expressions that stand for one thing: those typed twice on a line must have given the same."""
    by_text: dict[tuple[int, str], list[Seen]] = defaultdict(list)
    for one in happened.seen:
        by_text[one.site.line, one.site.text].append(one)
    return [
        those[0]
        for those in by_text.values()
        if len({(one.count, one.kind, one.what, one.grad, one.dtype, one.type) for one in those})
        == 1
    ]


def shapes(hole: Hole, happened: Happened, draw: random.Random) -> Iterator[Question]:
    """Ask which shape an expression has."""
    found = [one for one in _agreed(happened) if one.kind == "shape" and not one.site.is_name]
    others = [one.what for one in happened.seen if one.kind == "shape" and one.what]
    for one in found:
        wrong = _other_shapes(one.what, others, draw)
        if one.what and (offered := choices(one.what, wrong, draw)):
            yield Question(
                "shape",
                hole.problem,
                f"{place(hole, one.site.line)}\n{call_of(hole, happened)}, which shape has "
                f"`{one.site.text}`?",
                one.what,
                offered,
                "names what each dimension stands for",
            )


def _other_shapes(shape: str, others: list[str], draw: random.Random) -> list[str]:
    """Shapes that one could mistake it for."""
    sizes = [int(size) for size in shape.strip("[]").split(",") if size.strip()]
    near = [sizes[::-1], sizes[1:], sizes[:-1], [1, *sizes], [*sizes, 1]]
    found = [one for one in dict.fromkeys(others) if one != shape]
    draw.shuffle(found)
    return [*found[:2], *(str(one) for one in near), *found[2:]]


def gradients(hole: Hole, happened: Happened, draw: random.Random) -> Iterator[Question]:
    """Ask which of three values need a gradient."""
    found = [one for one in _agreed(happened) if one.grad is not None]
    known = {(one.site.text): one.grad for one in found}
    found = [one for one in found if known[one.site.text] == one.grad]
    texts = list(dict.fromkeys(one.site.text for one in found if _is_one(found, one.site.text)))
    draw.shuffle(texts)
    for three in itertools.islice(itertools.combinations(texts, 3), 40):
        grads = [known[text] for text in three]
        if len(set(grads)) < 2:
            continue
        names = [f"`{text}`" for text in three]
        answer = _listed(names, grads)
        subsets = [_listed(names, list(p)) for p in itertools.product((True, False), repeat=3)]
        draw.shuffle(subsets)
        lines = sorted({one.site.line for one in found if one.site.text in three})
        yield Question(
            "gradient",
            hole.problem,
            "\n".join(place(hole, line) for line in lines)
            + f"\n{call_of(hole, happened)}, which of "
            f"{', '.join(names[:2])} and {names[2]} require a gradient (`requires_grad` is true)?",
            answer,
            choices(answer, subsets, draw),
            "says which tensor a derivative is taken by, and where the path to it begins or is cut",
        )


def whether_gradients(hole: Hole, happened: Happened, draw: random.Random) -> Iterator[Question]:
    """Whether one value needs a gradient: for functions too short for a choice of three."""
    for one in _agreed(happened):
        if one.grad is not None and not one.site.is_name:
            yield Question(
                "gradient of one",
                hole.problem,
                f"{place(hole, one.site.line)}\n{call_of(hole, happened)}, does `{one.site.text}` require a "
                "gradient (`requires_grad`)?",
                "yes" if one.grad else "no",
                ("yes", "no"),
                "follows the path back to the learned parameters",
            )


def types(hole: Hole, happened: Happened, draw: random.Random) -> Iterator[Question]:
    """Ask which dtype, or which type, a value has."""
    for one in _agreed(happened):
        what, answer, usual = (
            ("dtype", one.dtype, DTYPES) if one.dtype else ("type", one.type, TYPES)
        )
        if answer and not one.site.is_name:
            if what == "dtype" and not answer.startswith("torch."):
                usual = tuple(name.removeprefix("torch.") for name in usual)
            others: list[str] = [
                getattr(other, what) for other in happened.seen if getattr(other, what)
            ]
            yield Question(
                "type",
                hole.problem,
                f"{place(hole, one.site.line)}\n{call_of(hole, happened)}, of which {what} is "
                f"`{one.site.text}`?",
                answer,
                choices(answer, [*others, *draw.sample(usual, len(usual))], draw),
                "says where it comes from, and why it must be so",
            )


def _is_one(found: list[Seen], text: str) -> bool:
    """Whether an expression means one thing in the whole function."""
    return len({one.grad for one in found if one.site.text == text}) == 1


def _listed(names: list[str], grads: list[bool | None]) -> str:
    return ", ".join(name for name, grad in zip(names, grads) if grad) or "none of them"


def counts(hole: Hole, happened: Happened, draw: random.Random) -> Iterator[Question]:
    """Ask how often an expression is computed."""
    for one in _agreed(happened):
        if 1 < one.count <= MOST_COUNT and not one.site.is_name:
            near = [str(n) for n in (one.count - 1, one.count + 1, 1, 2 * one.count)]
            yield Question(
                "count",
                hole.problem,
                f"{place(hole, one.site.line)}\n{call_of(hole, happened)}, how often is "
                f"`{one.site.text}` computed?",
                str(one.count),
                choices(str(one.count), near, draw),
                "names the loop and its length",
            )


def values(hole: Hole, happened: Happened, draw: random.Random) -> Iterator[Question]:
    """Ask which whole number an expression is."""
    for one in _agreed(happened):
        if one.kind in ("value", "length") and one.what and not one.site.is_name:
            size, what = int(one.what), "value" if one.kind == "value" else "length"
            near = [str(n) for n in (size + 1, size - 1, 2 * size, size + 2)]
            yield Question(
                "value",
                hole.problem,
                f"{place(hole, one.site.line)}\n{call_of(hole, happened)}, which {what} has "
                f"`{one.site.text}`?",
                one.what,
                choices(one.what, near, draw),
                "derives it from the arguments",
            )


def zeros(hole: Hole, happened: Happened, draw: random.Random) -> Iterator[Question]:
    """Ask for the result if a number is 0."""
    usual = happened.zeros.get("")
    for name, outcome in happened.zeros.items():
        if name and usual and outcome != usual:
            others = [usual, *happened.zeros.values(), "it raises an exception", "`None`"]
            yield Question(
                "what if",
                hole.problem,
                f"{call_of(hole, happened)}, what would `{hole.name}` return if `{name}` were 0?",
                outcome,
                choices(outcome, others, draw),
                "follows the code line by line, and says which lines are not reached",
            )


def uses(hole: Hole, draw: random.Random) -> Iterator[Question]:
    """On which lines a value is read."""
    if hole.body[0].lineno == hole.node.end_lineno:
        return  # there is one line: nothing to find
    stores: dict[str, list[int]] = defaultdict(list)
    loads: dict[str, set[int]] = defaultdict(set)
    for node in ast.walk(ast.Module(hole.body, [])):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                loads[node.id].add(node.lineno)
            else:
                stores[node.id].append(node.lineno)
        elif isinstance(node, ast.arg):
            stores[node.arg] += [node.lineno] * 2  # an inner function's own
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            stores[node.target.id].append(node.lineno)
    for name in sorted(loads):
        is_given = name in hole.parameters and not stores[name] and name != "self"
        if not is_given and len(stores[name]) != 1:
            continue  # two values of one name, or a name of the module
        lines = sorted(loads[name])
        told = (
            f"The argument `{name}` of `{hole.name}` in {hole.file}"
            if is_given
            else f"{place(hole, stores[name][0])}\nThe value `{name}`"
        )
        within = f"lines {hole.body[0].lineno} to {hole.node.end_lineno}"
        yield Question(
            "uses",
            hole.problem,
            f"{told}: on which of {within} is it read? (numbers)",
            ", ".join(map(str, lines)),
            (),
            "says what it is used for on each of them",
        )
