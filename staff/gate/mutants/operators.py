"""Small changes of a syntax tree: what a slip of the hand, or of the mind, makes of right code.

Every operator looks at one node and gives the nodes that could stand in its place. Together they
change operators, comparisons, constants, axes, signs, sort orders, switches and keyword values; drop
terms, statements and calls; cut gradients; and exchange arguments and parts.
"""

from __future__ import annotations

import ast
import copy
import itertools
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from staff.authoring.stubs import Hole
from staff.gate.mutants import words

BINARY = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
NOT_SYMMETRIC = (ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq, ast.GtE),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
TWINS = [
    ("sum", "mean"), ("max", "min"), ("amax", "amin"), ("argmax", "argmin"), ("exp", "log"),
    ("zeros_like", "ones_like"), ("zeros", "ones"), ("zeros_", "ones_"), ("triu", "tril"),
    ("normal_", "uniform_"), ("randn", "rand"), ("uniform", "normal"), ("square", "abs"),
    ("sigmoid", "tanh"), ("cat", "stack"), ("squeeze", "unsqueeze"), ("argsort", "sort"),
    ("solve", "matmul"), ("inv", "pinv"), ("cholesky", "eigh"), ("gather", "take_along_dim"),
    ("permutation", "choice"), ("cross_entropy", "nll_loss"), ("mse_loss", "l1_loss"),
    ("log_softmax", "softmax"), ("ReLU", "Tanh"), ("min", "max"), ("all", "any"),
]  # fmt: skip
TWIN = dict(TWINS) | {b: a for a, b in TWINS}
LIBRARIES = {"torch", "F", "nn", "np", "math"}  # `np.exp(x)` is a call of a function, not a method
DATA = {"users", "items", "negatives", "ratings", "images", "labels", "targets", "tokens", "inputs"}
WITHOUT_GRADIENT = {
    "tensor", "full", "full_like", "zeros", "zeros_like", "ones", "ones_like", "empty", "eye",
    "randn", "from_numpy", "one_hot", "argmax", "long", "len", "accuracy",
}  # fmt: skip
TAKES_SCORES = {
    "accuracy",
    "cross_entropy",
    "binary_cross_entropy_with_logits",
    "softmax",
    "log_softmax",
    "logsumexp",
    "sigmoid",
}
UNDER_NO_GRAD = {"Parameter", "normal_", "zeros_", "kaiming_uniform_"}


@dataclass(frozen=True)
class Mutant:
    """One change of one hole."""

    problem: str
    hole: str  # "MANN.forward"
    was: str  # the statement that was changed, without what stands inside its block
    now: str
    source: str  # the whole file with the change
    operator: str  # what was done, in general: a name of `staff.mutants.words`

    @property
    def key(self) -> tuple[str, str, str]:
        """Return a name that stays when lines around the mutant move."""
        return self.problem, self.was, self.now


def mutants(source: str, hole: Hole, further: bool = False) -> list[Mutant]:
    """Every change of the statements between the marks of a hole.

    Args:
        source: of the whole master.
        hole: as `staff.authoring.stubs.holes` finds it.
        further: whether to make the changes of a thought too.
    """
    lines = source.splitlines()
    whole = function_of(ast.parse(source), hole.name)
    before, after = lines[: whole.lineno - 1], lines[whole.end_lineno :]
    seen = {ast.unparse(whole)}
    counts: dict[tuple[str, str], int] = {}
    found = []
    inside = hole.first + 1, hole.last + 1
    changes = (c for path in _places(whole, *inside) for c in _changes(path, whole, further))
    exchanged = _exchanged_statements(whole, *inside) if further else ()
    handed_on = _states_handed_on(whole, *inside) if further else ()
    for changed, was, now, operator in itertools.chain(changes, exchanged, handed_on):
        text = ast.unparse(changed)
        if text in seen:
            continue
        seen.add(text)
        try:
            compile(text, "mutant", "exec")
        except SyntaxError:
            continue
        counts[was, now] = counts.get((was, now), 0) + 1
        again = f"  # {counts[was, now]}" if counts[was, now] > 1 else ""
        indented = textwrap.indent(text, " " * whole.col_offset).splitlines()
        mutated = "\n".join([*before, *indented, *after]) + "\n"
        found.append(Mutant(hole.problem, hole.name, was, now + again, mutated, operator))
    return found


def function_of(tree: ast.Module, name: str) -> ast.FunctionDef:
    """The function called `name`, or `Class.name`."""
    node: Any = tree
    for part in name.split("."):
        node = next(one for one in node.body if getattr(one, "name", None) == part)
    return node


Path = list[tuple[str, int | None]]  # steps from a node down to one of its descendants


def _places(function: ast.FunctionDef, first: int, last: int) -> list[Path]:
    """The way to every node between two lines, outermost first."""
    return [
        path
        for path, node in _walk(function, [])
        if path
        and (
            (first < getattr(node, "lineno", 0) and getattr(node, "end_lineno", 0) < last)
            or (isinstance(node, ast.comprehension) and first < node.target.lineno < last)
        )
    ]


def _walk(node: ast.AST, path: Path) -> Iterator[tuple[Path, ast.AST]]:
    yield path, node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params"):
            continue  # nothing that runs
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, ast.AST):
                yield from _walk(child, [*path, (name, index)])


def _at(tree: ast.AST, path: Path) -> ast.AST:
    for name, index in path:
        value = getattr(tree, name)
        tree = value if index is None else value[index]
    return tree


def _changes(
    path: Path, function: ast.FunctionDef, further: bool
) -> Iterator[tuple[ast.AST, str, str, str]]:
    """The changed function, the statement as it was and as it is, and the operator."""
    node, parent, (field, index) = _at(function, path), _at(function, path[:-1]), path[-1]
    statement = next(
        path[:size]
        for size in range(len(path), 0, -1)
        if isinstance(_at(function, path[:size]), ast.stmt)
    )
    was = _first_line(_at(function, statement))
    if isinstance(parent, ast.Tuple) and path[-2][0] == "slice":
        parent = _at(function, path[:-2])  # one of several indices
    others = [*_others(node, parent, field), *(_further(node, function) if further else ())]
    for operator, other in others:
        changed = copy.deepcopy(function)
        holder = _at(changed, path[:-1])
        if index is None:
            setattr(holder, field, other)
        else:
            getattr(holder, field)[index] = other
        now = _first_line(ast.fix_missing_locations(_at(changed, statement)))
        yield changed, was, now, operator


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


Change = tuple[str, ast.AST]  # the operator, and what could stand in a node's place


def _others(node: ast.AST, parent: ast.AST, field: str) -> Iterator[Change]:
    """Yield replacements of a node, each with the operator that makes it."""
    match node:
        case ast.stmt():
            yield from _statements(node)
        case ast.Constant() if isinstance(parent, ast.UnaryOp):
            pass  # a negative number is changed as a whole
        case ast.UnaryOp(
            op=ast.USub(), operand=ast.Constant(value=int() | float() | complex() as size)
        ):
            yield from _constants(ast.Constant(-size), parent)
        case ast.Constant():
            yield from _constants(node, parent)
        case ast.BinOp():
            yield from _binary(node)
        case ast.UnaryOp():
            turned = "sign_turned" if isinstance(node.op, ast.USub) else "condition_turned"
            yield turned, node.operand
        case ast.Compare(ops=[operator]):
            for kind in COMPARISONS.get(type(operator), ()):
                name = words.compared(type(operator), kind)
                yield name, ast.Compare(node.left, [kind()], node.comparators)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and_or_exchanged", ast.BoolOp(other, node.values)
            yield from (("condition_left_out", value) for value in node.values)
        case ast.IfExp():
            yield "case_ignored", node.body
            yield "case_ignored", node.orelse
            yield "cases_exchanged", ast.IfExp(node.test, node.orelse, node.body)
        case ast.Call():
            yield from _calls(node)
        case ast.Attribute() if isinstance(node.ctx, ast.Load):
            if node.attr in TWIN:
                twin = TWIN[node.attr]
                yield words.twin(node.attr, twin), ast.Attribute(node.value, twin, node.ctx)
            yield from _siblings(node)
        case ast.Subscript() if isinstance(node.ctx, ast.Load):
            yield "selection_left_out", node.value
        case ast.Slice():
            for part in ("lower", "upper", "step"):
                if getattr(node, part) is not None:
                    yield "another_range", ast.Slice(**_parts(node) | {part: None})
        case ast.Tuple() | ast.List() if isinstance(node.ctx, ast.Load):
            exchanged = "results_exchanged" if isinstance(parent, ast.Return) else "parts_exchanged"
            for values in _exchanged(node.elts):
                yield exchanged, type(node)(values, node.ctx)
            for skipped in range(len(node.elts)):
                kept = [v for i, v in enumerate(node.elts) if i != skipped]
                yield "part_left_out", type(node)(kept, node.ctx)
        case ast.comprehension(ifs=[_, *_]):
            yield "condition_left_out", ast.comprehension(node.target, node.iter, [], 0)
    if isinstance(node, ast.expr) and _may_carry_a_gradient(node, parent, field):
        yield "gradient_cut", _call(ast.Attribute(node, "detach", ast.Load()))
    if isinstance(node, ast.expr) and _is_a_number(node, parent, field):
        yield "sign_turned", ast.UnaryOp(ast.USub(), node)


def _parts(node: ast.Slice) -> dict:
    return {"lower": node.lower, "upper": node.upper, "step": node.step}


def _statements(node: ast.stmt) -> Iterator[Change]:
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.For | ast.If | ast.Return):
        yield words.without(node), ast.Pass()
    match node:
        case ast.AugAssign():
            for kind in BINARY.get(type(node.op), ()):
                name = words.arithmetic(type(node.op), kind)
                yield name, ast.AugAssign(node.target, kind(), node.value)
            yield "overwritten", ast.Assign([node.target], node.value, lineno=0)
        case ast.If():
            for answer in (True, False):
                yield "condition_ignored", ast.If(ast.Constant(answer), node.body, node.orelse)
        case ast.For():
            body = [*node.body, ast.Break()]
            yield "loop_ends_early", ast.For(node.target, node.iter, body, node.orelse)
        case ast.With():
            yield "context_left_out", ast.If(ast.Constant(True), node.body, [])
        case ast.Assign(targets=[ast.Tuple() as target]):
            for values in _exchanged(target.elts):
                other: list[ast.expr] = [ast.Tuple(values, ast.Store())]
                yield "results_exchanged", ast.Assign(other, node.value, lineno=0)


def _constants(node: ast.Constant, parent: ast.AST) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "switch_turned", ast.Constant(not value)
    elif isinstance(value, int | float):
        others = [value + 1, value - 1, -value, 0, 2 * value]
        if isinstance(parent, ast.keyword) and parent.arg in words.AXES:
            others += [0, 1, 2, -1, -2]
        for other in dict.fromkeys(others):
            if other != value:
                yield words.number(parent), _number(other)
    elif isinstance(value, str) and isinstance(parent, ast.keyword):
        yield "argument_left_out", ast.Constant(None)


def _number(value: float) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _binary(node: ast.BinOp) -> Iterator[Change]:
    for kind in BINARY.get(type(node.op), ()):
        yield words.arithmetic(type(node.op), kind), ast.BinOp(node.left, kind(), node.right)
    if isinstance(node.op, NOT_SYMMETRIC):
        yield words.turned(type(node.op)), ast.BinOp(node.right, node.op, node.left)
    yield words.dropped_side(type(node.op)), node.left
    yield words.dropped_side(type(node.op)), node.right


# --- changes of a thought rather than of a character --------------------------------------------


def _further(node: ast.AST, function: ast.FunctionDef) -> Iterator[Change]:
    """Change what a student may think who does not slip: candidates for an explanation."""
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            if isinstance(node.op, ast.Add):
                yield "multiplied_for_added", ast.BinOp(node.left, ast.Mult(), node.right)
            for operator, size in (("term_halved", 0.5), ("term_doubled", 2)):
                yield operator, ast.BinOp(_times(node.left, size), node.op, node.right)
                yield operator, ast.BinOp(node.left, node.op, _times(node.right, size))
        case ast.BinOp(op=ast.Mult()):
            yield "factor_twice", ast.BinOp(node, ast.Mult(), node.right)
            yield "factor_twice", ast.BinOp(node, ast.Mult(), node.left)
        case ast.BinOp(op=ast.MatMult()):
            yield "averaged_product", ast.BinOp(node, ast.Div(), _size_of(node.left, -1))
        case ast.BinOp(op=ast.FloorDiv()) | ast.Call(func=ast.Name(id="len")):
            yield "one_too_far", ast.BinOp(node, ast.Add(), ast.Constant(1))
            yield "one_too_near", ast.BinOp(node, ast.Sub(), ast.Constant(1))
        case ast.Name(ctx=ast.Load()):
            for other in _inputs_like(node.id, function):
                yield "other_input", ast.Name(other, ast.Load())
            if _types(function).get(node.id) == "bool":
                yield "switch_turned", ast.UnaryOp(ast.Not(), node)
            if _types(function).get(node.id) == "int":
                yield "one_too_far", ast.BinOp(node, ast.Add(), ast.Constant(1))
                yield "one_too_near", ast.BinOp(node, ast.Sub(), ast.Constant(1))
            if _is_a_size(node.id, function):
                yield "squared_too", ast.BinOp(node, ast.Pow(), ast.Constant(2))
                yield "root_too", ast.BinOp(node, ast.Pow(), ast.Constant(0.5))
            if re.match(r"dict\[str, .*Tensor", _types(function).get(node.id, "")):
                yield "gradient_cut", _each_detached(node)
        case ast.Call(args=[first, *rest]) if _called(node) in TAKES_SCORES:
            turned = ast.UnaryOp(ast.USub(), first)
            yield "sign_turned", ast.Call(node.func, [turned, *rest], node.keywords)
            if _called(node) == "cross_entropy":
                smoothed = ast.keyword("label_smoothing", ast.Constant(0.1))
                yield "targets_smoothed", ast.Call(node.func, node.args, [*node.keywords, smoothed])
        case ast.keyword(arg=str(name)) if "mask" in name:
            yield "mask_turned", ast.keyword(name, ast.UnaryOp(ast.Invert(), node.value))
        case ast.For(iter=whole):
            for part in _all_but_one(whole):
                yield "one_element_left_out", ast.For(node.target, part, node.body, node.orelse)
        case ast.comprehension(iter=whole):
            for part in _all_but_one(whole):
                yield "one_element_left_out", ast.comprehension(node.target, part, node.ifs, 0)
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute() as target]):
            for operation in (ast.Mult(), ast.Add()):
                yield "not_set_anew", ast.AugAssign(target, operation, node.value)
            if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Mult):
                for side in (node.value.left, node.value.right):
                    yield "not_set_anew", ast.AugAssign(target, ast.Mult(), side)
        case ast.Call(func=ast.Attribute(value=ast.Call() as inner, attr="mean" | "sum" as name)):
            for first in _reduced_first(name, node, inner):
                yield "averaged_too_early", first
        case ast.Assign(targets=[target], value=ast.Call(args=[ast.Name(id=name), *_]) as call):
            kept = target.elts[0] if isinstance(target, ast.Tuple) else target
            if isinstance(kept, ast.Name) and kept.id == name:
                yield "input_added", ast.Assign([target], _with_input(target, call, name), lineno=0)


def _reduced_first(name: str, arguments: ast.Call, inner: ast.Call) -> Iterator[ast.expr]:
    """`f(x.mean(d))` for `f(x).mean(d)`, and with the axis before that: f may take one away.

    Args:
        name: `mean` or `sum`.
        arguments: the call of that.
        inner: f(x), or x.f().
    """
    for args in (arguments.args, _axis_before(arguments.args)):
        if args is None:
            continue
        match inner:
            case ast.Call(func=ast.Attribute(value=own, attr=function)) if not _is_library(own):
                reduced = ast.Call(ast.Attribute(own, name, ast.Load()), args, arguments.keywords)
                called = ast.Attribute(reduced, function, ast.Load())
                yield ast.Call(called, inner.args, inner.keywords)
            case ast.Call(args=[own, *rest]):
                reduced = ast.Call(ast.Attribute(own, name, ast.Load()), args, arguments.keywords)
                yield ast.Call(inner.func, [reduced, *rest], inner.keywords)


def _axis_before(args: list[ast.expr]) -> list[ast.expr] | None:
    """The arguments with the previous axis: -2 for -1. None unless the axis is counted from the end."""
    match args:
        case [ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as axis))]:
            return [_number(-axis - 1)]
    return None


def _is_library(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in LIBRARIES


def _all_but_one(sequence: ast.expr) -> Iterator[ast.expr]:
    """A sequence without its first element, and without its last."""
    if not (isinstance(sequence, ast.Call) and _called(sequence) == "range"):  # bounds do that
        listed = ast.Call(ast.Name("list", ast.Load()), [sequence], [])
        for bounds in (ast.Slice(ast.Constant(1)), ast.Slice(None, _number(-1))):
            yield ast.Subscript(listed, bounds, ast.Load())


def _exchanged_statements(
    function: ast.FunctionDef, first: int, last: int
) -> Iterator[tuple[ast.AST, str, str, str]]:
    """Exchange two neighbouring statements where the second uses no name that the first makes."""
    for path, node in _walk(function, []):
        for field in ("body", "orelse"):
            statements = getattr(node, field, None)
            if not isinstance(statements, list):
                continue
            for index, (one, other) in enumerate(itertools.pairwise(statements)):
                if not (first < one.lineno and (other.end_lineno or 0) < last):
                    continue
                if isinstance(other, ast.Return) or _new_names(one, function) & _used(other):
                    continue
                if _is_plain(one) and _is_plain(other) and not _stored(other) & _used(one):
                    continue
                changed = copy.deepcopy(function)
                places = getattr(_at(changed, path), field)
                places[index], places[index + 1] = places[index + 1], places[index]
                yield changed, _first_line(one), _first_line(other), "steps_exchanged"


def _states_handed_on(
    function: ast.FunctionDef, first: int, last: int
) -> Iterator[tuple[ast.AST, str, str, str]]:
    """Start a layer from the final state of the layer before it, which the solution throws away."""
    places = [path for path, node in _walk(function, []) if _gives_a_state(node, first, last)]
    for one, other in itertools.pairwise(places):
        changed = copy.deepcopy(function)
        giving, taking = (_at(changed, path) for path in (one, other))
        assert isinstance(giving, ast.Assign) and isinstance(taking, ast.Assign)
        was = _first_line(taking)
        target, call = giving.targets[0], taking.value
        assert isinstance(target, ast.Tuple) and isinstance(call, ast.Call)
        target.elts[1] = ast.Name("state", ast.Store())
        call.args.append(ast.Name("state", ast.Load()))
        yield changed, was, _first_line(taking), "state_handed_on"


def _gives_a_state(node: ast.AST, first: int, last: int) -> bool:
    """Whether a statement is `values, _ = self.layer(values)`."""
    match node:
        case ast.Assign(
            targets=[ast.Tuple(elts=[_, ast.Name(id="_")])], value=ast.Call(args=[_], keywords=[])
        ):
            return first < node.lineno < last
    return False


def _is_plain(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but give names to values."""
    if isinstance(statement, ast.FunctionDef):
        return True
    targets = statement.targets if isinstance(statement, ast.Assign) else [None]
    return all(isinstance(one, ast.Name | ast.Tuple) for one in targets)


def _new_names(statement: ast.stmt, function: ast.FunctionDef) -> set[str]:
    """Names that have no value before a statement."""
    stored = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    before = {arg.arg for arg in function.args.args}
    before |= {n.id for n in stored if isinstance(n.ctx, ast.Store) and n.lineno < statement.lineno}
    return _stored(statement) - before


def _stored(node: ast.AST) -> set[str]:
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return {n.id for n in names if isinstance(n.ctx, ast.Store)}


def _used(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _times(node: ast.expr, size: float) -> ast.BinOp:
    return ast.BinOp(ast.Constant(size), ast.Mult(), node)


def _is_a_size(name: str, function: ast.FunctionDef) -> bool:
    """Whether an input is one that people square, or take the root of, too much or too little."""
    kind = _types(function).get(name, "")
    spread = re.search(r"variance|covariance|deviation|noise|scale", name) is not None
    return kind == "float" or (spread and "Tensor" in kind)


def _each_detached(name: ast.Name) -> ast.expr:
    """Detach every tensor of a dictionary."""
    return ast.parse(f"{{k: v.detach() for k, v in {name.id}.items()}}", mode="eval").body


def _with_input(target: ast.expr, call: ast.Call, name: str) -> ast.expr:
    """Add a call's input to its result; of several results to the first."""
    if not isinstance(target, ast.Tuple):
        return ast.BinOp(call, ast.Add(), ast.Name(name, ast.Load()))
    added = ast.parse(f"(lambda first, *rest: (first + {name}, *rest))", mode="eval").body
    return ast.Call(added, [ast.Starred(call, ast.Load())], [])


def _types(function: ast.FunctionDef) -> dict[str, str]:
    """Input → its type."""
    return {arg.arg: ast.unparse(arg.annotation) for arg in function.args.args if arg.annotation}


def _inputs_like(name: str, function: ast.FunctionDef) -> list[str]:
    """The function's other inputs of one type."""
    types = _types(function)
    return [other for other, kind in types.items() if other != name and kind == types.get(name)]


def _size_of(tensor: ast.expr, axis: int) -> ast.expr:
    """`tensor.shape[axis]`."""
    shape = ast.Attribute(tensor, "shape", ast.Load())
    return ast.Subscript(shape, _number(axis), ast.Load())


def _calls(node: ast.Call) -> Iterator[Change]:
    if _called(node) not in ("min", "max"):
        for values in _exchanged(node.args):
            yield "arguments_exchanged", ast.Call(node.func, values, node.keywords)
    for skipped, keyword in enumerate(node.keywords):
        kept = [k for i, k in enumerate(node.keywords) if i != skipped]
        yield words.dropped_argument(keyword.arg), ast.Call(node.func, node.args, kept)
    dropped = words.dropped_call(_called(node))
    match node.func:
        case ast.Attribute(value=ast.Name(id=library)) if library in LIBRARIES:
            yield from ((dropped, arg) for arg in node.args[:1])
        case ast.Attribute(value=ast.expr() as owner):
            yield dropped, owner  # as if the method had not been called
        case ast.Name(id="range") if node.args:
            for operator, step in (("one_step_more", 1), ("one_step_less", -1)):
                further = ast.BinOp(node.args[-1], ast.Add(), _number(step))
                yield operator, ast.Call(node.func, [*node.args[:-1], further], [])
            yield "order_reversed", ast.Call(ast.Name("reversed", ast.Load()), [node], [])
        case _:
            first = [arg for arg in node.args[:1] if not isinstance(arg, ast.Starred)]
            yield from ((dropped, arg) for arg in first)
    for index, keyword in enumerate(node.keywords):
        if keyword.arg in ("min", "max"):
            other = ast.keyword(TWIN[keyword.arg], keyword.value)
            keywords = [other if i == index else k for i, k in enumerate(node.keywords)]
            yield "bound_on_the_other_side", ast.Call(node.func, node.args, keywords)


def _siblings(node: ast.Attribute) -> Iterator[Change]:
    """The other part of a pair that goes by two names: `task.query_labels`, `tables.items`."""
    pairs = (
        ("support", "query"),
        ("query", "support"),
        ("images", "labels"),
        ("users", "items"),
        ("labels", "images"),
        ("items", "users"),
    )
    for one, other in pairs:
        if one in node.attr:
            sibling = ast.Attribute(node.value, node.attr.replace(one, other), node.ctx)
            yield f"{other}_for_{one}", sibling


def _exchanged(values: list) -> Iterator[list]:
    """Neighbours exchanged, one pair at a time."""
    for index in range(len(values) - 1):
        yield [*values[:index], values[index + 1], values[index], *values[index + 2 :]]


def _call(function: ast.expr) -> ast.Call:
    return ast.Call(function, [], [])


def _may_carry_a_gradient(node: ast.AST, parent: ast.AST, field: str) -> bool:
    """Whether a path back could be cut here: operands, arguments, what is assigned or returned."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.BinOp | ast.Subscript):
        return False
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or _is_constant(node):
        return False
    match parent:
        case ast.BinOp() | ast.UnaryOp() | ast.Return() | ast.Assign() | ast.AugAssign():
            return True
        case ast.Call():
            return field == "args" and _called(parent) not in WITHOUT_GRADIENT | UNDER_NO_GRAD
    return False


def _is_constant(node: ast.AST) -> bool:
    """Whether no path of gradients can lead through here: data, whole numbers, what is new."""
    match node:
        case ast.Constant() | ast.Compare():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.split("_")[-1] in DATA
        case ast.Subscript(value=value) | ast.UnaryOp(operand=value):
            return _is_constant(value)
        case ast.BinOp():
            return _is_constant(node.left) and _is_constant(node.right)
        case ast.Tuple() | ast.List():
            return all(_is_constant(value) for value in node.elts)
        case ast.Call() if _called(node) in WITHOUT_GRADIENT:
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=library))) if library in LIBRARIES:
            return all(_is_constant(value) for value in node.args)
        case ast.Call(func=ast.Attribute(value=owner)):
            return _is_constant(owner)
    return False


def _called(node: ast.Call) -> str:
    """The last name of what is called: `zeros` of `torch.zeros(3)`."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_a_number(node: ast.expr, parent: ast.AST, field: str) -> bool:
    """Whether a sign could be forgotten or added here."""
    if isinstance(node, ast.Constant | ast.UnaryOp | ast.Tuple | ast.List | ast.Lambda):
        return False
    return isinstance(parent, ast.Return) or (isinstance(parent, ast.BinOp) and field == "left")
