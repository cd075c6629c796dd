"""Words for each operator, true of every hole.

An operator's name is its slug in a result; its text is what a student may read. The texts speak of
what the code does and never of the line that is asked for.
"""

from __future__ import annotations

import ast

AXES = {"dim", "axis", "dim1", "dim2", "dim0"}
TAKES_AN_AXIS = {
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "cat", "cumsum", "flatten",
    "gather", "log_softmax", "logsumexp", "max", "mean", "min", "softmax", "sort",
    "squeeze", "stack", "std", "sum", "transpose", "unflatten", "unsqueeze", "var",
}  # fmt: skip

TEXTS = {
    # signs and arithmetic
    "sign_turned": "The sign is turned: something is negative that should be positive, or the "
    "other way round.",
    "sign_of_a_term": "A term is added where it should be subtracted, or the other way round.",
    "multiplied_for_divided": "There is a multiplication in place of a division.",
    "divided_for_multiplied": "There is a division in place of a multiplication.",
    "multiplied_for_added": "Two things are multiplied where they should be added.",
    "factor_twice": "A factor is applied twice.",
    "averaged_product": "A matrix product is divided by the number of its summands: an average where "
    "a sum is meant.",
    "added_for_multiplied": "Two things are added where they should be multiplied.",
    "product_for_power": "A power is not taken: its base and exponent are multiplied.",
    "elementwise_for_matrix_product": "Two tensors are multiplied element by element where a "
    "matrix product is meant.",
    "other_arithmetic": "An arithmetic operation is replaced by another.",
    "difference_turned": "A difference is taken the other way round.",
    "quotient_turned": "A quotient is upside down.",
    "factors_exchanged": "The factors of a matrix product are exchanged.",
    "operands_exchanged": "The two sides of an operation are exchanged.",
    "term_halved": "A term counts half of what it should.",
    "term_doubled": "A term counts twice.",
    "squared_too": "Something is squared that should be taken as it is.",
    "root_too": "The root of something is taken that should be taken as it is.",
    "term_left_out": "A term of a sum or difference is left out.",
    "factor_left_out": "A factor or a divisor is left out.",
    "power_left_out": "A power is left out.",
    "part_left_out": "A part of a whole is left out.",
    # conditions
    "and_or_exchanged": "Two conditions are joined by and where or is meant, or the other way "
    "round.",
    "boundary_case": "A comparison decides the case of equality the other way.",
    "comparison_turned": "A comparison points the other way.",
    "condition_turned": "A condition is turned into its opposite.",
    "condition_left_out": "A condition is left out.",
    "mask_turned": "A mask is the wrong way round: it hides what should be seen, and shows the rest.",
    "condition_ignored": "A condition is ignored: one of its two cases is always taken.",
    "case_ignored": "Two cases are treated in the same way: one of them is always taken.",
    "cases_exchanged": "Two cases are exchanged.",
    # numbers, axes, places
    "another_number": "A constant is another number.",
    "another_axis": "An operation runs over another axis.",
    "another_position": "An element at another position is used.",
    "another_range": "A range begins or ends at another place.",
    "axis_left_out": "No axis is named: an operation runs over everything at once, or over its "
    "default axis.",
    "one_too_far": "A position or number is too large by one.",
    "one_too_near": "A position or number is too small by one.",
    "other_input": "Another input is used in place of this one.",
    "switch_turned": "A switch that is True or False is set the other way.",
    "argument_left_out": "An optional argument is left out: its default is used.",
    "arguments_exchanged": "Two arguments are exchanged.",
    "selection_left_out": "A selection is left out: everything is used where a part is meant.",
    "parts_exchanged": "Two parts of a shape, a list or a concatenation are exchanged.",
    "results_exchanged": "Two results are exchanged.",
    "order_reversed": "An order is reversed.",
    "bound_on_the_other_side": "A value is bounded on the other side.",
    # steps
    "steps_exchanged": "Two steps are made in the other order.",
    "state_handed_on": "A layer starts from the state in which the one before it ended, where it "
    "should start from its own.",
    "input_added": "What goes into a step is added to what comes out of it.",
    "one_step_more": "A loop makes one step too many.",
    "one_step_less": "A loop makes one step too few.",
    "one_element_left_out": "The first or the last element of a sequence is left out.",
    "loop_ends_early": "A loop ends after its first turn.",
    "loop_left_out": "A loop is left out.",
    "case_left_out": "A special case is not handled.",
    "not_set_anew": "An old value is added to or multiplied where it should be replaced.",
    "overwritten": "Each turn of a loop overwrites what should be summed.",
    "step_left_out": "A step is left out.",
    "nothing_returned": "A path returns nothing.",
    "context_left_out": "A block that should run under a special setting (such as without "
    "gradients) runs as usual.",
    "backward_left_out": "No gradient is computed: nothing runs backward.",
    "gradients_not_cleared": "The gradients of earlier calls are not cleared.",
    "optimizer_never_steps": "The optimizer makes no step.",
    # gradients and copies
    "gradient_cut": "A path of gradients is cut.",
    "gradient_not_cut": "A path of gradients that should be cut is left open.",
    "copy_left_out": "No copy is made: the caller's own object is used.",
    # functions
    "average_left_out": "An average is not taken.",
    "sum_left_out": "A sum is not taken.",
    "square_left_out": "A square is not taken.",
    "root_left_out": "A root is not taken.",
    "exponential_left_out": "An exponential is not taken.",
    "logarithm_left_out": "A logarithm is not taken.",
    "sigmoid_left_out": "A sigmoid is not applied.",
    "softmax_left_out": "A softmax is not applied.",
    "absolute_left_out": "An absolute value is not taken.",
    "bound_left_out": "A bound (a clamp, a minimum or a maximum) is left out.",
    "conversion_left_out": "A conversion of type is left out.",
    "reshaping_left_out": "A change of shape is left out.",
    "transposition_left_out": "A transposition is left out.",
    "initialisation_left_out": "Values keep the library's initialisation.",
    "call_left_out": "One step of the calculation is left out: its input is passed on as it is.",
    # one for another
    "average_for_sum": "An average is taken where a sum is meant.",
    "averaged_too_early": "An average or a sum is taken before a function that should be applied "
    "first.",
    "sum_for_average": "A sum is taken where an average is meant.",
    "smallest_for_largest": "The smallest is taken where the largest is meant.",
    "largest_for_smallest": "The largest is taken where the smallest is meant.",
    "logarithm_for_exponential": "A logarithm is taken where an exponential is meant.",
    "exponential_for_logarithm": "An exponential is taken where a logarithm is meant.",
    "ones_for_zeros": "Something is filled with ones where zeros are meant.",
    "zeros_for_ones": "Something is filled with zeros where ones are meant.",
    "wrong_triangle": "The other triangle of a matrix is taken.",
    "uniform_for_normal": "Numbers are drawn uniformly where Gaussian ones are meant.",
    "normal_for_uniform": "Numbers are drawn from a Gaussian where uniform ones are meant.",
    "absolute_for_square": "Absolute values are taken where squares are meant.",
    "square_for_absolute": "Squares are taken where absolute values are meant.",
    "other_function": "A function is replaced by a similar one.",
    "softmax_for_its_logarithm": "A softmax is taken where its logarithm is meant.",
    "logarithm_for_softmax": "The logarithm of a softmax is taken where the softmax is meant.",
    "absolute_error_for_squared": "The error is absolute where a squared one is meant.",
    "targets_smoothed": "The targets are smoothed: a part of each goes to all other classes.",
    "no_softmax_in_the_loss": "The loss treats its input as log probabilities, which it is not.",
    "product_for_solve": "There is a product with a matrix where a system should be solved.",
    "all_for_any": "All are required where one is enough.",
    "any_for_all": "One is enough where all are required.",
    # one part for another
    "support_for_query": "The supports are used in place of the queries.",
    "query_for_support": "The queries are used in place of the supports.",
    "images_for_labels": "The images are used in place of the labels.",
    "labels_for_images": "The labels are used in place of the images.",
    "users_for_items": "The users are used in place of the items.",
    "items_for_users": "The items are used in place of the users.",
}

LIKELY = (  # what students do most, first: pairs are made of these
    "sum_for_average", "average_for_sum", "gradient_cut", "sign_turned", "sign_of_a_term",
    "another_axis", "term_left_out", "factor_left_out", "copy_left_out", "selection_left_out",
    "support_for_query", "query_for_support", "other_input", "gradients_not_cleared",
    "softmax_left_out", "exponential_left_out", "logarithm_left_out", "square_left_out",
    "root_left_out", "another_position", "one_step_more", "one_step_less", "another_range",
    "condition_turned", "case_ignored", "results_exchanged", "arguments_exchanged",
    "initialisation_left_out", "bound_left_out", "context_left_out", "transposition_left_out",
    "multiplied_for_divided", "boundary_case", "switch_turned", "smallest_for_largest",
)  # fmt: skip

_TWINS = {
    ("sum", "mean"): "average_for_sum", ("mean", "sum"): "sum_for_average",
    ("max", "min"): "smallest_for_largest", ("min", "max"): "largest_for_smallest",
    ("amax", "amin"): "smallest_for_largest", ("amin", "amax"): "largest_for_smallest",
    ("argmax", "argmin"): "smallest_for_largest", ("argmin", "argmax"): "largest_for_smallest",
    ("exp", "log"): "logarithm_for_exponential", ("log", "exp"): "exponential_for_logarithm",
    ("zeros", "ones"): "ones_for_zeros", ("ones", "zeros"): "zeros_for_ones",
    ("zeros_", "ones_"): "ones_for_zeros", ("zeros_like", "ones_like"): "ones_for_zeros",
    ("ones_", "zeros_"): "zeros_for_ones", ("ones_like", "zeros_like"): "zeros_for_ones",
    ("triu", "tril"): "wrong_triangle", ("tril", "triu"): "wrong_triangle",
    ("normal_", "uniform_"): "uniform_for_normal", ("randn", "rand"): "uniform_for_normal",
    ("normal", "uniform"): "uniform_for_normal", ("uniform_", "normal_"): "normal_for_uniform",
    ("rand", "randn"): "normal_for_uniform", ("uniform", "normal"): "normal_for_uniform",
    ("square", "abs"): "absolute_for_square", ("abs", "square"): "square_for_absolute",
    ("log_softmax", "softmax"): "softmax_for_its_logarithm",
    ("softmax", "log_softmax"): "logarithm_for_softmax",
    ("mse_loss", "l1_loss"): "absolute_error_for_squared",
    ("cross_entropy", "nll_loss"): "no_softmax_in_the_loss",
    ("solve", "matmul"): "product_for_solve",
    ("any", "all"): "all_for_any", ("all", "any"): "any_for_all",
}  # fmt: skip

_DROPPED = {
    "average_left_out": {"mean"}, "sum_left_out": {"sum"}, "square_left_out": {"square"},
    "root_left_out": {"sqrt"}, "exponential_left_out": {"exp"}, "logarithm_left_out": {"log"},
    "sigmoid_left_out": {"sigmoid"}, "softmax_left_out": {"softmax", "log_softmax"},
    "absolute_left_out": {"abs", "fabs"}, "bound_left_out": {"clamp", "clip", "min", "max"},
    "copy_left_out": {"clone", "copy", "deepcopy"}, "gradient_not_cut": {"detach"},
    "conversion_left_out": {"to", "float", "double", "long", "int", "astype", "bool", "item"},
    "transposition_left_out": {"transpose", "permute", "swapaxes", "t"},
    "reshaping_left_out": {
        "flatten", "unflatten", "reshape", "view", "squeeze", "unsqueeze", "expand", "split",
    },
}  # fmt: skip
_CALL_LEFT_OUT = {name: slug for slug, names in _DROPPED.items() for name in names}

_ARITHMETIC = {
    (ast.Add, ast.Sub): "sign_of_a_term",
    (ast.Sub, ast.Add): "sign_of_a_term",
    (ast.Mult, ast.Div): "divided_for_multiplied",
    (ast.Div, ast.Mult): "multiplied_for_divided",
    (ast.Add, ast.Mult): "multiplied_for_added",
    (ast.Mult, ast.Add): "added_for_multiplied",
    (ast.Pow, ast.Mult): "product_for_power",
    (ast.MatMult, ast.Mult): "elementwise_for_matrix_product",
    (ast.BitAnd, ast.BitOr): "and_or_exchanged",
    (ast.BitOr, ast.BitAnd): "and_or_exchanged",
}
_TURNED = {
    ast.Sub: "difference_turned",
    ast.Div: "quotient_turned",
    ast.MatMult: "factors_exchanged",
}
_SIDE = {
    ast.Add: "term_left_out",
    ast.Sub: "term_left_out",
    ast.Mult: "factor_left_out",
    ast.Div: "factor_left_out",
    ast.MatMult: "factor_left_out",
    ast.Pow: "power_left_out",
    ast.BitAnd: "condition_left_out",
    ast.BitOr: "condition_left_out",
}
_BOUNDARY = {
    (ast.Lt, ast.LtE),
    (ast.LtE, ast.Lt),
    (ast.Gt, ast.GtE),
    (ast.GtE, ast.Gt),
    (ast.Eq, ast.GtE),
}
_TURNS = {(ast.Lt, ast.Gt), (ast.LtE, ast.GtE), (ast.Gt, ast.Lt), (ast.GtE, ast.LtE)}
_STATEMENTS = {
    "backward": "backward_left_out",
    "zero_grad": "gradients_not_cleared",
    "step": "optimizer_never_steps",
    "normal_": "initialisation_left_out",
    "zeros_": "initialisation_left_out",
    "kaiming_uniform_": "initialisation_left_out",
}


def arithmetic(was: type[ast.operator], now: type[ast.operator]) -> str:
    """The operator's name for one operation in another's place."""
    return _ARITHMETIC.get((was, now), "other_arithmetic")


def turned(operation: type[ast.operator]) -> str:
    """The operator's name for exchanged sides."""
    return _TURNED.get(operation, "operands_exchanged")


def dropped_side(operation: type[ast.operator]) -> str:
    """The operator's name for leaving out one side of an operation."""
    return _SIDE.get(operation, "part_left_out")


def compared(was: type, now: type) -> str:
    """The operator's name for making one comparison in place of another."""
    if (was, now) in _BOUNDARY:
        return "boundary_case"
    return "comparison_turned" if (was, now) in _TURNS else "condition_turned"


def twin(was: str, now: str) -> str:
    """The operator's name for calling one function in place of another."""
    return _TWINS.get((was, now), "other_function")


def dropped_call(called: str) -> str:
    """The operator's name for leaving out a call."""
    return _CALL_LEFT_OUT.get(called, "call_left_out")


def dropped_argument(name: str | None) -> str:
    """The operator's name for leaving out a keyword."""
    return "axis_left_out" if name in AXES else "argument_left_out"


def is_axis(parent: ast.AST) -> bool:
    """Whether a number under this node says which axis."""
    match parent:
        case ast.keyword(arg=name):
            return name in AXES
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in TAKES_AN_AXIS
    return False


def number(parent: ast.AST) -> str:
    """The operator's name for another number under this node."""
    if is_axis(parent):
        return "another_axis"
    if isinstance(parent, ast.Slice):
        return "another_range"
    return "another_position" if isinstance(parent, ast.Subscript) else "another_number"


def without(statement: ast.stmt) -> str:
    """The operator's name for a statement that is left out."""
    match statement:
        case ast.For():
            return "loop_left_out"
        case ast.If():
            return "case_left_out"
        case ast.Return():
            return "nothing_returned"
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return _STATEMENTS.get(name, "step_left_out")
    return "step_left_out"
